"""Surge alerts on simulated seasonal traffic: what they find, and how often they are wrong.

Traffic is drawn hour by hour from a negative binomial around a week's shape (quiet nights, quieter
weekends, a Monday peak three times as high). Rule and settings are those of
``conf/alert/conversation_surge.yaml``. Every spike and every quiet bucket is judged by the function
that the verb calls, from eight weeks of history.

A spike adds so many conversations that five (three) times as many are expected, at a working hour.

- ``alerts_of_a_5x_spike``: alerts that 5x in one hour raises within that hour's bucket; 1 is right.
- ``alerts_of_a_4h_spike``: the same for four hours; 1 is right, not 4.
- ``alerts_of_a_monday_peak``: alerts in the hours of Mondays' peaks, per 1,000 of these hours.
- ``false_alerts_per_1000_buckets``: alerts in weeks without anything; held against ``p_value``.
- ``found_share_3x``: share of 3x spikes at working hours that raise an alert.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from insights.alerts.calendar import Calendar
from insights.alerts.finding_rules import Anomaly
from insights.alerts.incidents import Following, Observation
from insights.alerts.judge import judge_of
from insights.alerts.rules import load_rules
from insights.alerts.series import BEFORE, EVERYTHING, Records, series_of
from insights.bench.figures import figure
from insights.bench.settings import Bench
from insights.bench.traffic import MONDAY, draw, shape
from training.report import Row

HISTORY = 8
WEEK = 168
TRAFFIC = ((4, 0.05), (20, 0.0), (20, 0.05), (20, 0.2), (200, 0.05), (200, 0.2))
SPIKES = 20
_RULE = "conversation_surge"


def measure(bench: Bench) -> Iterator[Row]:
    """Yield the rows of every kind of traffic."""
    for level, scatter in tqdm(TRAFFIC, desc="alerts", unit=" kinds", dynamic_ncols=True):
        on = f"simulated: {level} an hour at the peak of a day, dispersion {scatter:g}"
        for metric, value, asked, weeks in figures(level, scatter, bench.weeks):
            dataset = f"{on}; {weeks} weeks" if weeks else on
            yield figure(dataset, _RULE, metric, value, asked, protocol="alerts")


def figures(
    level: float, scatter: float, weeks: int
) -> Iterator[tuple[str, float, float | None, int]]:
    """Yield metric, value, the most it may be, and the quiet weeks it was measured in.

    Parameters
    ----------
    level : float
        Conversations an hour at the peak of a day.
    scatter : float
        Dispersion of the negative binomial; 0 is Poisson.
    weeks : int
        Quiet weeks.
    """
    single = list(spikes(level, scatter, times=5, hours=1))
    right = [len([one for one in found if one[0] == at]) for at, found in single]
    yield "alerts_of_a_5x_spike", statistics.mean(right), None, 0
    long = [len(found) for _, found in spikes(level, scatter, times=5, hours=4)]
    yield "alerts_of_a_4h_spike", statistics.mean(long), None, 0
    three = [bool(found) for _, found in spikes(level, scatter, times=3, hours=1)]
    yield "found_share_3x", statistics.mean(three), None, 0
    false, monday = quiet(level, scatter, weeks)
    yield "false_alerts_per_1000_buckets", false, 1000 * surge().p_value, weeks
    yield "alerts_of_a_monday_peak", monday, None, weeks


def surge() -> Anomaly:
    """Return the rule of the house.

    Raises
    ------
    ValueError
        If it is no rule about anomalies any more.
    """
    (rule,) = load_rules([_RULE])
    if not isinstance(rule, Anomaly):
        raise ValueError(f"conf/alert/{_RULE}.yaml: expected kind: anomaly, got {rule.kind}")  # noqa: TRY004
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
        Observation(EVERYTHING, int(calendar.edges[at]), int(calendar.edges[at + 1]), judge(at))
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
