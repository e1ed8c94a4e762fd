"""Forms of compliance cases and of what people find of them."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field, JsonValue

from insights.compliance.register import Found
from serving.api.insight_schemas import Selection
from serving.api.schemas import Form, example

_CASE: dict[str, JsonValue] = {
    "case": "9f2c1d4e8a7b6c50",
    "rule": "private_payment",
    "severity": "critical",
    "verdict": "confirmed",
    "agent": "eve",
    "at": "2026-03-02T09:30:00Z",
    "matched": "pay me directly",
    "text": "Just pay me directly, my number is 138****8000",
    "message_id": "web-5512-7",
    "conversation_id": "web-5512",
    "customer_id": "718",
    "channel": "web",
    "category": "after_sales",
    "simulated": False,
    "judged": {"by": "ann", "at": "2026-03-03T08:00:00Z", "note": "warned"},
}


class CasesQuestion(Selection):
    """Which cases to list: those of messages in the range."""

    verdict: Found | Literal["all"] = Field(default="open", description="What people found.")
    rule: str | None = Field(default=None, max_length=200)
    limit: int = Field(default=50, ge=1, le=500)
    offset: int = Field(default=0, ge=0)


class Judged(Form):
    """Who found so, and why."""

    by: str
    at: AwareDatetime
    note: str


class Case(Form):
    """One message of staff that breaks one rule."""

    model_config = example(_CASE)

    case: str
    rule: str
    severity: Literal["info", "warning", "critical"]
    verdict: Found
    agent: str
    at: AwareDatetime
    matched: str = Field(description="The words that broke the rule.")
    text: str = Field(description="Personal data masked.")
    message_id: str
    conversation_id: str
    customer_id: str | None
    channel: str
    category: str
    simulated: bool
    judged: Judged | None


class Cases(Form):
    """A page of cases, the gravest first, of equal ones the newest."""

    model_config = example({"total": 1, "cases": [_CASE]})

    total: int
    cases: list[Case]


class VerdictIn(Form):
    """What somebody finds of a case; the last word counts."""

    model_config = example({"by": "ann", "verdict": "false_alarm", "note": "quoted a customer"})

    by: str = Field(min_length=1, max_length=200)
    verdict: Found
    note: str = Field(default="", max_length=2000)
