"""JSON Lines files: one object a line, every value as text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from ingest.sources.base import Broken
from ingest.sources.readers.base import Part
from ingest.sources.readers.text import Utf8Stream

PART_ROWS = 50_000


def read_jsonl(path: Path) -> Iterator[Part]:
    """Yield the objects of a JSON Lines file; lines that are no JSON object are broken rows.

    Numbers become their text, objects and lists their JSON. Empty lines are passed over.

    Raises
    ------
    SourceError
        If the file cannot be read, or is truncated: then after its last complete line.
    """
    stream = Utf8Stream(path)
    found: list[dict[str, Any]] = []
    broken: list[Broken] = []
    first = 1
    for row, line in enumerate(stream.lines(), start=1):
        value = _parse(line)
        if isinstance(value, dict):
            found.append(value)
        else:
            broken.append(Broken(row, _reason(value), line.decode()))
        if len(found) + len(broken) >= PART_ROWS:
            yield Part(_table(found), first, tuple(broken))
            found, broken, first = [], [], row + 1
    if found or broken:
        yield Part(_table(found), first, tuple(broken))
    if stream.failure is not None:
        raise stream.failure


def _parse(line: bytes) -> object:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return error


def _reason(value: object) -> str:
    if isinstance(value, orjson.JSONDecodeError):
        return f"expected a JSON object on one line, received no JSON: {value}"
    return f"expected a JSON object on one line, received a JSON {type(value).__name__}"


def _table(found: list[dict[str, Any]]) -> pa.Table:
    names = dict.fromkeys(name for value in found for name in value)
    return pa.table(
        {
            name: pa.array([_text(value.get(name)) for value in found], type=pa.string())
            for name in names
        }
    )


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return orjson.dumps(value).decode()
