"""What is written about topics, and that quotes are distinct, masked and really about them."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from features.text.topics import TopicAnalyzer, fit_topics
from features.text.topics.quotes import quotes
from features.text.topics.table import write_topics
from features.text.topics.trends import TRENDS
from tests.features.text.topics.test_lda import PLANTED, planted

START = datetime(2024, 1, 1, tzinfo=UTC)


def analyzed(texts: list[str], seed: int = 1) -> tuple[TopicAnalyzer, pa.Table]:
    model = fit_topics(texts, topics=3, iterations=100, seed=seed)
    analyzer = TopicAnalyzer(model=model, state=f"{len(texts)}:{seed}")
    times = [START + timedelta(hours=3 * place) for place in range(len(texts))]
    given = {"text_id": [f"t{place}" for place in range(len(texts))], "text": texts}
    table = pa.table(given | {"occurred_at": pa.array(times, pa.timestamp("us", tz="UTC"))})
    for name, column in zip(("topic", "topics"), analyzer.analyze(texts).columns, strict=True):
        table = table.append_column(name, column)
    return analyzer, table


def written(folder: Path, analyzer: TopicAnalyzer, rows: pa.Table) -> dict[str, Any]:
    return write_topics(folder, analyzer, rows, quotable=rows)


def test_files_agree_with_each_other(tmp_path: Path) -> None:
    analyzer, rows = analyzed(planted(240)[0])
    report = written(tmp_path, analyzer, rows)
    assert (report["kind"], report["topics"], report["new"]) == ("lda", 3, 3)
    assert report["diversity"] > 0.5
    topics = orjson.loads((tmp_path / "topics.json").read_bytes())
    assert [topic["id"] for topic in topics] == [0, 1, 2]
    by_id = {row["text_id"]: row for row in rows.to_pylist()}
    for topic in topics:
        assert 1 <= len(topic["quotes"]) <= 3
        for quote in topic["quotes"]:
            assert by_id[quote["text_id"]]["topic"] == topic["topic"]
            assert quote["text"] == by_id[quote["text_id"]]["text"]
    trends = pq.read_table(tmp_path / "topic_trends.parquet")
    assert trends.schema == TRENDS
    for period in ("week", "month"):
        chosen = trends.filter(pa.compute.field("period") == period)
        assert pa.compute.sum(chosen["texts"]).as_py() == 240
    assert orjson.loads((tmp_path / "topic_quality.json").read_bytes()) == report


def test_ids_stay_when_topics_are_fitted_again(tmp_path: Path) -> None:
    written(tmp_path, *analyzed(planted(240)[0]))
    first = {
        frozenset(topic["words"][:4]): topic["id"]
        for topic in orjson.loads((tmp_path / "topics.json").read_bytes())
    }
    report = written(tmp_path, *analyzed(planted(300, seed=3)[0], seed=5))
    assert (report["new"], report["gone"], report["kept"]) == (0, 0, 3)
    subjects = [next(i for i, p in enumerate(PLANTED) if w <= set(p)) for w in first]
    told = dict(zip(subjects, first.values(), strict=True))
    for topic in orjson.loads((tmp_path / "topics.json").read_bytes()):
        subject = next(i for i, p in enumerate(PLANTED) if topic["words"][0] in p)
        assert topic["id"] == told[subject]


def test_no_topics_leave_empty_files(tmp_path: Path) -> None:
    report = written(tmp_path, *analyzed(["123", "!!"]))
    assert report == {"kind": "lda", "topics": 0, "junk": 0, "new": 0, "gone": 0, "kept": 0}
    assert orjson.loads((tmp_path / "topics.json").read_bytes()) == []
    assert pq.read_table(tmp_path / "topic_trends.parquet").num_rows == 0


SAID = [
    "快递太慢了,我的电话是13800138000",
    "快递太慢了,我的电话是13900139000",
    "物流两天没有更新,包裹在哪里",
    "短",
    "房间很干净,早餐也不错",
]


def test_quotes_are_masked_and_do_not_repeat() -> None:
    shares = np.array([0.9, 0.8, 0.7, 0.95, 0.0], np.float32)
    found = quotes(SAID, shares, ["快递", "物流"], count=3)
    assert [quote.place for quote in found] == [0, 2]
    assert found[0].text == "快递太慢了,我的电话是138****8000"


def test_the_order_of_texts_does_not_choose_quotes() -> None:
    texts = planted(60)[0]
    shares = np.full(60, 0.5, np.float32)
    expected = [quote.text for quote in quotes(texts, shares, PLANTED[0])]
    order = random.Random(3).sample(range(60), 60)
    shuffled = [texts[place] for place in order]
    assert [quote.text for quote in quotes(shuffled, shares, PLANTED[0])] == expected


def test_no_texts_no_quotes() -> None:
    assert quotes([], np.zeros(0, np.float32), ["快递"]) == []
