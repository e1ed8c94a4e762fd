"""Files that are whole or not there: written aside, forced to disk, then renamed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

BLOCK = 2**20


@contextmanager
def whole(file: Path) -> Iterator[BinaryIO]:
    """Open a file that takes its name only when everything is on disk.

    Parameters
    ----------
    file : Path
        Created with its folder, or replaced. An error leaves it as it was.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.draft")
    try:
        with draft.open("wb") as out:
            yield out
        settle(draft, file)
    finally:
        draft.unlink(missing_ok=True)


def settle(draft: Path, file: Path) -> None:
    """Give a finished draft its name, both on disk when this returns."""
    with draft.open("rb+") as out:
        os.fsync(out.fileno())
    draft.replace(file)
    sync_folder(file.parent)


def sync_folder(folder: Path) -> None:
    """Force the names in a folder to disk; a rename is not there before."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256_of(file: Path) -> str:
    """Return the SHA-256 digest of a file, 64 hexadecimal digits."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
