"""Generic files: CSV, TSV, JSON Lines and Parquet, one file, a folder or a pattern."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, validate_call

from ingest.sources.base import RawBatch, SourceError
from ingest.sources.guess import guess
from ingest.sources.mapping import Mapping, TableMapping, checked_zone, read_mapping
from ingest.sources.plan import Plan
from ingest.sources.readers import READERS, reader_for
from ingest.sources.readers.base import suffix_of


class Files:
    """Rows of files whose columns are named by a mapping, or guessed.

    Times without a zone are read in ``zone``. Rows without an identifier get one made from their
    content. Feedback without a time is dated by the modification time of its file. Columns that are
    not mapped are kept as JSON in ``attributes`` (``raw`` of messages).

    Parameters
    ----------
    path : str
        A file, a folder or a pattern such as ``exports/*.csv.gz``.
    mapping : str, optional
        A mapping file, or the name of one in ``conf/mapping``. Columns are guessed without.
    name : str
        What to call the source in the column ``source``.
    zone : str
        IANA zone of times that have none.

    Raises
    ------
    SourceError
        If the mapping is wrong. Files are looked at when loading starts.
    """

    @validate_call
    def __init__(
        self,
        *,
        path: Annotated[str, Field(min_length=1)],
        mapping: str | None = None,
        name: Annotated[str, Field(min_length=1)] = "files",
        zone: Annotated[str, AfterValidator(checked_zone)] = "UTC",
    ) -> None:
        self.name = name
        self._path = path
        self._zone = zone
        self._mapping = None if mapping is None else read_mapping(mapping)

    def batches(self) -> Iterator[RawBatch]:
        """Yield the rows of all files.

        Raises
        ------
        SourceError
            Before anything is yielded if the mapping does not fit a file; after everything else is
            yielded if some files could not be read to their end.
        """
        files = self._files()
        plans: dict[Path, list[Plan]] = {}
        failures: list[str] = []
        for file in files:
            columns = _columns(file, failures)
            if columns is not None:
                plans[file] = self._plan(file, columns)
        for file, planned in plans.items():
            try:
                yield from _read(file, planned)
            except SourceError as error:
                failures.append(str(error))
        if failures:
            raise SourceError("\n".join(failures))

    def _files(self) -> list[Path]:
        path = Path(self._path).expanduser()
        if path.is_file():
            return [path]
        folder, pattern = (path, "*") if path.is_dir() else (path.parent, path.name)
        found = sorted(file for file in folder.glob(pattern) if file.is_file())
        files = [file for file in found if suffix_of(file) in READERS]
        if not files:
            raise SourceError(
                f"{path}: expected a file, a folder or a pattern with files ending in "
                f"{', '.join(READERS)} (.gz may follow), received "
                f"{', '.join(file.name for file in found) or 'nothing: there is no such file'}"
            )
        if self._mapping is not None:
            files = _matched(path, self._mapping, files)
        return files

    def _plan(self, file: Path, columns: list[str]) -> list[Plan]:
        if self._mapping is None:
            mapping = self._guess(file.name, columns)
            plans = [Plan(file, mapping, mapping.times.times(self._zone), _told(file, mapping))]
        else:
            plans = [
                Plan(file, mapping, mapping.times.times(self._zone))
                for mapping in self._mapping.tables
                if fnmatch(file.name, mapping.files)
            ]
        for plan in plans:
            plan.check(columns)
        return plans

    def _guess(self, file: str, columns: Sequence[str]) -> TableMapping:
        """Return what the file holds, by its column names."""
        return guess(file, columns)


def _matched(path: Path, mapping: Mapping, files: list[Path]) -> list[Path]:
    names = [file.name for file in files]
    for table in mapping.tables:
        if not any(fnmatch(name, table.files) for name in names):
            raise SourceError(
                f"{path}: the mapping expects files named {table.files!r} for table "
                f"{table.table!r}, received {', '.join(names)}"
            )
    return [
        file for file in files if any(fnmatch(file.name, table.files) for table in mapping.tables)
    ]


def _columns(file: Path, failures: list[str]) -> list[str] | None:
    """Return the column names in the first part of a file, None if it cannot be read at all."""
    try:
        part = next(reader_for(file)(file), None)
    except SourceError as error:
        failures.append(str(error))
        return None
    return [] if part is None else list(part.rows.column_names)


def _read(file: Path, plans: list[Plan]) -> Iterator[RawBatch]:
    for part in reader_for(file)(file):
        for plan in plans:
            yield plan.batch(part)


def _told(file: Path, mapping: TableMapping) -> str:
    pairs = [f"{name} from {column!r}" for name, column in mapping.columns.items()]
    pairs += [f"{name} = {value}" for name, value in mapping.constants.items()]
    return f"{file.name} was taken for {mapping.table}: {', '.join(pairs)}"
