"""Files of JSON objects: JSON Lines, a list, one object, or one object around a list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from ingest.sources.base import Broken, SourceError
from ingest.sources.readers.base import suffix_of
from ingest.sources.readers.text import Utf8Stream

PART = 20_000
SUFFIXES = (".json", ".jsonl", ".ndjson")


def files(path: str, suffixes: Sequence[str]) -> list[Path]:
    """Return a file, the files of a folder, or those that fit a pattern, in order of names.

    Raises
    ------
    SourceError
        If there is none.
    """
    place = Path(path).expanduser()
    if place.is_file():
        return [place]
    folder, pattern = (place, "*") if place.is_dir() else (place.parent, place.name)
    found = sorted(file for file in folder.glob(pattern) if suffix_of(file) in suffixes)
    if not found:
        raise SourceError(
            f"{place}: expected a file, a folder or a pattern with files ending in "
            f"{', '.join(suffixes)} (.gz may follow), received none"
        )
    return found


def documents(
    path: str, lists: Sequence[str], failures: list[str]
) -> Iterator[tuple[Path, int, list[Any]]]:
    """Yield the objects of files, some at a time: file, number of the first, objects.

    What cannot be read is :class:`~ingest.sources.base.Broken` in place of an object.

    Parameters
    ----------
    path : str
        A file, a folder or a pattern.
    lists : sequence of str
        Names under which one object may hold a list of what is wanted.
    failures : list of str
        Files that could not be read to their end are told here.

    Raises
    ------
    SourceError
        At the first step, if there is no file.
    """
    for file in files(path, SUFFIXES):
        try:
            for first, part in parts(file, lists):
                yield file, first, part
        except SourceError as error:
            failures.append(str(error))


def parts(file: Path, lists: Sequence[str]) -> Iterator[tuple[int, list[Any]]]:
    """Yield the objects of one file, some at a time, with the number of the first.

    Raises
    ------
    SourceError
        If it cannot be read to its end, or a ``.json`` file is no JSON.
    """
    stream = Utf8Stream(file)
    if suffix_of(file) == ".json":
        entries = _entries(file, stream.read(), lists)
        for place in range(0, len(entries), PART):
            yield place + 1, entries[place : place + PART]
    else:
        numbered = enumerate(stream.lines(), 1)
        while part := list(islice(numbered, PART)):
            yield part[0][0], [_object(number, line) for number, line in part]
    if stream.failure is not None:
        raise stream.failure


def _entries(file: Path, body: bytes, lists: Sequence[str]) -> list[Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise SourceError(
            f"{file}: expected JSON, received something else: {error}. JSON Lines end in .jsonl"
        ) from error
    if isinstance(found, dict):
        inside = next((found[name] for name in lists if isinstance(found.get(name), list)), None)
        return [found] if inside is None else inside
    return found if isinstance(found, list) else [found]


def _object(number: int, line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        reason = f"expected a JSON object on one line, received no JSON: {error}"
        return Broken(number, reason, line.decode())
