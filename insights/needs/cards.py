"""Need cards of a workspace: counted, quoted, explained, ranked, and with what was decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow.parquet as pq

from features.text.pipeline.stages import texts_folder
from insights.filters import Filters
from insights.needs.card import NeedCard
from insights.needs.counts import chosen, counts
from insights.needs.drivers import Driver, drivers
from insights.needs.members import need_tables
from insights.needs.names import kinds, owner_of, titles
from insights.needs.periods import Periods, periods
from insights.needs.priority import Evidence, Priority, importance_score
from insights.needs.quotes import Quote, quotes
from insights.needs.rates import Compared, rate_ratio
from insights.needs.register import Register, Standing
from insights.needs.settings import NeedSettings
from insights.needs.urgency import Urgency, urgency_score
from insights.needs.words import telling_words
from insights.tables import Tables

COVERED = 0.5  # share of the period before that the data must cover to compare with it


@dataclass(frozen=True)
class _Said:
    """What goes onto the cards beside numbers, by need, and how they are ranked."""

    quotes: Mapping[str, tuple[Quote, ...]]
    words: Mapping[str, tuple[str, ...]]
    drivers: Mapping[str, tuple[Driver, ...]]
    questions: Mapping[str, str]
    standings: Mapping[str, Standing]
    priority: Priority


def need_cards(
    tables: Tables, filters: Filters, *, priority: Priority | None = None
) -> list[NeedCard]:
    """Return the needs of a range, the first in priority first.

    Parameters
    ----------
    tables : Tables
        A workspace whose texts were analyzed.
    filters : Filters
        Range and selection. Trends compare the range with the one of the same length before it,
        or, where it has no beginning, the last ``needs.trend_days`` with as many before.
    priority : Priority, optional
        How they are ranked; as the settings of ``tables`` say by default.

    Raises
    ------
    FileNotFoundError
        If texts were not analyzed; the message says what to run.
    """
    found = need_tables(tables)
    spans = periods(found.texts, filters, tables.settings.needs.trend_days)
    numbers = counts(found.rows, tables, filters, spans)
    if numbers.empty:
        return []
    rows = chosen(found.rows, tables, filters).cache()
    texts = chosen(found.texts, tables, filters)
    settings = tables.settings.needs
    folder = texts_folder(tables.workspace)
    file = str(folder / "texts.parquet")
    said = _Said(
        quotes=quotes(rows, tables.chats.connection, file, count=settings.quotes),
        words=telling_words(texts, rows),
        drivers=drivers(texts, rows, settings),
        questions=questions(tables),
        standings=Register(tables.workspace).standings(),
        priority=priority or tables.settings.priority,
    )
    most = int(numbers["customers"].max())
    lines = numbers.reset_index().to_dict("records")
    cards = [_card(line, said, spans, settings, most) for line in lines]
    return sorted(cards, key=lambda card: (-card.priority_score, -card.texts, card.need))


def questions(tables: Tables) -> dict[str, str]:
    """Return the most typical question of each group, masked, by id of the need."""
    file = texts_folder(tables.workspace) / "question_groups.parquet"
    if not file.exists():
        return {}
    rows = pq.read_table(file, columns=["group_id", "question"]).to_pylist()
    return {f"question.{row['group_id']}": row["question"] for row in rows}


def trend(line: Mapping[Any, Any], spans: Periods) -> Compared | None:
    """Return the ratio of a need's rates in both periods, None where too little is known."""
    days, earlier = spans.days(spans.now), spans.days(spans.before)
    if earlier < COVERED * (spans.before[1] - spans.before[0]) / 86_400e6:
        return None
    return rate_ratio(int(line["now"]), days, int(line["before"]), earlier)


def _card(
    line: Mapping[Any, Any], said: _Said, spans: Periods, settings: NeedSettings, most: int
) -> NeedCard:
    need = str(line["need"])
    ratio = trend(line, spans)
    urgency = Urgency(
        deadline_share=float(line["deadline_share"]),
        repeat_share=float(line["repeat_share"]),
        growth=max(ratio.low, 1.0) if ratio else 1.0,
        waiting_days=float(line["waiting_days"]),
    )
    score = urgency_score(urgency, settings.urgency)
    standing = said.standings.get(need, Standing())
    effort = standing.effort or settings.effort
    evidence = _evidence(line, ratio, most=most, urgency=score, effort=effort)
    scored = said.priority.score(evidence)
    return NeedCard(
        need=need,
        quotes=said.quotes[need],
        words=said.words.get(need, ()),
        drivers=said.drivers.get(need, ()),
        title=titles(need, said.questions),
        trend=ratio,
        urgency=urgency.told(),
        urgency_score=score,
        importance_score=importance_score(evidence),
        priority_score=scored.priority,
        preset=said.priority.preset,
        factors=scored.told(),
        **_counted(line, spans),
        **_decided(need, str(line["kind"]), standing),
    )


def _evidence(
    line: Mapping[Any, Any], ratio: Compared | None, *, most: int, urgency: int, effort: float
) -> Evidence:
    names = ("positive", "neutral", "negative", "customers", "negative_customers")
    return Evidence(
        **{name: int(line[name]) for name in names},
        most_customers=most,
        growth=ratio.value if ratio else 1.0,
        confidence=min(float(line["confidence"]), 1.0),
        urgency=urgency,
        effort=effort,
    )


def _counted(line: Mapping[Any, Any], spans: Periods) -> dict[str, Any]:
    names = ("texts", "customers", "positive", "neutral", "negative", "now", "before")
    polarity = float(line["polarity"])
    return {
        **{name: int(line[name]) for name in names},
        "kind": str(line["kind"]),
        "polarity": None if polarity != polarity else polarity,  # noqa: PLR0124 (not a number)
        "first_at": datetime.fromtimestamp(int(line["first_at"]) / 1e6, UTC),
        "last_at": datetime.fromtimestamp(int(line["last_at"]) / 1e6, UTC),
        "new": spans.first < spans.now[0] <= int(line["first_at"]),
    }


def _decided(need: str, kind: str, standing: Standing) -> dict[str, Any]:
    usual = kinds()[kind].plan
    return {
        "status": standing.status,
        "owner": standing.owner or owner_of(need),
        "plan": standing.plan or usual["en"],
        "plan_zh": None if standing.plan else usual["zh"],
        "suggested": standing.plan is None,
        "due": standing.due,
        "shipped": standing.shipped,
    }


def known_needs(tables: Tables) -> set[str]:
    """Return the ids of all needs of a workspace, whenever they were written about."""
    rows = need_tables(tables).rows.select("need").distinct()
    return set(rows.to_pandas()["need"])
