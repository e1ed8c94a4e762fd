"""When customers bought: how often, until when, since when, and for how much."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Histories:
    """What a model of buying sees of n customers; float64 [n] each, times in days.

    Parameters
    ----------
    frequency : array
        Days with a purchase after the day of the first one (x).
    recency : array
        Days from the first purchase to the last one (t_x).
    age : array
        Days from the first purchase to the end of what is known (T).

    Raises
    ------
    ValueError
        If lengths differ, or a customer cannot have bought like that.
    """

    frequency: Floats
    recency: Floats
    age: Floats

    def __post_init__(self) -> None:
        if not len(self.frequency) == len(self.recency) == len(self.age):
            raise ValueError(
                "histories: expected as many frequencies, recencies and ages, got "
                f"{len(self.frequency)}, {len(self.recency)} and {len(self.age)}"
            )
        possible = (self.frequency >= 0) & (self.recency >= 0) & (self.recency <= self.age)
        possible &= (self.frequency == 0) == (self.recency == 0)
        if not possible.all():
            at = int(np.argmin(possible))
            raise ValueError(
                "histories: expected 0 <= recency <= age, and recency 0 exactly where frequency "
                f"is 0; customer number {at} has frequency {self.frequency[at]:g}, recency "
                f"{self.recency[at]:g}, age {self.age[at]:g}"
            )

    def __len__(self) -> int:
        """Return the number of customers."""
        return len(self.frequency)

    @classmethod
    def of(cls, customers: pd.DataFrame) -> Histories:
        """Return the histories in the columns of what :func:`fold` gave."""
        return cls(*(customers[name].to_numpy(np.float64) for name in cls.__dataclass_fields__))


def fold(bought: Table, end: int, later: int | None = None) -> Table:
    """Return one row a customer who bought by the day ``end``: the history as it was known then.

    Parameters
    ----------
    bought : ibis Table
        One row a purchase: customer_id, source, day (days since 1970 as the report's zone counts
        them), spent (nullable). Purchases of one day are one transaction.
    end : int
        Last day that is known.
    later : int, optional
        Last day of what is counted after ``end``; ``end`` itself, hence nothing, by default.

    Returns
    -------
    ibis Table
        customer_id, source (of the first day), simulated, first_day, last_day, frequency, recency,
        age, valued (days with a value above 0), value (mean of those; null if none), bought_later,
        spent_later (days with a purchase, and the sum of values, after ``end``).
    """
    days = bought.filter(_.day <= (end if later is None else later))
    days = days.group_by("customer_id", "day").agg(
        spent=_.spent.sum(),
        source=_.source.min(),
        simulated=_.source.startswith("simulated").max(),
    )
    known = days.day <= end
    customers = days.group_by("customer_id").agg(
        source=_.source.argmin(_.day),
        simulated=_.simulated.max(),
        first_day=_.day.min(where=known),
        last_day=_.day.max(where=known),
        frequency=known.cast("int64").sum() - 1,
        valued=(known & (_.spent > 0)).fill_null(False).cast("int64").sum(),
        value=_.spent.mean(where=known & (_.spent > 0)),
        bought_later=(~known).cast("int64").sum(),
        spent_later=_.spent.sum(where=~known).fill_null(0.0),
    )
    return customers.filter(_.frequency >= 0).mutate(
        recency=_.last_day - _.first_day, age=end - _.first_day
    )


def counted(function: Callable[[Floats], Floats], counts: Floats) -> Floats:
    """Return a function of whole numbers, computed once for each number there may be, [n]."""
    known = function(np.arange(counts.max(initial=0) + 1))
    return np.asarray(known[counts.astype(np.int64)], dtype=np.float64)


def distinct(*columns: Floats) -> tuple[tuple[Floats, ...], Places, Places]:
    """Return rows that differ, how many there are of each, and which of them each row is.

    Customers are many and their histories few, since all is counted in whole days: what is
    computed once for each history is computed a hundred times less.
    """
    rows = pd.DataFrame(dict(enumerate(columns)))
    grouped = rows.groupby(list(rows.columns), sort=True)
    sizes = grouped.size()
    values = sizes.index.to_frame(index=False)
    places = np.asarray(grouped.ngroup(), dtype=np.int64)
    return (
        tuple(values[name].to_numpy(np.float64) for name in values),
        np.asarray(sizes, dtype=np.int64),
        places,
    )
