"""Numbers in what people write as attributes: "35-44", "50-74K", "5+", "Under 15K"."""

from __future__ import annotations

import re

_NUMBER = r"[$€£¥]?\s*(\d+(?:[.,]\d+)*)\s*([kKmM千万]?)\+?"
_WORDS = r"(?:years?|yrs?|岁|元|人|个|以上|以下|and over|or more|and under|or less|\+)?"
_BEFORE = r"(?:under|below|less than|up to|over|above|more than|from|at least|[<>≤≥]=?)?"
_FORM = re.compile(
    rf"{_BEFORE}\s*{_NUMBER}\s*(?:(?:-|–|~|to|至|到)\s*{_NUMBER})?\s*{_WORDS}\s*{_WORDS}",
    re.IGNORECASE,
)
_UNITS = {"": 1.0, "k": 1e3, "千": 1e3, "万": 1e4, "m": 1e6}


def number_of(value: object) -> float | None:
    """Return the number a value stands for, None where it stands for none.

    A range is its middle, a range open at one end is that end: their order is what counts.

    Examples
    --------
    >>> [number_of(each) for each in (3, "35-44", "50-74K", "5+", "Under 15K", "Renter")]
    [3.0, 39.5, 62000.0, 5.0, 15000.0, None]
    """
    if isinstance(value, int | float):
        return float(value)
    found = _FORM.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        return None
    low, unit, high, last = found.groups()
    ends = [_parsed(low, unit or (last or ""))]
    if high is not None:
        ends.append(_parsed(high, last))
    return sum(ends) / len(ends)


def _parsed(digits: str, unit: str) -> float:
    """Return digits with their unit; a comma before three digits parts thousands."""
    plain = re.sub(r",(?=\d{3}(?:\D|$))", "", digits).replace(",", ".")
    head, _, tail = plain.partition(".")
    return float(f"{head}.{tail.replace('.', '')}" if tail else head) * _UNITS[unit.lower()]
