"""How coherent and how different topics are, on Chinese shop reviews of ten categories.

Protocol: the 62,724 distinct reviews of online-shopping-10-cats sorted by content hash, the first
19,000; 20 topics; the first 10 words that name each topic. ``c_npmi`` is over boolean documents,
``c_npmi_window`` over windows of ten words, ``c_v`` over windows of 110; the reference corpus is
the same 19,000 reviews, their words as topics see them. Diversity is the share of distinct words
among the 200. NMI compares the largest topic of each review with its category.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import normalized_mutual_info_score

from features.text.base import content_hash
from features.text.embedding.embed import embed
from features.text.tokenize import words
from features.text.topics import ClusterModel, TopicModel, fit_clusters, fit_topics
from features.text.topics.quality import Measure, coherence, diversity
from training.textbench.row import Row

TEXTS = 19_000
TOPICS = 20
DATASET = "online-shopping-10-cats"
PROTOCOL = "19,000 reviews, 20 topics, 10 words, same reviews as reference"
MEASURES: tuple[Measure, ...] = ("c_npmi", "c_npmi_window", "c_v")
FLOORS = {"c_npmi": 0.222, "diversity": 0.79}
_DRAWS = 1000
_SEED = 7


def reviews(data: Path) -> tuple[list[str], list[str]]:
    """Return the texts of the protocol and the category of each."""
    path = data / DATASET / "online_shopping_10_cats.zip"
    with zipfile.ZipFile(path) as archive, archive.open("online_shopping_10_cats.csv") as raw:
        rows = csv.DictReader(io.TextIOWrapper(raw, encoding="utf-8"))
        category = {row["review"]: row["cat"] for row in rows if row["review"]}
    texts = sorted(category, key=content_hash)[:TEXTS]
    return texts, [category[text] for text in texts]


def measure(data: Path, cache: Path) -> Iterator[Row]:
    """Yield the quality of word topics and of clusters, beside the floor.

    Parameters
    ----------
    data : Path
        Folder of public data.
    cache : Path
        Folder that keeps sentence vectors.
    """
    texts, categories = reviews(data)
    vectors = partial(embed, cache=cache / "vectors.sqlite")
    vectors(texts)  # computed beforehand: what is timed is finding topics
    started = perf_counter()
    lda = fit_topics(texts, topics=TOPICS, seed=_SEED)
    yield from _rows("lda", lda, texts, categories, perf_counter() - started)
    started = perf_counter()
    clusters = fit_clusters(texts, vectors, topics=TOPICS, seed=_SEED)
    yield from _rows("clusters", clusters, texts, categories, perf_counter() - started)


def _rows(
    name: str,
    model: TopicModel | ClusterModel,
    texts: Sequence[str],
    categories: Sequence[str],
    seconds: float,
) -> Iterator[Row]:
    named = [model.top_words(topic) for topic in range(TOPICS)]
    documents = [words(text) for text in texts]
    row = partial(Row, DATASET, PROTOCOL, name, seconds=round(seconds, 2))
    for metric in MEASURES:
        found = coherence(named, documents, metric)
        low, high = _interval(found)
        yield row(metric, float(found.mean()), low, high, n=TOPICS, reference=FLOORS.get(metric))
    yield row("diversity", diversity(named), n=TOPICS, reference=FLOORS["diversity"])
    shares = model.shares(texts)
    said = np.flatnonzero(shares.any(axis=1))
    largest = shares[said].argmax(axis=1)
    truth = [categories[place] for place in said.tolist()]
    yield row("nmi", float(normalized_mutual_info_score(truth, largest)), n=len(said))
    if model.quality is not None:
        yield row("junk_share", float(model.quality.junk.mean()), n=TOPICS)


def _interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of a mean over topics."""
    chance = np.random.default_rng(0)
    drawn = values[chance.integers(0, len(values), (_DRAWS, len(values)))].mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)
