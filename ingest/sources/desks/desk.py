"""What the desks have in common: files to records, records to rows, only what is new."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, ClassVar

import orjson
from pydantic import Field, validate_call

from ingest.positions import Positions
from ingest.sources.base import Broken, RawBatch, SourceError
from ingest.sources.desks.records import (
    ExportFile,
    Position,
    Record,
    export_files,
    parse,
    read,
    unfold,
)
from ingest.sources.desks.rows import Rows

ODD = (AttributeError, KeyError, IndexError, TypeError, ValueError)  # fields of another shape
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Desk(ABC):
    """An export of a service desk, or what its webhooks sent.

    The files are read twice: once to learn who is who in the whole export, once for the rows that
    no load has stored yet. JSON Lines that grew are read on from where the last load ended.

    Parameters
    ----------
    path : str
        A JSON or JSON Lines file (perhaps ``.gz``), a folder, a pattern or a zip archive.
    folder : pathlib.Path, optional
        Workspace, in which it is remembered how far files were read.
    name : str
        Name of the desk, in the column ``source`` and in front of every identifier.
    again : bool
        Whether to read everything, whatever was read before; what is stored stays stored once.

    Raises
    ------
    SourceError
        If no path is given. Files are looked at when loading starts.
    """

    lists: ClassVar[tuple[str, ...]] = ()  # names of the lists that an answer may hold

    @validate_call
    def __init__(
        self,
        *,
        path: str | None,
        folder: Path | None = None,
        name: Name,
        again: bool = False,
    ) -> None:
        if not path:
            raise SourceError(f"{name}: expected a file, folder, pattern or zip: give path=EXPORT")
        self.name = name
        self._path = Path(path).expanduser()
        self._positions = None if folder is None else Positions(folder, name)
        self._before: dict[str, str] = {}
        self._reached: dict[str, str] = {}
        self._again = again

    def batches(self) -> Iterator[RawBatch]:
        """Yield the rows that are new.

        Raises
        ------
        SourceError
            Before anything is yielded if there is nothing to read; after everything else is
            yielded if some files could not be read to their end.
        """
        files = export_files(self._path)
        if self._positions is not None and not self._again:
            self._before = self._positions.all()
        if not any(self._grown(file) for file in files):
            yield Rows(self.name).told()
            return
        failures: list[str] = []
        self._forget()
        for file in files:
            self._study(file, failures)
        rows = Rows(self.name)
        for sentence in self._learned():
            rows.note(sentence)
        for file in files:
            yield from self._new(file, rows)
        yield rows.told()
        if failures:
            raise SourceError("\n".join(failures))

    def stored(self) -> None:
        """Remember how far the files were read: everything yielded is stored now."""
        if self._positions is not None:
            self._positions.put(self._reached)

    @abstractmethod
    def _forget(self) -> None:
        """Begin to learn."""

    @abstractmethod
    def _learn(self, record: Record) -> None:
        """Remember who is who, from a record of the first reading."""

    @abstractmethod
    def _map(self, record: Record, rows: Rows) -> None:
        """Add the rows of a record."""

    def _learned(self) -> tuple[str, ...]:
        """Return what to tell about the export as a whole, before rows are made of it."""
        return ()

    def _opened(self, value: object) -> object:
        """Return what was sent, taken out of what a recorder wrapped around it.

        Raises
        ------
        ValueError
            If it must not be believed.
        """
        return value

    def _grown(self, file: ExportFile) -> bool:
        """Return whether a file holds anything that is not stored; damage is for later to tell."""
        try:
            return next(read(file, self._since(file)), None) is not None
        except SourceError:
            return True

    def _since(self, file: ExportFile) -> Position | None:
        known = self._before.get(file.shown)
        return None if known is None else Position.of(known)

    def _study(self, file: ExportFile, failures: list[str]) -> None:
        try:
            for row, line, _ in read(file):
                for record in self._records(file, row, line):
                    if isinstance(record, Record):
                        with suppress(*ODD):  # told when its rows are made
                            self._learn(record)
        except SourceError as error:
            failures.append(str(error))

    def _new(self, file: ExportFile, rows: Rows) -> Iterator[RawBatch]:
        reached: Position | None = None
        shown = file.shown
        try:
            for row, line, position in read(file, self._since(file)):
                for record in self._records(file, row, line):
                    self._take(record, rows)
                reached = position
                if rows.full:
                    yield from rows.batches(shown)
        except SourceError:
            pass  # told since the first reading
        if reached is not None:
            self._reached[shown] = reached.text
        yield from rows.batches(shown)

    def _take(self, record: Record | Broken, rows: Rows) -> None:
        rows.begin(record.row)
        if isinstance(record, Broken):
            rows.refuse(record.reason, record.content)
            return
        try:
            self._map(record, rows)
        except ODD as error:
            rows.take_back()
            shown = orjson.dumps(record.value).decode()
            rows.refuse(f"expected a record as {self.name} writes them, received {error!r}", shown)

    def _records(self, file: ExportFile, row: int, line: bytes) -> Iterator[Record | Broken]:
        if not line.strip():
            return
        value = parse(row, line)
        if isinstance(value, Broken):
            yield value
            return
        whole = row == 1 and file.document  # then rows are counted inside
        try:
            found = unfold(self._opened(value), self.lists)
            for place, (each, part, about) in enumerate(found, start=1):
                yield Record(each, part, about, file.name, place if whole else row)
        except (TypeError, ValueError) as error:
            yield Broken(row, str(error), line.decode("utf-8", "replace"))
