"""Gather what customers wrote: reviews, survey answers, posts and chat messages."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from ingest.store import Store

_TIME = pa.timestamp("us", tz="UTC")
ROWS = pa.schema(
    [
        ("text_id", pa.string()),
        ("kind", pa.string()),
        ("source", pa.string()),
        ("customer_id", pa.string()),
        ("item_id", pa.string()),
        ("occurred_at", _TIME),
        ("available_at", _TIME),
        ("rating", pa.float64()),
        ("text", pa.string()),
    ]
)

_SHARED = ["source", "customer_id", "occurred_at", "available_at", "text"]
_FEEDBACK = ["feedback_id", "item_id", "title", "rating", *_SHARED]
_MESSAGES = ["message_id", *_SHARED]


def collect(store: Store) -> pa.Table:
    """Return all texts that customers wrote, in the order in which they became known.

    Feedback, with its title as first line, and text messages of customers that were not recalled.
    Blank texts are left out.

    Returns
    -------
    pyarrow.Table
        With the schema :data:`ROWS`; ``kind`` is ``feedback`` or ``message``.
    """
    rows = pa.concat_tables([_feedback(store), _messages(store)])
    said = pc.utf8_trim_whitespace(pc.fill_null(rows["text"], ""))
    rows = rows.filter(pc.not_equal(said, ""))
    order = [("available_at", "ascending"), ("kind", "ascending"), ("text_id", "ascending")]
    return rows.sort_by(order).combine_chunks()


def known_before(rows: pa.Table, until: datetime | None) -> pa.Table:
    """Return the rows with ``available_at < until``, all of them where no time is given."""
    if until is None:
        return rows
    return rows.filter(pc.field("available_at") < pa.scalar(until, _TIME))


def _feedback(store: Store) -> pa.Table:
    rows = store.read("feedback", columns=_FEEDBACK)
    title = pc.utf8_trim_whitespace(pc.fill_null(rows["title"].cast(pa.string()), ""))
    body = pc.fill_null(rows["text"].cast(pa.string()), "")
    both = pc.binary_join_element_wise(title, body, "\n")
    text = pc.if_else(pc.equal(title, ""), body, both)
    return _shaped(rows, text_id=rows["feedback_id"], text=text, kind="feedback")


def _messages(store: Store) -> pa.Table:
    spoken = (
        (pc.field("sender_role") == "customer")
        & (pc.field("kind") == "text")
        & ~pc.field("recalled")
    )
    rows = store.read("messages", columns=_MESSAGES, filter=spoken)
    return _shaped(rows, text_id=rows["message_id"], text=rows["text"], kind="message")


def _shaped(
    rows: pa.Table, *, text_id: pa.ChunkedArray, text: pa.ChunkedArray, kind: str
) -> pa.Table:
    given = {"text_id": text_id, "text": text, "kind": pa.repeat(kind, rows.num_rows)}
    columns = {
        field.name: given.get(field.name)
        if field.name in given
        else rows[field.name]
        if field.name in rows.column_names
        else pa.nulls(rows.num_rows)
        for field in ROWS
    }
    return pa.table(columns).cast(ROWS)
