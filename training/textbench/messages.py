"""What cleaning, the filter, aspects and signals reach on public data that they were not made on.

Reviews: does the sum of aspect polarities agree with the writer's rating. App reviews: are feature
requests and problems heard. Service chats: is small talk told from what says something. How many
real reviews and questions the filter would throw away as spam, and how many texts a second each
analyzer reads.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from features.text.aspects.analyzer import AspectAnalyzer
from features.text.base import Analyzer
from features.text.clean.analyzer import CleanAnalyzer
from features.text.quality.analyzer import QualityAnalyzer
from features.text.signals.analyzer import SignalAnalyzer
from training.textbench.row import Row

_SMALL_TALK = {"openinggreeting", "closinggreeting", "thankyou", "confirmation", "rejection"}
_TURNS = 20_000
_ROUNDS, _ENDS = 1000, (2.5, 97.5)
_LOW, _HIGH = 2, 4
Flags = NDArray[np.bool_]
Rated = list[tuple[str, bool]]


def measure(data: Path, cache: Path) -> Iterator[Row]:
    """Yield the figures; ``cache`` is not needed, no analyzer here uses vectors.

    Parameters
    ----------
    data : Path
        Folder of the public data sets.
    cache : Path
        Folder for vectors.
    """
    del cache
    waimai, instruments = _waimai(data), _instruments(data)
    yield from _agreement("waimai-10k", waimai)
    yield from _agreement("amazon-musical-instruments", instruments)
    yield from _signals(data)
    yield from _small_talk(data)
    texts = {
        "waimai-10k": [text for text, _ in waimai],
        "banking77": _banking(data),
        "amazon-musical-instruments": [text for text, _ in instruments[:2000]],
    }
    for name, some in texts.items():
        yield _thrown_away(name, some)
    yield from _speed(
        {name: some for name, some in texts.items() if name != "amazon-musical-instruments"}
    )


def _agreement(dataset: str, rated: Rated) -> Iterator[Row]:
    """Compare the sign of the summed polarity with the rating; where it is 0 nothing was found."""
    found = AspectAnalyzer().analyze([text for text, _ in rated])["aspects"].to_pylist()
    sums = np.array([sum(row["polarity"] for row in rows) for rows in found])
    liked = np.array([label for _, label in rated])
    told = sums != 0
    yield _share(dataset, "all rated texts", "aspects", "coverage", told)
    right = (sums > 0) == liked
    yield _share(dataset, "texts with a polarity", "aspects", "agreement", right[told])
    for name, part in (("praise", liked), ("blame", ~liked)):
        metric = f"agreement on {name}"
        yield _share(dataset, "texts with a polarity", "aspects", metric, right[told & part])


def _signals(data: Path) -> Iterator[Row]:
    with (data / "app-reviews/app_reviews.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["review"], row["class"]) for row in csv.DictReader(file)]
    heard = [
        {one["signal"] for one in many}
        for many in SignalAnalyzer().analyze([text for text, _ in rows])["signals"].to_pylist()
    ]
    kinds = np.array([kind for _, kind in rows])
    # A part of the set calls crashes feature requests, so both together are told from the rest too.
    asked, failed = "feature request", "problem discovery"
    pains = {"usability_pain", "pain_point", "service_dissatisfaction"}
    for labels, wanted in (
        ({asked}, {"suggestion"}),
        ({failed}, pains),
        ({asked, failed}, pains | {"suggestion"}),
    ):
        flagged = np.array([bool(wanted & one) for one in heard])
        gold = np.isin(kinds, sorted(labels))
        protocol = f"{' or '.join(sorted(labels))} against the rest"
        yield from _found("app-reviews", protocol, "signals", flagged, gold)


def _small_talk(data: Path) -> Iterator[Row]:
    table = pq.read_table(data / "multidogo/turns.parquet", columns=["utterance", "intent"])
    table = table.slice(0, _TURNS)
    found = QualityAnalyzer().analyze(table["utterance"].to_pylist())["quality"].to_pylist()
    flagged = np.array([one in ("non_informative", "near_empty") for one in found])
    gold = np.array([intent in _SMALL_TALK for intent in table["intent"].to_pylist()])
    protocol = "greetings, thanks, yes and no against all other intents"
    yield from _found("multidogo", protocol, "quality", flagged, gold)


def _thrown_away(dataset: str, texts: Sequence[str]) -> Row:
    found = QualityAnalyzer().analyze(texts)["quality"].to_pylist()
    wrong = np.array([one in ("spam", "gibberish") for one in found])
    return _share(dataset, "all texts", "quality", "flagged as spam or gibberish", wrong)


def _speed(texts: dict[str, list[str]]) -> Iterator[Row]:
    makers: dict[str, tuple[Callable[[], Analyzer], ...]] = {
        "clean + quality": (CleanAnalyzer, QualityAnalyzer),
        "aspects": (AspectAnalyzer,),
        "signals": (SignalAnalyzer,),
    }
    for dataset, some in texts.items():
        for name, parts in makers.items():
            analyzers = [make() for make in parts]
            for analyzer in analyzers:
                analyzer.analyze(some[:50])
            started = process_time()
            for analyzer in analyzers:
                analyzer.analyze(some)
            seconds = process_time() - started
            yield Row(
                dataset=dataset, protocol="one process, processor time", model=name,
                metric="texts per second", value=round(len(some) / seconds, 1), n=len(some),
                seconds=round(seconds, 3),
            )  # fmt: skip


def _found(dataset: str, protocol: str, model: str, flagged: Flags, gold: Flags) -> Iterator[Row]:
    yield _share(dataset, protocol, model, "precision", gold[flagged])
    yield _share(dataset, protocol, model, "recall", flagged[gold])


def _share(dataset: str, protocol: str, model: str, metric: str, hits: Flags) -> Row:
    """Return a share with its 95 % bootstrap interval; of a share, that is a binomial draw."""
    draws = np.random.default_rng(7).binomial(len(hits), hits.mean(), _ROUNDS) / len(hits)
    low, high = np.percentile(draws, _ENDS)
    return Row(
        dataset=dataset, protocol=protocol, model=model, metric=metric,
        value=round(float(hits.mean()), 4), low=round(float(low), 4), high=round(float(high), 4),
        n=len(hits),
    )  # fmt: skip


def _waimai(data: Path) -> Rated:
    with gzip.open(data / "waimai-10k/waimai_10k.csv.gz", "rt", encoding="utf-8") as file:
        return [(row["review"], row["label"] == "1") for row in csv.DictReader(file)]


def _instruments(data: Path) -> Rated:
    path = data / "amazon-musical-instruments/Musical_Instruments_5.json.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows: list[dict[str, Any]] = [json.loads(line) for line in file]
    decided = [row for row in rows if not _LOW < row["overall"] < _HIGH]
    return [(f"{row['summary']}. {row['reviewText']}", row["overall"] >= _HIGH) for row in decided]


def _banking(data: Path) -> list[str]:
    with (data / "banking77/train.csv").open(encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file)]
