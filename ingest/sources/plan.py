"""Turning rows of a file into rows of a canonical table, as a mapping says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pyarrow as pa

from ingest.identity import KeyMaker
from ingest.schemas import canonical
from ingest.sources.base import RawBatch, SourceError, Times
from ingest.sources.mapping import TableMapping, close_match
from ingest.sources.readers.base import Part

REST = {"messages": "raw", "facts": "evidence"}
FILLED_IN = {"source", "available_at", "recalled", "private", "annotator"}
DATED = {"feedback": "occurred_at", "labels": "at"}  # by the time of the file, where there is none


@dataclass(frozen=True)
class Plan:
    """How one file feeds one table.

    Attributes
    ----------
    file : pathlib.Path
        The file.
    mapping : TableMapping
        Which column is which.
    times : Times
        How times are written.
    note : str
        What to tell about it in the load report; empty if the user said it all.
    """

    file: Path
    mapping: TableMapping
    times: Times
    note: str = ""
    _keys: KeyMaker = field(default_factory=KeyMaker, compare=False)

    def check(self, columns: Sequence[str]) -> None:
        """Check that the mapping fits a file with these columns.

        Raises
        ------
        SourceError
            If it names a column the file does not have, or leaves out one the table needs.
        """
        named = [*self.mapping.columns.values()]
        named += [] if isinstance(self.mapping.attributes, str) else self.mapping.attributes
        for column in named:
            if column not in columns:
                raise SourceError(
                    f"{self.file}: the mapping names column {column!r}, which is not there"
                    f"{close_match(column, list(columns))}; the columns are {', '.join(columns)}"
                )
        table = canonical(self.mapping.table)
        given = {*self.mapping.columns, *self.mapping.constants, *self._same(columns)}
        assumed = FILLED_IN | self._assumed() | (set() if table.updates else {table.key})
        for wanted in table.schema:
            if not wanted.nullable and wanted.name not in given | assumed:
                raise SourceError(
                    f"{self.file}: table {table.name!r} needs {wanted.name}, and no column is "
                    f"mapped to it; the columns are {', '.join(columns)}. Add to the mapping's "
                    f"columns: {{{wanted.name}: <one of them>}}, or to its constants"
                )

    def batch(self, part: Part) -> RawBatch:
        """Return a part of the file as rows of the table."""
        table = canonical(self.mapping.table)
        columns = {name: part.rows[name] for name in self._same(part.rows.column_names)}
        for name, column in self.mapping.columns.items():
            if column in part.rows.column_names:
                columns[name] = part.rows[column]
        for name, known in self.mapping.values.items():
            if name in columns:
                columns[name] = _translate(columns[name], known)
        for name, value in self.mapping.constants.items():
            columns[name] = pa.repeat(str(value), part.rows.num_rows)
        rest = self._rest(part.rows)
        if rest is not None:
            columns[REST.get(table.name, "attributes")] = rest
        rows = pa.table(columns)
        derived = not table.updates and table.key not in columns
        if derived:
            rows = self._keys.add(rows, table.key)
        for name in self._assumed() - columns.keys():
            rows = rows.append_column(name, pa.repeat(self._modified(), rows.num_rows))
        return RawBatch(
            table=table.name,
            rows=rows,
            file=str(self.file),
            first_row=part.first_row,
            broken=part.broken,
            times=self.times,
            notes=(self.note,) if self.note else (),
            derived_key=derived,
        )

    def _same(self, columns: Sequence[str]) -> list[str]:
        """Columns that have a canonical name already and are not used otherwise."""
        used = {*self.mapping.columns.values()}
        known = canonical(self.mapping.table).schema.names
        return [
            name
            for name in columns
            if name in known and name not in used and name not in self.mapping.columns
        ]

    def _assumed(self) -> set[str]:
        """Feedback without a time is dated by its file: an export is rarely older than its text."""
        dated = DATED.get(self.mapping.table)
        return set() if dated is None else {dated}

    def _modified(self) -> str:
        return datetime.fromtimestamp(self.file.stat().st_mtime, UTC).isoformat()

    def _rest(self, rows: pa.Table) -> pa.Array | None:
        kept = self.mapping.attributes
        names = list(kept) if not isinstance(kept, str) else []
        if kept == "rest":
            used = {*self.mapping.columns.values(), *self._same(rows.column_names)}
            names = [name for name in rows.column_names if name not in used]
        target = REST.get(self.mapping.table, "attributes")
        taken = {*self.mapping.columns, *self.mapping.constants, *self._same(rows.column_names)}
        if not names or target in taken or target not in canonical(self.mapping.table).schema.names:
            return None
        return pa.array([_json(row) for row in rows.select(names).to_pylist()], type=pa.string())


def _json(row: dict[str, object]) -> str | None:
    present = {name: value for name, value in row.items() if value not in (None, "")}
    return orjson.dumps(present, default=str).decode() if present else None


def _translate(column: pa.ChunkedArray, known: dict[str, str]) -> pa.Array:
    encoded = column.combine_chunks().cast(pa.string()).dictionary_encode()
    words = [known.get(word, word) for word in encoded.dictionary.to_pylist()]
    return pa.array(words, type=pa.string()).take(encoded.indices)
