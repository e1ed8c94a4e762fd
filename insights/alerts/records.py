"""What each kind of rule reads, placed in the rule's calendar."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import cast

import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table

from insights.alerts.calendar import Calendar, moment
from insights.alerts.chat_rules import Waiting
from insights.alerts.chats import grouped, rows_of, waiting
from insights.alerts.finding_rules import Anomaly, FindingRule
from insights.alerts.rules import Rule
from insights.alerts.series import BEFORE, Records
from insights.filters import Filters
from insights.finding import CALENDAR, Finding
from insights.registry import find
from insights.tables import Tables

# Findings whose records depend on the moment they are asked at: each bucket is asked on its own.
OF_THE_MOMENT = ("waiting_now", "sla", "repeat_contact")


def read(rule: Rule, tables: Tables, calendar: Calendar, zone: str) -> Records:
    """Return the records of a rule.

    Raises
    ------
    ValueError
        If the rule names a number or a column that there is not.
    FileNotFoundError
        If a mood is asked for and no text was analyzed yet.
    LookupError
        If there is no such finding.
    """
    filters = _filters(rule, calendar, zone)
    if isinstance(rule, FindingRule):
        return _found(rule, tables, filters, calendar)
    if isinstance(rule, Waiting):
        return Records(waiting(rule, tables, calendar), BEFORE, rule.by is not None)
    placed = _placed(rows_of(rule, tables), filters, calendar)
    return Records(placed, BEFORE, rule.by is not None)


def how_of(rule: Rule, tables: Tables) -> str | None:
    """Return the aggregation of the column a rule judges, None for the usual numbers.

    Raises
    ------
    ValueError
        If the finding has no such number.
    """
    usual = ("count", "mean", "median", "p90")
    if not isinstance(rule, FindingRule) or rule.number in usual:
        return None
    finding = find(rule.finding, rule.family, tables)
    if rule.number not in finding.beside:
        known = ", ".join((*usual, *finding.beside))
        raise ValueError(
            f"alert {rule.name}: finding {finding.id!r} has the numbers {known}; "
            f"received {rule.number!r}"
        )
    return finding.beside[rule.number].how


def _filters(rule: Rule, calendar: Calendar, zone: str) -> Filters:
    ends = {"since": moment(int(calendar.edges[0])), "until": moment(int(calendar.edges[-1]))}
    return rule.filters(zone=zone, **ends)


def _found(rule: FindingRule, tables: Tables, filters: Filters, calendar: Calendar) -> Records:
    finding = find(rule.finding, rule.family, tables)
    how = how_of(rule, tables)
    split = finding.split_by([] if rule.by is None else [rule.by])
    if set(split) & set(CALENDAR):
        raise ValueError(f"alert {rule.name}: expected a column that is no time, received {split}")
    extra = {} if how is None else {rule.number: _[finding.beside[rule.number].column]}

    def rows(own: Filters) -> Table:
        return grouped(finding.rows(tables, own).mutate(**extra), rule, split, *extra)

    if finding.name not in OF_THE_MOMENT:
        began = _first_ever(finding, tables, rule, calendar)
        return Records(_placed(rows(filters), filters, calendar), began, bool(split))
    if isinstance(rule, Anomaly):
        raise ValueError(  # noqa: TRY004 (of a rule, not of an argument)
            f"alert {rule.name}: {finding.id!r} is what is true at one moment and has no history; "
            "use kind: threshold or change"
        )
    return Records(_moments(rule, finding, rows, filters, calendar), BEFORE, bool(split))


def _moments(
    rule: FindingRule,
    finding: Finding,
    rows: Callable[[Filters], Table],
    filters: Filters,
    calendar: Calendar,
) -> pd.DataFrame:
    """Ask for each bucket as it was known when the rule was to judge it."""
    lag, parts = timedelta(minutes=rule.lag_minutes), []
    for place in range(max(calendar.first - rule.lookback, 0), len(calendar)):
        since, until = (moment(int(calendar.edges[at])) for at in (place, place + 1))
        begin = None if finding.name == "waiting_now" else since
        asked = filters.model_copy(update={"since": begin, "until": until + lag})
        own = rows(asked)
        if begin is not None:
            own = own.filter(own.at < int(calendar.edges[place + 1]))
        parts.append(own.to_pandas().assign(bucket=place))
    return cast("pd.DataFrame", pd.concat(parts, ignore_index=True))


def _kept(rows: Table, filters: Filters) -> pd.DataFrame:
    """Return the rows of the time; the other filters were applied where their columns are known."""
    time = Filters(since=filters.since, until=filters.until)
    return cast("pd.DataFrame", time.keep(rows).order_by("at", "record_id").to_pandas())


def _placed(rows: Table, filters: Filters, calendar: Calendar) -> pd.DataFrame:
    found = _kept(rows, filters)
    return found.assign(bucket=calendar.places(found["at"].to_numpy(np.int64)))


def _first_ever(finding: Finding, tables: Tables, rule: Rule, calendar: Calendar) -> int:
    """Return the bucket of the first record there ever was."""
    rows = finding.rows(tables, rule.filters()).drop_null("value")
    first = rows.aggregate(at=_.at.min()).to_pandas()["at"][0]
    if pd.isna(first):
        return len(calendar)
    return int(calendar.places(np.array([int(first)], np.int64))[0])
