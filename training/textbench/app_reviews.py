"""What an app-store review is about: six classes, of which most reviews are plain ratings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from training.textbench.corpora import app_reviews, split
from training.textbench.encode import encoder
from training.textbench.figures import accuracy_rows
from training.textbench.learned import Contender, compared
from training.textbench.row import Row

_DATASET, _PROTOCOL = "app-reviews", "six classes, distinct texts, 80/20 stratified"


def measure(data: Path, cache: Path) -> Iterator[Row]:
    """Yield accuracy and macro-F1 beside always answering the most common class."""
    parts = split(app_reviews(data))
    most = max(parts.train.classes, key=lambda name: parts.train.counts[name])
    yield from accuracy_rows(
        parts.test.labels,
        [most] * len(parts.test),
        dataset=_DATASET,
        protocol=_PROTOCOL,
        model="majority",
    )
    contenders = (
        Contender("trained", "trained"),
        Contender("few-shot e5", "few-shot", encoder(cache, "e5")),
        Contender("fused e5", "fused", encoder(cache, "e5")),
    )
    yield from compared(parts, contenders, dataset=_DATASET, protocol=_PROTOCOL)
