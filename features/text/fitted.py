"""What was fitted, kept beside the cache: refitted when the texts have changed enough."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from omegaconf import OmegaConf

from features.text.base import HASH_BYTES, Analyzer, fingerprint
from features.text.corpus import Corpus, identities
from features.text.keywords import CODE_VERSION as KEYWORDS_VERSION
from features.text.keywords import Dictionary, KeywordAnalyzer, fit_weights
from features.text.registry import analyzer_file
from features.text.sentiment import CODE_VERSION as SENTIMENT_VERSION
from features.text.sentiment import SentimentAnalyzer, Vectors, fit_sentiment
from features.text.sentiment_data import seeds
from features.text.settings import TextSettings
from features.text.topics import CODE_VERSION as TOPICS_VERSION
from features.text.topics import Kind, TopicAnalyzer, fit_topic_model

log = logging.getLogger(__name__)

_META, _KEYS = "meta.json", "fitted_on.npy"
_NAMES = ("sentiment", "topics", "keywords")
Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Fitted:
    """The analyzers that learn from the business's texts, ready to use.

    ``report`` says what they were fitted on, and how good the sentiment is.
    """

    sentiment: SentimentAnalyzer
    topics: TopicAnalyzer
    keywords: KeywordAnalyzer
    report: dict[str, Any]
    reused: bool

    @property
    def analyzers(self) -> tuple[Analyzer, ...]:
        """The three analyzers."""
        return (self.sentiment, self.topics, self.keywords)


def fit_or_load(
    folder: Path, corpus: Corpus, settings: TextSettings, learn_from: Vectors, vectors: Vectors
) -> Fitted:
    """Return what was fitted before where it still holds, else fit and keep it.

    Parameters
    ----------
    folder : Path
        Holds one folder for every slot (the settings that decide what is fitted, and code).
    corpus : Corpus
        The texts that may be fitted on now.
    settings : TextSettings
        ``refit_growth`` says how much new text is too much.
    learn_from : callable
        Gives the sentence vectors [n, 512] of the n texts that are fitted on.
    vectors : callable
        Gives those of the texts analyzed later.
    """
    chosen = [sorted(parameters(name, settings).items()) for name in ("topics", "keywords")]
    code = (SENTIMENT_VERSION, TOPICS_VERSION, KEYWORDS_VERSION, seeds(), chosen)
    slot = folder / fingerprint(code, sorted(settings.fitting().items()))
    if _still_holds(slot, corpus, settings.refit_growth):
        return _load(slot, settings, vectors, reused=True)
    _fit(slot, corpus, settings, learn_from)
    return _load(slot, settings, vectors, reused=False)


def forget(folder: Path, living: NDArray[np.uint8]) -> int:
    """Delete what was fitted, for whatever time, on a text that is gone by now.

    Parameters
    ----------
    folder : Path
        Where :func:`fit_or_load` keeps what it fits.
    living : numpy.ndarray
        uint8 [n, 16], content hashes of all texts there are.

    Returns
    -------
    int
        Number of fits deleted.
    """
    deleted = 0
    for keys in folder.glob(f"*/{_KEYS}"):
        fitted_on = np.load(keys, allow_pickle=False)[:, :HASH_BYTES]
        if not np.isin(identities(fitted_on), identities(living)).all():
            shutil.rmtree(keys.parent)
            deleted += 1
    return deleted


def _still_holds(slot: Path, corpus: Corpus, growth: float) -> bool:
    if not (slot / _META).exists():
        return False
    before = identities(np.load(slot / _KEYS, allow_pickle=False))
    kept = np.isin(before, identities(corpus.keys))
    new = len(corpus.keys) - int(kept.sum())
    return bool(kept.all()) and new <= growth * len(before)


def _fit(slot: Path, corpus: Corpus, settings: TextSettings, vectors: Vectors) -> None:
    sample = corpus.texts
    log.info("fitting text transforms on %d texts", len(corpus.keys))
    sentiment = fit_sentiment(
        corpus.rated,
        vectors,
        min_rated=settings.min_rated,
        min_pole=settings.min_pole,
        seed=settings.seed,
    )
    for row in sentiment.report:
        log.info("sentiment of %(language)s: %(tier)s tier, macro-F1 %(macro_f1).3f, accuracy "
                 "%(accuracy).3f on %(measured_on)s", row)  # fmt: skip
    topics = fit_topic_model(
        sample,
        vectors,
        kind=parameters("topics", settings)["kind"],
        topics=settings.topics,
        iterations=settings.topic_iterations,
        seed=settings.seed,
    )
    dictionary = Dictionary(**parameters("keywords", settings))
    weights = fit_weights(sample, dictionary)
    state = fingerprint(slot.name, corpus.keys.tobytes())
    meta = {
        "state": state,
        "texts": len(corpus.keys),
        "sampled": len(sample),
        "rated": len(corpus.rated),
        "settings": settings.fitting(),
        "sentiment": sentiment.report,
    }
    parts = {
        "sentiment": SentimentAnalyzer(
            models=sentiment.models, vectors=vectors, state=state
        ).arrays(),
        "topics": TopicAnalyzer(model=topics, state=state).arrays(),
        "keywords": KeywordAnalyzer(
            weights=weights, count=settings.keywords, state=state, dictionary=dictionary
        ).arrays(),
    }
    _keep(slot, meta, parts, corpus.keys)


def _keep(slot: Path, meta: Mapping[str, Any], parts: Mapping[str, Arrays], keys: Any) -> None:
    """Write the folder beside its place and move it there, so that it is whole or absent."""
    slot.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(mkdtemp(prefix=".draft-", dir=slot.parent))
    for name, arrays in parts.items():
        np.savez(draft / f"{name}.npz", allow_pickle=False, **arrays)
    np.save(draft / _KEYS, keys, allow_pickle=False)
    (draft / _META).write_bytes(orjson.dumps(meta, option=orjson.OPT_INDENT_2))
    shutil.rmtree(slot, ignore_errors=True)
    draft.rename(slot)
    for left in slot.parent.glob(".draft-*"):  # of runs that were killed; a lock lets one run only
        shutil.rmtree(left)


def _load(slot: Path, settings: TextSettings, vectors: Vectors, *, reused: bool) -> Fitted:
    meta = orjson.loads((slot / _META).read_bytes())
    parts: dict[str, dict[str, NDArray[Any]]] = {}
    for name in _NAMES:
        with np.load(slot / f"{name}.npz", allow_pickle=False) as arrays:
            parts[name] = dict(arrays)
    state = meta["state"]
    return Fitted(
        sentiment=SentimentAnalyzer.of(parts["sentiment"], vectors=vectors, state=state),
        topics=TopicAnalyzer.of(parts["topics"], state=state, vectors=vectors),
        keywords=KeywordAnalyzer.of(parts["keywords"], count=settings.keywords, state=state),
        report=meta,
        reused=reused,
    )


def sentiment(fitted: Fitted) -> SentimentAnalyzer:
    """Return the fitted analyzer, for the registry."""
    return fitted.sentiment


def topics(fitted: Fitted, *, kind: Kind) -> TopicAnalyzer:
    """Return the fitted analyzer, for the registry; ``kind`` was heeded when it was fitted."""
    del kind
    return fitted.topics


def keywords(fitted: Fitted, *, words: list[str], stop: list[str]) -> KeywordAnalyzer:
    """Return the fitted analyzer, for the registry; the words were heeded when it was fitted."""
    del words, stop
    return fitted.keywords


def parameters(name: str, settings: TextSettings) -> dict[str, Any]:
    """Return the parameters of an analyzer that decide how it is fitted.

    Those of ``conf/analyzer/<name>.yaml``, replaced by ``settings.options``.
    """
    file = OmegaConf.load(analyzer_file(name))
    merged = OmegaConf.merge(file, settings.options.get(name, {}))
    chosen = dict(OmegaConf.to_container(merged))  # type: ignore[arg-type]
    del chosen["_target_"]
    return chosen
