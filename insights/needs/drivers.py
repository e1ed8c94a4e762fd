"""Where a need comes from: properties that are more frequent in its texts than elsewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import pandas as pd
from ibis import _, selectors
from ibis.expr.types import Table

from insights.needs.rates import LEVEL, lift
from insights.needs.settings import NeedSettings

_Candidate = tuple[str, str, tuple[int, int, int, int]]


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
    if not settings.drivers:
        return {}
    counted = _counts(texts, rows, settings)
    candidates: dict[str, list[_Candidate]] = defaultdict(list)
    for row in counted.to_dict("records"):
        inside, carrying = int(row["inside"]), int(row["carrying"])
        counts = (inside, carrying, int(row["everywhere"]) - inside, int(row["known"]) - carrying)
        candidates[str(row["need"])].append((str(row["dimension"]), str(row["value"]), counts))
    return {need: _found(told, settings.most_drivers) for need, told in candidates.items()}


def _counts(texts: Table, rows: Table, settings: NeedSettings) -> pd.DataFrame:
    """Return need, dimension, value and how many texts: inside, carrying, everywhere, known."""
    property_ = ["dimension", "value"]
    everywhere = _long(texts, settings.drivers).group_by(property_).agg(everywhere=_.count())
    inside = _long(rows, settings.drivers).group_by(["need", *property_]).agg(inside=_.count())
    told = inside.to_pandas().merge(everywhere.to_pandas(), on=property_)
    carrying = told.groupby(["need", "dimension"])["inside"].transform("sum")
    known = everywhere.group_by("dimension").agg(known=_.everywhere.sum()).to_pandas()
    found = told.assign(carrying=carrying).merge(known, on="dimension")
    kept = (found["inside"] >= settings.support) & (found["carrying"] < found["known"])
    return cast("pd.DataFrame", found[kept].sort_values(["need", *property_]))


def _long(rows: Table, names: tuple[str, ...]) -> Table:
    """Return a row for each text and known property."""
    keys = [name for name in ("need",) if name in rows.columns]
    wide = rows.select(*keys, *names)
    long = wide.pivot_longer(selectors.cols(*names), names_to="dimension", values_to="value")
    return long.filter(_.value.notnull() & (_.value != ""))  # noqa: PD004 (of Ibis)


def _found(told: list[_Candidate], most: int) -> tuple[Driver, ...]:
    strict = 1 - (1 - LEVEL) / len(told)
    found = []
    for name, value, counts in told:
        _ratio, low, high = lift(*counts, level=strict)
        if low > 1 or high < 1:
            found.append(Driver(name, value, *lift(*counts), texts=counts[0]))
    order = sorted(found, key=lambda one: (-one.low, one.dimension, one.value))
    return tuple(order[:most])
