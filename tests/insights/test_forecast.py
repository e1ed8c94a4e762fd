"""Forecasts of volume: known patterns, errors worked out by hand, intervals that hold."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insights.answer import Answer
from insights.charts import draw
from insights.filters import Filters
from insights.findings.volume_forecast import daily
from insights.forecast import _errors, forecast, least_days, seasonal_naive
from insights.registry import find
from insights.tables import Tables
from tests.insights.script import moment, write

WEEKLY = np.array([20, 18, 18, 17, 15, 5, 3])


def test_a_week_that_repeats_is_forecast_as_it_is() -> None:
    found, accuracy = forecast(np.tile(WEEKLY, 20), days=14)
    np.testing.assert_allclose(found.mean, np.tile(WEEKLY, 2), rtol=0.05, atol=0.3)
    assert accuracy.naive_smape == 0  # a copy is exact here
    assert accuracy.smape < 10


def test_errors_are_those_worked_out_by_hand() -> None:
    before = np.array([10.0] * 7 + [12.0] * 7 + [9.0] * 7)  # steps of 2 and 3: mean 2.5, square 6.5
    mase, rmsse, smape = _errors(before, np.array([10.0, 0, 0]), np.array([5.0, 0, 3]))
    assert mase == pytest.approx((8 / 3) / 2.5)
    assert rmsse == pytest.approx((34 / 3 / 6.5) ** 0.5)
    assert smape == pytest.approx((200 * 5 / 15 + 0 + 200) / 3)


def test_the_naive_forecast_is_the_same_weekday() -> None:
    assert seasonal_naive(np.arange(21.0), 9).tolist() == [*range(14, 21), 14, 15]


def test_noise_is_forecast_better_than_by_copying_and_intervals_hold() -> None:
    draw = np.random.default_rng(0)
    every = [forecast(draw.poisson(np.tile(WEEKLY, 30)), days=14)[1] for _ in range(4)]
    assert all(one.mase < one.naive_mase and one.rmsse < one.naive_rmsse for one in every)
    assert 0.75 < np.mean([one.coverage for one in every]) < 0.87  # 80 % asked for


def test_the_future_changes_nothing() -> None:
    draw = np.random.default_rng(1)
    counts = draw.poisson(np.tile(WEEKLY, 20))
    first = forecast(counts[:-7], days=7)[0]
    again = forecast(np.append(counts[:-7], [])[: len(counts) - 7], days=7)[0]
    np.testing.assert_array_equal(first.mean, again.mean)
    longer = forecast(np.append(counts[:-7], [900] * 7), days=7)[0]
    assert longer.mean.sum() > 3 * first.mean.sum()  # but what came since does


@settings(max_examples=8, deadline=None)
@given(
    counts=st.lists(st.integers(0, 60), min_size=least_days(7), max_size=110),
    interval=st.floats(0.5, 0.95),
)
def test_intervals_hold_the_mean_and_widen(counts: list[int], interval: float) -> None:
    counts[0] += 1
    found, accuracy = forecast(counts, days=7, interval=interval)
    wider, _ = forecast(counts, days=7, interval=(1 + interval) / 2)
    assert (found.lower <= found.mean).all()
    assert (found.mean <= found.upper).all()
    assert (found.lower >= 0).all()
    assert (wider.upper >= found.upper - 1e-9).all()
    assert (wider.lower <= found.lower + 1e-9).all()
    assert 0 <= accuracy.coverage <= 1
    assert accuracy.days % 7 == 0


@pytest.mark.parametrize("counts", [[1] * (least_days(14) - 1), [0] * 200, [-1] + [5] * 200])
def test_too_little_is_refused(counts: list[int]) -> None:
    with pytest.raises(ValueError, match=r"forecast of 14 days: expected \d+ days of counts"):
        forecast(counts, days=14)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """Thirteen weeks of two conversations on weekdays and one on Saturdays, none on Sundays."""
    begin, lines = date(2026, 3, 2), []
    for number in range(7 * 13 + 2):
        day = begin + timedelta(days=number)
        for place in range((2, 2, 2, 2, 2, 1, 0)[day.weekday()]):
            told = f"{day}T1{place}:00 c{number}x{place} customer"
            lines += [told, f"{day}T1{place}:10 c{number}x{place} agent:ann"]
    return write(tmp_path_factory.mktemp("forecast"), "\n".join(lines))


RANGE = Filters(since=moment("02T00:00"), until=moment("2026-06-01T00:00"))


def test_the_finding_foretells_the_days_after_the_range(tables: Tables) -> None:
    table = find("volume_forecast").table(tables, RANGE)
    assert table["day"].tolist()[::13] == ["2026-06-01", "2026-06-14"]
    assert table["weekday"].tolist()[:7:6] == ["1 Monday", "7 Sunday"]
    assert table["count"].tolist()[:7] == [26] * 5 + [13, 0]
    assert table["forecast"].tolist()[:7] == pytest.approx([2, 2, 2, 2, 2, 1, 0], abs=0.35)
    answer = Answer(find("volume_forecast"), RANGE, "30 min", table)
    assert "In every row: mase " in answer.caption
    assert list(answer.brief)[:3] == ["day", "weekday", "forecast"]
    assert "mase" not in answer.brief
    assert draw(answer, answer.finding.chart).count("<path") > 0
    members = find("volume_forecast").drill(tables, RANGE, {"weekday": "1 Monday"})
    assert len(members) == 26
    assert {"mase", "rmsse", "smape", "naive_mase", "coverage", "days"} <= set(table)


def test_half_days_at_the_ends_are_left_out(tables: Tables) -> None:
    first, counts = daily(tables, Filters())
    assert (first, len(counts)) == (date(2026, 3, 3), 7 * 13)
    assert counts[:7].tolist() == [2, 2, 2, 2, 1, 0, 2]


def test_staffing_is_asked_for_what_is_expected(tables: Tables) -> None:
    ahead = Tables(tables.workspace, type(tables.settings)(staffing={"arrivals": "forecast"}))
    usual = find("staffing_need").table(tables, RANGE)
    expected = find("staffing_need").table(ahead, RANGE)
    assert usual["arrivals"].tolist() == pytest.approx([1.0] * len(usual))
    assert expected["arrivals"].tolist() == pytest.approx([1.0] * len(usual), abs=0.35)
    assert expected["arrivals"].tolist() != usual["arrivals"].tolist()
    few = {"staffing": {"arrivals": "forecast"}, "forecast": {"days": 3}}
    short = Tables(tables.workspace, type(tables.settings).model_validate(few))
    with pytest.raises(ValueError, match=r"expected forecast\.days of 7 or more, got 3"):
        find("staffing_need").table(short, RANGE)


def test_a_short_history_is_refused_with_what_is_missing(tables: Tables, tmp_path: Path) -> None:
    short = RANGE.model_copy(update={"since": moment("10T00:00")})
    with pytest.raises(ValueError, match=r"needs 12 whole weeks of history .* found 83 days"):
        find("volume_forecast").table(tables, short)
    with pytest.raises(ValueError, match="found 0 days"):
        find("volume_forecast").table(write(tmp_path, "10:00 a customer"), Filters())
