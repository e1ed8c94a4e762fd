"""What a run says of itself, kept as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson


def keep(path: Path, content: object) -> None:
    """Write JSON beside its place, then move it there."""
    draft = path.with_suffix(".draft")
    draft.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))
    draft.replace(path)


def kept(path: Path) -> dict[str, Any]:
    """Return the JSON object at a path, an empty one where there is none."""
    found: dict[str, Any] = orjson.loads(path.read_bytes()) if path.exists() else {}
    return found
