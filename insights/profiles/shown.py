"""Profile cards as people and programs are shown them: personal data masked.

Telephone numbers, addresses and the like are starred out by the kind of their field, whatever else
looks like one by its shape, and all kinds in the words of customers. The customer's name stays: it
tells the reader whose card it is. Ids stay: rows are found again by them.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from features.text.pii.mask import FORMS, mask
from features.text.pii.shown import shown
from insights.profiles.card import Card
from insights.profiles.edits import Edited
from insights.profiles.happenings import Happening
from insights.profiles.interests import Interest
from insights.profiles.statements import Entry, Statement

Row = dict[str, Any]
_HIDDEN = FORMS.keys() - {"name"}


def shown_value(field: str, value: str) -> str:
    """Return the value of a field as it is shown.

    Examples
    --------
    >>> shown_value("phone", "13800138000"), shown_value("company", "Lakeside Tea")
    ('138****8000', 'Lakeside Tea')
    """
    return FORMS[field](value) if field in _HIDDEN else shown(value)


def shown_card(card: Card) -> Row:
    """Return a card as plain values; moments as they are."""
    told = asdict(card)
    told |= {
        "name": None if card.name is None else shown(card.name),
        "record": {name: shown_value(name, value) for name, value in card.record.items()},
        "minutes": round(card.minutes, 2),
        "fields": [shown_entry(one) for one in card.fields],
        "interests": [_interest(one) for one in card.interests],
        "happenings": [shown_happening(one) for one in card.happenings],
    }
    return told


def shown_happening(one: Happening) -> Row:
    """Return something a customer did as plain values."""
    return asdict(one) | {"leaving": one.leaving}


def shown_edit(edited: Edited) -> Row:
    """Return what an edit did as plain values."""
    return {
        "fact": shown_statement(edited.fact),
        "replaced": [shown_statement(one) for one in edited.replaced],
        "field": None if edited.entry is None else shown_entry(edited.entry),
        "duplicate": edited.duplicate,
    }


def shown_entry(entry: Entry) -> Row:
    """Return one field of a card as plain values."""
    return {
        "field": entry.field,
        "values": [shown_statement(one) for one in entry.values],
        "suggestions": [shown_statement(one) for one in entry.suggestions],
    }


def shown_statement(told: Statement) -> Row:
    """Return a statement as plain values."""
    hidden: Row = {
        "value": None if told.retracts else shown_value(told.field, told.value),
        "quote": None if told.quote is None else mask(told.quote),
        "evidence": dict(told.evidence),
    }
    return asdict(told) | hidden


def _interest(one: Interest) -> Row:
    parts = [asdict(part) | {"points": round(part.points, 4)} for part in one.parts]
    return asdict(one) | {"score": round(one.score, 4), "parts": parts, "told": one.told()}
