"""Any fitted classifier by one face, and whichever of them a folder holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import orjson
import pyarrow as pa

from features.text.classifier.model import META, FloatArray, TextClassifier, Vectors
from features.text.classifier.quality import Quality

FINETUNED = "finetuned"  # the tier that reads texts with a transformer of its own


class Classifier(Protocol):
    """What was fitted on labels, whatever it reads of a text."""

    @property
    def labels(self) -> tuple[str, ...]:
        """L class names, in the order of the columns of :meth:`probabilities`."""

    @property
    def tier(self) -> str:
        """Which kind it is."""

    @property
    def threshold(self) -> float:
        """Confidence below which a text is unknown."""

    @property
    def quality(self) -> Quality | None:
        """Figures of texts it has not learned."""

    @property
    def version(self) -> str:
        """Changes with the code and with anything that was fitted."""

    @property
    def reads_vectors(self) -> bool:
        """Whether an answer depends on the sentence vector of a text."""

    def probabilities(self, texts: Sequence[str], vectors: FloatArray | None = None) -> FloatArray:
        """Return the calibrated class probabilities, float32 [n, L]."""

    def predict(self, texts: Sequence[str], vectors: FloatArray | None = None) -> pa.Table:
        """Return the columns ``label`` (``"unknown"`` below the threshold) and ``confidence``."""

    def save(self, folder: Path) -> None:
        """Write what :func:`load_classifier` reads into a folder, made where needed."""


def load_classifier(folder: Path, *, vectors: Vectors | None = None) -> Classifier:
    """Return the classifier that a folder holds, of the tier that its ``classifier.json`` names.

    Parameters
    ----------
    folder : Path
        Written by the ``save`` of a classifier.
    vectors : callable, optional
        Gives the sentence vectors float32 [n, width] of n texts, for tiers that read them.

    Raises
    ------
    FileNotFoundError
        If the folder holds none.
    ValueError
        If the weights are not those that were saved, or packages that read them are missing.
    """
    file = folder / META
    if file.is_file() and orjson.loads(file.read_bytes())["tier"] == FINETUNED:
        from features.text.transformer.weights import require  # noqa: PLC0415

        require()
        from features.text.transformer.finetuned import FinetunedClassifier  # noqa: PLC0415 (torch)

        return FinetunedClassifier.load(folder)
    return TextClassifier.load(folder, vectors=vectors)
