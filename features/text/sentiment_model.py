"""One sentiment classifier: logistic regression over terms and sentence vectors, calibrated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.special import expit, logit, softmax
from sklearn.feature_extraction.text import TfidfVectorizer

from features.text.sentiment_data import LABELS, grams

Tier = Literal["trained", "few-shot"]
FloatArray = NDArray[np.float32]

_SURE = 1e-4  # probabilities are kept this far from 0 and 1 before their logarithm is taken


@dataclass(frozen=True)
class SentimentModel:
    """A fitted classifier of three classes, as arrays.

    Parameters
    ----------
    tier : {"trained", "few-shot"}
        Learned from the business's own ratings, or from the seed sentences.
    vocabulary : tuple of str
        F terms; none for the few-shot tier, which reads sentence vectors only.
    idf : numpy.ndarray
        float32 [F], inverse document frequency of each term.
    weights, intercept : numpy.ndarray
        float32 [F + 512, 3] and [3]: class scores from terms, then vector.
    temperature : float
        Divides the class scores so that their softmax is a probability (Guo et al., "On
        Calibration of Modern Neural Networks", ICML 2017).
    trust : numpy.ndarray
        float32 [4]: slope, and one intercept a label, of the logistic curve from the highest
        probability to the chance that the label is right.
    """

    tier: Tier
    vocabulary: tuple[str, ...]
    idf: FloatArray
    weights: FloatArray
    intercept: FloatArray
    temperature: float
    trust: FloatArray

    def __post_init__(self) -> None:
        """Check that the arrays fit together."""
        terms, labels = len(self.vocabulary), len(LABELS)
        if self.idf.shape != (terms,) or self.weights.shape[1:] != (labels,):
            raise ValueError(
                f"sentiment model: {terms} terms and {labels} labels, got idf of shape "
                f"{self.idf.shape} and weights of shape {self.weights.shape}"
            )

    def probabilities(self, texts: Sequence[str], vectors: FloatArray) -> FloatArray:
        """Return [n, 3]: the class probabilities with every class equally common beforehand."""
        matrix = term_matrix(texts, vectors, self.vocabulary, self.idf)
        scores = (matrix @ self.weights + self.intercept) / self.temperature
        return np.asarray(softmax(scores, axis=1), dtype=np.float32)

    def confidence(self, probabilities: FloatArray) -> FloatArray:
        """Return [n]: the chance that the most probable label is right."""
        return np.asarray(expit(trust_features(probabilities) @ self.trust), dtype=np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the model as arrays without objects, fit for ``numpy.savez``."""
        return {
            "tier": np.array(self.tier),
            "vocabulary": np.array(self.vocabulary, dtype=np.str_),
            "idf": self.idf,
            "weights": self.weights,
            "intercept": self.intercept,
            "temperature": np.array(self.temperature),
            "trust": self.trust,
        }

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> SentimentModel:
        """Return the model that :meth:`arrays` took apart."""
        return cls(
            tier="trained" if str(arrays["tier"]) == "trained" else "few-shot",
            vocabulary=tuple(arrays["vocabulary"].tolist()),
            idf=arrays["idf"],
            weights=arrays["weights"],
            intercept=arrays["intercept"],
            temperature=float(arrays["temperature"]),
            trust=arrays["trust"],
        )


def term_matrix(
    texts: Sequence[str], vectors: FloatArray, vocabulary: Sequence[str], idf: FloatArray
) -> sp.csr_matrix:
    """Return [n, F + 512]: TF-IDF of the terms, each row of length 1, beside the vectors."""
    dense = sp.csr_matrix(vectors)
    if not vocabulary:
        return dense
    vectorizer = TfidfVectorizer(
        analyzer=grams, vocabulary=list(vocabulary), sublinear_tf=True, dtype=np.float32
    )
    vectorizer.idf_ = idf
    return sp.hstack([vectorizer.transform(texts), dense], format="csr", dtype=np.float32)


def trust_features(probabilities: FloatArray) -> FloatArray:
    """Return [n, 4]: log odds of the highest probability, and which label it belongs to."""
    top = np.clip(probabilities.max(axis=1), _SURE, 1 - _SURE)
    which = np.eye(len(LABELS), dtype=np.float32)[probabilities.argmax(axis=1)]
    return np.concatenate([logit(top)[:, None], which], axis=1).astype(np.float32)
