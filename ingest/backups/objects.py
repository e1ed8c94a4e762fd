"""Files kept under their digest: the same content is kept once, however many backups hold it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO

from ingest.backups.manifest import Kept
from ingest.durable import BLOCK, sync_folder

Told = Callable[[int], object]


class Objects:
    """The contents of all backups in a folder, ``objects/<two digits>/<sha256>``.

    One process at a time adds to them; any number read.

    Parameters
    ----------
    folder : Path
        Folder of the backups.
    """

    def __init__(self, folder: Path) -> None:
        self.root = Path(folder) / "objects"

    def place(self, digest: str) -> Path:
        """Return where the content with this digest lies."""
        return self.root / digest[:2] / digest

    def holds(self, kept: Kept) -> bool:
        """Say whether the content is there, by its size."""
        place = self.place(kept.sha256)
        return place.exists() and place.stat().st_size == kept.bytes

    def keep(self, source: Path, path: str, size: int | None = None) -> tuple[Kept, bool]:
        """Copy a file, or its first ``size`` bytes, and say whether its content is new here.

        Raises
        ------
        FileNotFoundError
            If the file is gone.
        """
        draft = self.root / "draft"
        with source.open("rb") as content:
            self.root.mkdir(parents=True, exist_ok=True)
            with draft.open("wb") as out:
                kept = Kept(path, *_copied(content, out, lambda _: None, size))
                fresh = not self.holds(kept)
                if fresh:
                    out.flush()
                    os.fsync(out.fileno())
        if fresh:
            place = self.place(kept.sha256)
            place.parent.mkdir(exist_ok=True)
            draft.replace(place)
            sync_folder(place.parent)
        return kept, fresh

    def fetch(self, kept: Kept, target: Path | None, told: Told) -> None:
        """Check a content to its last byte and copy it where it is wanted.

        Parameters
        ----------
        kept : Kept
            Which.
        target : Path or None
            The new file; None only checks.
        told : callable
            Is given the bytes of each block.

        Raises
        ------
        ValueError
            If the content is missing or is not what was backed up.
        """
        place = self.place(kept.sha256)
        if not place.exists():
            raise ValueError(_damaged(kept, place, "it is missing"))
        with (
            place.open("rb") as content,
            nullcontext() if target is None else target.open("xb") as out,
        ):
            received = _copied(content, out, told)
            if out is not None:
                out.flush()
                os.fsync(out.fileno())
        if received != (kept.bytes, kept.sha256):
            raise ValueError(_damaged(kept, place, "its content has changed"))

    def sweep(self, wanted: set[str]) -> int:
        """Remove what no backup holds and what interrupted ones left; return how many files."""
        gone = [file for file in self.root.rglob("*") if file.is_file() and file.name not in wanted]
        for file in gone:
            file.unlink()
        return len(gone)


def _copied(
    content: BinaryIO, out: BinaryIO | None, told: Told, size: int | None = None
) -> tuple[int, str]:
    """Copy bytes and return how many they are, with their digest."""
    hashed, copied = hashlib.sha256(), 0
    while block := content.read(BLOCK if size is None else min(BLOCK, size - copied)):
        hashed.update(block)
        if out is not None:
            out.write(block)
        copied += len(block)
        told(len(block))
    return copied, hashed.hexdigest()


def _damaged(kept: Kept, place: Path, what: str) -> str:
    return (
        f"{kept.path}: expected its backup at {place}, but {what}. Nothing was restored; take "
        "another backup of this folder, or a copy of this folder"
    )
