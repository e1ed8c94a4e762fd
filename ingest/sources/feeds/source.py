"""RSS and Atom feeds as a source of what people write in public: ``feedback`` of kind social."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PositiveFloat, PositiveInt, validate_call

from ingest.identity import KeyMaker
from ingest.positions import Positions
from ingest.sources.base import RawBatch, SourceError, Times
from ingest.sources.documents import files
from ingest.sources.feeds.entries import KEY, Document, read_feed
from ingest.sources.feeds.fetch import fetch
from ingest.sources.mapping import checked_zone
from ingest.sources.readers.text import TruncatedError, chunks
from ingest.sources.rows import as_table

SUFFIXES = (".xml", ".rss", ".atom", ".rdf")
_TABLE = "feedback"
_WEB = ("http://", "https://")


class Feeds:
    """Entries of feeds: a file, a folder, a pattern or an address; nothing they link to is read.

    An entry is known by its guid, else its link, else its content; loaded again it is a duplicate,
    from wherever it comes. An entry that was edited stays as it was loaded first. Entries without a
    time or without words are rejected. Over HTTP the ETag and Last-Modified of the last answer are
    kept in the workspace, and an unchanged feed is not sent again.

    Parameters
    ----------
    path : str
        A file, folder or pattern of ``.xml``, ``.rss``, ``.atom`` or ``.rdf`` (``.gz`` may follow),
        or an address beginning with http:// or https://.
    folder : Path
        Root folder of the workspace, where positions are kept.
    name : str
        What to call the source: in the column ``source`` and in front of every identifier.
    zone : str
        IANA zone of times that name none.
    again : bool
        Whether to fetch a feed whole even if it did not change.
    timeout : float
        Seconds without a byte after which an address counts as unreachable.
    largest : int
        Bytes a fetched feed may have.

    Raises
    ------
    SourceError
        If no path is given.
    """

    @validate_call
    def __init__(
        self,
        *,
        path: str | None,
        folder: Path,
        name: Annotated[str, Field(min_length=1)] = "social",
        zone: Annotated[str, AfterValidator(checked_zone)] = "UTC",
        again: bool = False,
        timeout: PositiveFloat = 30.0,
        largest: PositiveInt = 50_000_000,
    ) -> None:
        if not path:
            raise SourceError(
                "feeds: expected a file, a folder, a pattern or an address: give path=FILE or "
                "path=https://..."
            )
        self.name = name
        self._path, self._zone, self._again = path, zone, again
        self._timeout, self._largest = timeout, largest
        self._positions = Positions(folder, "feeds")
        self._reached: dict[str, str] = {}

    def batches(self) -> Iterator[RawBatch]:
        """Yield the entries, one feed after the other.

        Raises
        ------
        SourceError
            After everything else is yielded, if a feed could not be read to its end.
        """
        failures: list[str] = []
        if self._path.lower().startswith(_WEB):
            yield from self._fetched(self._path, failures)
        else:
            for file in files(self._path, SUFFIXES):
                try:
                    yield from self._batches(_content(file, failures), str(file), failures)
                except SourceError as error:
                    failures.append(str(error))
        if failures:
            raise SourceError("\n".join(failures))

    def stored(self) -> None:
        """Keep the ETag and Last-Modified of a feed that was read to its end."""
        self._positions.put(self._reached)

    def _fetched(self, url: str, failures: list[str]) -> Iterator[RawBatch]:
        stream = f"{self.name} {url}"
        before = None if self._again else self._positions.get(stream)
        answer = fetch(url, before, timeout=self._timeout, largest=self._largest)
        if answer.body is None:
            note = f"{url} did not change since it was loaded last"
            yield RawBatch(_TABLE, as_table(_TABLE, []), url, notes=(note,))
            return
        yield from self._batches(answer.body, url, failures, answer.headers)
        if answer.position is not None and not failures:
            self._reached[stream] = answer.position

    def _batches(
        self,
        body: bytes,
        shown: str,
        failures: list[str],
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[RawBatch]:
        found = read_feed(body, shown, self.name, self._zone, headers)
        if found.fault is not None:
            failures.append(found.fault)
        for known in (True, False):
            yield from self._batch(found, shown, known=known)
        if found.cut:
            yield RawBatch(_TABLE, as_table(_TABLE, []), shown, broken=found.cut)

    def _batch(self, found: Document, shown: str, *, known: bool) -> Iterator[RawBatch]:
        """Yield the entries that have an identifier, or those that get one from their content."""
        numbered = [
            (number, row)
            for number, row in enumerate(found.rows, 1)
            if (row[KEY] is not None) == known
        ]
        if not numbered:
            return
        rows = as_table(_TABLE, [_told(row, known=known) for _, row in numbered])
        yield RawBatch(
            _TABLE,
            rows if known else KeyMaker().add(rows, KEY),
            shown,
            times=Times(self._zone),
            derived_key=not known,
            numbers=tuple(number for number, _ in numbered),
        )


def _told(row: dict[str, Any], *, known: bool) -> dict[str, Any]:
    return row if known else {name: value for name, value in row.items() if name != KEY}


def _content(file: Path, failures: list[str]) -> bytes:
    """Return a file, unpacked; of one that is cut off, what there is."""
    body = bytearray()
    try:
        for chunk in chunks(file):
            body += chunk
    except TruncatedError as error:
        failures.append(str(error))
    return bytes(body)
