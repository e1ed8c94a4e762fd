"""The public texts that the benchmark reads, each with its labels, repeated texts left out."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.model_selection import train_test_split

from features.text.classifier.examples import Labeled

_POLES = {"0": "negative", "1": "positive"}
_SAMPLE, _SAMPLE_SEED = 4000, 1  # shop reviews for learning from few labels


@dataclass(frozen=True)
class Split:
    """What is learned from, and what is asked once at the end."""

    train: Labeled
    test: Labeled


def waimai(data: Path) -> Labeled:
    """Return the reviews of waimai-10k, ``negative`` or ``positive``."""
    path = _existing(data / "waimai-10k" / "waimai_10k.csv.gz")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return _distinct((row["review"], _POLES[row["label"]]) for row in csv.DictReader(file))


def shop(data: Path) -> dict[str, Labeled]:
    """Return the reviews of online-shopping-10-cats: their ``sentiment`` and their ``category``.

    Each review once; ``sentiment, repeats`` and ``category, repeats`` are all 62,774 rows, of which
    one in fifteen says what another one says, as in figures that others published.
    """
    path = _existing(data / "online-shopping-10-cats" / "online_shopping_10_cats.zip")
    with zipfile.ZipFile(path) as archive, archive.open("online_shopping_10_cats.csv") as raw:
        rows = list(csv.DictReader(io.TextIOWrapper(raw, encoding="utf-8-sig")))
    return {
        "sentiment": _distinct((row["review"], _POLES[row["label"]]) for row in rows),
        "category": _distinct((row["review"], row["cat"]) for row in rows),
        "sentiment, repeats": _all((row["review"], _POLES[row["label"]]) for row in rows),
        "category, repeats": _all((row["review"], row["cat"]) for row in rows),
    }


def shop_sample(data: Path) -> Labeled:
    """Return the sentiment of 4,000 shop reviews, always the same."""
    rows = shop(data)["sentiment"]
    chosen = np.random.default_rng(_SAMPLE_SEED).permutation(len(rows))[:_SAMPLE]
    return rows.take(chosen)


def banking(data: Path) -> Split:
    """Return the questions of banking77 with their 77 intents, as they are split by its authors.

    Casanueva et al., "Efficient Intent Detection with Dual Sentence Encoders", NLP4ConvAI 2020.
    """
    folder = data / "banking77"
    return Split(_banking(folder / "train.csv"), _banking(folder / "test.csv"))


def app_reviews(data: Path) -> Labeled:
    """Return app-store reviews with what they are about, six classes."""
    path = _existing(data / "app-reviews" / "app_reviews.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return _distinct((row["review"], row["class"]) for row in csv.DictReader(file))


def split(rows: Labeled, *, share: float = 0.2, seed: int = 0) -> Split:
    """Return the rows with so large a share for testing, classes as common on both sides."""
    train, test = train_test_split(
        np.arange(len(rows)), test_size=share, stratify=rows.labels, random_state=seed
    )
    return Split(rows.take(train), rows.take(test))


def _banking(path: Path) -> Labeled:
    with _existing(path).open(encoding="utf-8", newline="") as file:
        rows = [(row["text"], row["category"]) for row in csv.DictReader(file)]
    return Labeled(tuple(text for text, _ in rows), tuple(label for _, label in rows))


def _all(rows: Iterable[tuple[str, str]]) -> Labeled:
    """Return every text that says something, as often as it is there."""
    kept = [(text, label) for text, label in rows if text.strip()]
    return Labeled(tuple(text for text, _ in kept), tuple(label for _, label in kept))


def _distinct(rows: Iterable[tuple[str, str]]) -> Labeled:
    """Return each text once, with the label it has last."""
    found: Mapping[str, str] = {text: label for text, label in rows if text.strip()}
    return Labeled(tuple(found), tuple(found.values()))


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise FileNotFoundError(
            f"text benchmark: expected {path}, found no such file; point textbench.data, or the "
            f"environment variable HUAXIANG_DATA, to the folder of the public data sets"
        )
    return path
