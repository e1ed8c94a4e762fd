"""The numbers of all needs of a range, one row a need."""

from __future__ import annotations

from typing import cast

import ibis
import pandas as pd
from ibis import _
from ibis.expr.types import Table, Value

from insights.filters import Filters, microseconds
from insights.functions import DAY
from insights.judged import kept_judged
from insights.needs.members import NEGATIVE, NEUTRAL, POSITIVE
from insights.needs.periods import Periods, Range, anytime, inside
from insights.own_customers import kept_own
from insights.tables import Tables

AGAIN = 2  # days of contact


def chosen(rows: Table, tables: Tables, filters: Filters) -> Table:
    """Return the rows that the filters keep, labels of conversations included."""
    kept = kept_judged(kept_own(filters.keep(rows), tables, filters), tables, filters)
    return filters.labeled(kept, tables.chats.labels) if filters.label else kept


def counts(rows: Table, tables: Tables, filters: Filters, spans: Periods) -> pd.DataFrame:
    """Return what is counted of each need with texts in the range, by need.

    Parameters
    ----------
    rows : ibis Table
        Texts with needs, whenever they were written.
    tables : Tables
        For labels, and for who is waiting.
    filters : Filters
        The range and the selection.
    spans : Periods
        The periods that are compared.

    Returns
    -------
    pandas.DataFrame
        Index need; kind, texts, customers, positive, neutral, negative, negative_customers,
        polarity, confidence, deadline_share (all of the range), now, before (texts of either
        period), first_at, last_at (microseconds, whenever), repeat_share, waiting_days.
    """
    known = chosen(rows, tables, anytime(filters))
    since = filters.since
    here = ibis.literal(True) if since is None else known.at >= microseconds(since)
    table = known.mutate(here=here).group_by("need").agg(**_numbers(spans))
    found = table.filter(_.texts > 0).order_by("need").to_pandas().set_index("need")
    wanted = known if since is None else known.filter(here)
    again = _repeated(wanted).reindex(found.index).fillna(0.0)
    waiting = _waiting(wanted, tables, spans.now[1]).reindex(found.index).fillna(0.0)
    return cast("pd.DataFrame", found.assign(repeat_share=again, waiting_days=waiting))


def _numbers(spans: Periods) -> dict[str, Value]:
    def during(period: Range) -> Value:
        return cast("Value", ((_.at >= period[0]) & (_.at < period[1])).sum())

    moods = {
        mood: (_.here & (_.sentiment == mood)).sum().fill_null(0)
        for mood in (POSITIVE, NEUTRAL, NEGATIVE)
    }
    return {
        "kind": _.need_kind.min(),
        "texts": _.here.sum(),
        "customers": _.customer_id.nunique(where=_.here),
        **moods,
        "negative_customers": _.customer_id.nunique(where=_.here & (_.sentiment == NEGATIVE)),
        "polarity": _.polarity.mean(where=_.here),
        "confidence": _.score.mean(where=_.here),
        "deadline_share": _.urgent.cast("float64").mean(where=_.here),
        "now": during(spans.now),
        "before": during(spans.before),
        "first_at": _.at.min(),
        "last_at": _.at.max(),
    }


def _repeated(rows: Table) -> pd.Series[float]:
    """Return the share of each need's customers who wrote about it on several days."""
    days = rows.drop_null("customer_id").group_by("need", "customer_id")
    told = days.agg(days=_.day.nunique()).mutate(again=(_.days >= AGAIN).cast("float64"))
    shares = told.group_by("need").agg(share=_.again.mean()).to_pandas()
    return cast("pd.Series[float]", shares.set_index("need")["share"])


def _waiting(rows: Table, tables: Tables, now: int) -> pd.Series[float]:
    """Return the age in days of each need's oldest message that nobody answered."""
    turns = tables.chats.turns.filter((_.asked_at < now) & (_.ended_at >= now).fill_null(True))
    open_turns = turns.select("conversation_id", "asked_at")
    spoken = inside(rows, (0, now)).inner_join(open_turns, "conversation_id")
    unanswered = spoken.filter(_.at >= _.asked_at)
    oldest = unanswered.group_by("need").agg(days=(now - _.at.min()).cast("float64") / DAY)
    return cast("pd.Series[float]", oldest.to_pandas().set_index("need")["days"])
