"""Surge alerts on simulated seasonal traffic: what they find, how fast, and how often wrongly.

    python tests/benchmarks/bench_alerts.py [--weeks 100] [--stored 2000000]

Traffic is drawn hour by hour from a negative binomial around a week's shape (quiet nights, quieter
weekends, a Monday peak three times as high) and labeled simulated. Rule and settings are those of
``conf/alert/conversation_surge.yaml``. Every spike and every quiet bucket is judged by the function
that the verb calls, from eight weeks of history.

A spike adds so many conversations that five (three) times as many are expected, at a working hour.

- ``alerts_of_a_5x_spike``: alerts that 5x in one hour raises within that hour's bucket; 1 is right.
- ``alerts_of_a_4h_spike``: the same for four hours; 1 is right, not 4.
- ``alerts_of_a_monday_peak``: alerts in the hours of Mondays' peaks, per 1,000 of these hours.
- ``false_alerts_per_1000_buckets``: alerts in weeks without anything; held against ``p_value``.
- ``found_share_3x``: share of 3x spikes at working hours that raise an alert.
- ``evaluate_seconds``: one evaluation of the rule over stored conversations, the workspace open.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import pandas as pd
from kept import keep
from numpy.typing import NDArray

from insights.alerts.book import Book
from insights.alerts.calendar import Calendar
from insights.alerts.evaluate import evaluate
from insights.alerts.incidents import Following, Observation
from insights.alerts.judge import judge_of
from insights.alerts.rules import Anomaly, load_rules
from insights.alerts.series import BEFORE, EVERYTHING, Records, series_of
from insights.delivery.channels import Delivery
from tests.insights.alerts.traffic import MONDAY, draw, shape, write

HISTORY = 8
WEEK = 168
TRAFFIC = ((4, 0.05), (20, 0.0), (20, 0.05), (20, 0.2), (200, 0.05), (200, 0.2))
SPIKES = 20


def surge() -> Anomaly:
    """Return the rule of the house."""
    (rule,) = load_rules(["conversation_surge"])
    assert isinstance(rule, Anomaly)
    return rule


def alerts(counts: NDArray[np.int64], rule: Anomaly) -> list[tuple[int, int]]:
    """Return first hour and length of every alert after the weeks of history."""
    weeks = len(counts) // WEEK
    begin, end = MONDAY + timedelta(weeks=HISTORY), MONDAY + timedelta(weeks=weeks)
    calendar = Calendar.between("hour", "UTC", begin, end, rule.lookback)
    before = calendar.first - HISTORY * WEEK
    place = np.arange(len(counts)) + before
    table = pd.DataFrame({"group": EVERYTHING, "bucket": np.repeat(place, counts), "value": 1.0})
    records = Records(table, max(before, BEFORE), split=False)
    found = series_of(records, calendar, "count", None, [EVERYTHING])[EVERYTHING]
    judge = judge_of(rule, found, calendar)
    following = Following(rule, {})
    following.follow(
        Observation(EVERYTHING, *map(int, calendar.edges[at : at + 2]), judge(at))
        for at in range(calendar.first, len(calendar))
    )
    first = int(calendar.edges[before])
    return [((one.started_at - first) // 3_600_000_000, one.buckets) for one in following.incidents]


def spikes(
    level: float, scatter: float, *, times: int, hours: int
) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Yield the hour of a spike in the ninth week, and the alerts of that week that overlap it."""
    rng = np.random.default_rng(11)
    for _ in range(SPIKES):
        counts = draw(HISTORY + 1, level, scatter, rng)
        at = HISTORY * WEEK + int(rng.integers(1, 5)) * 24 + int(rng.integers(9, 18 - hours))
        counts[at : at + hours] += rng.poisson((times - 1) * shape(level)[at % WEEK :][:hours])
        found = alerts(counts, surge())
        yield at, [alert for alert in found if alert[0] < at + hours and at < sum(alert)]


def quiet(level: float, scatter: float, weeks: int) -> tuple[float, float]:
    """Return alerts per 1,000 quiet buckets, and per 1,000 hours of Monday peaks."""
    rng = np.random.default_rng(12)
    found = alerts(draw(HISTORY + weeks, level, scatter, rng), surge())
    monday = sum(at % WEEK in (9, 10, 11) for at, _ in found)
    return 1000 * len(found) / (weeks * WEEK), 1000 * monday / (weeks * 3)


def main() -> None:
    """Measure, print and keep the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--weeks", type=int, default=100)
    parser.add_argument("--stored", type=int, default=2_000_000)
    told = parser.parse_args()
    for level, scatter in TRAFFIC:
        on = f"simulated: {level} an hour at the peak of a day, dispersion {scatter:g}"
        single = list(spikes(level, scatter, times=5, hours=1))
        right = [len([one for one in found if one[0] == at]) for at, found in single]
        keep(__file__, "alerts_of_a_5x_spike", statistics.mean(right), on=on)
        long = [len(found) for _, found in spikes(level, scatter, times=5, hours=4)]
        keep(__file__, "alerts_of_a_4h_spike", statistics.mean(long), on=on)
        three = [bool(found) for _, found in spikes(level, scatter, times=3, hours=1)]
        keep(__file__, "found_share_3x", statistics.mean(three), on=on)
        false, monday = quiet(level, scatter, told.weeks)
        weeks = f"{on}; {told.weeks} weeks"
        nominal = 1000 * surge().p_value
        keep(
            __file__, "false_alerts_per_1000_buckets", false, on=weeks,
            against="nominal", reference=nominal,
        )  # fmt: skip
        keep(__file__, "alerts_of_a_monday_peak", monday, on=weeks)
    stored(told.stored)


def stored(conversations: int) -> None:
    """Measure one evaluation over stored conversations."""
    rng = np.random.default_rng(13)
    level = conversations / draw(12, 1000, 0.0, rng).sum() * 1000
    with tempfile.TemporaryDirectory() as folder:
        tables = write(Path(folder), draw(12, level, 0.05, rng))
        size = int(tables.chats.rows.count().to_pandas())
        seconds = []
        for number in range(3):
            book = Book(type(tables.workspace)(Path(folder) / str(number)))
            start = time.perf_counter()
            now = MONDAY + timedelta(weeks=11, hours=number)
            evaluate(surge(), tables, book, Delivery(), zone="UTC", now=now)
            seconds.append(time.perf_counter() - start)
    keep(__file__, "evaluate_seconds", statistics.median(seconds), on=f"{size:,} conversations")


if __name__ == "__main__":
    main()
