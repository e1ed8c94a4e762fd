"""Forms of events that applications send, and of the receipt they get."""

from __future__ import annotations

from typing import Any

from pydantic import AwareDatetime, Field, FiniteFloat

from serving.api.schemas import CustomerId, Form, ItemId, example


class EventIn(Form):
    """Something a customer did. Times carry a zone; ``available_at`` defaults to now."""

    model_config = example(
        {
            "event_id": "order-9917-1",
            "customer_id": "718",
            "kind": "purchase",
            "item_id": "995242",
            "quantity": 2,
            "price": 1.29,
            "occurred_at": "2026-03-01T09:30:00Z",
        }
    )

    event_id: str = Field(min_length=1, max_length=200)
    customer_id: CustomerId
    kind: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)
    item_id: ItemId | None = None
    agent_id: str | None = None
    group_id: str | None = None
    value: FiniteFloat | None = None
    quantity: FiniteFloat | None = Field(default=None, ge=0)
    price: FiniteFloat | None = Field(default=None, ge=0)
    occurred_at: AwareDatetime
    available_at: AwareDatetime | None = None
    source: str = Field(default="api", min_length=1, max_length=60)
    attributes: dict[str, Any] | None = None


class Rejection(Form):
    """Why one event was not stored."""

    index: int = Field(description="Position of the event in the request, from 0.")
    event_id: str | None
    where: str
    expected: str
    received: str


class EventsReceipt(Form):
    """What became of the events of one request: received = accepted + duplicate + rejected."""

    model_config = example(
        {"received": 1, "accepted": 1, "duplicate": 0, "rejected": 0, "rejections": []}
    )

    received: int
    accepted: int
    duplicate: int = Field(description="Events whose event_id was stored before.")
    rejected: int
    rejections: list[Rejection]
