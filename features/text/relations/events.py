"""Refunds, returns, complaints, purchases and appointments that a text speaks of.

An event is what the customer did or demands. It is ``denied`` where the text says that it is not
to be ("不退了", "I don't want a refund") and ``supposed`` where it stands under a condition, is
only considered or asked about ("如果不行我就退货", "can I return it?").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from features.text.entities.money import money
from features.text.entities.products import Catalog
from features.text.entities.times import times
from features.text.pii.names import names
from features.text.pii.recognize import MIN_CONFIDENCE
from features.text.relations.patterns import Cue, Patterns, patterns, patterns_of
from features.text.relations.relations import mentions
from features.text.relations.things import Thing, things
from features.text.spans import Span, folded, settle

VERSION = "1"
KINDS = ("refund", "return", "complaint", "purchase", "appointment")
_SURE, _SUPPOSED = 0.85, 0.7
_PLACE = pa.struct([("start", pa.int32()), ("end", pa.int32())])
EVENTS = pa.list_(
    pa.struct(
        [
            ("event", pa.string()),
            ("start", pa.int32()),
            ("end", pa.int32()),
            ("denied", pa.bool_()),
            ("supposed", pa.bool_()),
            ("product", _PLACE),
            ("item_id", pa.string()),
            ("amount", pa.string()),
            ("time", pa.string()),
            ("people", pa.list_(_PLACE)),
            ("confidence", pa.float32()),
        ]
    )
)


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its kind, where it is named, and what the same sentence says of it.

    ``amount`` is such as ``CNY 199``, ``time`` the meaning that
    :func:`features.text.entities.moments.resolve` reads; both are empty where nothing is said.
    ``people`` are those named beside the writer.
    """

    event: str
    cue: Cue
    denied: bool
    supposed: bool
    product: Thing | None
    amount: str
    time: str
    people: tuple[Span, ...]


def find_events(text: str, catalog: Catalog | None = None) -> tuple[Event, ...]:
    """Return the events of a text in order, each kind once with each polarity.

    Examples
    --------
    >>> [(e.event, e.denied, e.supposed) for e in find_events("不退了")]
    [('return', True, False)]
    >>> [(e.event, e.supposed) for e in find_events("If it fails again I will return it")]
    [('return', True)]
    """
    plain = folded(text)
    known = patterns_of(plain)
    cues = _longest(known.cues(plain, known.events))
    if not cues:
        return ()
    every = sorted([*cues, *known.cues(plain, known.relations)], key=lambda cue: cue.start)
    named = things(plain, known, every, mentions(plain, catalog))
    details = _Details(
        tuple(named),
        settle(plain, money(plain)),
        settle(plain, times(plain)),
        settle(plain, (name for name in names(plain) if name.confidence >= MIN_CONFIDENCE)),
    )
    found: dict[tuple[str, bool, bool], Event] = {}
    for cue in cues:
        event = _event(plain, known, cue, details)
        found.setdefault((event.event, event.denied, event.supposed), event)
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class _Details:
    """What a text names that may belong to an event."""

    named: tuple[Thing, ...]
    amounts: tuple[Span, ...]
    moments: tuple[Span, ...]
    people: tuple[Span, ...]


def _event(text: str, known: Patterns, cue: Cue, details: _Details) -> Event:
    denied = known.denied(text, cue)
    return Event(
        cue.kind,
        cue,
        denied,
        not denied and known.supposed(text, cue),
        _product(cue, known.clause(text, cue.start), details),
        _value(cue, details.amounts),
        _value(cue, details.moments),
        details.people,
    )


def _product(cue: Cue, clause: tuple[int, int], details: _Details) -> Thing | None:
    """Return the product nearest by, or else a thing of the clause, or the last one before it."""
    others = (*details.amounts, *details.moments, *details.people)
    free = [
        thing for thing in details.named
        if thing.item or all(thing.end <= one.start or one.end <= thing.start for one in others)
    ]  # fmt: skip
    listed = [thing for thing in free if thing.item]
    mine = [thing for thing in free if clause[0] <= thing.start < clause[1]]
    earlier = [thing for thing in free if thing.end <= clause[0]]
    return min(
        listed or mine or earlier[-1:],
        key=lambda thing: _apart(cue, thing.start, thing.end),
        default=None,
    )


def _value(cue: Cue, spans: Iterable[Span]) -> str:
    span = min(spans, key=lambda one: _apart(cue, one.start, one.end), default=None)
    return span.value if span is not None else ""


def _apart(cue: Cue, start: int, end: int) -> int:
    return max(start - cue.end, cue.start - end, 0)


def _longest(cues: Sequence[Cue]) -> list[Cue]:
    """Return the cues without those inside a longer one: "退货款" is no second event."""
    kept: list[Cue] = []
    for cue in sorted(cues, key=lambda one: (one.start - one.end, one.start)):
        if all(cue.end <= other.start or other.end <= cue.start for other in kept):
            kept.append(cue)
    return sorted(kept, key=lambda one: one.start)


class EventAnalyzer:
    """What happened or is to happen, by each text: refunds, returns, complaints and others.

    Parameters
    ----------
    catalog : Catalog, optional
        The business's own products; another catalog is another version.

    Examples
    --------
    >>> EventAnalyzer().analyze(["请退我88块"])["events"][0][0]["amount"].as_py()
    'CNY 88'
    """

    name = "events"
    schema = pa.schema([("events", EVENTS)])

    def __init__(self, *, catalog: Catalog | None = None) -> None:
        self._catalog = catalog
        data = "+".join(patterns(language).version for language in ("zh", "en"))
        self.version = f"{VERSION}:{data}:{catalog.version if catalog else 'no catalog'}"

    def analyze(self, texts: Sequence[str]) -> pa.Table:
        """Return the column ``events``: places, amounts and times as they were meant."""
        rows = [[_row(one) for one in find_events(text, self._catalog)] for text in texts]
        return pa.table({"events": pa.array(rows, EVENTS)}, schema=self.schema)


def _row(one: Event) -> dict[str, object]:
    product = one.product
    return {
        "event": one.event, "start": one.cue.start, "end": one.cue.end,
        "denied": one.denied, "supposed": one.supposed,
        "product": {"start": product.start, "end": product.end} if product else None,
        "item_id": product.item if product else "", "amount": one.amount, "time": one.time,
        "people": [{"start": who.start, "end": who.end} for who in one.people],
        "confidence": _SUPPOSED if one.supposed else _SURE,
    }  # fmt: skip
