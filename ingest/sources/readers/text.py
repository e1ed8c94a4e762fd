"""Text files as UTF-8 streams: gzip unpacked, encoding found, a truncated end cut at a line."""

from __future__ import annotations

import codecs
import io
import zlib
from collections.abc import Iterator
from pathlib import Path

from ingest.sources.base import SourceError

CHUNK = 1 << 18
ENCODINGS = ("utf-8", "gb18030")
_GZIP = 31  # zlib's number for "expect a gzip header"


class TruncatedError(SourceError):
    """A compressed file that ends, or breaks, before its content does."""


def chunks(path: Path) -> Iterator[bytes]:
    """Yield the content of a file, unpacked if its name ends in ``.gz``.

    Raises
    ------
    SourceError
        If the file cannot be opened; :class:`TruncatedError` after everything that can be unpacked.
    """
    try:
        with path.open("rb") as file:
            packed = iter(lambda: file.read(CHUNK), b"")
            yield from (_unpack(path, packed) if path.suffix.lower() == ".gz" else packed)
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror or error}") from error


def _unpack(path: Path, packed: Iterator[bytes]) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(_GZIP)
    read = 0
    try:
        for chunk in packed:
            rest = chunk
            while rest:
                if unpacker.eof:  # gzip files may be several, one after the other
                    unpacker = zlib.decompressobj(_GZIP)
                yield unpacker.decompress(rest)
                rest = unpacker.unused_data
            read += len(chunk)
    except zlib.error as error:
        raise TruncatedError(
            f"{path}: expected gzip data, received something else after {read:,} packed bytes "
            f"({error}); rows before it are loaded. Fetch or pack the file again"
        ) from error
    if not unpacker.eof:
        raise TruncatedError(
            f"{path}: the gzip file ends after {read:,} bytes, before its content does; complete "
            "rows before that are loaded. Fetch or pack the file again and load it again"
        )


def encoding_of(path: Path) -> str:
    """Return ``utf-8`` or ``gb18030``, whichever decodes the whole file without an error.

    Raises
    ------
    SourceError
        If neither does; the message names the row of the first byte that is not UTF-8.
    """
    decoders = {name: codecs.getincrementaldecoder(name)("strict") for name in ENCODINGS}
    failures: dict[str, tuple[int, UnicodeDecodeError]] = {}
    row = 1
    try:
        for chunk in chunks(path):
            for name in [name for name in decoders if name not in failures]:
                try:
                    decoders[name].decode(chunk)
                except UnicodeDecodeError as error:
                    failures[name] = (row + error.object[: error.start].count(b"\n"), error)
            if len(failures) == len(ENCODINGS):
                break
            row += chunk.count(b"\n")
    except TruncatedError:
        pass  # told by whoever reads the rows; a character cut in half is no fault of the encoding
    for name in ENCODINGS:
        if name not in failures:
            return name
    line, problem = failures[ENCODINGS[0]]
    byte = problem.object[problem.start : problem.start + 1].hex()
    raise SourceError(
        f"{path}, row {line}: expected text in UTF-8 or GB18030, received byte 0x{byte} that is "
        "neither. Save the file as UTF-8 and load it again"
    )


class Utf8Stream(io.RawIOBase):
    """A text file read as UTF-8 bytes.

    When the file is truncated, the stream ends after the last complete line and :attr:`failure`
    says what happened: half a row must not pass as a row.

    Parameters
    ----------
    path : pathlib.Path
        File, perhaps packed with gzip.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.failure: TruncatedError | None = None
        self._chunks = self._lines(path, encoding_of(path))
        self._left = b""

    def readable(self) -> bool:
        """Return true."""
        return True

    def read(self, size: int | None = -1) -> bytes:
        """Return ``size`` bytes, fewer only at the end; all that is left if it is negative."""
        parts = [self._left]
        count = len(self._left)
        while size is None or size < 0 or count < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            parts.append(chunk)
            count += len(chunk)
        everything = b"".join(parts)
        end = len(everything) if size is None or size < 0 else size
        self._left = everything[end:]
        return everything[:end]

    def lines(self) -> Iterator[bytes]:
        """Yield lines without their ends."""
        pending = b""
        for chunk in self._chunks:
            *whole, pending = (pending + chunk).split(b"\n")
            yield from (line.rstrip(b"\r") for line in whole)
        if pending:
            yield pending

    def _lines(self, path: Path, encoding: str) -> Iterator[bytes]:
        pending = b""
        try:
            for chunk in _utf8(path, encoding):
                whole, newline, pending = (pending + chunk).rpartition(b"\n")
                if newline:
                    yield whole + newline
        except TruncatedError as error:
            self.failure = error
            return
        if pending:
            yield pending


def _utf8(path: Path, encoding: str) -> Iterator[bytes]:
    first = True
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    for chunk in chunks(path):
        made = chunk if encoding == "utf-8" else decoder.decode(chunk).encode()
        if first and made:
            first = False
            made = made.removeprefix(codecs.BOM_UTF8)
        yield made
