"""Word lists that recognizers of personal data read: regions, surnames, given names."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent


@cache
def word_list(name: str) -> frozenset[str]:
    """Return the words of ``<name>.txt``; lines that start with # are comments."""
    lines = (_FOLDER / f"{name}.txt").read_text("utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())
