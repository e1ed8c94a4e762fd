"""Whether customers are answered as they were promised."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

import ibis
from ibis import _
from ibis.expr.types import Table, Value

from insights.business_hours import business_minutes
from insights.conversations.rows import NOBODY
from insights.filters import Filters, microseconds
from insights.finding import CALENDAR, CONVERSATION, Beside, Finding
from insights.findings.members import about, share
from insights.functions import minutes
from insights.settings import InsightSettings
from insights.tables import Tables

_COLUMNS = ("conversation_id", "agent", "turn", "start_at", "end_at", "promise", "target")


def _promises(tables: Tables, kinds: dict[str, Table]) -> Table:
    """Return what was promised: kind, start, end and target in minutes, of those configured."""
    sla = tables.settings.sla
    targets = {
        "first response": sla.first_response_minutes,
        "next response": sla.next_response_minutes,
        "resolution": sla.resolution_minutes,
    }
    made = [
        kinds[kind].mutate(promise=ibis.literal(kind), target=ibis.literal(float(target)))
        for kind, target in targets.items()
        if target is not None
    ]
    if not made:
        raise ValueError(
            "sla: nothing is promised; set sla.first_response_minutes, "
            "sla.next_response_minutes or sla.resolution_minutes"
        )
    return reduce(lambda one, other: one.union(other), (part.select(*_COLUMNS) for part in made))


def _judged(promises: Table, tables: Tables, filters: Filters) -> Table:
    """Return promises with how late they were kept; null while one can still be kept."""
    now = microseconds(filters.now())
    rows = about(promises.filter(_.start_at < now), tables).mutate(
        end_at=(_.end_at < now).ifelse(_.end_at, ibis.null("int64"))
    )
    elapsed = _elapsed(rows, now, tables.settings)
    late = rows.mutate(late=elapsed - rows.target)
    open_yet = late.end_at.isnull() & (late.late <= 0)
    kept = open_yet.ifelse(ibis.null("float64"), share(late.late <= 0))
    return late.mutate(
        kept=kept, breach=(_.late > 0).cast("int64"), late=ibis.greatest(_.late, 0.0)
    )


def _elapsed(rows: Table, now: int, settings: InsightSettings) -> Value:
    end = rows.end_at.fill_null(now)
    if settings.sla.clock == "calendar":
        return minutes(end - rows.start_at)
    if not settings.hours.enabled:
        raise ValueError("sla.clock=business needs opening hours: choose hours=china_office")
    return business_minutes(settings.hours, rows.channel, rows.start_at, end)


def _whole(rows: Table) -> dict[str, Table]:
    """Return the promise about a whole conversation."""
    known = rows.mutate(turn=ibis.literal(-1, "int64"), start_at=_.opened_at)
    return {"resolution": known.mutate(end_at=_.resolved_at)}


def _chatwoot(tables: Tables, filters: Filters) -> Table:
    chats = tables.chats
    rows = chats.rows
    first = rows.mutate(
        turn=ibis.literal(0, "int64"),
        start_at=_.opened_at,
        end_at=ibis.least(_.human_at, _.resolved_at),
    )
    replied = chats.clocks.inner_join(rows.select("conversation_id", "human_at"), "conversation_id")
    later = replied.filter(_.asked_at > _.human_at)
    kinds = {"first response": first, "next response": _ended(later), **_whole(rows)}
    judged = _judged(_promises(tables, kinds), tables, filters)
    single = judged.group_by("conversation_id").agg(
        missed=_.breach.max(),
        pending=_.kept.isnull().any(),
        breach=_.breach.sum(),
        late=_.late.max(),
    )
    hit = single.mutate(
        value=ibis.cases((_.missed > 0, 0.0), (_.pending, ibis.null("float64")), else_=100.0)
    )
    known = about(hit, tables, "opened_at", "agent")
    return known.mutate(record_id=_.conversation_id, at=_.opened_at)


def _corrected(tables: Tables, filters: Filters) -> Table:
    turns = _ended(tables.chats.turns)
    kinds = {
        "first response": turns.filter(_.series == "first"),
        "next response": turns.filter(_.series == "later"),
        **_whole(tables.chats.rows),
    }
    judged = _judged(_promises(tables, kinds), tables, filters)
    record = _.conversation_id + "#" + _.promise + "#" + _.turn.cast("string")
    return judged.mutate(record_id=record, at=_.start_at, value=_.kept)


def _ended(turns: Table) -> Table:
    return turns.mutate(start_at=_.asked_at, end_at=_.ended_at, agent=_.agent.fill_null(NOBODY))


_BESIDE = {"breaches": Beside("breach", "sum"), "worst_minutes_late": Beside("late", "max")}
CHATWOOT = Finding(
    name="sla",
    family="chatwoot",
    title="Conversations that kept every promise",
    title_zh="SLA 达标率(按会话)",
    formula=(
        "conversations without a miss / conversations x 100; a reply at the due minute is a hit; "
        "next-response promises only after the first reply, once per waiting message; "
        "counted when opened"
    ),
    unit="% of conversations",
    action="Open the missed ones of the worst hour; move people there or promise less.",
    differs=(
        "chatwoot calls a conversation missed after one miss; corrected counts promises, with the "
        "number of breaches and the worst one."
    ),
    members=_chatwoot,
    dimensions=(*CALENDAR, *CONVERSATION, "category"),
    beside=_BESIDE,
)
CORRECTED = replace(
    CHATWOOT,
    family="corrected",
    title="Promises that were kept",
    title_zh="SLA 达标率(按承诺)",
    formula=(
        "promises kept / promises due x 100, by kind of promise; kept at the due minute is kept; "
        "open ones count once they are late; counted when the customer began to wait"
    ),
    unit="% of promises",
    members=_corrected,
    series=("promise",),
)
FINDINGS = (CORRECTED, CHATWOOT)
