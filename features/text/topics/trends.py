"""Whether a topic is talked about more than before, or whether that is only noise.

The interval of a share is Wilson's (1927), that of a change of shares Newcombe's hybrid score
interval ("Interval estimation for the difference between independent proportions", Statistics in
Medicine 1998). As there are many topics and periods, the tests are corrected together by the method
of Benjamini and Hochberg (1995): of the changes called real, about 5 % are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.stats import false_discovery_control, norm

Period = Literal["day", "week", "month"]
Floats = NDArray[np.float64]

_Z = float(norm.ppf(0.975))
_LEVEL = 0.05
_TIME = pa.timestamp("us", tz="UTC")
TRENDS = pa.schema(
    [
        ("period", pa.string()),
        ("since", _TIME),
        ("topic", pa.int16()),
        ("topic_id", pa.int32()),
        ("texts", pa.int64()),
        ("of", pa.int64()),
        ("share", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("change", pa.float64()),
        ("change_low", pa.float64()),
        ("change_high", pa.float64()),
        ("p_value", pa.float64()),
        ("real", pa.bool_()),
    ]
)


def topic_trends(
    rows: pa.Table, ids: Sequence[int], *, period: Period = "week", zone: str = "UTC"
) -> pa.Table:
    """Return the share of each topic in each period, and how it changed since the one before.

    Parameters
    ----------
    rows : pyarrow.Table
        Columns ``occurred_at`` and ``topic``, one row a text; -1 counts as a text without subject.
    ids : sequence of int
        The stable id of topics 0 to K-1.
    period : str
        ``day``, ``week`` (from Monday) or ``month``, in the calendar of ``zone``.
    zone : str
        IANA name of a time zone.

    Returns
    -------
    pyarrow.Table
        With the columns of :data:`TRENDS`, by ``since`` and topic. Of the first period, and after a
        period without texts, changes are null. ``real`` says that a change is more than noise.
    """
    local = rows["occurred_at"].cast(pa.timestamp("us", tz=zone))
    starts = pc.floor_temporal(local, unit=period).cast(_TIME)
    since, place = np.unique(starts.to_numpy().astype("datetime64[us]"), return_inverse=True)
    topic = rows["topic"].to_numpy().astype(np.int64)
    total = np.bincount(place, minlength=len(since)).astype(np.float64)
    counts = np.zeros((len(since), len(ids)))
    subject = (topic >= 0) & (topic < len(ids))
    np.add.at(counts, (place[subject], topic[subject]), 1)
    follows = _follows(since, period, zone)
    shown = {
        "period": pa.repeat(period, counts.size),
        "since": np.repeat(since, len(ids)),
        "topic": np.tile(np.arange(len(ids), dtype=np.int16), len(since)),
        "topic_id": np.tile(np.asarray(ids, dtype=np.int32), len(since)),
    }
    return pa.table(shown | _columns(counts, total, follows)).cast(TRENDS)


def wilson(count: Floats, total: Floats) -> tuple[Floats, Floats]:
    """Return the ends of the 95 % interval of a share."""
    share, more = count / total, _Z**2 / total
    middle = (share + more / 2) / (1 + more)
    half = _Z * np.sqrt(share * (1 - share) / total + more / (4 * total)) / (1 + more)
    return np.maximum(0, middle - half), np.minimum(1, middle + half)


def _follows(since: NDArray[np.datetime64], period: Period, zone: str) -> NDArray[np.bool_]:
    """Return [T]: whether the period right before has texts too."""
    local = pa.array(since, pa.timestamp("us", tz="UTC")).cast(pa.timestamp("us", tz=zone))
    between = {
        "day": pc.days_between, "week": pc.weeks_between, "month": _months_between,
    }[period]  # fmt: skip
    if len(since) < 2:  # noqa: PLR2004 (nothing to compare)
        return np.zeros(len(since), dtype=bool)
    steps = between(local[:-1], local[1:]).to_numpy(zero_copy_only=False)
    return np.concatenate([[False], steps == 1])


def _months_between(one: pa.Array, other: pa.Array) -> pa.Array:
    years = pc.subtract(pc.year(other), pc.year(one))
    months = pc.subtract(pc.month(other), pc.month(one))
    return pc.add(pc.multiply(years, 12), months)


def _compared(counts: Floats, total: Floats, follows: NDArray[np.bool_]) -> list[Floats]:
    """Return change, its interval and p-value, each [T, K], NaN where nothing is compared."""
    share = counts / total[:, None]
    low, high = wilson(counts, total[:, None])
    found = [np.full(counts.shape, np.nan) for _ in range(4)]
    now, before = np.flatnonzero(follows), np.flatnonzero(follows) - 1
    change = share[now] - share[before]
    down = np.hypot(share[now] - low[now], high[before] - share[before])
    up = np.hypot(high[now] - share[now], share[before] - low[before])
    both = total[now, None] + total[before, None]
    pooled = (counts[now] + counts[before]) / both
    spread = np.sqrt(pooled * (1 - pooled) * (1 / total[now, None] + 1 / total[before, None]))
    z = np.divide(change, spread, out=np.zeros_like(change), where=spread > 0)
    p_value = 2 * norm.sf(np.abs(z))
    for column, values in zip(found, (change, change - down, change + up, p_value), strict=True):
        column[now] = values
    return found


def _columns(counts: Floats, total: Floats, follows: NDArray[np.bool_]) -> dict[str, Any]:
    low, high = wilson(counts, total[:, None])
    change, change_low, change_high, p_value = (
        column.ravel() for column in _compared(counts, total, follows)
    )
    known = ~np.isnan(p_value)
    real = np.zeros(len(p_value), dtype=bool)
    if known.any():
        real[known] = false_discovery_control(p_value[known]) < _LEVEL
    return {
        "texts": counts.ravel().astype(np.int64),
        "of": np.repeat(total, counts.shape[1]).astype(np.int64),
        "share": (counts / total[:, None]).ravel(),
        "low": low.ravel(),
        "high": high.ravel(),
        "change": pa.array(change, mask=~known),
        "change_low": pa.array(change_low, mask=~known),
        "change_high": pa.array(change_high, mask=~known),
        "p_value": pa.array(p_value, mask=~known),
        "real": pa.array(real, mask=~known),
    }
