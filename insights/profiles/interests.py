"""What a customer cares about, as a score that says what it is made of (requirement M28).

An interest is a category of goods or a topic of conversations. Its score is a sum of points: those
of purchases, carts, views and ratings of goods in the category, and of the time spent talking about
them. Everything fades with the same half-life, and every part is shown.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from ingest.schemas import TIME
from ingest.store import Store
from insights.profiles.settings import InterestSettings

Kind = Literal["category", "topic"]
ACTS = {"purchase": "purchases", "cart": "carts", "view": "views"}
_DAY = 86_400.0
_MIDDLE, _SPAN = 3.0, 2.0  # three stars say nothing, five are worth 1 and one is worth -1


@dataclass(frozen=True, slots=True)
class Part:
    """What one kind of act adds to a score.

    Attributes
    ----------
    name : str
        ``purchases``, ``carts``, ``views``, ``ratings`` or ``conversations``.
    count : int
        Acts, ratings or conversations.
    amount : float
        The same before it fades: acts, stars above three in halves, or counted minutes.
    points : float
        What it adds to the score.
    """

    name: str
    count: int
    amount: float
    points: float


@dataclass(frozen=True, slots=True)
class Interest:
    """One thing that a customer cares about.

    Attributes
    ----------
    name : str
        Path of the category, or name of the topic.
    kind : {"category", "topic"}
        What it is.
    score : float
        Sum of the points of its parts.
    last_at : datetime
        Newest act (UTC).
    parts : tuple of Part
        What the score is made of, the largest first.
    """

    name: str
    kind: Kind
    score: float
    last_at: datetime
    parts: tuple[Part, ...]

    def told(self) -> str:
        """Return the score in words."""
        return " + ".join(f"{part.points:.2f} {part.name} ({part.count})" for part in self.parts)


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation and what it was about.

    Attributes
    ----------
    at : datetime
        Last message (UTC).
    minutes : float
        Active time: pauses over the active gap are not in it.
    about : tuple of (str, str, float)
        Kind, name and share of the conversation; shares sum to 1 at most.
    """

    at: datetime
    minutes: float
    about: tuple[tuple[Kind, str, float], ...]


@dataclass(frozen=True, slots=True)
class _Act:
    kind: Kind
    name: str
    part: str
    at: datetime
    amount: float
    worth: float  # points of one


def interests(
    store: Store,
    ids: Sequence[str],
    events: pa.Table,
    talks: Sequence[Talk],
    *,
    settings: InterestSettings,
    at: datetime,
) -> tuple[Interest, ...]:
    """Return the interests of a customer with a positive score, the strongest first.

    Parameters
    ----------
    store : Store
        Ratings and items are read.
    ids : sequence of str
        Of the customer.
    events : pyarrow.Table
        Of the customer, available before ``at``.
    talks : sequence of Talk
        Conversations of the customer.
    settings : InterestSettings
        Points, half-life and how many.
    at : datetime
        As of when: only what was available strictly before counts.
    """
    done = pa.concat_tables([_to_goods(events), _ratings(store, ids, at)])
    acts = [*_acts(store, done, settings), *_talked(talks, settings, at)]
    found: dict[tuple[Kind, str], list[_Act]] = defaultdict(list)
    for act in acts:
        found[act.kind, act.name].append(act)
    several = [_interest(kind, name, of, settings, at) for (kind, name), of in found.items()]
    ranked = sorted(several, key=lambda one: (-one.score, one.kind, one.name))
    return tuple(one for one in ranked if one.score > 0)[: settings.top]


def _interest(
    kind: Kind, name: str, acts: Sequence[_Act], settings: InterestSettings, at: datetime
) -> Interest:
    parts = []
    for part in dict.fromkeys(act.part for act in acts):
        mine = [act for act in acts if act.part == part]
        faded = sum(_faded(act, settings, at) * act.worth for act in mine)
        parts.append(Part(part, len(mine), sum(act.amount for act in mine), faded))
    parts.sort(key=lambda part: (-part.points, part.name))
    score = sum(part.points for part in parts)
    return Interest(name, kind, score, max(act.at for act in acts), tuple(parts))


def _faded(act: _Act, settings: InterestSettings, at: datetime) -> float:
    age = max((at - act.at).total_seconds(), 0.0) / _DAY
    return act.amount * math.exp2(-age / settings.half_life_days)


def _acts(store: Store, rows: pa.Table, settings: InterestSettings) -> Iterator[_Act]:
    """Yield what the customer did to goods that have a category."""
    items = pc.unique(rows["item_id"].combine_chunks())
    known = store.read("items", ["item_id", "category"], pc.field("item_id").isin(items))
    paths = dict(zip(known["item_id"].to_pylist(), known["category"].to_pylist(), strict=True))
    for row in rows.to_pylist():
        path = paths.get(row["item_id"])
        if not path:
            continue
        part = ACTS.get(row["kind"])
        if part:
            worth = getattr(settings, row["kind"])
            yield _Act("category", path, part, row["occurred_at"], 1.0, worth)
        elif row["value"] is not None:
            liked = max(-1.0, min(1.0, (row["value"] - _MIDDLE) / _SPAN))
            yield _Act("category", path, "ratings", row["occurred_at"], liked, settings.rating)


def _to_goods(events: pa.Table) -> pa.Table:
    wanted = pc.field("item_id").is_valid() & pc.field("kind").isin([*ACTS, "rate"])
    return events.filter(wanted).select(["item_id", "kind", "value", "occurred_at"])


def _ratings(store: Store, ids: Sequence[str], at: datetime) -> pa.Table:
    columns = ["item_id", "kind", "rating", "occurred_at"]
    wanted = pc.field("customer_id").isin(list(ids)) & pc.field("item_id").is_valid()
    before = pc.field("available_at") < pa.scalar(at, TIME)
    wanted &= pc.field("rating").is_valid() & before
    rows = store.read("feedback", columns, wanted)
    return rows.rename_columns(["item_id", "kind", "value", "occurred_at"])


def _talked(talks: Sequence[Talk], settings: InterestSettings, at: datetime) -> Iterator[_Act]:
    worth = settings.conversation / settings.minutes_per_point
    for talk in talks:
        counted = min(talk.minutes, settings.longest_minutes)
        for kind, name, share in talk.about if talk.at < at else ():
            yield _Act(kind, name, "conversations", talk.at, counted * share, worth)
