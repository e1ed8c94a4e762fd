"""What every analyzer promises."""

from __future__ import annotations

import pytest

from features.text.base import Analyzer
from features.text.embed import Embedder
from features.text.keywords import KeywordAnalyzer, fit_weights
from features.text.language import LanguageAnalyzer
from features.text.sentiment import SentimentAnalyzer, fit_sentiment
from features.text.topics import TopicAnalyzer, fit_topics

TEXTS = [
    "快递太慢了!!",
    "Great guitar, I love it",
    "",
    "👍",
    "这个 app 很好用",
    "とても遅い",
    "x" * 9000,
]


@pytest.fixture(scope="module", params=["language", "embedding", "sentiment", "topics", "keywords"])
def analyzer(request: pytest.FixtureRequest, embedder: Embedder) -> Analyzer:
    if request.param == "language":
        return LanguageAnalyzer()
    if request.param == "embedding":
        return embedder
    if request.param == "keywords":
        return KeywordAnalyzer(weights=fit_weights(TEXTS), count=3, state="s")
    if request.param == "topics":
        return TopicAnalyzer(model=fit_topics(TEXTS * 20, topics=2, iterations=5), state="s")
    fit = fit_sentiment([], embedder.vectors, min_rated=200, min_pole=20, seed=7)
    return SentimentAnalyzer(models=fit.models, vectors=embedder.vectors, state="s")


def test_it_is_an_analyzer(analyzer: Analyzer) -> None:
    assert isinstance(analyzer, Analyzer)
    assert analyzer.name.isidentifier()
    assert analyzer.version


def test_one_row_a_text_in_the_order_given(analyzer: Analyzer) -> None:
    table = analyzer.analyze(TEXTS)
    assert table.schema == analyzer.schema
    assert table.num_rows == len(TEXTS)
    assert all(column.null_count == 0 for column in table.columns)
    back = analyzer.analyze(TEXTS[::-1]).to_pylist()[::-1]
    for there, here in zip(table.to_pylist(), back, strict=True):
        for name, value in there.items():
            if isinstance(value, float) or (isinstance(value, list) and name != "keywords"):
                assert here[name] == pytest.approx(value, abs=1e-4)
            else:
                assert here[name] == value


def test_no_texts_no_rows(analyzer: Analyzer) -> None:
    table = analyzer.analyze([])
    assert table.num_rows == 0
    assert table.schema == analyzer.schema
