"""How many conversations the next days will bring: a Poisson regression that is seasonal by week.

Counts are explained by the level of the last weeks, by what the same weekday brought, by the day of
the week and, from two years of history on, by the time of the year: a generalized linear model
(Nelder and Wedderburn, 1972) fitted by scikit-learn on every day of the past as if it were today.
Intervals are empirical errors of forecasts from earlier days, scaled by the root of the forecast
(split conformal prediction, Vovk et al., 2005). No holiday is assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import PoissonRegressor

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
WEEK, _MONTH, _YEAR = 7, 28, 365.25
LEAST_DAYS = 42  # that a fit sees
_HALF = 0.5  # added to counts before their logarithm
_TWO_YEARS = 730
_ORIGINS = 1095  # newest days that are learned from
_STRENGTH = 1e-3
_CALIBRATING = 2  # earlier forecasts that an interval rests on, at the least


@dataclass(frozen=True)
class Forecast:
    """Expected counts of the next H days, and the interval each shall lie in; float64 [H] each."""

    mean: Floats
    lower: Floats
    upper: Floats


@dataclass(frozen=True)
class Accuracy:
    """How far forecasts from earlier days were off, each from what was known then.

    Parameters
    ----------
    mase, rmsse : float
        Mean absolute, and root mean squared, error over that of the seasonal naive forecast one
        week ahead inside the history (Hyndman and Koehler, 2006; M5, 2022); below 1 is better.
    smape : float
        Symmetric mean absolute percentage error, 0 to 200.
    naive_mase, naive_rmsse, naive_smape : float
        The same of the seasonal naive forecast (last known count of that weekday).
    coverage : float
        Share of days inside their interval; intervals were made of earlier forecasts alone.
    days : int
        Days that were forecast and counted, all cutoffs together.
    """

    mase: float
    rmsse: float
    smape: float
    naive_mase: float
    naive_rmsse: float
    naive_smape: float
    coverage: float
    days: int


def forecast(
    counts: Sequence[float] | Floats, *, days: int, interval: float = 0.8, cutoffs: int = 26
) -> tuple[Forecast, Accuracy]:
    """Forecast, and tell how good such forecasts were.

    Parameters
    ----------
    counts : sequence of float
        Counts of n days in a row, the newest last.
    days : int
        H, how far to look ahead.
    interval : float
        Share of days, 0 to 1, that shall lie inside the interval.
    cutoffs : int
        Most earlier days, a week apart, from which forecasts are held against what came.

    Raises
    ------
    ValueError
        If the history is shorter than :func:`least_days`, or a count is negative.
    """
    known = np.asarray(counts, dtype=np.float64)
    if len(known) < least_days(days) or (known < 0).any() or not known.any():
        raise ValueError(
            f"forecast of {days} days: expected {least_days(days)} days of counts of 0 or more, "
            f"some above 0, got {len(known)} days from {known.min(initial=0):g} to "
            f"{known.max(initial=0):g}; wait for more history or forecast fewer days"
        )
    ends = _cutoffs(len(known), days, cutoffs)
    past = np.array([_mean(known[:end], days) for end in ends])
    came = np.array([known[end : end + days] for end in ends])
    errors = (came - past) / _spread(past)
    mean = _mean(known, days)
    return (
        Forecast(mean, *_interval(mean, errors, interval)),
        _accuracy(known, ends, past, errors, interval),
    )


def least_days(days: int) -> int:
    """Return how much history a forecast of so many days needs."""
    return LEAST_DAYS + (_CALIBRATING + 1) * WEEK + 2 * (-(-days // WEEK) * WEEK) - WEEK


def seasonal_naive(counts: Floats, days: int) -> Floats:
    """Return the last known count of the weekday of each of the next days, float64 [days]."""
    return np.resize(counts[-WEEK:], days)


def _cutoffs(size: int, days: int, most: int) -> list[int]:
    ends = range(size - days, LEAST_DAYS - 1, -WEEK)
    return list(ends)[:most][::-1]


def _accuracy(
    counts: Floats, ends: Sequence[int], past: Floats, errors: Floats, interval: float
) -> Accuracy:
    """Judge the cutoffs before which enough earlier forecasts had come to their end."""
    days = past.shape[1]
    told: list[tuple[float, ...]] = []
    inside: list[bool] = []
    for number, end in enumerate(ends):
        earlier = [place for place in range(number) if ends[place] + days <= end]
        if len(earlier) < _CALIBRATING:
            continue
        came = counts[end : end + days]
        lower, upper = _interval(past[number], errors[earlier], interval)
        inside += ((came >= lower) & (came <= upper)).tolist()
        copied = seasonal_naive(counts[:end], days)
        both = [_errors(counts[:end], came, said) for said in (past[number], copied)]
        told.append((*both[0], *both[1]))
    own, own_squared, own_share, naive, squared, share = np.mean(told, axis=0).tolist()
    return Accuracy(
        mase=own,
        rmsse=own_squared,
        smape=own_share,
        naive_mase=naive,
        naive_rmsse=squared,
        naive_smape=share,
        coverage=float(np.mean(inside)),
        days=len(inside),
    )


def _errors(before: Floats, came: Floats, said: Floats) -> tuple[float, float, float]:
    """Return MASE, RMSSE and sMAPE of one forecast."""
    steps = before[WEEK:] - before[:-WEEK]
    absolute = max(float(np.abs(steps).mean()), 1e-9)
    squared = max(float((steps**2).mean()), 1e-9)
    both = np.abs(came) + np.abs(said)
    relative = np.divide(200 * np.abs(came - said), both, out=np.zeros_like(both), where=both > 0)
    return (
        float(np.abs(came - said).mean()) / absolute,
        (float(((came - said) ** 2).mean()) / squared) ** 0.5,
        float(relative.mean()),
    )


def _interval(mean: Floats, errors: Floats, interval: float) -> tuple[Floats, Floats]:
    """Return the ends of the interval around ``mean`` from scaled errors of earlier forecasts."""
    seen = np.sort(errors.ravel())
    aside = (1 - interval) / 2 * (len(seen) + 1)  # the next error takes any rank among them
    low = seen[max(int(np.floor(aside)) - 1, 0)]
    high = seen[min(int(np.ceil(len(seen) + 1 - aside)) - 1, len(seen) - 1)]
    scale = _spread(mean)
    return np.maximum(mean + min(low, 0) * scale, 0), mean + max(high, 0) * scale


def _spread(mean: Floats) -> Floats:
    return np.sqrt(np.maximum(mean, 1))


def _mean(counts: Floats, days: int) -> Floats:
    """Fit on ``counts`` and return the expected counts of the next days, float64 [days]."""
    size = len(counts)
    starts = np.arange(max(_MONTH, size - _ORIGINS), size)
    origins = np.repeat(starts, days)
    ahead = np.tile(np.arange(days), len(starts))
    kept = origins + ahead < size
    origins, ahead = origins[kept], ahead[kept]
    if not counts[origins + ahead].any():
        return np.zeros(days)  # nothing came since the first month
    columns, levels = _features(counts, origins, ahead)
    model = PoissonRegressor(alpha=_STRENGTH, solver="newton-cholesky")
    model.fit(columns, counts[origins + ahead] / levels, sample_weight=levels)
    now, level = _features(counts, np.full(days, size), np.arange(days))
    return np.asarray(model.predict(now) * level, dtype=np.float64)


def _features(counts: Floats, origins: Ints, ahead: Ints) -> tuple[Floats, Floats]:
    """Return what is known at each origin about the day so far ahead, and the level then."""
    sums = np.concatenate([[0.0], np.cumsum(counts)])

    def mean(length: int) -> Floats:
        found = (sums[origins] - sums[origins - length]) / length + _HALF
        return np.asarray(found, dtype=np.float64)

    level = mean(_MONTH)
    target = origins + ahead
    same = target - WEEK * (ahead // WEEK + 1)  # the last known day of that weekday
    month = np.mean([counts[same - WEEK * back] for back in range(4)], axis=0)
    pace = np.log(mean(WEEK) / level)
    columns = [
        pace,
        pace * ahead / max(int(ahead.max()), 1),
        np.log(mean(2 * WEEK) / level),
        np.log((month + _HALF) / level),
        np.log((counts[same] + _HALF) / level),
        *(target % WEEK == day for day in range(WEEK)),
    ]
    if len(counts) >= _TWO_YEARS:
        columns += _yearly(target) + _yearly(origins - _MONTH // 2)
    return np.stack(columns, axis=1).astype(np.float64), level


def _yearly(days: Ints) -> list[Floats]:
    angles = [2 * np.pi * turns * days / _YEAR for turns in (1, 2)]
    return [wave(angle) for angle in angles for wave in (np.sin, np.cos)]
