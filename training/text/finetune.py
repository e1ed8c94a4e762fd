"""Fine-tune a small transformer on labeled texts; get a classifier like any other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pytorch_lightning.callbacks import Callback
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from features.text.base import fingerprint
from features.text.classifier.examples import Labeled
from features.text.classifier.quality import refusing
from features.text.transformer.finetuned import FinetunedClassifier
from training.text.data import Part
from training.text.fit import fit_member
from training.text.settings import FinetuneSettings

__all__ = ["FinetuneSettings", "FinetunedClassifier", "fit_finetuned"]

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]

_COOLEST, _HOTTEST = 0.1, 10.0


def fit_finetuned(
    examples: Labeled,
    *,
    settings: FinetuneSettings,
    validation: Labeled | None = None,
    seed: int,
    outside: Sequence[str] = (),
    folder: Path | None = None,
    callbacks: tuple[Callback, ...] = (),
) -> FinetunedClassifier:
    """Fit the members with consecutive seeds; calibrate them on texts that no step was made on.

    Parameters
    ----------
    examples : Labeled
        What is learned.
    settings : FinetuneSettings
        What is trained, and how.
    validation : Labeled, optional
        Decides when to stop; without it each member holds out a share of the examples.
    seed : int
        Of the first member.
    outside : sequence of str
        Sentences that belong nowhere: two of every four decide the threshold, the others measure
        it.
    folder : Path, optional
        Keeps checkpoints, one folder for these examples, settings and seed, so that the same call
        goes on where a killed one was. Delete it when done.
    callbacks : tuple of Callback
        Called by the trainer of each member.

    Raises
    ------
    ValueError
        If there are fewer than two classes, or validation has others.
    """
    classes = examples.classes
    if len(classes) <= 1:
        raise ValueError(f"fine-tuning: expected two classes or more, got {classes}")
    part = _part(examples, classes)
    held = None if validation is None else _part(validation, classes)
    members, unseen = [], []
    for number in range(settings.members):
        member, rest = fit_member(
            part, held, classes=len(classes), settings=settings, seed=seed + number,
            folder=folder and folder / _run(examples, settings, seed + number), callbacks=callbacks,
        )  # fmt: skip
        members.append(member)
        if rest is not None:
            unseen.append((member.scores(rest.texts), rest.labels))
    found = FinetunedClassifier(
        labels=classes, members=tuple(members), max_tokens=settings.max_tokens
    )
    return _measured(found, unseen, outside) if unseen else found


def _part(labeled: Labeled, classes: tuple[str, ...]) -> Part:
    place = {label: number for number, label in enumerate(classes)}
    unknown = sorted(set(labeled.labels) - set(place))
    if unknown:
        raise ValueError(
            f"fine-tuning: expected validation labels among {', '.join(classes)}, got "
            f"{', '.join(unknown)}"
        )
    return Part(labeled.texts, np.array([place[label] for label in labeled.labels], np.int64))


def _run(examples: Labeled, settings: FinetuneSettings, seed: int) -> str:
    one = settings.model_copy(update={"members": 1})
    return fingerprint(examples.texts, examples.labels, one.model_dump_json(), seed)


def _measured(
    found: FinetunedClassifier,
    unseen: Sequence[tuple[FloatArray, IntArray]],
    outside: Sequence[str],
) -> FinetunedClassifier:
    """Return the classifier with temperature, threshold and the mean member's figures."""
    scores = np.concatenate([part for part, _ in unseen])
    labels = np.concatenate([part for _, part in unseen])
    found = replace(found, temperature=temperature_of(scores, labels))
    probabilities = np.asarray(softmax(scores / found.temperature, axis=1), dtype=np.float32)
    far = found.probabilities(outside).max(axis=1, initial=0)
    threshold, quality = refusing(probabilities, labels, far)
    return replace(found, threshold=threshold, quality=quality)


def temperature_of(scores: FloatArray, labels: IntArray) -> float:
    """Return the temperature under which the labels are most probable (Guo et al., ICML 2017).

    Parameters
    ----------
    scores : numpy.ndarray
        float32 [n, L], of texts that were not learned.
    labels : numpy.ndarray
        int64 [n].
    """
    rows = np.arange(len(labels))

    def loss(temperature: float) -> float:
        return float(-log_softmax(scores / temperature, axis=1)[rows, labels].sum())

    return float(minimize_scalar(loss, bounds=(_COOLEST, _HOTTEST), method="bounded").x)
