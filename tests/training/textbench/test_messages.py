"""The benchmark of messages: figures known by construction, and floors on public data."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from training.textbench.messages import measure
from training.textbench.row import Row

Figures = dict[tuple[str, str, str], Row]


def figures(data: Path, cache: Path) -> Figures:
    found: Figures = {}
    for row in measure(data, cache):
        found[row.dataset, row.metric, row.protocol] = row
    return found


def by_metric(found: Figures, dataset: str, metric: str) -> list[Row]:
    return [row for (where, what, _), row in found.items() if (where, what) == (dataset, metric)]


def rows_of(path: Path, header: list[str], rows: list[tuple[str, ...]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "wt", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Four reviews (one misleading, one without any opinion), three app reviews, four turns."""
    reviews = [("1", "味道很好"), ("0", "送餐太慢"), ("0", "味道很好"), ("1", "昨天下的单")]
    rows_of(tmp_path / "waimai-10k/waimai_10k.csv.gz", ["label", "review"], reviews)
    stars = [(5, "Great sound"), (1, "The strap broke"), (3, "It is a cable")]
    lines = [json.dumps({"summary": "", "reviewText": text, "overall": n}) for n, text in stars]
    path = tmp_path / "amazon-musical-instruments/Musical_Instruments_5.json.gz"
    path.parent.mkdir()
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    rows_of(
        tmp_path / "app-reviews/app_reviews.csv", ["id", "review", "class"],
        [("1", "Please add a dark mode", "feature request"), ("2", "I love it", "rating"),
         ("3", "It keeps crashing", "problem discovery")],
    )  # fmt: skip
    rows_of(tmp_path / "banking77/train.csv", ["text", "category"], [("Where is my card", "card")])
    (tmp_path / "multidogo").mkdir()
    said = {"utterance": ["hi", "thanks", "book a flight", "ok"],
            "intent": ["openinggreeting", "thankyou", "bookflight", "bookflight"]}  # fmt: skip
    pq.write_table(pa.table(said), tmp_path / "multidogo/turns.parquet")
    return tmp_path


def test_figures_are_what_they_must_be(data: Path, tmp_path: Path) -> None:
    found = figures(data, tmp_path)
    assert by_metric(found, "waimai-10k", "coverage")[0].value == 0.75
    agreement = by_metric(found, "waimai-10k", "agreement")[0]
    assert (agreement.value, agreement.n) == (pytest.approx(2 / 3, abs=1e-3), 3)
    assert by_metric(found, "waimai-10k", "agreement on blame")[0].value == 0.5
    assert by_metric(found, "amazon-musical-instruments", "agreement")[0].value == 1
    assert [row.value for row in by_metric(found, "app-reviews", "recall")] == [1, 1, 1]
    assert [row.value for row in by_metric(found, "app-reviews", "precision")] == [1, 1, 1]
    assert by_metric(found, "multidogo", "precision")[0].value == pytest.approx(2 / 3, abs=1e-3)
    assert by_metric(found, "multidogo", "recall")[0].value == 1
    assert by_metric(found, "banking77", "flagged as spam or gibberish")[0].value == 0
    speeds = [row for row in measure(data, tmp_path) if row.metric == "texts per second"]
    assert {row.model for row in speeds} == {"clean + quality", "aspects", "signals"}
    assert all(row.value > 0 for row in speeds)


@pytest.mark.realdata
@pytest.mark.slow
def test_public_data_is_understood(data_root: Path, tmp_path: Path) -> None:
    found = figures(data_root, tmp_path)
    assert by_metric(found, "waimai-10k", "agreement")[0].value > 0.84
    assert by_metric(found, "waimai-10k", "coverage")[0].value > 0.78
    assert by_metric(found, "amazon-musical-instruments", "agreement")[0].value > 0.92
    assert by_metric(found, "multidogo", "precision")[0].value > 0.88
    for dataset in ("waimai-10k", "banking77", "amazon-musical-instruments"):
        assert by_metric(found, dataset, "flagged as spam or gibberish")[0].value < 0.005
