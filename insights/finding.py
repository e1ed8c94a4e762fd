"""What a finding is: members first, numbers second, so that every number can be opened.

A finding lists its *members*, one row for each record it counts. The table people see is an
aggregation of those rows, and drilling into a number is a selection of them: the counts agree by
construction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

import ibis
import pandas as pd
from ibis.expr.types import Table, Value

from insights.filters import Filters
from insights.kept import kept
from insights.splits import dated, shown_times, spread
from insights.tables import Tables
from insights.viewed import viewed

Chart = Literal["line", "bar", "heatmap"]
Family = Literal["chatwoot", "corrected"]
FAMILIES: tuple[Family, ...] = ("corrected", "chatwoot")
CALENDAR = ("period", "weekday", "hour_of_day")
CONVERSATION = ("channel", "agent", "source", "label", "segment")
SELECTIONS = ("channel", "agent", "customer", "source", "label", "category", "segment")


@dataclass(frozen=True)
class Beside:
    """A number shown beside the mean: a column of the members, and what is done with it."""

    column: str
    how: Literal["sum", "max", "mean"]

    def of(self, rows: Table) -> Value:
        """Return the aggregation."""
        return getattr(rows[self.column].cast("float64"), self.how)()


@dataclass(frozen=True)
class Finding:
    """One number people act on, with everything needed to trust it.

    Parameters
    ----------
    name : str
        Stable identifier within its family.
    title, title_zh : str
        What it is called, in English and in Chinese.
    formula, unit, action : str
        How it is computed, in what unit, and what to do about it.
    members : callable
        ``(tables, filters)`` to an Ibis table with one row a record: ``record_id`` (unique),
        ``at`` (microseconds), ``value`` (the measured number; null where it does not apply, and
        then it is not counted), ``simulated``, and the columns it can be split or filtered by.
    family : {"chatwoot", "corrected"}, optional
        Whose definition this is.
    differs : str
        What the other family does differently.
    groups : tuple of str
        Columns that split the number unless others are asked for, in display order.
    series : tuple of str
        Columns that always split the number.
    dimensions : tuple of str
        Columns that may split it.
    beside : dict of str to Beside
        Further numbers of each row of the table.
    finish : callable, optional
        ``(table, tables, filters)`` to the table with further columns.
    chart : {"line", "bar", "heatmap"}
        How it is best drawn over its groups.
    brief : tuple of str
        Columns of the table that fit a terminal or a page; all by default.
    once : tuple of str
        Columns that say the same in every row: told below the table rather than in it.
    charted : str, optional
        Column of the table that is drawn; the mean of shares and the median of other numbers by
        default.
    filtered_by : tuple of str
        Selections of :class:`~insights.filters.Filters` that its records can be restricted by.
    opened_by : tuple of str
        Columns whose highest values come first where records are listed; the oldest by default.
    """

    name: str
    title: str
    title_zh: str
    formula: str
    unit: str
    action: str
    members: Callable[[Tables, Filters], Table]
    family: Family | None = None
    differs: str = ""
    groups: tuple[str, ...] = ("period", "channel")
    series: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = (*CALENDAR, *CONVERSATION)
    beside: Mapping[str, Beside] = field(default_factory=dict)
    finish: Callable[[pd.DataFrame, Tables, Filters], pd.DataFrame] | None = None
    chart: Chart = "line"
    brief: tuple[str, ...] = ()
    once: tuple[str, ...] = ()
    charted: str | None = None
    filtered_by: tuple[str, ...] = SELECTIONS
    opened_by: tuple[str, ...] = ()

    @property
    def drawn(self) -> str:
        """Column of the table that its chart draws."""
        return self.charted or ("mean" if self.unit.startswith("%") else "median")

    @property
    def id(self) -> str:
        """Definition id: family and name."""
        return f"{self.family}/{self.name}" if self.family else self.name

    def table(
        self,
        tables: Tables,
        filters: Filters,
        by: Sequence[str] | None = None,
        *,
        rows: Table | None = None,
    ) -> pd.DataFrame:
        """Return one row per group: count, mean, median, p90, what stands beside, simulated share.

        A mean is missing, not zero, where nothing could be measured: the count is 0 then.

        Parameters
        ----------
        tables : Tables
            Records.
        filters : Filters
            Which of them, in whose calendar.
        by : sequence of str, optional
            Columns to split by instead of :attr:`groups`; empty for one row over everything.
        rows : ibis Table, optional
            What :meth:`rows` returned, to compute it only once.

        Raises
        ------
        ValueError
            If the finding cannot be split by one of them, or filtered as asked.
        """
        groups = self.split_by(by)
        rows = self.rows(tables, filters) if rows is None else rows
        table = _summarized(spread(rows, tables, groups), groups, self.beside)
        return table if self.finish is None else self.finish(table, tables, filters)

    def drill(
        self,
        tables: Tables,
        filters: Filters,
        group: Mapping[str, object] | None = None,
        *,
        rows: Table | None = None,
    ) -> pd.DataFrame:
        """Return the members behind one number of :meth:`table`, in the order of the finding.

        Raises
        ------
        ValueError
            If ``group`` names a column that cannot split this finding.
        """
        return shown_times(self.behind(tables, filters, group, rows=rows))

    def behind(
        self,
        tables: Tables,
        filters: Filters,
        group: Mapping[str, object] | None = None,
        *,
        rows: Table | None = None,
    ) -> Table:
        """Return what :meth:`drill` does as an Ibis table, with times in microseconds.

        Raises
        ------
        ValueError
            If ``group`` names a column that cannot split this finding.
        """
        group = group or {}
        self.split_by(tuple(group))
        rows = (self.rows(tables, filters) if rows is None else rows).drop_null("value")
        rows = spread(rows, tables, group)
        for column, value in group.items():
            rows = rows.filter(rows[column].identical_to(value))
        first = [ibis.desc(name, nulls_first=False) for name in self.opened_by]
        return rows.order_by(*first, "at", "record_id")

    def split_by(self, by: Sequence[str] | None) -> tuple[str, ...]:
        """Return the columns that split the number.

        Raises
        ------
        ValueError
            If one of them cannot.
        """
        if by is None:
            return tuple(dict.fromkeys((*self.groups, *self.series)))
        unknown = [name for name in by if name not in (*self.dimensions, *self.series)]
        if unknown:
            raise ValueError(
                f"finding {self.id!r} can be split by {', '.join((*self.dimensions, *self.series))}"
                f"; received {', '.join(unknown)}"
            )
        return tuple(dict.fromkeys((*by, *self.series)))

    def rows(self, tables: Tables, filters: Filters) -> Table:
        """Return the filtered members with their place in the calendar, as an Ibis table.

        Raises
        ------
        ValueError
            If the members lack a column that is filtered by.
        """
        return dated(self.kept(tables, filters), filters)

    def kept(self, tables: Tables, filters: Filters) -> Table:
        """Return what :meth:`rows` does, without the calendar."""
        rows = viewed(self.members(tables, filters), tables)
        return kept(rows, tables, filters, f"finding {self.id!r}")


def _summarized(rows: Table, groups: Sequence[str], beside: Mapping[str, Beside]) -> pd.DataFrame:
    numbers = {
        "count": rows.value.count(),
        "mean": rows.value.mean(),
        "median": rows.value.median(),
        "p90": rows.value.quantile(0.9),
        **{name: extra.of(rows) for name, extra in beside.items()},
        "simulated_share": rows.simulated.cast("float64").mean(),
    }
    if not groups:
        return cast("pd.DataFrame", rows.aggregate(**numbers).to_pandas())
    table = rows.group_by(list(groups)).agg(**numbers).order_by(list(groups))
    return cast("pd.DataFrame", table.to_pandas())
