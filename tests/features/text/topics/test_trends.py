"""A change that was planted is told from noise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import binomtest

from features.text.topics.trends import TRENDS, topic_trends, wilson

MONDAY = datetime(2024, 1, 1, tzinfo=UTC)


def rows(weeks: dict[int, dict[int, int]]) -> pa.Table:
    """Texts by week and topic."""
    told = [
        (MONDAY + timedelta(weeks=week, hours=place % 100), topic)
        for week, counts in weeks.items()
        for topic, count in counts.items()
        for place in range(count)
    ]
    times, topics = zip(*told, strict=True) if told else ((), ())
    times = pa.array(times, pa.timestamp("us", tz="UTC"))
    return pa.table({"occurred_at": times, "topic": pa.array(topics, pa.int16())})


def test_a_planted_rise_is_real_and_noise_is_not() -> None:
    table = topic_trends(
        rows({0: {0: 50, 1: 50}, 1: {0: 52, 1: 48}, 2: {0: 20, 1: 80}}), [7, 9], period="week"
    )
    told = {(row["since"].day, row["topic_id"]): row for row in table.to_pylist()}
    assert table.schema == TRENDS
    assert told[1, 7]["change"] is None
    assert told[1, 7]["real"] is None
    assert (told[8, 7]["real"], told[15, 9]["real"]) == (False, True)
    assert told[15, 9]["change"] == pytest.approx(0.32)
    assert 0 < told[15, 9]["change_low"] < 0.32 < told[15, 9]["change_high"] < 1
    assert told[8, 7]["change_low"] < 0 < told[8, 7]["change_high"]


def test_newcombe_s_own_example() -> None:
    # 56/70 against 48/80: difference .2, interval .0524 to .3339 (Newcombe 1998, method 10).
    table = topic_trends(rows({0: {0: 48, 1: 32}, 1: {0: 56, 1: 14}}), [0, 1])
    row = table.filter(pa.compute.field("change") > 0).to_pylist()[0]
    ends = (row["change"], row["change_low"], row["change_high"])
    assert ends == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)


@pytest.mark.parametrize("count", [0, 3, 10])
def test_wilson_agrees_with_scipy(count: int) -> None:
    expected = binomtest(count, 10).proportion_ci(method="wilson")
    found = wilson(np.array([count], float), np.array([10.0]))
    np.testing.assert_allclose(np.ravel(found), expected, atol=1e-9)


def test_texts_without_a_subject_count_in_the_total_only() -> None:
    table = topic_trends(rows({0: {0: 1, -1: 3}}), [0])
    assert table["texts"].to_pylist() == [1]
    assert table["of"].to_pylist() == [4]
    assert table["share"].to_pylist() == [0.25]


@pytest.mark.parametrize(("period", "compared"), [("week", False), ("month", True), ("day", False)])
def test_a_gap_is_not_compared_over(period: str, compared: bool) -> None:
    table = topic_trends(rows({0: {0: 5}, 6: {0: 5}}), [0], period=period)
    last = table.to_pylist()[-1]
    assert (last["change"] is not None) is compared


def test_weeks_are_those_of_the_zone() -> None:
    late = pa.array([MONDAY - timedelta(hours=1)], pa.timestamp("us", tz="UTC"))
    table = pa.table({"occurred_at": late, "topic": pa.array([0], pa.int16())})
    utc = topic_trends(table, [0])["since"].to_pylist()[0]
    shanghai = topic_trends(table, [0], zone="Asia/Shanghai")["since"].to_pylist()[0]
    assert utc == datetime(2023, 12, 25, tzinfo=UTC)
    assert shanghai == datetime(2023, 12, 31, 16, tzinfo=UTC)


def test_nothing_said_is_no_trend() -> None:
    assert topic_trends(rows({}), [0, 1]).num_rows == 0
