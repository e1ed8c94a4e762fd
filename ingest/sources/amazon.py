"""Amazon reviews, editions of 2014 and 2018: ratings, texts and product metadata as JSON Lines.

What is decided here
--------------------
- Every line is an event ``rate``; its text (or its headline, where there is no text) is a feedback
  row ``review`` with the same key. A rating without any words is an event only, and the load
  report says how many there are.
- ``unixReviewTime`` is a date: midnight UTC. Where it is missing, ``reviewTime`` is read instead.
- Votes are kept in ``attributes``. They were counted when the site was crawled, years later: no
  feature may use them.
- Metadata: markup is removed, a category ends where markup or sentences begin (the crawl put
  selling points behind it), the price is the middle of the range shown, ``also_buy`` and
  ``also_view`` are left out because they were computed from later purchases.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import validate_call

from ingest.identity import KeyMaker
from ingest.sources.amazon_metadata import item_table
from ingest.sources.base import RawBatch, Times
from ingest.sources.markup import plain_column
from ingest.sources.readers.base import Part
from ingest.sources.readers.jsonl import read_jsonl

_TIMES = Times(formats=("%m %d, %Y",))
_REVIEW = (
    "reviewerID",
    "asin",
    "overall",
    "reviewText",
    "summary",
    "unixReviewTime",
    "reviewTime",
    "reviewerName",
    "helpful",
    "vote",
    "verified",
    "style",
    "image",
)
_IDENTITY = ("reviewerID", "asin", "overall", "reviewText", "summary", "unixReviewTime", "style")
_ATTRIBUTES = """
SELECT nullif(json_merge_patch('{}', json_object(
    'verified', verified = 'true', 'votes', vote, 'helpful', try_cast(helpful AS JSON),
    'style', try_cast(style AS JSON), 'images', json_array_length(try_cast(image AS JSON))
    ))::VARCHAR, '{}') AS attributes
FROM reviews
"""


class Amazon:
    """Reviews of one product category, with metadata where there is a file of it.

    Parameters
    ----------
    reviews : Path
        JSON Lines file (``.gz`` or not) with reviewerID, asin, overall, reviewText, summary,
        unixReviewTime and, in the edition of 2018, verified, vote, style, image.
    metadata : Path, optional
        JSON Lines file with asin, title, brand, category, price, description.
    name : str
        Name of the source, written on every row.

    Raises
    ------
    SourceError
        From :meth:`batches`, if a file is missing or truncated: then after its complete lines.
    """

    @validate_call
    def __init__(
        self, *, reviews: Path, metadata: Path | None = None, name: str = "amazon"
    ) -> None:
        self.reviews = reviews
        self.metadata = metadata
        self.name = name

    def batches(self) -> Iterator[RawBatch]:
        """Yield items of the metadata, then for each part of the reviews all that is in it."""
        described: set[str] = set()
        if self.metadata is not None:
            for part in read_jsonl(self.metadata):
                items = item_table(part.rows)
                described.update(item for item in items["item_id"].to_pylist() if item)
                yield RawBatch("items", items, str(self.metadata), part.first_row, part.broken)
        keys = KeyMaker()
        customers: set[str] = set()
        for part in read_jsonl(self.reviews):
            yield from self._part(part, keys, customers, described)

    def _part(
        self, part: Part, keys: KeyMaker, customers: set[str], items: set[str]
    ) -> Iterator[RawBatch]:
        rows, file = _columns(part.rows, _REVIEW), str(self.reviews)
        people = pa.table(
            {
                "customer_id": rows["reviewerID"],
                "attributes": _names(plain_column(rows["reviewerName"].combine_chunks())),
            }
        )
        yield RawBatch("customers", _fresh(people, "customer_id", customers), file, part.first_row)
        things = pa.table({"item_id": rows["asin"]})
        yield RawBatch("items", _fresh(things, "item_id", items), file, part.first_row)
        events = _events(rows, keys.keys(rows.select(_IDENTITY)))
        yield RawBatch(
            "events", events, file, part.first_row, part.broken, _TIMES, derived_key=True
        )
        feedback = _feedback(rows, events)
        silent = rows.num_rows - feedback.num_rows
        note = f"{file}: {silent:,} ratings have no words and are kept as events only"
        yield RawBatch(
            "feedback",
            feedback,
            file,
            part.first_row,
            times=_TIMES,
            notes=(note,) if silent else (),
            derived_key=True,
        )


def _columns(rows: pa.Table, names: tuple[str, ...]) -> pa.Table:
    """Return the named columns, null where the file does not have them."""
    missing = pa.nulls(rows.num_rows, pa.string())
    return pa.table({name: rows[name] if name in rows.column_names else missing for name in names})


def _fresh(rows: pa.Table, key: str, seen: set[str]) -> pa.Table:
    """Return the first row of each key that was not seen before, and remember them."""
    kept = []
    for number, value in enumerate(rows[key].to_pylist()):
        if value and value not in seen:
            seen.add(value)
            kept.append(number)
    return rows.take(pa.array(kept, pa.int64()))


def _names(names: pa.Array) -> pa.Array:
    texts = [
        None if name is None else orjson.dumps({"name": name}).decode()
        for name in names.to_pylist()
    ]
    return pa.array(texts, pa.string())


def _events(rows: pa.Table, keys: pa.Array) -> pa.Table:
    seconds = pc.if_else(
        pc.match_substring_regex(rows["unixReviewTime"], r"^-?\d+$"),
        rows["unixReviewTime"],
        pa.scalar(None, pa.string()),
    )
    exact = pc.strftime(seconds.cast(pa.int64()).cast(pa.timestamp("s")), "%Y-%m-%dT%H:%M:%SZ")
    with duckdb.connect(":memory:") as connection:
        connection.register("reviews", rows)
        attributes = connection.execute(_ATTRIBUTES).to_arrow_table()["attributes"]
    return pa.table(
        {
            "event_id": keys,
            "customer_id": rows["reviewerID"],
            "kind": pa.repeat("rate", rows.num_rows),
            "item_id": rows["asin"],
            "value": rows["overall"],
            "occurred_at": pc.coalesce(exact, rows["reviewTime"], rows["unixReviewTime"]),
            "attributes": attributes,
        }
    )


def _feedback(rows: pa.Table, events: pa.Table) -> pa.Table:
    title = plain_column(rows["summary"].combine_chunks())
    text = pc.coalesce(plain_column(rows["reviewText"].combine_chunks()), title)
    feedback = pa.table(
        {
            "feedback_id": events["event_id"],
            "customer_id": events["customer_id"],
            "item_id": events["item_id"],
            "kind": pa.repeat("review", rows.num_rows),
            "title": title,
            "text": text,
            "rating": events["value"],
            "occurred_at": events["occurred_at"],
            "attributes": events["attributes"],
        }
    )
    return feedback.filter(pc.is_valid(text))
