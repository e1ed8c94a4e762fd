"""Fit the house's classifier on what is known and ask it about the test texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Literal

import numpy as np

from features.text.classifier.examples import Labeled
from features.text.classifier.fit import fit_classifier
from features.text.classifier.model import TextClassifier, Vectors
from training.textbench.corpora import Split
from training.textbench.figures import accuracy_rows
from training.textbench.row import Row

SEEDS = 5
_NORMAL = 1.96  # standard errors on either side of a 95 % interval


@dataclass(frozen=True)
class Contender:
    """A model under its name in the report.

    ``vectors`` are those it reads; ``references`` what it is held against, by metric;
    ``support`` what it has learned beforehand.
    """

    name: str
    tier: Literal["auto", "few-shot", "trained", "fused"]
    vectors: Vectors | None = None
    references: Mapping[str, float] | None = None
    support: Labeled | None = None


def compared(
    parts: Split, contenders: tuple[Contender, ...], *, dataset: str, protocol: str
) -> Iterator[Row]:
    """Yield accuracy and macro-F1 of every contender on the test texts."""
    for each in contenders:
        if each.vectors is not None:
            each.vectors(parts.train.texts + parts.test.texts)  # kept, so that no clock runs
        started = perf_counter()
        said = answers(fitted(parts.train, each), parts.test)
        yield from accuracy_rows(
            parts.test.labels,
            said,
            dataset=dataset,
            protocol=protocol,
            model=each.name,
            seconds=perf_counter() - started,
            references=each.references,
        )


def fitted(train: Labeled, contender: Contender, *, seed: int = 0) -> TextClassifier:
    """Return the contender's classifier."""
    return fit_classifier(
        train,
        tier=contender.tier,
        vectors=contender.vectors,
        seed=seed,
        support=contender.support,
    )


def answers(model: TextClassifier, test: Labeled) -> list[str]:
    """Return the most probable label of each test text, whatever its probability."""
    best = model.probabilities(test.texts).argmax(axis=1)
    return [model.labels[place] for place in best]


def over_draws(
    values: list[float],
    *,
    dataset: str,
    protocol: str,
    model: str,
    metric: str,
    n: int,
    reference: float | None = None,
) -> Row:
    """Return the mean over draws of training texts, with the interval of that mean.

    Parameters
    ----------
    values : list of float
        One a draw.
    dataset, protocol, model, metric, n, reference
        As in :class:`Row`.
    """
    mean = float(np.mean(values))
    half = _NORMAL * float(np.std(values, ddof=1)) / len(values) ** 0.5
    return Row(
        dataset=dataset,
        protocol=f"{protocol}, mean of {len(values)} draws",
        model=model,
        metric=metric,
        value=mean,
        low=mean - half,
        high=mean + half,
        n=n,
        reference=reference,
        ratio=None if reference is None else mean / reference,
    )
