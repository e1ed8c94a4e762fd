"""What fine-tuning gains over frozen vectors and over terms, and what adds to it.

On banking77 with ten shots: terms .648, a head on frozen vectors .846, fine-tuned .864 (3,080
questions). On a third of the questions synonyms and slips (.849), a second seed (.855) and terms
(.821) added nothing to one fine-tuned model (.855).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from features.text.attacks.augment import AugmentSettings
from features.text.classifier.examples import Labeled
from features.text.classifier.fit import fit_classifier
from training.memory import peak_mb, reset_peak
from training.text.settings import FinetuneSettings
from training.textbench.corpora import Split, app_reviews, banking, split
from training.textbench.figures import accuracy_rows
from training.textbench.row import Row

if TYPE_CHECKING:
    from features.text.transformer.finetuned import FinetunedClassifier

FloatArray = NDArray[np.float32]
Scores = dict[str, FloatArray]
Cost = tuple[float | None, float | None]  # seconds, megabytes

SHOTS = 10
SEEDS = 3  # fits that are averaged
_SEED = 1
_TERMS, _FROZEN, _TUNED = "TF-IDF", "MiniLM, frozen", "MiniLM, fine-tuned"
_FEW = FinetuneSettings(held_out=0.0, epochs=5)
_ALL = FinetuneSettings(epochs=2)


@dataclass(frozen=True)
class _Protocol:
    """What is learned from and asked, and what it is called."""

    dataset: str
    name: str
    parts: Split


def measure(data: Path, cache: Path) -> Iterator[Row]:
    """Yield accuracy and macro-F1 on banking77 with ten shots and in full, and on app reviews.

    Parameters
    ----------
    data : Path
        Folder of the public data sets.
    cache : Path
        Not used: fine-tuned vectors belong to one fit.
    """
    del cache
    intents = banking(data)
    few = Split(shots(intents.train, SHOTS, seed=_SEED), intents.test)
    yield from gains("banking77", f"{SHOTS} shots", few, settings=_FEW, every=True)
    reviews = split(app_reviews(data))
    yield from gains("app-reviews", "80/20", reviews, settings=_ALL.model_copy(
        update={"epochs": 4}), every=False)  # fmt: skip
    yield from gains("banking77", "full", intents, settings=_ALL, every=False)


def shots(rows: Labeled, count: int, *, seed: int) -> Labeled:
    """Return so many texts of every class, drawn evenly.

    Raises
    ------
    ValueError
        If a class has fewer.
    """
    random = np.random.default_rng(seed)
    numbers = rows.numbers()
    chosen = [
        random.choice(np.flatnonzero(numbers == place), count, replace=False)
        for place in range(len(rows.classes))
    ]
    return rows.take(np.concatenate(chosen))


def gains(
    dataset: str, protocol: str, parts: Split, *, settings: FinetuneSettings, every: bool
) -> Iterator[Row]:
    """Yield the rows of one protocol.

    Parameters
    ----------
    dataset, protocol : str
        Names for the rows.
    parts : Split
        What is learned from, and asked.
    settings : FinetuneSettings
        Of the plain fine-tuned model.
    every : bool
        Whether to fit the variants too: biases only, augmented, several seeds.
    """
    found: Scores = {}
    asked = _Protocol(dataset, protocol, parts)
    for name, fit in _models(settings, every=every).items():
        reset_peak()
        start = perf_counter()
        found[name] = fit(parts.train, parts.test)
        cost = (perf_counter() - start, round(peak_mb()))
        yield from _rows(asked, name, found[name], cost)
    for name, members in _ensembles(found).items():
        mean = np.mean(np.stack([found[member] for member in members]), axis=0)
        yield from _rows(asked, name, mean, (None, None))


def _models(
    settings: FinetuneSettings, *, every: bool
) -> Mapping[str, Callable[[Labeled, Labeled], FloatArray]]:
    augment = AugmentSettings(share=0.5)
    models: dict[str, Callable[[Labeled, Labeled], FloatArray]] = {
        _TERMS: _by_terms,
        _FROZEN: partial(_tuned, settings.model_copy(update={"trained": "head"}), _SEED),
        _TUNED: partial(_tuned, settings, _SEED),
    }
    if every:
        bias = {"trained": "bias", "encoder_rate": 10 * settings.encoder_rate}
        models[f"{_TUNED}, biases only"] = partial(_tuned, settings.model_copy(update=bias), _SEED)
        models[f"{_TUNED}, augmented"] = partial(
            _tuned, settings.model_copy(update={"augment": augment}), _SEED
        )
        for seed in range(_SEED + 1, _SEED + SEEDS):
            models[f"{_TUNED}, seed {seed}"] = partial(_tuned, settings, seed)
    return models


def _by_terms(train: Labeled, test: Labeled) -> FloatArray:
    return fit_classifier(train, tier="trained").probabilities(test.texts)


def _tuned(settings: FinetuneSettings, seed: int, train: Labeled, test: Labeled) -> FloatArray:
    from training.text.finetune import fit_finetuned  # noqa: PLC0415 (loads torch)

    classifier: FinetunedClassifier = fit_finetuned(train, settings=settings, seed=seed)
    return classifier.probabilities(test.texts)


def _ensembles(found: Scores) -> dict[str, list[str]]:
    """Return the averages that can be made of what was fitted."""
    seeds = [_TUNED, *[name for name in found if name.startswith(f"{_TUNED}, seed")]]
    ensembles = {
        f"{_FROZEN} + {_TERMS}": [_FROZEN, _TERMS],
        f"{_TUNED} + {_TERMS}": [_TUNED, _TERMS],
    }
    if len(seeds) > 1:
        ensembles[f"{_TUNED}, {len(seeds)} seeds"] = seeds
        ensembles[f"{_TUNED}, {len(seeds)} seeds + {_TERMS}"] = [*seeds, _TERMS]
    return ensembles


def _rows(protocol: _Protocol, model: str, probabilities: FloatArray, cost: Cost) -> Iterator[Row]:
    names = np.array(protocol.parts.train.classes, dtype=object)
    said = names[probabilities.argmax(axis=1)].tolist()
    rows = accuracy_rows(
        protocol.parts.test.labels,
        said,
        dataset=protocol.dataset,
        protocol=protocol.name,
        model=model,
        seconds=cost[0],
    )
    for row in rows:
        yield replace(row, peak_mb=cost[1])
