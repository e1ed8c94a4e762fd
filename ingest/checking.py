"""One raw batch at the door: cast, completed, checked, split into good and rejected rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingest.casting import Caster
from ingest.rejects import Rejected
from ingest.schemas import CanonicalTable, Violation, canonical
from ingest.sources.base import RawBatch, SourceError

SHOWN = 120
UNNAMED = "unnamed"  # who gave a label that says nothing of it


@dataclass(frozen=True)
class Checked:
    """A batch after its checks.

    Attributes
    ----------
    table : str
        Canonical table.
    rows : pyarrow.Table
        Rows that meet the contract, with the table's columns and types.
    rejected : list of Rejected
        The others, each with all its reasons.
    good : pyarrow.Array
        Boolean, one entry a row of the raw batch: true where it is in ``rows``.
    """

    table: str
    rows: pa.Table
    rejected: list[Rejected]
    good: pa.Array


class Checker:
    """Checks batches of one source.

    Parameters
    ----------
    source : str
        Name of the source; fills the column ``source`` where it is missing.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._caster = Caster()

    def check(self, batch: RawBatch) -> Checked:
        """Return the batch cast, completed and split.

        Raises
        ------
        SourceError
            If the batch is for no canonical table or has columns the table does not have.
        """
        spec = _spec(batch)
        rows, violations = self._caster.cast(spec, batch.rows, batch.times)
        rows = complete(rows, self._source)
        violations += _untold(violations, spec.violations(rows))
        rejected = [
            self._reject(batch, lost.row, lost.reason, lost.content) for lost in batch.broken
        ]
        good = pa.array(np.ones(rows.num_rows, dtype=bool))
        if violations:
            for violation in violations:
                good = pc.and_(good, pc.invert(violation.bad))
            rejected += self._explain(spec, batch, violations, pc.invert(good))
            rows = rows.filter(good)
        return Checked(spec.name, rows.cast(spec.schema), rejected, good)

    def _explain(
        self, spec: CanonicalTable, batch: RawBatch, violations: list[Violation], bad: pa.Array
    ) -> list[Rejected]:
        places = pc.indices_nonzero(bad)
        raw = batch.rows.drop_columns([spec.key]) if batch.derived_key else batch.rows
        contents = raw.take(places).to_pylist()
        numbers = _row_numbers(batch)[places.to_numpy()].tolist()
        marks = [violation.bad.take(places).to_pylist() for violation in violations]
        found = []
        for order, content in enumerate(contents):
            mine = [v for v, mark in zip(violations, marks, strict=True) if mark[order]]
            reason = "; ".join(_sentence(violation, content) for violation in mine)
            found.append(self._reject(batch, numbers[order], reason, content))
        return found

    def _reject(
        self, batch: RawBatch, row: int, reason: str, content: dict[str, Any] | str
    ) -> Rejected:
        return Rejected(
            table=batch.table,
            source=self._source,
            file=batch.file,
            row=row,
            reason=reason,
            content=content,
            times=batch.times,
            derived_key=batch.derived_key,
        )


def complete(rows: pa.Table, source: str) -> pa.Table:
    """Fill in what follows from the rest.

    ``source`` is the name of the source, ``available_at`` is ``occurred_at``, messages are neither
    recalled nor private, the amount paid for a purchase is unit price times quantity, and labels
    are imported, by somebody without a name.
    """
    filled: dict[str, object] = {"source": pa.scalar(source)}
    names = rows.column_names
    if "available_at" in names:
        filled["available_at"] = rows["occurred_at"]
    if "annotator" in names:
        filled |= {"source": pa.scalar("imported"), "annotator": pa.scalar(UNNAMED)}
    if "recalled" in names:
        filled |= {"recalled": pa.scalar(False), "private": pa.scalar(False)}
    if "quantity" in names:
        paid = pc.multiply(rows["price"], pc.fill_null(rows["quantity"], 1.0))
        bought = pc.equal(rows["kind"], "purchase")
        filled["value"] = pc.if_else(bought, paid, pa.scalar(None, pa.float64()))
    for name, default in filled.items():
        if rows[name].null_count:
            place = names.index(name)
            rows = rows.set_column(place, rows.field(name), pc.coalesce(rows[name], default))
    return rows


def _untold(told: list[Violation], found: list[Violation]) -> list[Violation]:
    """Return what is found without the rows whose value could not be cast: that is told already."""
    bad = {violation.column: violation.bad for violation in told}
    bad.setdefault("available_at", bad.get("occurred_at"))
    rest = []
    for violation in found:
        known = bad.get(violation.column)
        fresh = violation.bad if known is None else pc.and_not(violation.bad, known)
        if pc.any(fresh).as_py():
            rest.append(Violation(violation.column, violation.expected, fresh))
    return rest


def _spec(batch: RawBatch) -> CanonicalTable:
    try:
        spec = canonical(batch.table)
    except KeyError as error:
        raise SourceError(f"{batch.file}: {error.args[0]}") from error
    unknown = [name for name in batch.rows.column_names if name not in spec.schema.names]
    if unknown:
        raise SourceError(
            f"{batch.file}: table {spec.name!r} has no column {', '.join(unknown)}; "
            f"expected some of {', '.join(spec.schema.names)}"
        )
    return spec


def _sentence(violation: Violation, content: dict[str, Any]) -> str:
    value = content.get(violation.column)
    shown = "nothing" if value in (None, "") else repr(str(value))[:SHOWN]
    return f"column {violation.column}: expected {violation.expected}, received {shown}"


def _row_numbers(batch: RawBatch) -> npt.NDArray[np.int64]:
    """Row numbers of ``batch.rows``: broken rows in between have numbers too."""
    if batch.numbers:
        return np.array(batch.numbers, dtype=np.int64)
    count = batch.rows.num_rows + len(batch.broken)
    numbers = np.arange(batch.first_row, batch.first_row + count, dtype=np.int64)
    lost = np.array([lost.row for lost in batch.broken], dtype=np.int64)
    return np.setdiff1d(numbers, lost, assume_unique=True)[: batch.rows.num_rows]
