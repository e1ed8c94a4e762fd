"""What customers ask most, near-duplicates counted as one question (requirement M06)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast

import pandas as pd
from ibis import _
from ibis.expr.types import Table
from scipy.stats import binomtest

from insights.filters import Filters, microseconds
from insights.finding import CALENDAR, CONVERSATION, Finding
from insights.findings.members import about
from insights.functions import DAY
from insights.splits import spread
from insights.tables import Tables

_SPAN = 28 * DAY


def _members(tables: Tables, _filters: Filters) -> Table:
    """Return one member a question of a customer in a conversation."""
    spoken = tables.chats.messages.filter(_.what == "customer")
    said = spoken.select("conversation_id", "at", text_id="message_id")
    asked = tables.questions().inner_join(said, "text_id")
    return about(asked.rename(example="question"), tables, "agent").mutate(
        record_id=_.text_id + "#" + _.start.cast("string"), question=_.typical, value=1.0
    )


def _ranked(table: pd.DataFrame, tables: Tables, filters: Filters) -> pd.DataFrame:
    """Keep the most frequent questions, with who asked, an example and the trend."""
    if "question" not in table or table.empty:
        return table
    groups = list(table.columns[: list(table.columns).index("count")])
    total = table.groupby("question")["count"].sum().reset_index()
    top = total.sort_values(["count", "question"], ascending=[False, True])["question"]
    names = top.head(tables.settings.top_questions).tolist()
    rows = spread(QUESTIONS.rows(tables, filters), tables, groups)
    asked = rows.filter(_.question.isin(names)).group_by(groups)
    beside = asked.agg(customers=_.customer_id.nunique(), example=_.example.argmax(_.at))
    found = table[table["question"].isin(names)].merge(beside.to_pandas(), on=groups)
    if "period" not in groups:
        found = _trend(found, tables, filters, groups)
    place = found["question"].map({name: number for number, name in enumerate(names)})
    return found.assign(place=place).sort_values(["place", *groups]).drop(columns="place")


def _trend(
    table: pd.DataFrame, tables: Tables, filters: Filters, groups: list[str]
) -> pd.DataFrame:
    """Add how often each was asked lately and before, and how likely chance explains the change."""
    rows = QUESTIONS.rows(tables, filters.model_copy(update={"since": None}))
    rows = spread(rows, tables, groups)
    end = _end(rows, filters)
    lately = (_.at >= end - _SPAN) & (_.at < end)
    earlier = (_.at >= end - 2 * _SPAN) & (_.at < end - _SPAN)
    counts = {"recent": lately.sum(), "before": earlier.sum()}
    whole = rows.aggregate(**counts).to_pandas().iloc[0]
    found = table.merge(rows.group_by(groups).agg(**counts).to_pandas(), how="left", on=groups)
    pairs = found[["recent", "before"]].fillna(0).astype("int64")
    all_recent, all_before = int(whole["recent"]), int(whole["before"])
    chances = [
        _chance(recent, before, all_recent, all_before)
        for recent, before in zip(pairs["recent"], pairs["before"], strict=True)
    ]
    found["p_value"] = pd.Series(chances, index=found.index, dtype="object")
    return found.assign(recent=pairs["recent"], before=pairs["before"])


def _end(rows: Table, filters: Filters) -> int:
    if filters.until is not None:
        return microseconds(filters.until)
    last = rows.aggregate(last=_.at.max()).to_pandas()["last"][0]
    return int(cast("int", last)) + 1 if pd.notna(last) else microseconds(datetime.now(UTC))


def _chance(recent: int, before: int, all_recent: int, all_before: int) -> float | None:
    """Return the p-value of a change against that of all questions together."""
    if not recent + before or not all_before:
        return None
    return float(binomtest(recent, recent + before, all_recent / (all_recent + all_before)).pvalue)


QUESTIONS = Finding(
    name="frequent_questions",
    family="corrected",
    title="Questions customers ask most",
    title_zh="高频问题",
    formula=(
        "questions in public customer messages, near-duplicates as one (python -m features groups "
        "them), the most frequent first (top_questions); customers are distinct; recent and before "
        "are the last 28 days of the range and the 28 before, p_value that of a binomial test "
        "against all questions; counted when asked"
    ),
    unit="questions",
    action="Answer the first ones where customers look before they ask, and watch them fall.",
    differs="chatwoot has no questions.",
    members=_members,
    groups=("question",),
    dimensions=(*CALENDAR, *CONVERSATION, "question", "language", "category"),
    finish=_ranked,
    chart="bar",
    charted="count",
)
FINDINGS = (QUESTIONS,)
