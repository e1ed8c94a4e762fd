"""Values as desks write them: times counted or spelled, nested lists, files, addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS = 100_000_000_000  # as seconds that would be the year 5138
_COUNTED = re.compile(r"^\d+(\.\d+)?$")
_MEDIA = {"image": "image", "audio": "voice", "video": "video"}


def moment(value: object) -> str | None:
    """Return a time as ISO 8601 text, exact to the microsecond; None where none is told.

    Numbers are seconds since 1970, or milliseconds where they are that large; 0 is how desks write
    "never". ``{"$date": ...}`` is unwrapped. Text that counts nothing is returned as it is.

    Examples
    --------
    >>> moment("1355517523.000005")
    '2012-12-14T20:38:43.000005+00:00'
    >>> moment({"$date": 1355517523000})
    '2012-12-14T20:38:43+00:00'
    """
    if isinstance(value, Mapping):
        inner = value.get("$date", value.get("$numberLong"))
        return moment(inner)
    text = "" if value is None or isinstance(value, bool) else str(value).strip()
    if not _COUNTED.match(text):
        return text.removesuffix(" UTC") + "+00:00" if text.endswith(" UTC") else text or None
    whole, _, part = text.partition(".")
    seconds, fraction = int(whole), int(part[:6].ljust(6, "0") or 0)
    if seconds == 0:
        return None
    if seconds >= _MILLISECONDS:
        seconds, fraction = seconds // 1000, seconds % 1000 * 1000
    try:
        return (_EPOCH + timedelta(seconds=seconds, microseconds=fraction)).isoformat()
    except OverflowError:
        return text


def later(one: str | None, two: str | None) -> bool:
    """Return whether the ISO time ``one`` is after ``two``; what is missing is not."""
    if one is None or two is None:
        return False
    return instant(one) > instant(two)


def instant(told: str) -> datetime:
    """Return an ISO time as a moment, the beginning of time if it cannot be read."""
    try:
        at = datetime.fromisoformat(told)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def listed(value: object, name: str) -> list[dict[str, Any]]:
    """Return the objects of a list that may be wrapped as ``{"type": "list", name: [...]}``."""
    inner = value.get(name, value.get("data")) if isinstance(value, Mapping) else value
    return [each for each in inner if isinstance(each, dict)] if isinstance(inner, list) else []


def inside(value: object, *path: str) -> Any:
    """Return what stands at a path of nested objects, None where the path ends early."""
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def present(**told: object) -> dict[str, Any]:
    """Return what has a value."""
    return {name: value for name, value in told.items() if value not in (None, "", [], {})}


def media(files: Iterable[Mapping[str, Any]], **names: str) -> list[dict[str, object]]:
    """Return attached files as ``name``, ``type``, ``url``, ``size``.

    Parameters
    ----------
    files : iterable of dict
        As the desk lists them.
    **names : str
        Under which key the desk keeps ``name``, ``type``, ``url`` and ``size``.
    """
    return [
        kept
        for file in files
        if (kept := present(**{ours: file.get(theirs) for ours, theirs in names.items()}))
    ]


def kind_of(text: str | None, files: list[dict[str, object]]) -> str:
    """Return the kind of a message: text if it has words, else that of its first file."""
    if text or not files:
        return "text"
    kind = str(files[0].get("type", "")).partition("/")[0]
    return _MEDIA.get(kind, kind if kind in _MEDIA.values() else "file")


def cell(value: object) -> str | None:
    """Return a value as the text that is checked and typed at the door."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return orjson.dumps(value, default=str).decode()
