"""What every analyzer of conf/analyzer promises."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from features.text.base import Analyzer
from features.text.embedding.embed import Embedder
from features.text.embedding.vectors import SharedVectors
from features.text.entities.products import Catalog
from features.text.keywords import KeywordAnalyzer, fit_weights
from features.text.pipeline.fitted import Fitted
from features.text.pipeline.registry import build
from features.text.sentiment.analyzer import SentimentAnalyzer, fit_sentiment
from features.text.spans import SPANS
from features.text.topics import TopicAnalyzer, fit_topics

FOLDER = Path(__file__).parents[3] / "conf" / "analyzer"
ASK_A_MODEL = "llm_"  # they need an endpoint and are held to the same in their own tests
NAMES = sorted(f.stem for f in FOLDER.glob("*.yaml") if not f.stem.startswith(ASK_A_MODEL))
TEXTS = [
    "快递太慢了!!",
    "Great guitar, I love it",
    "",
    "👍",
    "这个 app 很好用",
    "とても遅い",
    "我叫王小明,电话13800138000,明天想退掉电热水壶",
    "I want a refund of $20 for the electric kettle, it stopped working yesterday",
    "x" * 9000,
]


@pytest.fixture(scope="module")
def provided(embedder: Embedder) -> dict[str, Callable[[], Any]]:
    mood = fit_sentiment([], embedder.vectors, min_rated=200, min_pole=20, seed=7)
    fitted: dict[str, Analyzer] = {
        "sentiment": SentimentAnalyzer(models=mood.models, vectors=embedder.vectors, state="s"),
        "topics": TopicAnalyzer(model=fit_topics(TEXTS * 20, topics=2, iterations=5), state="s"),
        "keywords": KeywordAnalyzer(weights=fit_weights(TEXTS), count=3, state="s"),
    }
    items = pa.table({"item_id": ["p1", "p2"], "title": ["electric kettle", "电热水壶"]})
    return {
        "fitted": lambda: Fitted(fitted, {}, reused=False),
        "vectors": lambda: SharedVectors(embedder),
        "catalog": lambda: Catalog.of_items(items),
    }


@pytest.fixture(scope="module", params=NAMES)
def analyzer(request: pytest.FixtureRequest, provided: dict[str, Callable[[], Any]]) -> Analyzer:
    return build(request.param, {}, provided)


def same(one: pa.Table, other: pa.Table) -> None:
    """Fail unless both tables hold the same, numbers to within what a batch may change."""
    assert one.num_rows == other.num_rows
    for here, there in zip(one.to_pylist(), other.to_pylist(), strict=True):
        for name, value in there.items():
            numbers = isinstance(value, list) and value and isinstance(value[0], float)
            if isinstance(value, float) or numbers:
                assert here[name] == pytest.approx(value, abs=1e-4)
            else:
                assert here[name] == value


def test_it_is_an_analyzer(analyzer: Analyzer) -> None:
    assert isinstance(analyzer, Analyzer)
    assert analyzer.name.isidentifier()
    assert analyzer.version


def test_one_row_a_text_in_the_order_given(analyzer: Analyzer) -> None:
    table = analyzer.analyze(TEXTS)
    assert table.schema == analyzer.schema
    assert table.num_rows == len(TEXTS)
    assert all(column.null_count == 0 for column in table.columns)
    same(analyzer.analyze(TEXTS[::-1]).take(pa.array(range(len(TEXTS) - 1, -1, -1))), table)


def test_spans_stay_inside_their_text(analyzer: Analyzer) -> None:
    table = analyzer.analyze(TEXTS)
    for name in (field.name for field in table.schema if field.type == SPANS):
        for text, spans in zip(TEXTS, table[name].to_pylist(), strict=True):
            assert all(0 <= span["start"] < span["end"] <= len(text) for span in spans)
            assert all(0 < span["confidence"] <= 1 for span in spans)


def test_no_texts_no_rows(analyzer: Analyzer) -> None:
    table = analyzer.analyze([])
    assert table.num_rows == 0
    assert table.schema == analyzer.schema


def test_it_answers_the_same_in_another_process(analyzer: Analyzer) -> None:
    copy = pickle.loads(pickle.dumps(analyzer))
    assert copy.version == analyzer.version
    same(copy.analyze(TEXTS[:2]), analyzer.analyze(TEXTS[:2]))
