"""Which classifier sorts texts into a taxonomy: the promoted one, else one from its examples.

Training judges classifiers and keeps the one that earned it here (:func:`keep_classifier`); text
analysis takes it from here (:func:`classifier_for`) and needs to know nothing of training. A lock
makes the two see whole folders only.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pyarrow as pa
from filelock import FileLock
from numpy.typing import NDArray

from features.text.classifier.examples import UNKNOWN
from features.text.classifier.load import Classifier, load_classifier
from features.text.classifier.model import SCHEMA
from features.text.taxonomy.classify import FewShotClassifier, Vectors
from features.text.taxonomy.taxonomy import Taxonomy

__all__ = ["Chosen", "analyzer_name", "classifier_for", "keep_classifier"]

log = logging.getLogger(__name__)

FOLDER = "classifiers"  # beside texts.parquet
STARTER = "starter"
NOWHERE = "(none of them)"  # what a classifier calls a class of texts that belong to no label
FloatArray = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Chosen:
    """A classifier for a taxonomy, whatever it was learned from.

    Parameters
    ----------
    taxonomy : Taxonomy
        Whose labels it gives; below its threshold the answer is the taxonomy's ``unknown``.
    model : FewShotClassifier or Classifier
        Nearest prototypes of the taxonomy's examples, or what was fitted on labels.
    vectors : callable
        Gives the L2-normalized sentence vectors float32 [n, width] of n texts.
    """

    taxonomy: Taxonomy
    model: FewShotClassifier | Classifier
    vectors: Vectors
    schema = SCHEMA

    @property
    def name(self) -> str:
        """Name of its answers in a cache."""
        return analyzer_name(self.taxonomy.name)

    @property
    def tier(self) -> str:
        """``starter`` (the taxonomy's examples only), or the tier of what was fitted."""
        return STARTER if isinstance(self.model, FewShotClassifier) else self.model.tier

    @property
    def reads_vectors(self) -> bool:
        """Whether an answer depends on the sentence vector of a text."""
        return isinstance(self.model, FewShotClassifier) or self.model.reads_vectors

    @property
    def version(self) -> str:
        """Changes whenever the answer to the same text and vector may change."""
        return f"{self.tier}:{self.model.version}"

    @property
    def codes(self) -> tuple[str, ...]:
        """The labels, in the order of the columns of :meth:`scores`."""
        if isinstance(self.model, FewShotClassifier):
            return self.taxonomy.codes
        return self.model.labels

    @property
    def threshold(self) -> float:
        """Score below which a text is unknown."""
        return self.model.threshold

    def scores(self, texts: Sequence[str], matrix: FloatArray | None = None) -> FloatArray:
        """Return a score 0..1 for every label, float32 [n, labels].

        Calibrated probabilities, or of the starter the cosine similarity to each label.

        Parameters
        ----------
        texts : sequence of str
            n texts.
        matrix : numpy.ndarray, optional
            Their sentence vectors [n, width]; computed where they are needed and not given.
        """
        if not isinstance(self.model, FewShotClassifier):
            return self.model.probabilities(texts, matrix)
        found = self.vectors(texts) if matrix is None else matrix
        return self.model.similarities(found).clip(0, 1)

    def labels(self, texts: Sequence[str], matrix: FloatArray | None = None) -> pa.Table:
        """Return the columns ``label`` and ``confidence``, one row a text; see :meth:`scores`."""
        scores = self.scores(texts, matrix)
        best = scores.max(axis=1, initial=0)
        unknown = self.taxonomy.unknown
        told = [unknown if code == NOWHERE else code for code in self.codes]
        names = np.array([*told, unknown], dtype=object)
        places = np.where(best >= self.threshold, scores.argmax(axis=1), -1)
        return pa.table({"label": names[places].tolist(), "confidence": best}, schema=SCHEMA)

    def analyze(self, texts: Sequence[str]) -> pa.Table:
        """Return :meth:`labels`, with vectors computed where they are needed."""
        return self.labels(texts)

    def report(self) -> Mapping[str, Any]:
        """Return tier, version, threshold and measured quality as JSON values."""
        told: dict[str, Any] = {"tier": self.tier, "version": self.version}
        if isinstance(self.model, FewShotClassifier):
            return told | self.model.report()
        quality = self.model.quality
        told |= {} if quality is None else quality.as_dict()
        return told | {"threshold": round(self.model.threshold, 4)}


def analyzer_name(taxonomy: str) -> str:
    """Return the name of the answers of a taxonomy's classifier among those of analyzers."""
    return f"labels_{taxonomy}"


def classifier_for(taxonomy: Taxonomy, folder: Path, vectors: Vectors) -> Chosen:
    """Return the promoted classifier of a taxonomy, else the starter from its examples.

    Parameters
    ----------
    taxonomy : Taxonomy
        What to sort by.
    folder : Path
        Where the results of text analysis are; its ``classifiers/<taxonomy>`` is looked at.
    vectors : callable
        Gives the L2-normalized sentence vectors float32 [n, width] of n texts.

    Notes
    -----
    A promoted classifier that gives labels which the taxonomy no longer has is passed over, with a
    warning: train it again.
    """
    found = _promoted(folder / FOLDER, taxonomy.name, vectors)
    if found is not None:
        gone = sorted(set(found.labels) - {*taxonomy.codes, UNKNOWN})
        if not gone:
            return Chosen(taxonomy, found, vectors)
        log.warning(
            "the promoted classifier of %s gives labels the taxonomy has no more (%s): its "
            "examples serve until `python -m training task=classifier taxonomy=%s` was run and "
            "promoted", taxonomy.name, ", ".join(gone), taxonomy.name,
        )  # fmt: skip
    return Chosen(taxonomy, FewShotClassifier(taxonomy=taxonomy, vectors=vectors), vectors)


def keep_classifier(classifier: Classifier, taxonomy: str, folder: Path) -> Path:
    """Make a classifier the one that :func:`classifier_for` finds, wholly or not at all.

    Parameters
    ----------
    classifier : Classifier
        What was promoted.
    taxonomy : str
        Its name.
    folder : Path
        Where the results of text analysis are; made where needed.

    Returns
    -------
    Path
        The folder it is in now.
    """
    home = folder / FOLDER
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / ".lock"):
        _repair(home, taxonomy)
        draft = Path(mkdtemp(prefix=".draft-", dir=home))
        classifier.save(draft)
        place, before = home / taxonomy, _before(home, taxonomy)
        if place.exists():
            place.rename(before)
        draft.rename(place)
        shutil.rmtree(before, ignore_errors=True)
        for left in home.glob(".draft-*"):  # of processes that were killed
            shutil.rmtree(left)
    return place


def _promoted(home: Path, taxonomy: str, vectors: Vectors) -> Classifier | None:
    if not home.is_dir():
        return None
    with FileLock(home / ".lock"):
        _repair(home, taxonomy)
        if not (home / taxonomy).is_dir():
            return None
        return load_classifier(home / taxonomy, vectors=vectors)


def _before(home: Path, taxonomy: str) -> Path:
    return home / f".{taxonomy}.before"


def _repair(home: Path, taxonomy: str) -> None:
    """Undo a replacement that was interrupted between its two steps."""
    before = _before(home, taxonomy)
    if before.exists() and not (home / taxonomy).exists():
        before.rename(home / taxonomy)
