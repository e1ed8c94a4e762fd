"""Forms of profile cards, of what people enter into them, and of what an edit did."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, Field, JsonValue

from serving.api.schemas import Form, example

_STATEMENT: dict[str, JsonValue] = {
    "fact_id": "extracted-5d1ea0",
    "customer_id": "wmAnn",
    "field": "city",
    "value": "上海",
    "authority": "extracted",
    "source": "wecom",
    "author": "features.text.facts",
    "at": "2026-03-02T09:30:00Z",
    "confidence": 0.85,
    "evidence": {"message_id": "m1", "quote_start": 0, "quote_end": 7},
    "quote": "我在上海做财务",
    "retracts": None,
    "stands": True,
    "taken_back_by": None,
}
_ENTERED: dict[str, JsonValue] = {
    **_STATEMENT,
    "fact_id": "manual-77c0",
    "value": "苏州",
    "authority": "manual",
    "source": "manual",
    "author": "kim",
    "at": "2026-03-03T08:00:00Z",
    "confidence": None,
    "evidence": {},
    "quote": None,
}
_ENTRY: dict[str, JsonValue] = {
    "field": "city",
    "values": [_ENTERED],
    "suggestions": [_STATEMENT],
}
_ADDED: dict[str, JsonValue] = {
    "event_id": "wecom:wmAnn:li.lei:1772000000:contact_added",
    "customer_id": "wmAnn",
    "by": "li.lei",
    "at": "2026-02-25T06:13:20Z",
    "source": "wecom",
    "way": "1",
    "state": "shopdoor",
}
_INTEREST: dict[str, JsonValue] = {
    "name": "Music > Guitars",
    "kind": "category",
    "score": 4.5,
    "last_at": "2026-03-02T09:40:00Z",
    "parts": [
        {"name": "purchases", "count": 1, "amount": 1.0, "points": 3.0},
        {"name": "conversations", "count": 1, "amount": 15.0, "points": 1.5},
    ],
    "told": "3.00 purchases (1) + 1.50 conversations (1)",
}
_HAPPENING: dict[str, JsonValue] = {
    "event_id": "e9",
    "kind": "joined_group",
    "source": "wecom",
    "at": "2026-03-01T08:00:00Z",
    "agent_id": None,
    "group_id": "tea-lovers",
    "value": None,
    "leaving": False,
}
_CARD: dict[str, JsonValue] = {
    "customer_id": "wmAnn",
    "ids": ["wmAnn"],
    "at": "2026-03-04T08:00:00Z",
    "name": "安安",
    "avatar": "https://img.example/a",
    "source": "wecom",
    "record": {"gender": "2"},
    "added": [_ADDED],
    "fields": [_ENTRY],
    "first_contact_at": "2026-02-25T06:13:20Z",
    "last_contact_at": "2026-03-02T09:40:00Z",
    "conversations": 1,
    "messages": 9,
    "minutes": 15.0,
    "interests": [_INTEREST],
    "happenings": [_HAPPENING],
    "simulated": False,
}


class StatementOut(Form):
    """One statement about a customer: who said what, when, and where it comes from."""

    fact_id: str
    customer_id: str
    field: str
    value: str | None = Field(description="Personal data masked; null if it takes another back.")
    authority: Literal["manual", "crm", "extracted", "inferred"]
    source: str
    author: str | None
    at: AwareDatetime
    confidence: float | None
    evidence: dict[str, Any]
    quote: str | None = Field(description="The words it rests on, masked.")
    retracts: str | None
    stands: bool
    taken_back_by: str | None = Field(description="Undo that row to restore this one.")


class EntryOut(Form):
    """One field: what stands, and other values that wait below it."""

    field: str
    values: list[StatementOut]
    suggestions: list[StatementOut]


class AddedOut(Form):
    """Somebody and the customer became contacts."""

    event_id: str
    customer_id: str
    by: str | None
    at: AwareDatetime
    source: str
    way: str | None
    state: str | None


class PartOut(Form):
    """What one kind of act adds to the score of an interest."""

    name: Literal["purchases", "carts", "views", "ratings", "conversations"]
    count: int
    amount: float = Field(description="Before it fades: acts, stars, or counted minutes.")
    points: float


class InterestOut(Form):
    """Something the customer cares about; the score is the sum of the points of its parts."""

    name: str
    kind: Literal["category", "topic"]
    score: float
    last_at: AwareDatetime
    parts: list[PartOut]
    told: str


class HappeningOut(Form):
    """Something the customer did toward the business other than to its goods."""

    event_id: str
    kind: str
    source: str
    at: AwareDatetime
    agent_id: str | None
    group_id: str | None
    value: float | None
    leaving: bool = Field(description="The customer breaks something off by it.")


class Happenings(Form):
    """Everything a customer did toward staff, the newest first."""

    model_config = example({"customer_id": "wmAnn", "total": 1, "happenings": [_HAPPENING]})

    customer_id: str
    total: int
    happenings: list[HappeningOut]


class CustomerCard(Form):
    """Who a customer is, who said so, and what they care about."""

    model_config = example(_CARD)

    customer_id: str = Field(description="Under which the customer is counted.")
    ids: list[str]
    at: AwareDatetime
    name: str | None
    avatar: str | None
    source: str | None
    record: dict[str, str] = Field(description="What else the customer's record says.")
    added: list[AddedOut]
    fields: list[EntryOut]
    first_contact_at: AwareDatetime | None
    last_contact_at: AwareDatetime | None
    conversations: int
    messages: int
    minutes: float = Field(description="Active minutes of all conversations.")
    interests: list[InterestOut]
    happenings: list[HappeningOut]
    simulated: bool


class CustomerHistory(Form):
    """Every statement there ever was about a customer, the newest first."""

    model_config = example({"customer_id": "wmAnn", "total": 1, "statements": [_ENTERED]})

    customer_id: str
    total: int
    statements: list[StatementOut]


class AuthorIn(Form):
    """Who confirms or undoes."""

    model_config = example({"author": "kim"})

    author: str = Field(min_length=1, max_length=200, pattern=r"\S")


class EditReceipt(Form):
    """What an edit did."""

    model_config = example(
        {"fact": _ENTERED, "replaced": [_STATEMENT], "field": _ENTRY, "duplicate": False}
    )

    fact: StatementOut = Field(description="The row that was stored.")
    replaced: list[StatementOut] = Field(
        description="What stood before and does not any more; still in the history."
    )
    field: EntryOut | None = Field(description="The field as it is now.")
    duplicate: bool = Field(description="fact_id was stored before; nothing changed.")
