"""Where a need comes from: properties that are more frequent in its texts than elsewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from ibis import _
from ibis.expr.types import Table

from insights.needs.rates import LEVEL, lift
from insights.needs.settings import NeedSettings


@dataclass(frozen=True)
class Driver:
    """A property that a need's texts have more, or less, often than other texts.

    Parameters
    ----------
    dimension, value : str
        Such as ``channel`` and ``phone``.
    lift, low, high : float
        Share in the need / share elsewhere, with its 95 % interval, which excludes 1.
    texts : int
        Texts of the need with the property.
    """

    dimension: str
    value: str
    lift: float
    low: float
    high: float
    texts: int

    def told(self) -> str:
        """Return the driver in words."""
        return f"{self.dimension} {self.value} x{self.lift:.1f} ({self.low:.1f}-{self.high:.1f})"


def drivers(texts: Table, rows: Table, settings: NeedSettings) -> Mapping[str, tuple[Driver, ...]]:
    """Return the drivers of each need, those that surely raise it first.

    Only properties with ``settings.support`` texts of the need are looked at. A need is compared in
    many of them, so that one is a driver only where an interval widened by the number of
    comparisons (Bonferroni) excludes 1 as well; the interval told is that of 95 %.

    Parameters
    ----------
    texts : ibis Table
        All texts, and of each the columns ``settings.drivers``; unknown values are left out.
    rows : ibis Table
        The same with the needs they carry, one row for each need of a text.
    settings : NeedSettings
        Columns, support and how many drivers are wanted.
    """
    candidates: dict[str, list[tuple[str, str, tuple[int, int, int, int]]]] = defaultdict(list)
    for name in settings.drivers:
        for row in _counts(texts, rows, name, settings.support).itertuples(index=False):
            outside = row.everywhere - row.inside
            counts = (row.inside, row.carrying, outside, row.known - row.carrying)
            candidates[row.need].append((name, str(row.value), counts))
    return {need: _found(told, settings.most_drivers) for need, told in candidates.items()}


def _counts(texts: Table, rows: Table, name: str, support: int) -> pd.DataFrame:
    """Return need, value, inside, carrying, everywhere and known, all numbers of texts."""
    known = texts.drop_null(name).filter(_[name] != "")
    everywhere = known.group_by(value=known[name]).agg(everywhere=_.count())
    total = int(known.count().to_pandas())
    told = rows.drop_null(name).filter(_[name] != "")
    carrying = told.group_by("need").agg(carrying=_.count())
    inside = told.group_by("need", value=told[name]).agg(inside=_.count())
    joined = inside.filter(_.inside >= support).inner_join(carrying, "need")
    found = joined.inner_join(everywhere, "value").to_pandas().assign(known=total)
    some = found["carrying"] < found["known"]  # else there is no elsewhere
    return found[some].sort_values(["need", "value"])


def _found(told: list[tuple[str, str, tuple[int, int, int, int]]], most: int) -> tuple[Driver, ...]:
    strict = 1 - (1 - LEVEL) / len(told)
    found = []
    for name, value, counts in told:
        _ratio, low, high = lift(*counts, level=strict)
        if low > 1 or high < 1:
            found.append(Driver(name, value, *lift(*counts), texts=counts[0]))
    order = sorted(found, key=lambda one: (-one.low, one.dimension, one.value))
    return tuple(order[:most])
