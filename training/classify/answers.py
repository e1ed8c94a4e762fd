"""What a classifier answers to texts, whichever it is: the starter, a fitted one, the champion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from features.text.classifier.fit import fit_classifier
from features.text.classifier.load import Classifier
from features.text.classifier.model import FloatArray, Vectors
from features.text.embedding.embed import embed
from features.text.taxonomy.chosen import Chosen
from features.text.taxonomy.classify import FewShotClassifier, outside
from ingest.workspace import Workspace
from training.classify.corpus import Corpus

_SHOTS = 5  # examples a label of a starter for labels that are of no taxonomy


@dataclass(frozen=True, eq=False)
class Answers:
    """Answers to n texts.

    Parameters
    ----------
    served : tuple of str
        As reports show them: the likeliest label, or unknown below the threshold.
    nearest : tuple of str
        The likeliest label, whatever its confidence.
    confidence : numpy.ndarray
        Of the likeliest label, float32 [n].
    """

    served: tuple[str, ...]
    nearest: tuple[str, ...]
    confidence: FloatArray


def answers_of(
    model: Classifier | Chosen, texts: Sequence[str], unknown: str, vectors: Vectors
) -> Answers:
    """Return what a model answers, with ``unknown`` below its threshold."""
    matrix = vectors(texts) if model.reads_vectors else None
    if isinstance(model, Chosen):
        codes, scores = model.codes, model.scores(texts, matrix)
    else:
        codes, scores = model.labels, model.probabilities(texts, matrix)
    confidence: NDArray[np.float32] = scores.max(axis=1, initial=0)
    nearest = [codes[number] for number in scores.argmax(axis=1)]
    sure = (confidence >= model.threshold).tolist()
    served = [label if kept else unknown for label, kept in zip(nearest, sure, strict=True)]
    return Answers(tuple(served), tuple(nearest), confidence)


def starter(corpus: Corpus, vectors: Vectors) -> Classifier | Chosen:
    """Return what answers before anybody labels: the taxonomy's examples.

    Labels of no taxonomy have none: there, five labeled texts of each label stand for them.

    Parameters
    ----------
    corpus : Corpus
        The texts that teach.
    vectors : callable
        Gives the sentence vectors of texts.
    """
    if corpus.taxonomy is not None:
        model = FewShotClassifier(taxonomy=corpus.taxonomy, vectors=vectors)
        return Chosen(corpus.taxonomy, model, vectors)
    known, seen = corpus.known, dict.fromkeys(corpus.known.classes, 0)
    rows = []
    for row, label in enumerate(known.labels):
        seen[label] += 1
        if seen[label] <= _SHOTS:
            rows.append(row)
    few = known.take(rows)
    return fit_classifier(few, tier="few-shot", vectors=vectors, outside=outside())


class Remembered:
    """Sentence vectors, computed once: in memory, and in the workspace's cache of texts.

    Parameters
    ----------
    workspace : Workspace
        Whose cache keeps them for the next time; analyzing its texts forgets those it has no more.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.cache: Path = workspace.features / "text" / "cache" / "texts.sqlite"
        self._known: dict[str, FloatArray] = {}

    def __call__(self, texts: Sequence[str]) -> FloatArray:
        """Return the vectors float32 [n, 512] of n texts."""
        missing = list(dict.fromkeys(text for text in texts if text not in self._known))
        if missing:
            found = embed(missing, cache=self.cache)
            self._known |= dict(zip(missing, found, strict=True))
        if not texts:
            return embed([])
        return np.stack([self._known[text] for text in texts])
