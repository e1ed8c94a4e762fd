"""One classifier as an experiment: fit on the texts that teach, judge on the others."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from time import perf_counter

from features.text.classifier.fit import HeldOut, fit_measured
from features.text.classifier.load import Classifier
from features.text.classifier.model import TextClassifier, Vectors
from features.text.classifier.quality import refusing
from features.text.taxonomy.classify import outside
from training.classify.answers import Answers, answers_of, starter
from training.classify.corpus import Corpus
from training.classify.finetuned import fit_finetuned_tier
from training.classify.measures import metrics_of, told_apart
from training.classify.settings import ClassifierSettings, One
from training.metrics import Interval

_log = logging.getLogger(__name__)
_QUICK: tuple[One, ...] = ("few-shot", "trained", "fused")
_FOLDS = 3  # a classifier is calibrated on so many folds of its texts


@dataclass(frozen=True)
class Point:
    """One point of a learning curve: labels learned from, and macro-F1 on the held-out texts."""

    labels: int
    macro_f1: Interval


@dataclass(frozen=True, eq=False)
class Result:
    """What an experiment found.

    Parameters
    ----------
    corpus : Corpus
        Everything that was labeled.
    held_out : Corpus
        The texts that judged.
    settings : ClassifierSettings
    model : Classifier
        Fitted on the texts that teach, and on nothing else.
    answers, starter : Answers
        What it answers to the held-out texts, and what the starter does.
    macro_f1 : Interval
        Of the nearest labels, over held-out texts that have one: how well labels are told apart.
    curve : tuple of Point
        The whole of the teaching texts last; without curve only that.
    tiers : dict of str to float
        Macro-F1 of the tiers that were tried, on folds of the teaching texts.
    fit_seconds, seconds : float
        Of the chosen fit, and of everything.
    """

    corpus: Corpus
    held_out: Corpus
    settings: ClassifierSettings
    model: Classifier
    answers: Answers
    starter: Answers
    macro_f1: Interval
    curve: tuple[Point, ...]
    tiers: dict[str, float]
    fit_seconds: float
    seconds: float = field(default=0.0)

    @property
    def metrics(self) -> dict[str, float]:
        """Everything measured, by its name in MLflow; see :mod:`training.classify.measures`."""
        return metrics_of(self)


def run(
    corpus: Corpus, settings: ClassifierSettings, vectors: Vectors, folder: Path | None = None
) -> Result:
    """Fit on the texts that teach and judge on the held-out ones.

    Parameters
    ----------
    corpus : Corpus
        Everything that was labeled.
    settings : ClassifierSettings
    vectors : callable
        Gives the sentence vectors of texts.
    folder : Path, optional
        Keeps checkpoints of fits that take minutes, so that the same call goes on after it was
        killed.

    Raises
    ------
    training.classify.corpus.CorpusError
        If there are too few labels.
    """
    started = perf_counter()
    corpus.check(settings.held_out)
    held, teach = corpus.held_out(settings.held_out), corpus.teaching(settings.held_out)
    fit_one = partial(fit, settings=settings, vectors=vectors, folder=folder)
    best, fits = _fitted(teach, settings, vectors, fit_one)
    model, fit_seconds = fits[best]
    answers = answers_of(model, held.texts, held.unknown, vectors)
    found = _judged(held, answers, settings)
    _log.info("%s: %s tier, macro-F1 %.3f [%.3f, %.3f] on %d held-out texts, fitted in %.1f s",
              corpus.name, model.tier, found.value, found.low, found.high, found.n,
              fit_seconds)  # fmt: skip
    curve = [
        *_curve(corpus, held, settings, vectors, partial(fit_one, tier=best)),
        Point(len(teach.texts), found),
    ]
    first = answers_of(starter(teach, vectors), held.texts, held.unknown, vectors)
    return Result(
        corpus=corpus,
        held_out=held,
        settings=settings,
        model=model,
        answers=answers,
        starter=first,
        macro_f1=found,
        curve=tuple(curve),
        tiers={tier: _macro_f1(each) for tier, (each, _) in fits.items()},
        fit_seconds=fit_seconds,
        seconds=perf_counter() - started,
    )


def fit(
    teach: Corpus,
    tier: One,
    settings: ClassifierSettings,
    vectors: Vectors,
    folder: Path | None = None,
) -> Classifier:
    """Fit one tier on labeled texts, supported by the examples of their taxonomy.

    Every fit sees the examples and no measurement counts them: with a translation on the other side
    of a fold, any sentence is found. ``folder`` is that of :func:`run`.
    """
    if tier == "finetuned":
        return fit_finetuned_tier(teach, settings, folder)
    found, seen = fit_measured(
        teach.known,
        tier=tier,
        vectors=vectors,
        seed=settings.seed,
        balanced=settings.balanced,
        support=teach.examples,
    )
    return _with_threshold(found, seen, (*outside(), *teach.outside))


def _with_threshold(found: TextClassifier, seen: HeldOut, away: Sequence[str]) -> TextClassifier:
    """Return the classifier with the threshold that keeps right answers and refuses outsiders."""
    far = found.probabilities(away).max(axis=1)
    threshold, quality = refusing(seen.probabilities, seen.labels, far)
    return replace(found, threshold=threshold, quality=quality)


def _fitted(
    teach: Corpus,
    settings: ClassifierSettings,
    vectors: Vectors,
    fit_one: Callable[..., Classifier],
) -> tuple[One, dict[One, tuple[Classifier, float]]]:
    """Return the tier asked for, or that is best on folds, and what was fitted in which time."""
    fits: dict[One, tuple[Classifier, float]] = {}
    tiers: tuple[One, ...] = _QUICK if settings.tier == "best" else (settings.tier,)
    if settings.tier != "finetuned":
        vectors(teach.texts)  # so that the first tier does not pay for all
    for tier in tiers:
        started = perf_counter()
        model = fit_one(teach, tier)
        fits[tier] = model, perf_counter() - started
        _log.info("%s tier: macro-F1 %.3f on texts that teach but were held out of its fit", tier,
                  _macro_f1(model))  # fmt: skip
    return max(fits, key=lambda tier: _macro_f1(fits[tier][0])), fits


def _macro_f1(model: Classifier) -> float:
    return 0.0 if model.quality is None else model.quality.macro_f1


def _curve(
    corpus: Corpus,
    held: Corpus,
    settings: ClassifierSettings,
    vectors: Vectors,
    fit_part: Callable[..., Classifier],
) -> list[Point]:
    points = []
    for halvings in range(settings.curve - 1, 0, -1):
        part = corpus.teaching(settings.held_out, 0.5**halvings)
        if len(part.known) <= _FOLDS or (corpus.taxonomy is None and len(part.known.classes) <= 1):
            continue
        answers = answers_of(fit_part(part), held.texts, held.unknown, vectors)
        points.append(Point(len(part.texts), _judged(held, answers, settings)))
    return points


def _judged(held: Corpus, answers: Answers, settings: ClassifierSettings) -> Interval:
    return told_apart(held, answers, resamples=settings.resamples, seed=settings.seed)
