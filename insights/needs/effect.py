"""Whether a change helped: how often, how badly a need is written about before and after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table

from insights.filters import Filters, microseconds
from insights.functions import DAY
from insights.needs.counts import chosen
from insights.needs.members import need_tables
from insights.needs.periods import anytime, reach
from insights.needs.rates import Compared, lift, rate_ratio, share_difference
from insights.needs.register import Register
from insights.needs.settings import NeedSettings
from insights.tables import Tables

BEFORE, AFTER = "before", "after"
WEEK = 7.0  # days that either side must have, so that weekdays even out


@dataclass(frozen=True)
class Side:
    """One side of a change: texts of the need, negative ones, days, and texts of all kinds."""

    texts: int
    negative: int
    days: float
    everything: int


@dataclass(frozen=True)
class Effect:
    """What changed.

    Parameters
    ----------
    rate : Compared or None
        Texts a day after / before.
    of_all : tuple of float or None
        Share of all texts after / before with its interval: the rate without what moved all texts.
    negative : Compared or None
        Share of negative texts after - before.
    enough : bool
        Whether the data suffice to conclude anything.
    verdict : str
        The conclusion in words.
    """

    rate: Compared | None
    of_all: tuple[float, float, float] | None
    negative: Compared | None
    enough: bool
    verdict: str


def effect(before: Side, after: Side, settings: NeedSettings) -> Effect:
    """Compare both sides of a change."""
    rate = rate_ratio(after.texts, after.days, before.texts, before.days)
    negative = share_difference(after.negative, after.texts, before.negative, before.texts)
    of_all = None
    if after.texts and before.everything:
        of_all = lift(after.texts, after.everything, before.texts, before.everything)
    lacking = _lacking(before, after, settings)
    if lacking:
        return Effect(rate, of_all, negative, False, f"not enough data: {lacking}")
    told = [_told("texts a day", rate, 1.0), _told("negative share", negative, 0.0)]
    return Effect(rate, of_all, negative, True, ", ".join(told))


def _lacking(before: Side, after: Side, settings: NeedSettings) -> str:
    least = min(WEEK, settings.effect_days)
    texts = before.texts + after.texts
    reasons = [
        f"{side.days:.1f} days {name} the change, expected {least:g}"
        for name, side in ((BEFORE, before), (AFTER, after))
        if side.days < least
    ]
    if texts < settings.effect_texts:
        reasons.append(f"{texts} texts on both sides, expected {settings.effect_texts}")
    return "; ".join(reasons)


def _told(what: str, compared: Compared | None, same: float) -> str:
    if compared is None or not compared.significant:
        return f"{what}: no clear change"
    return f"{what}: {'up' if compared.value > same else 'down'} (p {compared.p_value:.2g})"


def changes(tables: Tables, filters: Filters) -> tuple[dict[str, int], int | None]:
    """Return when each need changed, in microseconds, and when all others did.

    Raises
    ------
    ValueError
        If no date is known.
    """
    standings = Register(tables.workspace).standings()
    shipped = {need: _moment(one.shipped, filters) for need, one in standings.items()}
    known = {need: at for need, at in shipped.items() if at is not None}
    default = _moment(tables.settings.needs.change, filters)
    if not known and default is None:
        raise ValueError(
            "no need has a date of change: give one for all, needs.change=2026-03-01, or record "
            "one, `python -m insights.need id=… shipped=2026-03-01`"
        )
    return known, default


def _moment(told: datetime | None, filters: Filters) -> int | None:
    if told is None:
        return None
    aware = told if told.tzinfo else told.replace(tzinfo=ZoneInfo(filters.zone))
    return microseconds(aware)


def sides(tables: Tables, filters: Filters) -> Table:
    """Return texts with needs near the change of each, and on which side they are."""
    known, default = changes(tables, filters)
    dates = ibis.memtable(
        {"need": list(known), "own": list(known.values())},
        schema={"need": "string", "own": "int64"},
    )
    window = round(tables.settings.needs.effect_days * DAY)
    rows = need_tables(tables).rows.left_join(dates, "need").drop("need_right")
    rows = rows.mutate(changed=ibis.coalesce(_.own, ibis.literal(default, "int64")))
    near = (_.at >= _.changed - window) & (_.at < _.changed + window)
    return rows.filter(near.fill_null(False)).mutate(side=(_.at < _.changed).ifelse(BEFORE, AFTER))


def measured(table: pd.DataFrame, tables: Tables, filters: Filters) -> pd.DataFrame:
    """Return the table of both sides of each need with the comparison beside them.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns need, side, count and negative (texts).
    """
    known, default = changes(tables, filters)
    settings = tables.settings.needs
    texts = need_tables(tables).texts
    first, last = reach(texts, filters)
    first = first if filters.since is None else max(first, microseconds(filters.since))
    every = chosen(texts, tables, anytime(filters)).select("at").to_pandas()["at"]
    times = np.sort(every.to_numpy())
    lines: list[dict[str, Any]] = []
    for need, part in table.groupby("need", sort=True):
        changed = known.get(str(need), default)
        assert changed is not None  # noqa: S101 - `sides` kept needs with a date only
        window = round(settings.effect_days * DAY)
        spans = {
            BEFORE: (max(changed - window, first), min(changed, last)),
            AFTER: (max(changed, first), min(changed + window, last)),
        }
        rows = {str(row["side"]): row for row in part.to_dict("records")}
        both = {name: _side(rows.get(name, {}), span, times) for name, span in spans.items()}
        found = effect(both[BEFORE], both[AFTER], settings)
        lines += [_line(row, both[name], found) for name, row in rows.items()]
    return pd.DataFrame(lines) if lines else table


def _side(row: Mapping[Any, Any], span: tuple[int, int], times: np.ndarray[Any, Any]) -> Side:
    start, end = np.searchsorted(times, span)
    days = max(span[1] - span[0], 0) / DAY
    negative = int(row["negative"]) if row and not pd.isna(row["negative"]) else 0
    return Side(int(row.get("count", 0)), negative, days, max(int(end - start), 0))


def _line(row: Mapping[Any, Any], side: Side, found: Effect) -> dict[str, Any]:
    rate, share, of_all = found.rate, found.negative, found.of_all
    told = {name: value for name, value in row.items() if name not in ("mean", "median", "p90")}
    return told | {
        "days": side.days,
        "texts_a_day": side.texts / side.days if side.days else None,
        "negative_share": 100 * side.negative / side.texts if side.texts else None,
        "rate_ratio": rate.value if rate else None,
        "rate_low": rate.low if rate else None,
        "rate_high": rate.high if rate else None,
        "rate_p_value": rate.p_value if rate else None,
        "of_all_ratio": of_all[0] if of_all else None,
        "of_all_low": of_all[1] if of_all else None,
        "of_all_high": of_all[2] if of_all else None,
        "negative_change": 100 * share.value if share else None,
        "negative_low": 100 * share.low if share else None,
        "negative_high": 100 * share.high if share else None,
        "negative_p_value": share.p_value if share else None,
        "verdict": found.verdict,
    }
