"""A profile card and its history as lines for a terminal, personal data masked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from insights.profiles.card import Card
from insights.profiles.edits import Edited
from insights.profiles.happenings import Happening
from insights.profiles.shown import Row, shown_card, shown_edit, shown_statement
from insights.profiles.statements import Statement

_INDENT = "  "


def card_lines(card: Card) -> Iterator[str]:
    """Yield the lines of a card."""
    told = shown_card(card)
    simulated = " · SIMULATED DATA" if card.simulated else ""
    yield f"{told['name'] or 'name unknown'} ({card.customer_id}){simulated}"
    if len(card.ids) > 1:
        yield f"{_INDENT}also {', '.join(card.ids[1:])}"
    if told["avatar"]:
        yield f"{_INDENT}picture {told['avatar']}"
    yield f"{_INDENT}source {told['source'] or 'unknown'}"
    if told["record"]:
        about = ", ".join(f"{name} {value}" for name, value in told["record"].items())
        yield f"{_INDENT}record: {about}"
    for one in card.added:
        way = f", way {one.way}" if one.way else ""
        yield f"{_INDENT}added by {one.by or 'unknown'} at {_at(one.at)} ({one.source}{way})"
    yield (
        f"{_INDENT}{card.conversations} conversations, {card.messages} messages, "
        f"{card.minutes:.1f} active minutes; first contact {_at(card.first_contact_at)}, "
        f"last {_at(card.last_contact_at)}"
    )
    for entry in told["fields"]:
        yield from _entry(entry)
    for number, interest in enumerate(told["interests"], start=1):
        yield f"{_INDENT}interest {number}: {interest['name']} {interest['score']:.2f}"
        yield f"{_INDENT * 2}= {interest['told']}"
    for line in feed_lines(card.happenings[:5]):
        yield f"{_INDENT}{line}"


def feed_lines(told: Sequence[Happening]) -> Iterator[str]:
    """Yield one line for each thing a customer did toward staff, the newest first."""
    for one in told:
        amount = "" if one.value is None else f" {one.value:g}"
        toward = " ".join(filter(None, (one.agent_id, one.group_id)))
        yield f"{_at(one.at)} {one.kind}{amount} {toward}" + (" [leaving]" if one.leaving else "")


def edit_lines(edited: Edited) -> Iterator[str]:
    """Yield the lines that say what an edit did."""
    told = shown_edit(edited)
    yield f"stored {edited.fact.fact_id}" + (" before" if edited.duplicate else "")
    for one in told["replaced"]:
        yield f"{_INDENT}replaced {_statement(one)}"
    if told["field"] is None:
        yield f"{_INDENT}{edited.fact.field}: nothing stands now"
    else:
        yield from _entry(told["field"])


def history_lines(told: Sequence[Statement]) -> Iterator[str]:
    """Yield one line a statement, the newest first."""
    for one in told:
        row = shown_statement(one)
        what = f"undo of {one.retracts}" if one.retracts else _statement(row)
        who = "" if one.retracts is None else f" ({one.author or one.source})"
        gone = "" if one.stands else f" [taken back by {one.taken_back_by}]"
        yield f"{_at(one.at)} {one.field}: {what}{who}{gone}  {one.fact_id}"


def _entry(entry: Row) -> Iterator[str]:
    for one in entry["values"]:
        yield f"{_INDENT}{entry['field']}: {_statement(one)}  {one['fact_id']}"
    for one in entry["suggestions"]:
        yield f"{_INDENT * 2}? {_statement(one)}  {one['fact_id']}"


def _statement(one: dict[str, Any]) -> str:
    sure = "" if one["confidence"] is None else f" {one['confidence']:.2f}"
    quote = "" if one["quote"] is None else f" “{one['quote']}”"
    who = one["author"] or one["source"]
    return f"{one['value']} ({one['authority']}{sure}, {who}, {_at(one['at'])}){quote}"


def _at(at: datetime | None) -> str:
    return "never" if at is None else f"{at:%Y-%m-%d %H:%M}"
