"""A need as people read it. There is none without the words of a customer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt

from insights.needs.drivers import Driver
from insights.needs.quotes import Quote
from insights.needs.rates import Compared
from insights.needs.register import Status

Row = dict[str, object]


class NeedCard(BaseModel):
    """One need.

    Parameters
    ----------
    need, kind : str
        Stable id, and what kind of need it is.
    title : dict
        What people call it, by language.
    words : tuple of str
        Its most telling words.
    quotes : tuple of Quote
        What customers wrote; at least one.
    texts : int
        Texts of the range that carry it; drilling into it opens as many.
    customers : int
        Distinct known customers who wrote them.
    positive, neutral, negative : int
        Texts by sentiment.
    polarity : float or None
        Mean, -1 to 1; None where sentiment was not analyzed.
    trend : Compared or None
        Texts a day in this period / in the one before; None where the data do not reach back.
    now, before : int
        Texts of both periods.
    first_at, last_at : datetime
        When it was first and last written about, up to the end of the range.
    new : bool
        Whether it was first seen in this period, although there are earlier texts.
    drivers : tuple of Driver
        Where it comes from.
    importance_score, urgency_score : int
        5, 3 or 1 by sentiment; 1 to 5 by evidence.
    priority_score : float
        By the preset.
    preset, factors, urgency : str
        Which preset, its factors in words, and the evidence of urgency in words.
    status, owner, plan, plan_zh, due, shipped
        What was decided, else what is usual (a plan in Chinese only then).
    suggested : bool
        Whether the plan is a template and nobody's decision.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    need: str
    kind: str
    title: Mapping[Literal["zh", "en"], str]
    words: tuple[str, ...] = ()
    quotes: Annotated[tuple[Quote, ...], Field(min_length=1)]
    texts: PositiveInt
    customers: NonNegativeInt
    positive: NonNegativeInt
    neutral: NonNegativeInt
    negative: NonNegativeInt
    polarity: float | None = None
    trend: Compared | None = None
    now: NonNegativeInt = 0
    before: NonNegativeInt = 0
    first_at: datetime
    last_at: datetime
    new: bool = False
    drivers: tuple[Driver, ...] = ()
    importance_score: Literal[1, 3, 5]
    urgency_score: Annotated[int, Field(ge=1, le=5)]
    priority_score: Annotated[float, Field(ge=0)]
    preset: str
    factors: str
    urgency: str
    status: Status = "open"
    owner: str
    plan: str
    plan_zh: str | None = None
    suggested: bool = True
    due: date | None = None
    shipped: datetime | None = None

    def row(self) -> Row:
        """Return the card as one row of a table, without its id and number of texts."""
        trend = self.trend
        judged = self.positive + self.neutral + self.negative
        return {
            "kind": self.kind,
            "title": self.title["en"],
            "title_zh": self.title["zh"],
            "customers": self.customers,
            "polarity": self.polarity,
            "negative_share": self.negative / judged * 100 if judged else None,
            "this_period": self.now,
            "period_before": self.before,
            "trend": trend.value if trend else None,
            "trend_low": trend.low if trend else None,
            "trend_high": trend.high if trend else None,
            "new": self.new,
            "first_at": self.first_at,
            "last_at": self.last_at,
            "drivers": "; ".join(one.told() for one in self.drivers),
            "words": ", ".join(self.words),
            "quote": self.quotes[0].text,
            "quotes": " | ".join(f"{one.text} [{one.text_id}]" for one in self.quotes),
            **self._decided(),
        }

    def _decided(self) -> Row:
        return {
            "importance_score": self.importance_score,
            "urgency_score": self.urgency_score,
            "priority_score": self.priority_score,
            "preset": self.preset,
            "factors": self.factors,
            "urgency": self.urgency,
            "status": self.status,
            "owner": self.owner,
            "due": self.due.isoformat() if self.due else None,
            "shipped_at": self.shipped,
            "plan": f"(suggested) {self.plan}" if self.suggested else self.plan,
            "plan_zh": f"(建议){self.plan_zh}" if self.suggested else None,
        }
