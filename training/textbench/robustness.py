"""Noise curves: what each kind of classifier loses when texts are garbled, and what helps.

Measured at a rate of a tenth: Chinese reviews lose .01 to .02 of accuracy on average, English
questions .10 to .12, nearly all of it to look-alikes and to spaces inside words. Restoring halves
the English loss (look-alikes .20 to .04, fused tier); learning from garbled texts gains little.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from features.text.attacks.augment import Augmenter, AugmentSettings
from features.text.attacks.curve import CLEAN, RATES, Change, Point, noise_curve
from features.text.attacks.registry import ATTACKS
from features.text.attacks.restore import restore
from features.text.classifier.examples import Labeled
from features.text.classifier.fit import fit_classifier
from features.text.classifier.model import TextClassifier, Vectors
from training.metrics.bootstrap import bootstrap_intervals
from training.textbench.corpora import Split, banking, split, waimai
from training.textbench.encode import encoder
from training.textbench.row import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Tier = Literal["few-shot", "trained", "fused"]
TIERS: tuple[Tier, ...] = ("few-shot", "trained", "fused")
LEARNED, TESTED = 2000, 400  # texts of a set; each attack at each rate is a new text to embed
_DEFENDED = 0.1  # rate at which the defenses are compared
_SEED = 3


@dataclass(frozen=True)
class Trial:
    """One data set under attack."""

    dataset: str
    language: str
    learned: Labeled
    tested: Labeled

    @property
    def protocol(self) -> str:
        """How much was learned and asked."""
        return f"{len(self.learned):,} learned, {len(self.tested):,} asked"


def measure(data: Path, cache: Path) -> Iterator[Row]:
    """Yield accuracy, clean and under every attack, for each tier; then with each defense.

    A row's protocol names the attack and its rate; ``accuracy_lost`` is the difference to the same
    texts as they were written, with a paired interval.

    Parameters
    ----------
    data : Path
        Folder of the public data sets.
    cache : Path
        Folder for sentence vectors.
    """
    vectors = encoder(cache, "use")
    yield from trial_rows(
        Trial("waimai-10k", "zh", *_drawn(split(waimai(data)))), vectors, tiers=TIERS
    )
    yield from trial_rows(Trial("banking77", "en", *_drawn(banking(data))), vectors, tiers=TIERS)


def trial_rows(
    trial: Trial,
    vectors: Vectors,
    *,
    tiers: Sequence[Tier],
    rates: Sequence[float] = RATES,
) -> Iterator[Row]:
    """Yield the noise curve of each tier on one data set, then the effect of the defenses."""
    for tier in tiers:
        yield from _rows(trial, tier, _fitted(trial.learned, tier, vectors), rates, None)
        yield from _defended(trial, tier, vectors)


def _defended(trial: Trial, tier: Tier, vectors: Vectors) -> Iterator[Row]:
    """Yield one rate with texts restored, then for a classifier that has learned attacks too."""
    plain = _fitted(trial.learned, tier, vectors)
    yield from _rows(trial, f"{tier}, restored", plain, [_DEFENDED], restore)
    hardened = _fitted(hardened_examples(trial.learned, trial.language), tier, vectors)
    yield from _rows(trial, f"{tier}, hardened", hardened, [_DEFENDED], None)
    yield from _rows(trial, f"{tier}, hardened and restored", hardened, [_DEFENDED], restore)


def hardened_examples(examples: Labeled, language: str, *, seed: int = 0) -> Labeled:
    """Return the examples, half of which have met one attack of their language.

    They are not added as copies: folds that hold one of two copies out know the other, and fusion
    would trust whichever head remembers best.
    """
    names = tuple(name for name, known in ATTACKS.items() if language in known.languages)
    settings = AugmentSettings(share=0.5, synonyms=0.0, noise=0.0, attacks=names)
    garbled = Augmenter(settings).augment(examples.texts, seed=seed)
    return Labeled(tuple(garbled), examples.labels)


def _fitted(examples: Labeled, tier: Tier, vectors: Vectors) -> TextClassifier:
    return fit_classifier(examples, tier=tier, vectors=None if tier == "trained" else vectors)


def _drawn(parts: Split) -> tuple[Labeled, Labeled]:
    """Return even samples of both parts, always the same; no class is lost."""
    return _sample(parts.train, LEARNED), _sample(parts.test, TESTED)


def _sample(rows: Labeled, most: int) -> Labeled:
    if len(rows) <= most:
        return rows
    order = np.random.default_rng(_SEED).permutation(len(rows))
    return rows.take(order[:most])


def _rows(
    trial: Trial, model: str, classifier: TextClassifier, rates: Sequence[float],
    defense: Change | None,
) -> Iterator[Row]:  # fmt: skip
    start = perf_counter()
    points = list(
        noise_curve(
            classifier, trial.tested, language=trial.language, rates=rates, seed=_SEED,
            defense=defense,
        )
    )  # fmt: skip
    seconds = round(perf_counter() - start, 2)
    yield from _figures(trial, model, points, seconds)


def _figures(trial: Trial, model: str, points: list[Point], seconds: float) -> Iterator[Row]:
    clean = points[0].right.astype(float)
    columns: dict[str, np.ndarray] = {}
    for point in points:
        name = CLEAN if point.attack == CLEAN else f"{point.attack} {point.rate:.0%}"
        columns[f"accuracy|{name}"] = point.right.astype(float)
        if point.attack != CLEAN:
            columns[f"accuracy_lost|{name}"] = clean - point.right
    for key, found in bootstrap_intervals(pd.DataFrame(columns)).items():
        metric, name = key.split("|")
        yield Row(
            dataset=trial.dataset, protocol=f"{trial.protocol}, {name}", model=model, metric=metric,
            value=found.value, low=found.low, high=found.high, n=found.n, seconds=seconds,
        )  # fmt: skip


def noise_figure(rows: Iterable[Row], dataset: str) -> Figure:
    """Return one panel an attack: accuracy over the rate, a line with its interval a model.

    Parameters
    ----------
    rows : iterable of Row
        What :func:`measure` yields.
    dataset : str
        Which of its data sets.

    Raises
    ------
    ValueError
        If no row is of this data set.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 (drawing is optional and slow to import)

    table = _curves(rows, dataset)
    attacks = [name for name in ATTACKS if name in set(table["attack"])]
    if not attacks:
        raise ValueError(f"noise figure: no row of {dataset!r} under attack")
    figure = Figure(figsize=(3 * len(attacks), 3), layout="constrained")
    panels = figure.subplots(1, len(attacks), sharey=True, squeeze=False)[0]
    for panel, attack in zip(panels, attacks, strict=True):
        here = table[table["attack"].isin([attack, CLEAN])]
        for model, part in here.groupby("model"):
            line = part.sort_values("rate")
            bars = np.abs(line[["low", "high"]].to_numpy().T - line["value"].to_numpy())
            panel.errorbar(line["rate"], line["value"], yerr=bars, label=model, capsize=2)
        panel.set(title=attack, xlabel="share of places hit")
    panels[0].set_ylabel("accuracy")
    panels[-1].legend()
    figure.suptitle(dataset)
    return figure


def _curves(rows: Iterable[Row], dataset: str) -> pd.DataFrame:
    """Return the accuracies of models measured at every rate, one row a point."""
    found = []
    for row in rows:
        if row.dataset == dataset and row.metric == "accuracy" and row.model in TIERS:
            attack, _, rate = row.protocol.rsplit(", ", 1)[1].partition(" ")
            share = float(rate.rstrip("%") or 0) / 100
            found.append((attack, share, row.model, row.value, row.low, row.high))
    return pd.DataFrame(found, columns=["attack", "rate", "model", "value", "low", "high"])
