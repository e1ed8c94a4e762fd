"""What sets a week or a conversation apart is what was planted there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.text.keywords import Dictionary, KeywordAnalyzer, fit_weights
from features.text.keywords.contrast import log_odds
from features.text.keywords.table import (
    CONVERSATIONS,
    PERIODS,
    conversation_keywords,
    period_keywords,
    write_keywords,
)

MONDAY = datetime(2024, 1, 1, tzinfo=UTC)


def rows(weeks: list[list[str]], conversation: str | None = None) -> pa.Table:
    told = [
        {"conversation_id": conversation, "occurred_at": MONDAY + timedelta(days=7 * week, hours=n),
         "text": text}
        for week, texts in enumerate(weeks)
        for n, text in enumerate(texts)
    ]  # fmt: skip
    schema = [("conversation_id", pa.string()), ("occurred_at", pa.timestamp("us", tz="UTC"))]
    return pa.Table.from_pylist(told, schema=pa.schema([*schema, ("text", pa.string())]))


COMMON = ["快递 不错 delivery fine"] * 40
PLANTED = [COMMON, [*COMMON[:30], *["杂音 hinge 不错"] * 10], [*COMMON, "singleton 快递"]]


def test_the_planted_words_set_their_week_apart() -> None:
    table = period_keywords(rows(PLANTED))
    assert table.schema == PERIODS
    second = [row for row in table.to_pylist() if row["since"] == MONDAY + timedelta(days=7)]
    assert {row["word"] for row in second} == {"杂音", "hinge"}
    assert [row["rank"] for row in second] == [1, 2]
    assert all((row["texts"], row["of"]) == (10, 40) and row["z"] > 2.58 for row in second)
    assert "singleton" not in table["word"].to_pylist()


def test_one_period_or_no_text_sets_nothing_apart() -> None:
    assert period_keywords(rows([COMMON])).num_rows == 0
    assert period_keywords(rows([])).num_rows == 0
    assert period_keywords(rows([["!!"], ["??"]])).num_rows == 0


def test_log_odds_by_the_formula_of_the_paper() -> None:
    counts = np.array([[8.0, 2.0, 10.0], [4.0, 6.0, 30.0]])
    ratio, z = log_odds(counts, prior=6)
    alpha = 6 * counts.sum(axis=0) / counts.sum()
    one, two = counts[0] + alpha, counts[1] + alpha
    total = 20 + 6, 40 + 6
    expected = np.log(one / (total[0] - one)) - np.log(two / (total[1] - two))
    np.testing.assert_allclose(ratio[0], expected)
    np.testing.assert_allclose(z[0], expected / np.sqrt(1 / one + 1 / two))
    np.testing.assert_allclose(ratio[1], -ratio[0])


def test_a_conversation_is_read_as_one_text() -> None:
    analyzer = KeywordAnalyzer(weights=fit_weights(COMMON), count=2, state="")
    told = pa.concat_tables(
        [rows([["the hinge broke", "delivery fine", "the hinge again"]], "v1"), rows([COMMON])]
    )
    table = conversation_keywords(told, analyzer)
    assert table.schema == CONVERSATIONS
    assert table.to_pylist() == [{"conversation_id": "v1", "keywords": ["hinge", "broke"]}]


def test_files_hold_both(tmp_path: Path) -> None:
    ours = Dictionary(words=("cloud nine",))
    analyzer = KeywordAnalyzer(
        weights=fit_weights(COMMON, ours), count=3, state="", dictionary=ours
    )
    weeks = [COMMON, [*COMMON[:20], *["cloud nine leaks"] * 30]]
    write_keywords(tmp_path, rows(weeks, "v"), analyzer, zone="Asia/Shanghai", periods=["week"])
    periods = pq.read_table(tmp_path / "period_keywords.parquet")
    assert "cloud nine" in periods["word"].to_pylist()
    found = pq.read_table(tmp_path / "conversation_keywords.parquet")["keywords"].to_pylist()
    assert found[0][0] in {"快递", "不错", "delivery", "cloud nine"}


@pytest.mark.parametrize("period", ["day", "week", "month"])
def test_periods_start_where_the_calendar_does(period: str) -> None:
    table = period_keywords(rows(PLANTED), period=period)
    starts = {row["since"].day for row in table.to_pylist()}
    assert starts <= {"week": {1, 8, 15}, "month": set(), "day": {1, 2, 8, 9, 15, 16}}[period]
