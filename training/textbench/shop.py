"""Sentiment and category of Chinese shop reviews, online-shopping-10-cats."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from training.textbench.corpora import shop, split
from training.textbench.encode import encoder
from training.textbench.learned import Contender, compared
from training.textbench.row import Row

_REFERENCES = {"sentiment": {"accuracy": 0.939}, "category": {"accuracy": 0.902}}


def measure(data: Path, cache: Path) -> Iterator[Row]:
    """Yield accuracy and macro-F1 of both questions on a fifth of the reviews."""
    for question, rows in shop(data).items():
        known = _REFERENCES[question]
        contenders = (
            Contender("trained", "trained", references=known),
            Contender("fused use", "fused", encoder(cache, "use"), known),
        )
        yield from compared(
            split(rows),
            contenders,
            dataset="online-shopping-10-cats",
            protocol=f"{question}, distinct texts, 80/20 stratified",
        )
