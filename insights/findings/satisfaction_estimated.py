"""How content customers sound where nobody asked them, with its error (requirement M07)."""

from __future__ import annotations

import ibis
import pandas as pd
from ibis import _
from ibis.expr.types import Table

from insights.filters import Filters
from insights.finding import CALENDAR, CONVERSATION, Beside, Finding
from insights.findings.members import share
from insights.satisfaction import estimates
from insights.tables import Tables

_FIGURES = {"rank_correlation": "spearman", "low_f1": "low_f1"}


def _members(tables: Tables, _filters: Filters) -> Table:
    """Return the estimate of each conversation, beside its survey where it has one."""
    found = ibis.memtable(estimates(tables).table)
    rows = tables.chats.rows.inner_join(found, "conversation_id")
    return rows.mutate(
        record_id=_.conversation_id,
        at=_.opened_at,
        value=_.estimate,
        low=share(_.low),
        surveyed=_.surveyed.cast("int64"),
        gap=(_.estimate - _.rating).abs(),
    )


def _judged(table: pd.DataFrame, tables: Tables, _filters: Filters) -> pd.DataFrame:
    """Add what the estimates are and how good they were found to be, to every row."""
    found = estimates(tables)
    known: dict[str, float | None] = {}
    for name, figure in _FIGURES.items():
        one = found.figures.get(figure)
        known[name] = None if one is None else one.value
        known[f"{name}_lower"] = None if one is None else one.low
        known[f"{name}_upper"] = None if one is None else one.high
    numbers = {name: pd.Series(value, table.index, "float64") for name, value in known.items()}
    return table.assign(tier=found.tier, error=found.error, **numbers)


ESTIMATED = Finding(
    name="satisfaction_estimated",
    family="corrected",
    title="Satisfaction estimated from text, no survey",
    title_zh="满意度估计(由文本推断,非问卷)",
    formula=(
        "mean estimate of a conversation's rating, 1 to 5; tier trained: learned from the words "
        "and facts of conversations with surveys of the business's own (200 or more, of which 20 "
        "low, unless configured), and a surveyed conversation is estimated by a model that did "
        "not see it; tier polarity: 3 + 2 x mean polarity of the customer's texts, error not "
        "measured here; low is the share called low (below 3), surveyed counts those with a "
        "survey, absolute_error is their mean distance from it; counted when opened"
    ),
    unit="estimated stars",
    action="Look at error first; read the conversations called low that no survey reached.",
    differs="chatwoot has no estimate. Never mixed with the surveys' number.",
    members=_members,
    dimensions=(*CALENDAR, *CONVERSATION, "category"),
    beside={
        "low": Beside("low", "mean"),
        "surveyed": Beside("surveyed", "sum"),
        "absolute_error": Beside("gap", "mean"),
    },
    finish=_judged,
    brief=("count", "mean", "low", "surveyed", "simulated_share"),
    once=("tier", "error"),
    charted="mean",
)
FINDINGS = (ESTIMATED,)
