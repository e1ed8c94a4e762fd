"""Columns that numbers are split by: local calendars, labels, segments of customers."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import cast

import ibis
import pandas as pd
from ibis import _
from ibis.expr.types import Table

from insights.filters import Filters
from insights.functions import utc
from insights.tables import Tables

UNLABELED = "unlabeled"
UNKNOWN = "unknown"
_NEEDED = {"label": "conversation_id", "segment": "customer_id"}
_WEEKDAYS = ("1 Monday", "2 Tuesday", "3 Wednesday", "4 Thursday", "5 Friday", "6 Saturday")


def dated(rows: Table, filters: Filters) -> Table:
    """Return rows with the place of their ``at`` in the calendar of the filters' zone."""
    local = filters.local(rows.at)
    weekday = local.day_of_week.index()
    names = ((weekday == number, name) for number, name in enumerate(_WEEKDAYS))
    return rows.mutate(
        period=filters.bucket(rows.at),
        weekday=ibis.cases(*names, else_="7 Sunday"),
        hour_of_day=local.hour().cast("int64"),
    )


def spread(rows: Table, tables: Tables, names: Collection[str]) -> Table:
    """Return rows with those of ``label`` and ``segment`` that are named and missing.

    A row whose conversation carries several labels comes once for each: numbers by label add up to
    more than their sum. A segment is an attribute of the customer, chosen in the settings.

    Raises
    ------
    ValueError
        If the rows know no conversation or no customer.
    """
    wanted = [name for name in _NEEDED if name in names and name not in rows.columns]
    for name in wanted:
        if _NEEDED[name] not in rows.columns:
            raise ValueError(f"these records have no {name}: they lack {_NEEDED[name]}")
    if "segment" in wanted:
        rows = rows.left_join(tables.segments(), "customer_id").drop("customer_id_right")
        rows = rows.mutate(segment=_.segment.fill_null(UNKNOWN))
    if "label" in wanted:
        labels = tables.chats.labels.distinct()
        rows = rows.left_join(labels, "conversation_id").drop("conversation_id_right")
        rows = rows.mutate(label=_.label.fill_null(UNLABELED))
    return rows


def moments(rows: Table) -> Table:
    """Return rows whose columns ``at`` and ``..._at`` are moments instead of microseconds."""
    times = {name: utc(rows[name]) for name in rows.columns if re.search("(^|_)at$", name)}
    return rows.mutate(**times)


def shown_times(rows: Table) -> pd.DataFrame:
    """Return what :func:`moments` does as a data frame."""
    return cast("pd.DataFrame", moments(rows).to_pandas())
