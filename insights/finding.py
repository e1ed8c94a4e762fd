"""What a finding is: members first, numbers second, so that every number can be opened.

A finding lists its *members*, one row for each record it counts, with the group the record falls
into. The table people see is an aggregation of those rows, and drilling into a number is a
selection of them: the counts agree by construction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from insights.filters import Filters
from insights.tables import Tables

Chart = Literal["line", "bar", "heatmap"]


@dataclass(frozen=True)
class Finding:
    """One number people act on, with everything needed to trust it.

    Parameters
    ----------
    name : str
        Stable identifier, also its address in the command line and the API.
    title, formula, unit, action : str
        What it is, how it is computed, in what unit, and what to do about it.
    groups : tuple of str
        Columns that split the number, in display order.
    chart : Chart
        How it is best drawn over its groups.
    members : callable
        ``(tables, filters)`` to a frame with the group columns, ``record_id`` (unique), ``value``
        (the measured number) and ``simulated`` (whether the record is simulated).
    """

    name: str
    title: str
    formula: str
    unit: str
    action: str
    groups: tuple[str, ...]
    chart: Chart
    members: Callable[[Tables, Filters], pd.DataFrame]

    def table(self, tables: Tables, filters: Filters) -> pd.DataFrame:
        """Return one row per group: count, mean, median, p90 and the simulated share."""
        members = self.members(tables, filters)
        grouped = members.groupby(list(self.groups), sort=True, observed=True)
        table = grouped.agg(
            count=("record_id", "size"),
            mean=("value", "mean"),
            median=("value", "median"),
            p90=("value", lambda values: values.quantile(0.9)),
            simulated_share=("simulated", "mean"),
        )
        return table.reset_index()

    def drill(self, tables: Tables, filters: Filters, group: Mapping[str, object]) -> pd.DataFrame:
        """Return the members behind one number of :meth:`table`.

        Raises
        ------
        ValueError
            If ``group`` names a column that does not split this finding.
        """
        unknown = sorted(set(group) - set(self.groups))
        if unknown:
            raise ValueError(
                f"finding {self.name!r} is split by {', '.join(self.groups)}; "
                f"received {', '.join(unknown)}"
            )
        members = self.members(tables, filters)
        for column, value in group.items():
            members = members[members[column] == value]
        return members
