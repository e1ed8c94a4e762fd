"""What is learned from a business's own texts: how each analyzer is fitted and brought back."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from features.text.base import Analyzer
from features.text.embedding.vectors import Vectors
from features.text.keywords import CODE_VERSION as KEYWORDS_VERSION
from features.text.keywords import Dictionary, KeywordAnalyzer, fit_weights
from features.text.pipeline.corpus import Corpus
from features.text.pipeline.settings import TextSettings
from features.text.sentiment.analyzer import CODE_VERSION as SENTIMENT_VERSION
from features.text.sentiment.analyzer import SentimentAnalyzer, fit_sentiment
from features.text.sentiment.data import seeds
from features.text.topics import CODE_VERSION as TOPICS_VERSION
from features.text.topics import TopicAnalyzer, fit_topic_model

log = logging.getLogger(__name__)

Arrays = Mapping[str, NDArray[Any]]
Fit = tuple[Arrays, dict[str, Any]]


@dataclass(frozen=True)
class Sources:
    """What there is to learn from, and with.

    Parameters
    ----------
    corpus : Corpus
        The texts that may be fitted on.
    settings : TextSettings
        All choices.
    learn_from : callable
        Gives the sentence vectors [n, 512] of n texts that are fitted on.
    vectors : callable or None
        Gives those of the texts analyzed later; None where texts are analyzed without vectors.
    encoder : str
        Version of what computes vectors.
    """

    corpus: Corpus
    settings: TextSettings
    learn_from: Vectors
    vectors: Vectors | None
    encoder: str


class Recipe(Protocol):
    """How one analyzer learns."""

    def choices(self, sources: Sources) -> tuple[object, ...]:
        """Return everything but the texts that decides what is fitted, code included."""
        ...

    def fit(self, sources: Sources) -> Fit:
        """Return the fitted arrays, and what to report about them."""
        ...

    def load(self, arrays: Arrays, sources: Sources, state: str) -> Analyzer:
        """Return the analyzer of these arrays; ``state`` says what they were fitted on."""
        ...


class SentimentRecipe:
    """From ratings and seed sentences to the analyzer of sentiment."""

    def choices(self, sources: Sources) -> tuple[object, ...]:
        """Return code, seeds and settings."""
        s = sources.settings
        fused = sources.vectors is not None
        chosen = (s.min_rated, s.min_pole, s.max_rated, s.fit_until, sources.encoder, s.seed)
        return (SENTIMENT_VERSION, seeds(), fused, *chosen)

    def fit(self, sources: Sources) -> Fit:
        """Fit a model a language."""
        settings = sources.settings
        found = fit_sentiment(
            sources.corpus.rated,
            sources.vectors and sources.learn_from,
            min_rated=settings.min_rated,
            min_pole=settings.min_pole,
            seed=settings.seed,
            texts=sources.corpus.texts,
            teacher=sources.learn_from,
        )
        for row in found.report:
            log.info("sentiment of %(language)s: %(tier)s tier, macro-F1 %(macro_f1).3f, accuracy "
                     "%(accuracy).3f on %(measured_on)s", row)  # fmt: skip
        analyzer = SentimentAnalyzer(models=found.models, vectors=sources.vectors, state="")
        return analyzer.arrays(), {"sentiment": found.report, "rated": len(sources.corpus.rated)}

    def load(self, arrays: Arrays, sources: Sources, state: str) -> Analyzer:
        """Return the analyzer."""
        return SentimentAnalyzer.of(arrays, vectors=sources.vectors, state=state)


class TopicsRecipe:
    """From texts to :class:`~features.text.topics.TopicAnalyzer`."""

    def choices(self, sources: Sources) -> tuple[object, ...]:
        """Return code and settings."""
        s = sources.settings
        chosen = (s.topic_model, s.topics, s.topic_iterations, s.max_fit_texts, s.fit_until, s.seed)
        return (TOPICS_VERSION, *chosen, sources.encoder if s.topic_model == "clusters" else None)

    def fit(self, sources: Sources) -> Fit:
        """Find the topics."""
        settings = sources.settings
        model = fit_topic_model(
            sources.corpus.texts,
            sources.learn_from,
            kind=settings.topic_model,
            topics=settings.topics,
            iterations=settings.topic_iterations,
            seed=settings.seed,
        )
        arrays = TopicAnalyzer(model=model, state="").arrays()
        return arrays, {"sampled": len(sources.corpus.texts)}

    def load(self, arrays: Arrays, sources: Sources, state: str) -> Analyzer:
        """Return the analyzer."""
        return TopicAnalyzer.of(arrays, state=state, vectors=sources.vectors)


class KeywordsRecipe:
    """From texts to :class:`~features.text.keywords.KeywordAnalyzer`."""

    def choices(self, sources: Sources) -> tuple[object, ...]:
        """Return code and settings."""
        s = sources.settings
        return (KEYWORDS_VERSION, s.max_fit_texts, s.fit_until, s.words, s.stop_words)

    def fit(self, sources: Sources) -> Fit:
        """Learn how rare words are."""
        settings = sources.settings
        own = Dictionary(words=settings.words, stop=settings.stop_words)
        weights = fit_weights(sources.corpus.texts, own)
        return KeywordAnalyzer(weights=weights, count=1, state="", dictionary=own).arrays(), {}

    def load(self, arrays: Arrays, sources: Sources, state: str) -> Analyzer:
        """Return the analyzer."""
        return KeywordAnalyzer.of(arrays, count=sources.settings.keywords, state=state)


RECIPES: dict[str, Recipe] = {
    "sentiment": SentimentRecipe(),
    "topics": TopicsRecipe(),
    "keywords": KeywordsRecipe(),
}
