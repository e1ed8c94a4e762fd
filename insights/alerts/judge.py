"""Whether a bucket breaches a rule: yes, no, or it cannot be judged, and why."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from insights.alerts.calendar import PER_WEEK, Calendar
from insights.alerts.chat_rules import Events, Mood, Waiting, Words
from insights.alerts.expected import Expected, dispersion_of, expected
from insights.alerts.finding_rules import Anomaly, Change, Direction, New, Threshold
from insights.alerts.rules import Rule
from insights.alerts.series import Series


@dataclass(frozen=True)
class Verdict:
    """The judgment of one bucket.

    Attributes
    ----------
    value : float
        What was measured.
    breach : bool or None
        None if it cannot be judged.
    expected : float, optional
        What it was held against: a limit, an earlier value, a level.
    p_value : float, optional
        Of an anomaly.
    why : str
        Why it cannot be judged.
    """

    value: float
    breach: bool | None
    expected: float | None = None
    p_value: float | None = None
    why: str = ""


Judge = Callable[[int], Verdict]


def judge_of(rule: Rule, series: Series, calendar: Calendar) -> Judge:
    """Return the function from a bucket's number to its verdict, which reads no later bucket."""
    judge = _judge(rule, series, calendar)
    counts = rule.counts and getattr(rule, "number", "count") == "count"

    def verdict(place: int) -> Verdict:
        value = float(series.values[place])
        if not series.known(place, rule.lookback):
            return Verdict(value, False if counts else None, why="no record of this group")
        if place < series.began:
            return Verdict(value, None, why="earlier than the first record")
        if math.isnan(value):
            return Verdict(value, None, why="nothing was measured")
        return judge(place)

    return verdict


def _judge(rule: Rule, series: Series, calendar: Calendar) -> Judge:
    if isinstance(rule, Threshold):
        return lambda place: _threshold(rule, series, place)
    if isinstance(rule, Change):
        return lambda place: _change(rule, series, place)
    if isinstance(rule, Anomaly):
        return _Seasonal(rule, series, calendar)
    if isinstance(rule, Mood):
        return lambda place: _mood(rule, series, place)
    if isinstance(rule, New):
        return lambda place: _new(rule, series, place)
    limit = _limit(rule)
    return lambda place: Verdict(
        float(series.values[place]), bool(series.values[place] >= limit), limit
    )


def _limit(rule: Words | Events | Waiting) -> float:
    if isinstance(rule, Waiting):
        return float(rule.conversations)
    return float(rule.above + 1) if isinstance(rule, Events) else 1.0


def _few(rule: Threshold | Change, series: Series, place: int) -> str:
    """Return why there are too few records for a number that is no count."""
    found = int(series.counts[place])
    if rule.number == "count" or found >= rule.minimum:
        return ""
    return f"{found} records, {rule.minimum} needed"


def _threshold(rule: Threshold, series: Series, place: int) -> Verdict:
    value = float(series.values[place])
    why = _few(rule, series, place)
    if why:
        return Verdict(value, None, why=why)
    if rule.above is not None and value > rule.above:
        return Verdict(value, True, rule.above)
    if rule.below is not None and value < rule.below:
        return Verdict(value, True, rule.below)
    return Verdict(value, False, rule.below if rule.above is None else rule.above)


def _change(rule: Change, series: Series, place: int) -> Verdict:
    value, then = float(series.values[place]), place - rule.lookback
    before = float(series.values[then])
    why = _few(rule, series, place) or _few(rule, series, then)
    if then < series.began or math.isnan(before):
        why = "nothing to compare with"
    if rule.number == "count" and max(value, before) < rule.minimum:
        return Verdict(value, False, before)
    if why:
        return Verdict(value, None, why=why)
    return Verdict(value, _beyond(_percent(value, before), rule.percent, rule.direction), before)


def _percent(value: float, before: float) -> float:
    if value == before:
        return 0.0
    if before == 0:
        return math.copysign(math.inf, value)
    return (value - before) / abs(before) * 100


def _beyond(amount: float, limit: float, direction: Direction) -> bool:
    up = direction != "down" and amount >= limit
    return up or (direction != "up" and amount <= -limit)


def _mood(rule: Mood, series: Series, place: int) -> Verdict:
    value = float(series.values[place])
    span = slice(max(place - rule.before, 0), place)
    counts, values = series.counts[span], series.values[span]
    seen = counts > 0
    earlier = int(counts.sum())
    found = int(series.counts[place])
    if min(found, earlier) < rule.minimum:
        why = f"{found} texts and {earlier} before, {rule.minimum} of each needed"
        return Verdict(value, None, why=why)
    before = float(np.average(values[seen], weights=counts[seen]))
    worse = before - value if rule.number == "polarity" else value - before
    return Verdict(value, worse >= rule.worse_by, before)


def _new(rule: New, series: Series, place: int) -> Verdict:
    begin = place - rule.within + 1
    lately = float(series.counts[max(begin, 0) : place + 1].sum())
    history = begin - max(series.began, 0)
    if history < rule.quiet:
        return Verdict(lately, None, why=f"{max(history, 0)} buckets before, {rule.quiet} needed")
    spoken_of = series.counts[begin - rule.quiet : begin].any()
    return Verdict(lately, bool(lately >= rule.minimum and not spoken_of), float(rule.minimum))


class _Seasonal:
    """Judges counts against the same slot of earlier weeks; reads earlier buckets only."""

    def __init__(self, rule: Anomaly, series: Series, calendar: Calendar) -> None:
        self._rule = rule
        self._series = series
        self._calendar = calendar
        self._span = rule.weeks * PER_WEEK[rule.bucket]
        self._dispersions: dict[int, float] = {}

    def __call__(self, place: int) -> Verdict:
        rule, value = self._rule, float(self._series.values[place])
        begin = self._begin(place)
        slots = self._calendar.slots[begin:place]
        history = self._series.counts[begin:place][slots == self._calendar.slots[place]]
        if len(history) < rule.needed_weeks:
            why = f"{len(history)} earlier weeks, {rule.needed_weeks} needed"
            return Verdict(value, None, why=why)
        usual = expected(history, self._dispersion(int(self._calendar.days[place])))
        if not self._matters(value, usual.level):
            return Verdict(value, False, usual.level)
        p_value = _p_value(usual, value, rule.direction)
        return Verdict(value, p_value <= rule.p_value, usual.level, p_value)

    def _begin(self, place: int) -> int:
        """Return the first bucket of history: the first with a record, of the weeks before."""
        begin = max(place - self._span, self._series.began, 0)
        if self._series.group:
            begin += int(np.argmax(self._series.counts[begin : place + 1] > 0))
        return begin

    def _dispersion(self, day: int) -> float:
        """Return the scatter of the weeks before a day, computed once a day."""
        if day not in self._dispersions:
            begin = self._begin(day)
            counts, slots = self._series.counts[begin:day], self._calendar.slots[begin:day]
            self._dispersions[day] = dispersion_of(counts, slots)
        return self._dispersions[day]

    def _matters(self, value: float, level: float) -> bool:
        rule = self._rule
        up = value >= rule.minimum and value >= rule.times * level
        down = level >= rule.minimum and value <= level / rule.times
        sides = {"up": up, "down": down, "either": up or down}
        return sides[rule.direction]


def _p_value(usual: Expected, count: float, direction: Direction) -> float:
    if direction == "up":
        return usual.p_at_least(count)
    if direction == "down":
        return usual.p_at_most(count)
    return min(1.0, 2 * min(usual.p_at_least(count), usual.p_at_most(count)))
