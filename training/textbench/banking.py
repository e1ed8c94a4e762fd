"""Which of 77 intents a question to a bank has, from all examples and from ten of each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from features.text.classifier.examples import Labeled
from training.textbench.corpora import Split, banking
from training.textbench.encode import encoder
from training.textbench.learned import SEEDS, Contender, answers, compared, fitted, over_draws
from training.textbench.row import Row

DATASET = "banking77"
_SHOTS = 10
_FULL, _TEN = 0.935, 0.831  # TF-IDF with e5, and e5 alone, by other code


def measure(data: Path, cache: Path) -> Iterator[Row]:
    """Yield accuracy and macro-F1 on the authors' test set."""
    parts = banking(data)
    both, three = encoder(cache, "use", "e5"), encoder(cache, "use", "e5", "minilm")
    contenders = (
        Contender("trained", "trained"),
        Contender("fused use + e5", "fused", both, {"accuracy": _FULL}),
        Contender("fused use + e5 + minilm", "fused", three, {"accuracy": _FULL}),
    )
    yield from compared(parts, contenders, dataset=DATASET, protocol="all 10,003 examples")
    yield _few(parts, Contender("few-shot e5", "few-shot", encoder(cache, "e5")))
    yield _few(parts, Contender("fused use + e5", "fused", both))
    english = encoder(cache, "e5", "minilm")
    yield _few(parts, Contender("few-shot e5 + minilm", "few-shot", english))


def _few(parts: Split, contender: Contender) -> Row:
    values = []
    for seed in range(SEEDS):
        train = parts.train.take(_drawn(parts.train, seed))
        said = answers(fitted(train, contender), parts.test)
        right = [one == other for one, other in zip(said, parts.test.labels, strict=True)]
        values.append(float(np.mean(right)))
    return over_draws(
        values,
        dataset=DATASET,
        protocol=f"{_SHOTS} examples an intent",
        model=contender.name,
        metric="accuracy",
        n=len(parts.test),
        reference=_TEN,
    )


def _drawn(train: Labeled, seed: int) -> NDArray[np.int64]:
    """Return rows with ten examples of each intent."""
    generator, labels = np.random.default_rng(seed), train.numbers()
    each = [np.flatnonzero(labels == number) for number in range(len(train.classes))]
    return np.concatenate([generator.permutation(rows)[:_SHOTS] for rows in each])
