"""What an archive holds: ``archive.json`` beside its Parquet files, and the files themselves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock

from ingest.archives.months import Month
from ingest.durable import settle, sha256_of, whole
from ingest.schemas import canonical

FORMAT = 1
_FILE = "archive.json"
_ROW_GROUP = 125_000  # rows


@dataclass(frozen=True)
class Part:
    """One month of one table.

    Attributes
    ----------
    table, month : str
        Which.
    rows : int
        Rows it holds.
    sha256 : str
        Digest of its file.
    former : str or None
        Digest of the file before, which still stands if a run ended between the two.
    returned : bool
        Whether its rows were put back: the store's are the ones that count then.
    """

    table: str
    month: str
    rows: int
    sha256: str
    former: str | None = None
    returned: bool = False

    @property
    def path(self) -> str:
        """Where it lies in the archive."""
        return f"{self.table}/month={self.month}/part-0.parquet"


@dataclass(frozen=True)
class Catalog:
    """The parts of one archive.

    Parameters
    ----------
    folder : Path
        Of the archive.
    workspace, zone : str
        Whose rows, and where its months begin.
    parts : tuple of Part
        Each month of each table once.
    """

    folder: Path
    workspace: str
    zone: str
    parts: tuple[Part, ...] = ()

    def part(self, table: str, month: str) -> Part | None:
        """Return one part, None if there is none or its file was dropped."""
        for part in self.parts:
            if (part.table, part.month) == (table, month) and self.file(part).exists():
                return part
        return None

    def file(self, part: Part) -> Path:
        """Return the file of a part."""
        return self.folder / part.path

    def read(self, part: Part) -> pa.Table:
        """Return the rows of a part, which is checked first."""
        self.check(part)
        return _rows(self.file(part), part.table)

    def check(self, part: Part) -> None:
        """Compare the file of a part with its digest.

        Raises
        ------
        ValueError
            If its file is missing or is not what was archived.
        """
        file = self.file(part)
        if not file.exists():
            raise ValueError(f"{file}: expected {part.rows:,} archived rows, the file is missing")
        if sha256_of(file) not in (part.sha256, part.former):
            raise ValueError(
                f"{file}: expected the file as it was archived, its content has changed; "
                "bring it back from a copy of the archive"
            )

    def write(self, table: str, month: Month, rows: pa.Table) -> Catalog:
        """Write a part, read it back, and list it; returns the catalog with it.

        Raises
        ------
        OSError
            If what is read back differs from what was written.
        """
        part = Part(table, str(month), rows.num_rows, "")
        old = self.part(table, str(month))
        draft = self.file(part).with_name(".part-0.draft")
        draft.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(rows, draft, compression="zstd", row_group_size=_ROW_GROUP)
        if not _rows(draft, table).equals(rows):
            raise OSError(f"{draft}: read back other rows than were written; nothing was removed")
        part = replace(part, sha256=sha256_of(draft), former=old.sha256 if old else None)
        listed = self.listing(part)
        listed.save()
        settle(draft, self.file(part))
        done = self.listing(replace(part, former=None))
        done.save()
        return done

    def save(self) -> None:
        """Write ``archive.json``."""
        told = {name: value for name, value in asdict(self).items() if name != "folder"}
        with whole(self.folder / _FILE) as out:
            out.write(orjson.dumps(told | {"format": FORMAT}, option=orjson.OPT_INDENT_2))

    def listing(self, part: Part) -> Catalog:
        """Return the catalog with this part in place of the one before."""
        others = [each for each in self.parts if each.path != part.path]
        return replace(self, parts=tuple(sorted([*others, part], key=lambda each: each.path)))


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep others from changing an archive meanwhile; its folder is created where needed."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    with FileLock(Path(folder) / ".lock"):
        yield


def opened(folder: Path, workspace: str, zone: str) -> Catalog:
    """Return the catalog of an archive to write to; a new one where there is none.

    Raises
    ------
    ValueError
        If the archive is another workspace's, or its months begin in another zone.
    """
    folder = Path(folder)
    if not (folder / _FILE).exists():
        return Catalog(folder, workspace, zone)
    known = read(folder)
    if (known.workspace, known.zone) != (workspace, zone):
        raise ValueError(
            f"{folder}: expected an archive of {workspace!r} by months of {zone}, found one of "
            f"{known.workspace!r} by months of {known.zone}; give another folder"
        )
    return known


def read(folder: Path) -> Catalog:
    """Return the catalog of an archive.

    Raises
    ------
    ValueError
        If the folder is no archive, or its catalog is damaged.
    """
    file = Path(folder) / _FILE
    try:
        told = orjson.loads(file.read_bytes())
        if told["format"] != FORMAT:
            raise ValueError(f"format {told['format']}, expected {FORMAT}")  # noqa: TRY301
        parts = tuple(Part(**each) for each in told["parts"])
        return Catalog(Path(folder), told["workspace"], told["zone"], parts)
    except FileNotFoundError as error:
        raise ValueError(f"{folder}: expected an archive, found no {_FILE} in it") from error
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{file}: expected the catalog of an archive ({error}); bring it back from a copy"
        ) from error


def _rows(file: Path, table: str) -> pa.Table:
    return pq.read_table(file, schema=canonical(table).schema, partitioning=None)
