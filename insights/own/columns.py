"""What a metric has to select, and how it becomes members of a finding."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from insights.finding import CALENDAR

_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
_REAL = ("FLOAT", "DOUBLE", "DECIMAL", "HUGEINT", "UBIGINT")
_TEXT = ("VARCHAR", "ENUM", "UUID", "DATE")
_MEANT = ("count", "mean", "median", "p90", "simulated_share")  # columns of the table of numbers
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_NEEDED = ("record_id", "at", "value")
_FIXED = {  # types, and how each becomes what members need
    "record_id": ((*_TEXT, *_WHOLE), "CAST(record_id AS VARCHAR)"),
    "value": (
        (*_WHOLE, *_REAL),
        "CASE WHEN isfinite(CAST(value AS DOUBLE)) THEN CAST(value AS DOUBLE) END",
    ),
    "simulated": (("BOOLEAN",), "coalesce(simulated, false)"),
}


@dataclass(frozen=True)
class Selected:
    """What a query selects.

    Attributes
    ----------
    names : tuple of str
        Columns of the members.
    dimensions : tuple of str
        Those that may split the number.
    projection : str
        SQL that gives members: ids as text, times as whole microseconds, values as float64.
    """

    names: tuple[str, ...]
    dimensions: tuple[str, ...]
    projection: str

    @classmethod
    def of(cls, types: Mapping[str, str]) -> Selected:
        """Check columns, by name with DuckDB's type.

        Raises
        ------
        ValueError
            If one is missing or of a type that nothing can be counted by.
        """
        missing = [name for name in _NEEDED if name not in types]
        if missing or not {"simulated", "source"} & set(types):
            lacking = missing or ["source (or simulated, true or false)"]
            raise ValueError(
                f"expected columns record_id, at, value and source; it selects "
                f"{', '.join(types)}, without {', '.join(lacking)}"
            )
        told = {name: _expression(name, type_) for name, type_ in types.items()}
        if "simulated" not in told:
            told["simulated"] = "coalesce(starts_with(source, 'simulated'), false)"
        splits = [name for name, type_ in types.items() if _splits(name, type_)]
        projection = ", ".join(f'{how} AS "{name}"' for name, how in told.items())
        return cls(tuple(told), tuple(splits), projection)


def _expression(name: str, kind: str) -> str:
    """Return the SQL that gives one column of the members."""
    if not _NAME.fullmatch(name) or name in (*CALENDAR, *_MEANT):
        raise ValueError(
            f"column {name!r}: expected lower-case letters, digits and _, and none of "
            f"{', '.join((*CALENDAR, *_MEANT))}; name it with AS"
        )
    if name in _FIXED:
        wanted, how = _FIXED[name]
        return _one(name, kind, wanted, how)
    if name == "at" or name.endswith("_at"):
        if kind == "BIGINT":
            return f'"{name}"'
        return _one(name, kind, ("TIMESTAMP",), f'epoch_us(CAST("{name}" AS TIMESTAMPTZ))')
    if _is(kind, (*_TEXT, *_WHOLE)):
        return f'CAST("{name}" AS {"VARCHAR" if _is(kind, _TEXT) else "BIGINT"})'
    return _one(name, kind, ("BOOLEAN", *_REAL, "TIMESTAMP"), f'"{name}"')


def _one(name: str, kind: str, wanted: tuple[str, ...], how: str) -> str:
    if not _is(kind, wanted):
        raise ValueError(f"column {name!r}: expected {' or '.join(wanted)}, received {kind}")
    return how


def _is(kind: str, wanted: tuple[str, ...]) -> bool:
    return kind.partition("(")[0].split(" ")[0].startswith(wanted) and not kind.endswith("]")


def _splits(name: str, kind: str) -> bool:
    own = name in ("simulated", *_NEEDED) or name.endswith(("_id", "_at"))
    return not own and _is(kind, (*_TEXT, *_WHOLE, "BOOLEAN"))
