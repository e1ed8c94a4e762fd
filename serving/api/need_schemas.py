"""Forms of needs, and of what people decide about them."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import AwareDatetime, Field, JsonValue, PositiveFloat

from insights.filters import Filters
from insights.needs.card import NeedCard
from insights.needs.register import Decision, Status
from serving.api.schemas import Form, example

_CARD: dict[str, JsonValue] = {
    "need": "code.customer_needs.pricing",
    "kind": "code",
    "title": {"en": "Pricing", "zh": "价格"},
    "words": ["dear", "price"],
    "quotes": [
        {
            "text_id": "web-5512-3",
            "source": "messages",
            "at": "2026-03-02T09:30:00Z",
            "text": "far too dear for me, call 138****8000",
        }
    ],
    "texts": 6,
    "customers": 4,
    "positive": 1,
    "neutral": 1,
    "negative": 4,
    "first_at": "2026-03-01T09:00:00Z",
    "last_at": "2026-03-21T09:00:00Z",
    "importance_score": 1,
    "urgency_score": 2,
    "priority_score": 24.0,
    "preset": "negative_volume_trend",
    "factors": "negative 4, growth 1.5, customers 4",
    "urgency": "1 of 4 customers wrote on several days",
    "status": "open",
    "owner": "pricing_team",
    "plan": "Say what the price contains before it is asked about.",
}
_DECISION: dict[str, JsonValue] = {
    "need": "code.customer_needs.pricing",
    "at": "2026-03-22T08:00:00Z",
    "author": "wei",
    "status": "planned",
    "owner": "pricing_team",
}
Preset = Literal["negative_volume_trend", "seed_formula", "rice", "opportunity", "kano"]


class NeedsQuestion(Filters):
    """Which texts needs are read from, and how they are ranked."""

    preset: Preset | None = Field(
        default=None, description="How they are ranked; as the server is configured by default."
    )
    limit: int = Field(default=50, ge=1, le=500)
    offset: int = Field(default=0, ge=0)

    @property
    def filters(self) -> Filters:
        """What the verb calls filters."""
        return Filters.model_validate(self.model_dump(include=set(Filters.model_fields)))


class Needs(Form):
    """Need cards, the first in priority first."""

    model_config = example({"total": 1, "needs": [_CARD]})

    total: int
    needs: list[NeedCard]


class DecisionIn(Form):
    """What is decided about a need; what is not named stays as it was."""

    model_config = example(
        {
            "author": "wei",
            "status": "planned",
            "owner": "logistics",
            "plan": "Answer by night.",
        }
    )

    author: str = Field(min_length=1, max_length=200, description="Who decides.")
    status: Status | None = None
    owner: str | None = Field(default=None, min_length=1, max_length=200)
    plan: str | None = Field(default=None, min_length=1, max_length=2000)
    due: date | None = None
    shipped: AwareDatetime | None = Field(
        default=None, description="Since when customers have it: its effect is measured from then."
    )
    effort: PositiveFloat | None = Field(default=None, description="Person-months.")


class Decisions(Form):
    """Everything that was decided about a need, oldest first."""

    model_config = example({"decisions": [_DECISION]})

    decisions: list[Decision]
