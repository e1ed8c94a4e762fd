"""chatlog's exports as a source: JSON, CSV and text files of messages, lists of people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, validate_call

from ingest.lawful import record_basis
from ingest.sources.base import RawBatch, SourceError, Times
from ingest.sources.chatlog.exports import SUFFIXES, Piece, pieces
from ingest.sources.chatlog.messages import NAME, Mapper
from ingest.sources.chatlog.people import people
from ingest.sources.chatlog.sides import NOBODY, Sides
from ingest.sources.documents import files
from ingest.sources.mapping import checked_zone
from ingest.sources.readers.base import suffix_of


class ChatlogFiles:
    """WeChat conversations of one account, from files.

    JSON knows everything. CSV and text leave out each message's number: it is known by its second,
    sender and content, and is not recognized when the same message also comes as JSON.

    Parameters
    ----------
    folder : Path
        Root folder of the workspace, where the lawful basis is kept.
    lawful_basis : str
        Why these conversations may be processed.
    path : str
        A file, a folder or a pattern: ``.json``, ``.jsonl``, ``.csv``, ``.txt``, perhaps ``.gz``.
    account : str, optional
        Own wxid. Needed for CSV, and where archives of several accounts share a workspace.
    agents, bots : tuple of str
        Ids of colleagues and of accounts that answer by themselves.
    skip : tuple of str
        Patterns of talkers that are no conversation.
    zone : str
        IANA zone of times that have none.
    talker : str, optional
        Whose conversation text files are; the file's name when not given.
    start : date, optional
        First day of the range that text files were asked for.
    """

    name = NAME

    @validate_call
    def __init__(
        self,
        *,
        folder: Path,
        lawful_basis: Annotated[str, Field(min_length=1)],
        path: Annotated[str, Field(min_length=1)],
        account: str | None = None,
        agents: frozenset[str] = frozenset(),
        bots: frozenset[str] = frozenset(),
        skip: tuple[str, ...] = NOBODY,
        zone: Annotated[str, AfterValidator(checked_zone)] = "Asia/Shanghai",
        talker: str | None = None,
        start: date | None = None,
    ) -> None:
        self._folder, self._basis, self._path = folder, lawful_basis, path
        self._account, self._talker, self._start = account, talker, start
        self._sides = Sides(account, agents, bots, skip)
        self._times = Times(zone)

    def batches(self) -> Iterator[RawBatch]:
        """Yield what is in the files.

        Raises
        ------
        SourceError
            If there is no file; after everything else, if some could not be read to their end.
        """
        record_basis(self._folder, self.name, self._basis)
        mapper = Mapper(self._sides, self._times)
        failures = []
        for file in files(self._path, SUFFIXES):
            try:
                for piece in pieces(file, talker=self._talker, start=self._start):
                    yield from self._piece(mapper, file, piece)
            except SourceError as error:
                failures.append(str(error))
        yield from mapper.unresolved(self._path)
        if failures:
            raise SourceError("\n".join(failures))

    def _piece(self, mapper: Mapper, file: Path, piece: Piece) -> Iterator[RawBatch]:
        where, first = str(file), piece.first_row
        if piece.what != "message":
            at = datetime.fromtimestamp(file.stat().st_mtime, UTC).isoformat()
            told = mapper.told
            yield from people(told, piece.what, piece.entries, file=where, first_row=first, at=at)
            return
        if suffix_of(file) == ".csv" and self._account is None:
            raise SourceError(
                f"{file}: a CSV file does not tell whose archive it is. "
                "Give your own wxid: source.account=wxid_..."
            )
        yield from mapper.batches(piece.entries, where, first)
