"""What a backup holds: every file with its digest, every table with its version and rows.

A backup is its manifest. It is written last and at once, so files without one are no backup.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from ingest.durable import whole

FORMAT = 1
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Kept:
    """One file of a backup.

    Attributes
    ----------
    path : str
        Where it lies in the workspace, with ``/`` between names.
    bytes : int
        Its size.
    sha256 : str
        Its digest, under which the content is kept.
    """

    path: str
    bytes: int
    sha256: str

    def __post_init__(self) -> None:
        place = PurePosixPath(self.path)
        if place.is_absolute() or ".." in place.parts or not place.parts:
            raise ValueError(f"file {self.path!r}: expected a path inside the workspace")
        if self.bytes < 0 or not _DIGEST.fullmatch(self.sha256):
            raise ValueError(
                f"file {self.path!r}: expected a size and 64 hexadecimal digits, received "
                f"{self.bytes} and {self.sha256!r}"
            )


@dataclass(frozen=True)
class Pinned:
    """One table of a backup: the version that was copied and the rows it has."""

    version: int
    rows: int


@dataclass(frozen=True)
class Manifest:
    """Everything one backup holds.

    Attributes
    ----------
    workspace : str
        Whose data it is.
    made_at : datetime
        When the versions of its tables were read, with a time zone.
    tables : mapping of str to Pinned
        By table.
    files : tuple of Kept
        By path.
    left_out : mapping of str to str
        What the workspace holds that is not in the backup, and how it comes back.
    """

    workspace: str
    made_at: datetime
    tables: Mapping[str, Pinned]
    files: tuple[Kept, ...]
    left_out: Mapping[str, str]

    def __post_init__(self) -> None:
        if self.made_at.tzinfo is None:
            raise ValueError(f"backup of {self.made_at}: expected a time with a time zone")
        paths = [kept.path for kept in self.files]
        if len(set(paths)) != len(paths):
            raise ValueError(f"backup of {self.made_at}: expected each file once")

    @property
    def name(self) -> str:
        """What the backup is called: its workspace and moment."""
        return f"{self.workspace}-{self.made_at:%Y%m%dT%H%M%S%fZ}"

    @property
    def bytes(self) -> int:
        """Size of all files."""
        return sum(kept.bytes for kept in self.files)

    def write(self, folder: Path) -> Path:
        """Write ``<name>.json``; with it the backup is there."""
        content = asdict(self) | {"format": FORMAT}
        told = {"sha256": _digest(content), "backup": content}
        file = folder / f"{self.name}.json"
        with whole(file) as out:
            out.write(orjson.dumps(told, option=orjson.OPT_INDENT_2))
        return file


def read(file: Path) -> Manifest:
    """Return a manifest.

    Raises
    ------
    ValueError
        If the file is not what :meth:`Manifest.write` wrote.
    """
    try:
        told: dict[str, Any] = orjson.loads(file.read_bytes())
        content = told["backup"]
        if _digest(content) != told["sha256"]:
            raise ValueError("its digest differs")  # noqa: TRY301 (told with the others)
        if content["format"] != FORMAT:
            raise ValueError(f"format {content['format']}, expected {FORMAT}")  # noqa: TRY301
        return Manifest(
            workspace=content["workspace"],
            made_at=datetime.fromisoformat(content["made_at"]),
            tables={name: Pinned(**each) for name, each in content["tables"].items()},
            files=tuple(Kept(**each) for each in content["files"]),
            left_out=content["left_out"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{file}: expected the manifest of a backup as it was written, found another file or a "
            f"damaged one ({error}); take another backup of this folder"
        ) from error


def found(folder: Path) -> list[Path]:
    """Return the manifests of a folder, by workspace, oldest first."""
    return sorted(Path(folder).glob("*-????????T????????????Z.json"))


def _digest(content: Mapping[str, Any]) -> str:
    told = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(told).hexdigest()
