"""Exports as records: JSON Lines and JSON documents, in files, folders and zip archives."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from ingest.sources.base import Broken, SourceError
from ingest.sources.readers.base import suffix_of
from ingest.sources.readers.text import Utf8Stream

SUFFIXES = (".json", ".jsonl", ".ndjson")
_PAGES = ("data", "result")  # what some answers wrap their lists in once more
_IDS = ("id", "_id")


@dataclass(frozen=True)
class Record:
    """One JSON object of an export.

    Attributes
    ----------
    value : dict
        The object.
    part : str
        Name of the list it stood in, such as ``tickets``; empty for a line or a bare array.
    about : dict
        What stood beside that list, such as ``ticket_id``.
    file : str
        File below the export's folder or archive.
    row : int
        Line, or place in the document, counted from 1.
    """

    value: dict[str, Any]
    part: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)
    file: str = ""
    row: int = 1


@dataclass(frozen=True)
class Position:
    """The part of a file that is stored.

    Attributes
    ----------
    rows : int
        Lines, or 1 for a file that is one document.
    digest : str
        BLAKE2b of those bytes: another content under the same name is another file.
    """

    rows: int
    digest: str

    @classmethod
    def of(cls, text: str) -> Position:
        """Return the position that :attr:`text` stands for."""
        rows, _, digest = text.partition(":")
        return cls(int(rows), digest)

    @property
    def text(self) -> str:
        """As it is kept."""
        return f"{self.rows}:{self.digest}"


@dataclass(frozen=True)
class ExportFile:
    """One file of an export: on disk, or a member of a zip archive.

    Attributes
    ----------
    path : pathlib.Path
        The file or archive.
    name : str
        Name below the export's folder or archive, with forward slashes.
    member : bool
        Whether it is in an archive.
    """

    path: Path
    name: str
    member: bool = False

    @property
    def shown(self) -> str:
        """Name as shown to people, which also tells files of different exports apart."""
        return f"{self.path.resolve()}!{self.name}" if self.member else str(self.path.resolve())

    @property
    def document(self) -> bool:
        """Whether the file may be one JSON document rather than lines."""
        return suffix_of(Path(self.name)) == ".json"

    def lines(self) -> Iterator[bytes]:
        """Yield the lines; a document comes as one.

        Raises
        ------
        SourceError
            If the file cannot be read, or is truncated: then after its last complete line.
        """
        if self.member:
            with zipfile.ZipFile(self.path) as archive:
                yield from _split(archive.read(self.name).removeprefix(b"\xef\xbb\xbf"))
            return
        stream = Utf8Stream(self.path)
        yield from _split(stream.read()) if self.document else stream.lines()
        if stream.failure is not None:
            raise stream.failure


def export_files(path: Path) -> list[ExportFile]:
    """Return the JSON files of an export, in order of their names.

    Parameters
    ----------
    path : pathlib.Path
        A JSON file, a zip archive, a folder (searched to any depth) or a pattern.

    Raises
    ------
    SourceError
        If there is none, or an archive cannot be opened.
    """
    if path.is_file() and path.suffix.lower() == ".zip":
        found = [ExportFile(path, name, member=True) for name in _members(path)]
    elif path.is_file():
        found = [ExportFile(path, path.name)]
    elif path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        found = [ExportFile(file, file.relative_to(path).as_posix()) for file in files]
    else:
        files = sorted(file for file in path.parent.glob(path.name) if file.is_file())
        found = [ExportFile(file, file.name) for file in files]
    readable = [one for one in found if suffix_of(Path(one.name)) in SUFFIXES]
    if not readable:
        raise SourceError(
            f"{path}: expected a file, folder, pattern or zip archive with files ending in "
            f"{', '.join(SUFFIXES)} (.gz may follow), received "
            f"{', '.join(one.name for one in found[:9]) or 'nothing: there is no such file'}"
        )
    return readable


def read(file: ExportFile, since: Position | None = None) -> Iterator[tuple[int, bytes, Position]]:
    """Yield line numbers, lines and positions after them, from a position on.

    A file that no longer begins with what the position says is read from its beginning.
    """
    if since is not None and not _continues(file, since):
        since = None
    digest = hashlib.blake2b(digest_size=16)
    for row, line in enumerate(file.lines(), start=1):
        digest.update(line + b"\n")
        if since is None or row > since.rows:
            yield row, line, Position(row, digest.hexdigest())


def unfold(value: object, lists: tuple[str, ...]) -> Iterator[tuple[dict[str, Any], str, Any]]:
    """Yield the objects of an answer with the name of their list and what stood beside it.

    Parameters
    ----------
    value : object
        A JSON value: an object of its own, an array, or a page around named lists.
    lists : tuple of str
        Names of the lists that a page may hold.

    Raises
    ------
    ValueError
        If something else than objects is found.
    """
    if isinstance(value, list):
        for each in value:
            yield from unfold(each, lists)
        return
    if not isinstance(value, dict):
        raise TypeError(f"expected a JSON object, received a JSON {type(value).__name__}")
    own = any(name in value for name in _IDS)
    held = [] if own else [name for name in lists if isinstance(value.get(name), list)]
    inner = [] if own else [name for name in _PAGES if isinstance(value.get(name), dict)]
    for name in inner if not held else ():
        yield from unfold(value[name], lists)
    about = {name: told for name, told in value.items() if name not in held}
    for name in held:
        for each in value[name]:
            if not isinstance(each, dict):
                raise TypeError(f"expected JSON objects in {name!r}, received {each!r}"[:160])
            yield each, name, about
    if not held and not inner:
        yield value, "", {}


def parse(row: int, line: bytes) -> object:
    """Return the JSON value of a line, a :class:`Broken` row if it is none."""
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        reason = f"expected JSON, received none: {error}"
        return Broken(row, reason, line.decode("utf-8", "replace"))


def _continues(file: ExportFile, since: Position) -> bool:
    digest = hashlib.blake2b(digest_size=16)
    for rows, line in enumerate(file.lines(), start=1):
        digest.update(line + b"\n")
        if rows == since.rows:
            return digest.hexdigest() == since.digest
    return False


def _members(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return sorted(name for name in archive.namelist() if not name.endswith("/"))
    except zipfile.BadZipFile as error:
        raise SourceError(
            f"{path}: expected a zip archive, received something that cannot be opened as one "
            f"({error}). Export or copy it again"
        ) from error


def _split(content: bytes) -> Iterator[bytes]:
    """Yield one document, or its lines where they are JSON values of their own."""
    lines = [line for line in content.split(b"\n") if line.strip()]
    if len(lines) > 1 and not isinstance(parse(1, lines[0]), Broken):
        yield from lines
    elif content.strip():
        yield content.strip()
