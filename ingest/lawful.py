"""On what lawful basis personal conversations were loaded: asked for, and kept with the data."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import orjson
from filelock import FileLock


def record_basis(root: Path, source: str, basis: str) -> None:
    """Append to ``lawful-basis.jsonl`` of a workspace that a load relied on this basis.

    The same basis of the same source is kept once, with the time it was first given.

    Parameters
    ----------
    root : pathlib.Path
        Folder of the workspace.
    source : str
        Name of the source.
    basis : str
        Such as ``contract with our customers, privacy notice of 2026-01``.
    """
    file = Path(root) / "lawful-basis.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_suffix(".lock")):
        lines = file.read_bytes().splitlines() if file.exists() else []
        known = [orjson.loads(line) for line in lines]
        told = {"source": source, "basis": basis}
        if not any(told.items() <= entry.items() for entry in known):
            with file.open("ab") as out:
                out.write(orjson.dumps({**told, "at": datetime.now(UTC)}) + b"\n")
