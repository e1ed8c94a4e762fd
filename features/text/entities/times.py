"""Time expressions of both languages: dates, parts of a day and clock times, joined when adjacent.

A library was measured first: the usual one for English takes 5 ms a text, reads "may" as a month
and must know the speaking time while it searches, so that nothing could be cached by content.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from features.text.entities.moments import meaning
from features.text.spans import Span

Role = Literal["date", "part", "clock"]
_NOON = 12
_DATED, _CLOCK = 0.9, 0.8
_BETWEEN = re.compile(r"\s?(?:的|,|at|on|around|about|in the|大概|大约)?\s?")
_HOURS = {  # part of a day: its first hour and its hours
    "small": (0, 6), "morning": (6, 6), "noon": (11, 3), "afternoon": (12, 6), "evening": (18, 6),
    "dusk": (17, 2),
}  # fmt: skip
PARTS = tuple(_HOURS)


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of an expression.

    ``fields`` are those of :func:`features.text.entities.moments.resolve`, and ``part`` is the
    number in :data:`PARTS` of a part of the day. A clock time that is ``alone`` needs no date.
    """

    start: int
    end: int
    role: Role
    fields: Mapping[str, int]
    alone: bool = False


def times(text: str) -> Iterator[Span]:
    """Find time expressions; the value is what they mean before the speaking time is known.

    Examples
    --------
    >>> [span.value for span in times("明天下午三点")]
    ['days=+1 hour=15 minute=0']
    >>> [span.value for span in times("see you next Tuesday at 3pm")]
    ['weeks=+1 weekday=2 hour=15 minute=0']
    """
    from features.text.entities.times_en import english_parts  # noqa: PLC0415 (they import Part)
    from features.text.entities.times_zh import chinese_parts  # noqa: PLC0415

    parts = [*english_parts(text)]
    if not text.isascii():
        parts += chinese_parts(text)
    for group in _groups(text, _longest(parts)):
        dated = any(part.role == "date" for part in group)
        both = {"part", "clock"} <= {part.role for part in group}
        if not (dated or both or any(part.alone for part in group)):
            continue
        start, end = group[0].start, group[-1].end
        value = meaning(_joined(group))
        yield Span("time", start, end, text[start:end], _DATED if dated else _CLOCK, value)


def exact_to_the_day(fields: Mapping[str, int]) -> dict[str, int]:
    """Return the fields of "two weeks ago": that very day, unlike "last week", which is a week."""
    coarse = {"weeks", "months", "years"} & set(fields)
    return {**fields, "days": fields.get("days", 0)} if coarse else dict(fields)


def _longest(parts: Iterable[Part]) -> list[Part]:
    kept: list[Part] = []
    for part in sorted(parts, key=lambda p: (p.start - p.end, p.start)):
        if all(part.end <= other.start or other.end <= part.start for other in kept):
            kept.append(part)
    return sorted(kept, key=lambda part: part.start)


def _groups(text: str, parts: Iterable[Part]) -> Iterator[list[Part]]:
    """Yield runs of parts that follow each other closely, each role at most once."""
    group: list[Part] = []
    for part in parts:
        near = group and _BETWEEN.fullmatch(text, group[-1].end, part.start)
        if near and part.role not in {other.role for other in group}:
            group.append(part)
            continue
        if group:
            yield group
        group = [part]
    if group:
        yield group


def _joined(group: Iterable[Part]) -> dict[str, int]:
    fields: dict[str, int] = {}
    for part in group:
        fields |= part.fields
    if "part" not in fields:
        return fields
    name = PARTS[fields.pop("part")]
    if "hour" not in fields:
        fields["hour"], fields["hours_long"] = _HOURS[name]
        return fields
    return _on_the_clock(fields, name)


def _on_the_clock(fields: dict[str, int], part: str) -> dict[str, int]:
    """Return the fields with the hour of a day of 24: three in the afternoon is fifteen."""
    hour = fields["hour"]
    before = {
        "afternoon": _NOON,
        "evening": _NOON,
        "dusk": _NOON,
        "noon": _HOURS["noon"][0] - 1,
    }.get(part, 0)
    if hour < before:
        fields["hour"] = hour + _NOON
    elif part in ("small", "evening") and hour == _NOON:  # midnight ends the evening
        fields["hour"] = 0
        fields["days"] = fields.get("days", 0) + (part == "evening")
    return fields
