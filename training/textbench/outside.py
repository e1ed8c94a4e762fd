"""How many texts that belong nowhere are called unknown, and what that costs those that belong.

The classifier knows 62 of the 77 intents of banking77. Half of our own sentences that belong to no
taxonomy choose its threshold. Outsiders are, each measured apart: the other half of these, takeaway
reviews in another language, and the questions to the same bank with one of the 15 intents that were
left out, which are as near as outsiders can be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from features.text.classifier.examples import UNKNOWN, Labeled
from features.text.classifier.fit import fit_classifier
from features.text.classifier.model import TextClassifier
from features.text.taxonomy.classify import outside
from training.textbench.corpora import banking, waimai
from training.textbench.encode import encoder
from training.textbench.figures import share_interval
from training.textbench.row import Row

_LEFT_OUT, _REVIEWS = 15, 500
_PROTOCOL = "62 of 77 intents known, threshold chosen on other outsiders"


def measure(data: Path, cache: Path) -> Iterator[Row]:
    """Yield the recall of outsiders by kind, and the share of insiders that stay."""
    parts = banking(data)
    names = np.random.default_rng(0).permutation(parts.train.classes)
    gone = set(names[:_LEFT_OUT].tolist())
    train, test = _without(parts.train, gone), _without(parts.test, gone)
    model = fit_classifier(train, vectors=encoder(cache, "use", "e5"), outside=outside())
    unknown = model.predict(test.texts)["label"].to_numpy(zero_copy_only=False) == UNKNOWN
    yield _share("insiders kept", ~unknown)
    own = outside()
    others = [text for place, text in enumerate(own) if place // 2 % 2 == 1]
    yield _recall(model, "sentences that belong nowhere", others)
    yield _recall(model, "takeaway reviews", waimai(data).texts[:_REVIEWS])
    near = [text for text, label in _pairs(parts.test) if label in gone]
    yield _recall(model, "questions with an intent left out", near)


def _recall(model: TextClassifier, kind: str, texts: Sequence[str]) -> Row:
    labels = model.predict(texts)["label"].to_numpy(zero_copy_only=False)
    return _share(f"outside recall, {kind}", labels == UNKNOWN)


def _share(metric: str, hits: NDArray[np.bool_]) -> Row:
    low, high = share_interval(hits)
    return Row(
        dataset="banking77",
        protocol=_PROTOCOL,
        model="fused use + e5",
        metric=metric,
        value=float(hits.mean()),
        low=low,
        high=high,
        n=len(hits),
    )


def _pairs(rows: Labeled) -> Iterator[tuple[str, str]]:
    return zip(rows.texts, rows.labels, strict=True)


def _without(rows: Labeled, gone: set[str]) -> Labeled:
    return rows.take([place for place, label in enumerate(rows.labels) if label not in gone])
