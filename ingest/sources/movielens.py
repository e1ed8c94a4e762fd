"""MovieLens as GroupLens ships it: ratings.csv, movies.csv and, where there is one, tags.csv.

What is decided here
--------------------
- A rating is an event ``rate`` with its value (0.5..5 stars), a tag a ``social`` feedback row: a
  few words somebody published about a movie.
- The title keeps its year. Genres are a set in alphabetical order, not levels: ``category`` is the
  first of them, ``description`` and ``attributes.genres`` hold all.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import validate_call

from ingest.identity import KeyMaker
from ingest.sources.base import RawBatch, SourceError, Times
from ingest.sources.readers.base import Part
from ingest.sources.readers.delimited import read_delimited

_EPOCH = Times(formats=("epoch_s",))
_COLUMNS = {
    "movies": ("movieId", "title", "genres"),
    "ratings": ("userId", "movieId", "rating", "timestamp"),
    "tags": ("userId", "movieId", "tag", "timestamp"),
}
_ITEMS = r"""
SELECT "movieId" AS item_id, trim(title) AS title,
    CASE WHEN known THEN split_part(genres, '|', 1) END AS category,
    CASE WHEN known THEN replace(genres, '|', ', ') END AS description,
    json_merge_patch('{}', json_object(
        'genres', CASE WHEN known THEN string_split(genres, '|') END,
        'year', try_cast(nullif(regexp_extract(title, '\((\d{4})\)\s*$', 1), '') AS INTEGER)
    ))::VARCHAR AS attributes
FROM (
    SELECT *, coalesce(genres NOT IN ('', '(no genres listed)'), false) AS known FROM movies
)
"""


class MovieLens:
    """One of GroupLens' rating sets with CSV files.

    Parameters
    ----------
    folder : Path
        Folder of ``ratings.csv`` and ``movies.csv``, perhaps ``tags.csv``; each may end in ``.gz``.
    name : str
        Name of the source, written on every row.

    Raises
    ------
    SourceError
        From :meth:`batches`, if a file is missing, truncated or has other columns.
    """

    @validate_call
    def __init__(self, *, folder: Path, name: str = "movielens") -> None:
        self.folder = folder
        self.name = name

    def batches(self) -> Iterator[RawBatch]:
        """Yield items, then customers and events of the ratings, then those of the tags."""
        for part, file in self._parts("movies"):
            yield RawBatch("items", _items(part.rows), file, part.first_row, part.broken)
        customers: set[str] = set()
        for part, file in self._parts("ratings"):
            yield RawBatch("customers", _customers(part.rows, customers), file, part.first_row)
            yield RawBatch("events", _events(part.rows), file, part.first_row, part.broken, _EPOCH)
        keys = KeyMaker()
        for part, file in self._parts("tags", optional=True):
            yield RawBatch("customers", _customers(part.rows, customers), file, part.first_row)
            rows = keys.add(_feedback(part.rows), "feedback_id")
            yield RawBatch(
                "feedback", rows, file, part.first_row, part.broken, _EPOCH, derived_key=True
            )

    def _parts(self, stem: str, *, optional: bool = False) -> Iterator[tuple[Part, str]]:
        paths = [self.folder / f"{stem}.csv", self.folder / f"{stem}.csv.gz"]
        path = next((path for path in paths if path.is_file()), None)
        if path is None:
            if optional:
                return
            raise SourceError(
                f"{paths[0]}: file not found, nor with .gz. Expected an unpacked MovieLens set; "
                "check the folder"
            )
        for part in read_delimited(path):
            missing = [name for name in _COLUMNS[stem] if name not in part.rows.column_names]
            if missing:
                raise SourceError(
                    f"{path}: expected columns {', '.join(_COLUMNS[stem])}, received "
                    f"{', '.join(part.rows.column_names)}: {', '.join(missing)} missing"
                )
            yield part, str(path)


def _items(rows: pa.Table) -> pa.Table:
    with duckdb.connect(":memory:") as connection:
        connection.register("movies", rows)
        return connection.execute(_ITEMS).to_arrow_table()


def _customers(rows: pa.Table, seen: set[str]) -> pa.Table:
    found = [user for user in pc.unique(rows["userId"]).to_pylist() if user and user not in seen]
    seen.update(found)
    return pa.table({"customer_id": pa.array(found, pa.string())})


def _events(rows: pa.Table) -> pa.Table:
    return pa.table(
        {
            "event_id": pc.binary_join_element_wise(
                rows["userId"], rows["movieId"], rows["timestamp"], "-"
            ),
            "customer_id": rows["userId"],
            "kind": pa.repeat("rate", rows.num_rows),
            "item_id": rows["movieId"],
            "value": rows["rating"],
            "occurred_at": rows["timestamp"],
        }
    )


def _feedback(rows: pa.Table) -> pa.Table:
    return pa.table(
        {
            "customer_id": rows["userId"],
            "item_id": rows["movieId"],
            "kind": pa.repeat("social", rows.num_rows),
            "text": rows["tag"],
            "occurred_at": rows["timestamp"],
            "attributes": pa.repeat('{"tag":true}', rows.num_rows),
        }
    )
