"""One fit of an encoder with a head: probe, train, stop early, keep the best epoch."""

from __future__ import annotations

from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from pytorch_lightning.callbacks import Callback
from sklearn.linear_model import LogisticRegression

from features.text.transformer.encoder import Encoder, load_encoder
from features.text.transformer.member import Member
from features.text.transformer.weights import weights_folder
from training.fitting import threads, train
from training.text.data import Part, TextData, split_off
from training.text.module import FinetuneModule
from training.text.settings import FinetuneSettings

FloatArray = NDArray[np.float32]

_PROBE_STRENGTH = 20.0  # inverse L2 of the head on frozen vectors, whose length is 1


def fit_member(
    part: Part,
    validation: Part | None,
    *,
    classes: int,
    settings: FinetuneSettings,
    seed: int,
    folder: Path | None = None,
    callbacks: tuple[Callback, ...] = (),
) -> tuple[Member, Part | None]:
    """Fit one encoder and head; return them with the part that no step was made on.

    Parameters
    ----------
    part : Part
        What is learned; without ``validation`` a share of it is held out.
    validation : Part or None
        Decides when to stop.
    classes : int
        Number of labels.
    settings : FinetuneSettings
        What is trained, and how.
    seed : int
        Decides the held-out part, order, augmentation and dropout.
    folder : Path, optional
        Keeps checkpoints, so that the same call goes on where a killed one was.
    callbacks : tuple of Callback
        Further ones, called by the trainer.
    """
    if validation is None:
        part, validation = split_off(part, settings.held_out, seed)
    encoder = load_encoder(weights_folder(settings.weights), max_tokens=settings.max_tokens)
    with threads(settings.threads):
        weights, bias = _first_head(encoder, part, classes, settings, seed)
        if settings.trained == "head":
            return Member(encoder, weights, bias), validation
        module = FinetuneModule(
            encoder, weights, bias, settings=settings, seed=seed,
            steps=settings.epochs * ceil(len(part.texts) / settings.batch_size),
        )  # fmt: skip
        data = TextData(encoder, part, validation, settings=settings, seed=seed)
        with TemporaryDirectory() as temporary:
            train(
                module, data, epochs=settings.epochs, clip=settings.clip,
                folder=folder or Path(temporary), callbacks=callbacks,
                patience=None if validation is None else settings.patience,
            )  # fmt: skip
    head = module.head
    weights = np.ascontiguousarray(head.weight.detach().numpy().T)
    return Member(encoder.eval(), weights, head.bias.detach().numpy()), validation


def _first_head(
    encoder: Encoder, part: Part, classes: int, settings: FinetuneSettings, seed: int
) -> tuple[FloatArray, FloatArray]:
    """Return the best head on frozen vectors, or a random one of the usual size."""
    if not settings.probe_first and settings.trained != "head":
        random = np.random.default_rng(seed)
        drawn = random.normal(0, 1 / np.sqrt(encoder.width), (encoder.width, classes))
        return drawn.astype(np.float32), np.zeros(classes, np.float32)
    return fit_head(encoder.encode(part.texts), part.labels, classes)


def fit_head(
    vectors: FloatArray, labels: NDArray[np.int64], classes: int
) -> tuple[FloatArray, FloatArray]:
    """Return logistic regression on vectors [n, width] as weights [width, classes] and bias.

    Raises
    ------
    ValueError
        If a label has no example.
    """
    known = np.unique(labels)
    if len(known) != classes:
        raise ValueError(f"head of {classes} labels: only {len(known)} of them have examples")
    model = LogisticRegression(C=_PROBE_STRENGTH, max_iter=300, tol=1e-3).fit(vectors, labels)
    weights, bias = model.coef_.T.astype(np.float32), model.intercept_.astype(np.float32)
    if classes == 2:  # noqa: PLR2004 (of two classes scikit-learn keeps the second's scores only)
        return np.hstack([-weights / 2, weights / 2]), np.hstack([-bias / 2, bias / 2])
    return np.ascontiguousarray(weights), bias
