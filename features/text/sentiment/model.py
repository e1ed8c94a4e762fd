"""One sentiment classifier: a text classifier of three classes with a curve of trust on top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from features.text.classifier.model import FloatArray, TextClassifier, Vectors
from features.text.sentiment.data import LABELS

_SURE = 1e-4  # probabilities are kept this far from 0 and 1 before their logarithm is taken


@dataclass(frozen=True)
class SentimentModel:
    """A fitted classifier of three classes.

    Parameters
    ----------
    tier : str
        ``"few-shot"``: sentence vectors, learned from the seed sentences. ``"fused"``: terms and
        vectors, learned from the business's own ratings. ``"trained"``: the same from terms alone.
        ``"distilled"``: terms, learned from what the few-shot tier says of the business's texts.
    classifier : TextClassifier
        Of the three labels, each equally common beforehand.
    trust : numpy.ndarray
        float32 [4]: slope, and one intercept a label, of the logistic curve from the highest
        probability to the chance that the label is right.
    """

    tier: str
    classifier: TextClassifier
    trust: FloatArray

    def __post_init__(self) -> None:
        """Check that it is about sentiment."""
        if self.classifier.labels != LABELS or self.trust.shape != (1 + len(LABELS),):
            raise ValueError(
                f"sentiment model: expected the labels {LABELS} and a trust curve of "
                f"{1 + len(LABELS)} numbers, got {self.classifier.labels} and an array "
                f"{self.trust.shape}"
            )

    @property
    def reads_vectors(self) -> bool:
        """Whether sentence vectors are needed."""
        return self.classifier.vector_head is not None

    def probabilities(self, texts: Sequence[str], vectors: FloatArray | None = None) -> FloatArray:
        """Return [n, 3]: the class probabilities with every class equally common beforehand."""
        return self.classifier.probabilities(texts, vectors)

    def confidence(self, probabilities: FloatArray) -> FloatArray:
        """Return [n]: the chance that the most probable label is right."""
        return np.asarray(expit(trust_features(probabilities) @ self.trust), dtype=np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the model as arrays without objects, fit for ``numpy.savez``."""
        return {
            "tier": np.array([self.tier, self.classifier.tier]),
            "trust": self.trust,
            **self.classifier.arrays(),
        }

    @classmethod
    def of(
        cls, arrays: Mapping[str, NDArray[Any]], *, vectors: Vectors | None = None
    ) -> SentimentModel:
        """Return the model that :meth:`arrays` took apart."""
        tier, inner = arrays["tier"].tolist()
        classifier = TextClassifier.of(arrays, labels=LABELS, tier=inner, vectors=vectors)
        return cls(tier, classifier, arrays["trust"])


def trust_features(probabilities: FloatArray) -> FloatArray:
    """Return [n, 4]: log odds of the highest probability, and which label it belongs to."""
    top = np.clip(probabilities.max(axis=1), _SURE, 1 - _SURE)
    which = np.eye(len(LABELS), dtype=np.float32)[probabilities.argmax(axis=1)]
    return np.concatenate([logit(top)[:, None], which], axis=1).astype(np.float32)
