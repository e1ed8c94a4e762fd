"""Sentiment of Chinese and English text: negative, neutral or positive, with polarity and trust.

Every language is answered by the best model there is for it: one that learned the business's own
star ratings where enough of them are in that language, else one that learned bilingual seed
sentences, whose sentence vectors carry over to any language the encoder knows. Where texts are too
many for sentence vectors, both kinds come without: terms trained on the ratings, and a student of
the seed sentences' model. No language is ever scored by a word list made for another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.text.classifier.examples import Labeled
from features.text.classifier.fit import Tier
from features.text.classifier.model import FloatArray, Vectors
from features.text.classifier.quality import Quality
from features.text.embedding.embed import Embedder
from features.text.language import LANGUAGES, Language, language_of
from features.text.sentiment.data import LABELS
from features.text.sentiment.fit import Rated, distill, fit_model, labeled, seed_examples
from features.text.sentiment.model import SentimentModel

__all__ = ["Rated", "SentimentAnalyzer", "SentimentFit", "Vectors", "fit_sentiment"]

CODE_VERSION = "2"

_BASE = "base"


class SentimentAnalyzer:
    """Label, polarity and confidence of each text.

    Polarity is P(positive) - P(negative) with the classes equally common beforehand: the tone of
    the text itself, not the business's base rate. Confidence is the measured chance that the label
    is right.

    Parameters
    ----------
    models : mapping of str to SentimentModel
        By language; the model ``"base"`` answers for the languages that have none.
    vectors : callable or None
        Gives the sentence vectors [n, 512] of n texts; None where no model reads them.
    state : str
        Fingerprint of what the models were fitted on.

    Raises
    ------
    ValueError
        If a model reads sentence vectors and there is no way to have them.
    """

    name = "sentiment"
    schema = pa.schema(
        [("sentiment", pa.string()), ("polarity", pa.float32()), ("confidence", pa.float32())]
    )

    def __init__(
        self, *, models: Mapping[str, SentimentModel], vectors: Vectors | None, state: str
    ) -> None:
        wanting = [language for language, model in models.items() if model.reads_vectors]
        if wanting and vectors is None:
            raise ValueError(
                f"sentiment: the models of {', '.join(wanting)} read sentence vectors; pass "
                f"vectors=, or fit with vectors=None for models that read terms only"
            )
        self._models = dict(models)
        self._vectors = vectors
        self.version = f"{CODE_VERSION}:{state}"

    def tier(self, language: Language) -> str:
        """Return which tier answers for a language, see :class:`SentimentModel`."""
        return self._models.get(language, self._models[_BASE]).tier

    def analyze(self, texts: Sequence[str]) -> pa.Table:
        """Return the columns ``sentiment``, ``polarity`` (-1..1) and ``confidence`` (0..1)."""
        probabilities = np.zeros((len(texts), len(LABELS)), dtype=np.float32)
        confidence = np.zeros(len(texts), dtype=np.float32)
        languages = np.array([language_of(text) for text in texts], dtype=np.str_)
        for language in LANGUAGES:
            rows = np.flatnonzero(languages == language).tolist()
            if rows:
                model = self._models.get(language, self._models[_BASE])
                part = self._probabilities(model, [texts[row] for row in rows])
                probabilities[rows], confidence[rows] = part, model.confidence(part)
        columns = {
            "sentiment": [LABELS[label] for label in probabilities.argmax(axis=1)],
            "polarity": probabilities[:, 2] - probabilities[:, 0],
            "confidence": confidence,
        }
        return pa.table(columns, schema=self.schema)

    def _probabilities(self, model: SentimentModel, texts: Sequence[str]) -> FloatArray:
        if not model.reads_vectors or self._vectors is None:
            return model.probabilities(texts)
        return model.probabilities(texts, self._vectors(texts))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all models as arrays, each named ``<language>/<array>``."""
        return {
            f"{language}/{name}": array
            for language, model in self._models.items()
            for name, array in model.arrays().items()
        }

    @classmethod
    def of(
        cls, arrays: Mapping[str, NDArray[Any]], *, vectors: Vectors | None, state: str
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
    rated: Sequence[Rated],
    vectors: Vectors | None,
    *,
    min_rated: int,
    min_pole: int,
    seed: int,
    texts: Sequence[str] = (),
    teacher: Vectors | None = None,
) -> SentimentFit:
    """Fit a model for every language with enough ratings, and one for all others.

    Parameters
    ----------
    rated : sequence of Rated
        Distinct texts with labels from ratings.
    vectors : callable or None
        Gives the sentence vectors [n, 512] of n texts: the tiers are ``"fused"`` where there are
        ratings and ``"few-shot"`` elsewhere. None for models that read terms only, several times
        as quick: ``"trained"`` and ``"distilled"``, taught by a few thousand texts' vectors.
    min_rated, min_pole : int
        A language needs so many rated texts, and so many of them negative and positive each.
    seed : int
        Decides the folds of the cross-validation.
    texts : sequence of str
        Distinct texts of the business, for the distilled tier to learn its words from.
    teacher : callable, optional
        Gives the vectors that the distilled tier learns from; the house's encoder by default.
    """
    encode = vectors or teacher or Embedder().vectors
    few, quality = fit_model("few-shot", seed_examples(), None, seed, vectors=encode)
    base = few
    if vectors is None:
        base, quality = distill(few, texts, seed, vectors=encode)
    fit = SentimentFit({_BASE: base}, [])
    for language in LANGUAGES:
        own = labeled([row for row in rated if language_of(row.text) == language])
        record: dict[str, Any] = {"language": language, "rated_texts": len(own)}
        if len(own):
            record["few_shot_accuracy_on_ratings"] = _accuracy(base, own, vectors)
        if _enough(own, min_rated, min_pole):
            tier: Tier = "trained" if vectors is None else "fused"
            support = seed_examples()
            fit.models[language], mine = fit_model(tier, own, support, seed, vectors=vectors)
            record |= {"tier": tier, "measured_on": "held-out rated texts", **_figures(mine)}
        else:
            record |= {"tier": base.tier, "measured_on": "held-out seed sentences"}
            record |= _figures(quality)
        fit.report.append(record)
    return fit


def _accuracy(model: SentimentModel, own: Labeled, vectors: Vectors | None) -> float:
    """Return the share of ratings that a model which has not seen them gets right."""
    matrix = None if vectors is None else vectors(own.texts)
    chosen = model.probabilities(own.texts, matrix).argmax(axis=1)
    right = [LABELS[label] == true for label, true in zip(chosen, own.labels, strict=True)]
    return round(float(np.mean(right)), 4)


def _figures(quality: Quality) -> dict[str, Any]:
    """Return what a report of sentiment says of a model: no threshold, it always answers."""
    names = ("texts", "accuracy", "macro_f1", "calibration_error")
    return {name: quality.as_dict()[name] for name in names}


def _enough(own: Labeled, min_rated: int, min_pole: int) -> bool:
    poles = min(own.counts.get(LABELS[0], 0), own.counts.get(LABELS[2], 0))
    return len(own) >= min_rated and poles >= min_pole
