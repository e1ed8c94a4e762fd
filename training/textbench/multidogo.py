"""Intents, needs and slots of customers in service chats of six domains (MultiDoGO).

Peskov et al. 2019, https://aclanthology.org/D19-1460, sentence annotation, the paper's splits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq
from scipy.stats import spearmanr

from training.textbench.marked import Place, interval, scores
from training.textbench.row import Row
from training.textbench.tagging import WindowTagger, window

_INTENTS = "TF-IDF and linear"
_SLOTS = "window tagger"
_DRAWS, _SEED = 1000, 7
Turn = dict[str, Any]


def measure(data: Path, cache: Path) -> Iterator[Row]:
    """Yield, of each domain, intent accuracy and slot F1 on the test turns.

    Turns whose labels are not as many as their words are left out of the slots (1 in 200).

    Parameters
    ----------
    data : Path
        Folder that holds ``multidogo/turns.parquet``.
    cache : Path
        Not needed.
    """
    del cache
    table = pq.read_table(data / "multidogo" / "turns.parquet")
    for domain in sorted(set(table["domain"].to_pylist())):
        rows = table.filter(pc.field("domain") == domain)
        train, test = (
            rows.filter(pc.field("split") == split).to_pylist() for split in ("train", "test")
        )
        yield from intents(domain, train, test)
        yield slots(domain, train, test)


def intents(domain: str, train: Sequence[Turn], test: Sequence[Turn]) -> Iterator[Row]:
    """Yield the accuracy of intents, learned from the training turns of a domain, and of needs.

    What a domain's customers need is counted in conversations with each intent: from what was
    recognized, and from what people annotated.
    """
    started = perf_counter()
    said = _recognized(train, test)
    meant = [turn["intent"] for turn in test]
    right = np.array([a == b for a, b in zip(said, meant, strict=True)], np.float64)
    low, high = _interval(right)
    seconds = perf_counter() - started
    value, of = float(right.mean()), len(test)
    yield Row("multidogo", domain, _INTENTS, "intent accuracy", value, low, high, of, seconds)
    chats = [turn["conversationId"] for turn in test]
    yield from needs(domain, _conversations(chats, said), _conversations(chats, meant))


def needs(domain: str, said: pd.DataFrame, meant: pd.DataFrame) -> Iterator[Row]:
    """Yield how well conversations are counted by intent, with intervals over conversations.

    Parameters
    ----------
    domain : str
        Of the conversations.
    said, meant : DataFrame of bool
        Conversation x intent, as recognized and as annotated, in the same order of conversations.

    Returns
    -------
    iterator of Row
        Spearman's rank correlation of the two counts, and the mean absolute difference of the two
        shares of conversations, in percentage points.
    """
    columns = said.columns.union(meant.columns)
    both = [t.reindex(columns=columns, fill_value=False).to_numpy(float) for t in (said, meant)]
    rng, n = np.random.default_rng(_SEED), len(said)
    draws = [np.arange(n), *(rng.integers(0, n, n) for _ in range(_DRAWS))]
    shares = [tuple(table[draw].mean(axis=0) for table in both) for draw in draws]
    for metric, values in (
        ("need rank correlation", [spearmanr(got, want).statistic for got, want in shares]),
        ("need share error, points", [100 * np.abs(got - want).mean() for got, want in shares]),
    ):
        low, high = np.quantile(values[1:], [0.025, 0.975])
        value, low, high = (float(each) for each in (values[0], low, high))
        yield Row("multidogo", domain, _INTENTS, metric, value, low, high, n)


def _conversations(chats: Sequence[str], intents: Sequence[str]) -> pd.DataFrame:
    return pd.crosstab(pd.Series(chats, name="chat"), pd.Series(intents, name="intent")) > 0


def _recognized(train: Sequence[Turn], test: Sequence[Turn]) -> list[str]:
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline, make_union  # noqa: PLC0415
    from sklearn.svm import LinearSVC  # noqa: PLC0415

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, min_df=2)
    model = make_pipeline(make_union(words, letters), LinearSVC(C=0.5, random_state=_SEED))
    model.fit([turn["utterance"] for turn in train], [turn["intent"] for turn in train])
    return [str(name) for name in model.predict([turn["utterance"] for turn in test])]


def slots(domain: str, train: Sequence[Turn], test: Sequence[Turn]) -> Row:
    """Return the micro F1 of exact slots, learned from the training turns of a domain."""
    started = perf_counter()
    known, asked = (list(_labeled(turns)) for turns in (train, test))
    features = [list(window(words)) for words, _ in known]
    model = WindowTagger().fit(features, [labels for _, labels in known])
    labels = model.labels([list(window(words)) for words, _ in asked])
    told, found = [runs(want) for _, want in asked], [runs(got) for got in labels]
    score = scores(told, found)["all"]
    low, high = interval(told, found, "f1")
    seconds = perf_counter() - started
    return Row("multidogo", domain, _SLOTS, "slot F1", score.f1, low, high, score.there, seconds)


def runs(labels: Sequence[str]) -> set[Place]:
    """Return the slots: runs of words with the same label, as ``(label, first, after last)``.

    Examples
    --------
    >>> sorted(runs(["O", "name", "name", "city"]))
    [('city', 3, 4), ('name', 1, 3)]
    """
    found: set[Place] = set()
    start = 0
    for place in range(1, len(labels) + 1):
        if place == len(labels) or labels[place] != labels[start]:
            if labels[start] != "O":
                found.add((labels[start], start, place))
            start = place
    return found


def _labeled(turns: Sequence[Turn]) -> Iterator[tuple[list[str], list[str]]]:
    for turn in turns:
        words, labels = turn["utterance"].split(), (turn["slot-labels"] or "").split()
        if words and len(words) == len(labels):
            yield words, labels


def _interval(right: npt.NDArray[np.float64]) -> tuple[float, float]:
    rng = np.random.default_rng(_SEED)
    means = [right[rng.integers(0, len(right), len(right))].mean() for _ in range(_DRAWS)]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
