"""Gather what customers wrote: reviews, survey answers, posts and chat messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from ingest.duck import sorting
from ingest.stitching.reading import under_one_id
from ingest.stitching.record import canonical_customer

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

_SORTED_IN = "128MB"  # texts are sorted in so much memory, more of them on disk
_READ = {
    "feedback": ["feedback_id", "item_id", "title", "rating"],
    "messages": ["message_id", "sender_role", "kind", "recalled"],
}
_EDITED = "message_edited"  # a line of the system that says what a message says since
_SHARED = ["source", "customer_id", "occurred_at", "available_at", "text"]
_SAID = r"""
WITH said AS (
    SELECT feedback_id AS text_id, 'feedback' AS kind, source, customer_id, item_id,
           occurred_at, available_at, rating,
           CASE WHEN title IS NULL OR NOT regexp_matches(title, '[^\s\p{Z}]') THEN text
                ELSE regexp_replace(title, '^[\s\p{Z}]+|[\s\p{Z}]+$', '', 'g')
                     || chr(10) || coalesce(text, '') END AS text
    FROM feedback
    UNION ALL
    SELECT message_id, 'message', source, customer_id, NULL, occurred_at, available_at, NULL,
           coalesce(edited.text, messages.text)
    FROM messages LEFT JOIN edited ON edited.reply_to = message_id
    WHERE sender_role = 'customer' AND kind = 'text' AND NOT recalled
)
SELECT * FROM said WHERE regexp_matches(text, '[^\s\p{Z}]') ORDER BY available_at, kind, text_id
"""


def stream(store: Store, rows: int = 65_536) -> Iterator[pa.Table]:
    """Yield all texts that customers wrote, in the order in which they became known.

    Feedback, with its title as first line, and text messages of customers that were not recalled,
    as they were edited last. Blank texts are left out. However many there are, only some are in
    memory.

    Parameters
    ----------
    store : Store
        Its ``feedback`` and ``messages`` are read.
    rows : int
        Rows of each table yielded; the last one may have fewer.

    Yields
    ------
    pyarrow.Table
        With the schema :data:`ROWS`; ``kind`` is ``feedback`` or ``message``.
    """
    people = canonical_customer(store)
    with sorting(_SORTED_IN) as database:
        for name, columns in _READ.items():
            scanner = store.dataset(name).scanner(
                columns=[*columns, *_SHARED],
                batch_size=8192,
                batch_readahead=1,
                fragment_readahead=1,
            )
            database.register(name, scanner.to_reader())
        database.register("edited", _edited(store))
        waiting: list[pa.Table] = []
        for batch in database.sql(_SAID).to_arrow_reader(rows):
            waiting.append(_joined(pa.Table.from_batches([batch]), people).cast(ROWS))
            table = pa.concat_tables(waiting)
            full = table.num_rows - table.num_rows % rows
            for start in range(0, full, rows):
                yield table.slice(start, rows).combine_chunks()
            waiting = [table.slice(full)]
        if waiting and waiting[0].num_rows:
            yield waiting[0].combine_chunks()


def _joined(said: pa.Table, people: Mapping[str, str]) -> pa.Table:
    """Return texts with every customer under the one id they have."""
    customers = under_one_id(said["customer_id"], people)
    return said.set_column(ROWS.get_field_index("customer_id"), "customer_id", customers)


def _edited(store: Store) -> pa.Table:
    """Return the last text of every message that was edited."""
    columns = ["reply_to", "text", "occurred_at"]
    lines = store.read("messages", columns, pc.field("kind") == _EDITED).sort_by("occurred_at")
    last = lines.group_by("reply_to", use_threads=False).aggregate([("text", "last")])
    return last.rename_columns(["reply_to", "text"])


def collect(store: Store) -> pa.Table:
    """Return everything that :func:`stream` yields as one table."""
    return pa.concat_tables([ROWS.empty_table(), *stream(store)]).combine_chunks()


def known_before(rows: pa.Table, until: datetime | None) -> pa.Table:
    """Return the rows with ``available_at < until``, all of them where no time is given."""
    if until is None:
        return rows
    return rows.filter(pc.field("available_at") < pa.scalar(until, _TIME))
