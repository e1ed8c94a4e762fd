"""Sentiment of Chinese and English text: negative, neutral or positive, with polarity and trust.

Every language is answered by the best model there is for it: one trained on the business's own star
ratings where enough of them are in that language, else one trained on bilingual seed sentences,
whose sentence vectors carry over to any language the encoder knows. No language is ever scored by a
word list made for another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score

from features.text.language import LANGUAGES, Language, language_of
from features.text.sentiment_data import LABELS, seeds
from features.text.sentiment_fit import Examples, fit_model
from features.text.sentiment_model import FloatArray, SentimentModel

CODE_VERSION = "1"
Vectors = Callable[[Sequence[str]], FloatArray]

_FEW = "few-shot"


@dataclass(frozen=True)
class Rated:
    """A text with the label that its writer's own rating gives it."""

    text: str
    label: int


class SentimentAnalyzer:
    """Label, polarity and confidence of each text.

    Polarity is P(positive) - P(negative) with the classes equally common beforehand: the tone of
    the text itself, not the business's base rate. Confidence is the measured chance that the label
    is right.

    Parameters
    ----------
    models : mapping of str to SentimentModel
        By language; the model ``"few-shot"`` answers for the languages that have none.
    vectors : callable
        Gives the sentence vectors [n, 512] of n texts.
    state : str
        Fingerprint of what the models were fitted on.
    """

    name = "sentiment"
    schema = pa.schema(
        [("sentiment", pa.string()), ("polarity", pa.float32()), ("confidence", pa.float32())]
    )

    def __init__(
        self, *, models: Mapping[str, SentimentModel], vectors: Vectors, state: str
    ) -> None:
        self._models = dict(models)
        self._vectors = vectors
        self.version = f"{CODE_VERSION}:{state}"

    def tier(self, language: Language) -> str:
        """Return which tier answers for a language: ``"trained"`` or ``"few-shot"``."""
        return self._models.get(language, self._models[_FEW]).tier

    def analyze(self, texts: Sequence[str]) -> pa.Table:
        """Return the columns ``sentiment``, ``polarity`` (-1..1) and ``confidence`` (0..1)."""
        probabilities = np.zeros((len(texts), len(LABELS)), dtype=np.float32)
        confidence = np.zeros(len(texts), dtype=np.float32)
        languages = np.array([language_of(text) for text in texts], dtype=np.str_)
        vectors = self._vectors(texts)
        for language in LANGUAGES:
            rows = np.flatnonzero(languages == language).tolist()
            if rows:
                model = self._models.get(language, self._models[_FEW])
                part = model.probabilities([texts[row] for row in rows], vectors[rows])
                probabilities[rows], confidence[rows] = part, model.confidence(part)
        columns = {
            "sentiment": [LABELS[label] for label in probabilities.argmax(axis=1)],
            "polarity": probabilities[:, 2] - probabilities[:, 0],
            "confidence": confidence,
        }
        return pa.table(columns, schema=self.schema)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all models as arrays, each named ``<language>/<array>``."""
        return {
            f"{language}/{name}": array
            for language, model in self._models.items()
            for name, array in model.arrays().items()
        }

    @classmethod
    def of(
        cls, arrays: Mapping[str, NDArray[Any]], *, vectors: Vectors, state: str
    ) -> SentimentAnalyzer:
        """Return the analyzer that :meth:`arrays` took apart."""
        models: dict[str, dict[str, NDArray[Any]]] = {}
        for key, array in arrays.items():
            language, name = key.split("/")
            models.setdefault(language, {})[name] = array
        fitted = {language: SentimentModel.of(parts) for language, parts in models.items()}
        return cls(models=fitted, vectors=vectors, state=state)


@dataclass(frozen=True)
class SentimentFit:
    """Fitted models by language, and what was measured about each."""

    models: dict[str, SentimentModel]
    report: list[dict[str, Any]]


def fit_sentiment(
    rated: Sequence[Rated], vectors: Vectors, *, min_rated: int, min_pole: int, seed: int
) -> SentimentFit:
    """Fit a model for every language with enough ratings, and the few-shot model.

    Parameters
    ----------
    rated : sequence of Rated
        Distinct texts with labels from ratings.
    vectors : callable
        Gives the sentence vectors [n, 512] of n texts.
    min_rated, min_pole : int
        A language needs so many rated texts, and so many of them negative and positive each.
    seed : int
        Decides the folds of the cross-validation.
    """
    base = _examples([Rated(text, label) for text, label in seeds()], vectors)
    few, quality = fit_model("few-shot", base, None, seed)
    fit = SentimentFit({_FEW: few}, [])
    for language in LANGUAGES:
        own = [row for row in rated if language_of(row.text) == language]
        examples = _examples(own, vectors)
        record: dict[str, Any] = {"language": language, "rated_texts": len(own)}
        if own:
            chosen = few.probabilities(examples.texts, examples.vectors).argmax(axis=1)
            score = float(accuracy_score(examples.labels, chosen))
            record["few_shot_accuracy_on_ratings"] = round(score, 4)
        if _enough(examples, min_rated, min_pole):
            fit.models[language], own_quality = fit_model("trained", examples, base, seed)
            record |= {"tier": "trained", "measured_on": "held-out rated texts"}
            record |= own_quality.as_dict()
        else:
            record |= {"tier": _FEW, "measured_on": "held-out seed sentences", **quality.as_dict()}
        fit.report.append(record)
    return fit


def _enough(examples: Examples, min_rated: int, min_pole: int) -> bool:
    counts = np.bincount(examples.labels, minlength=len(LABELS))
    return bool(counts.sum() >= min_rated and min(counts[0], counts[2]) >= min_pole)


def _examples(rated: Sequence[Rated], vectors: Vectors) -> Examples:
    texts = tuple(row.text for row in rated)
    labels = np.array([row.label for row in rated], dtype=np.int64)
    return Examples(texts, labels, vectors(texts))
