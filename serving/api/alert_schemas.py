"""Forms of alerts, and of what people say about them."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field, JsonValue

from serving.api.schemas import Form, example

_ALERT: dict[str, JsonValue] = {
    "id": "1f0c9a52d3b84e67",
    "rule": "conversation_surge",
    "group": "",
    "owner": "customer_service",
    "severity": "critical",
    "status": "open",
    "started_at": "2026-03-05T14:00:00Z",
    "opened_at": "2026-03-05T15:00:00Z",
    "last_at": "2026-03-05T15:00:00Z",
    "closed_at": None,
    "buckets": 1,
    "value": 135.0,
    "peak": 135.0,
    "expected": 20.5,
    "p_value": 2.2e-18,
    "records": ["c13774", "c13775"],
    "excerpt": "",
    "simulated": False,
    "acknowledged": None,
    "muted_until": None,
}


class Acknowledged(Form):
    """Who took note of an alert."""

    by: str
    at: AwareDatetime
    note: str
    false_alarm: bool


class Alert(Form):
    """A stretch of time in which a rule was broken."""

    model_config = example(_ALERT)

    id: str
    rule: str
    group: str = Field(description="Channel, agent, category, customer; empty for everything.")
    owner: str
    severity: Literal["info", "warning", "critical"]
    status: Literal["open", "acknowledged", "closed"]
    started_at: AwareDatetime = Field(description="Beginning of the first bucket that broke it.")
    opened_at: AwareDatetime = Field(description="End of that bucket: when the alert was raised.")
    last_at: AwareDatetime
    closed_at: AwareDatetime | None
    buckets: int
    value: float | None
    peak: float | None
    expected: float | None = Field(description="A limit, an earlier value, or the expected count.")
    p_value: float | None
    records: list[str] = Field(description="Some of the records behind it.")
    excerpt: str = Field(description="What one of them says, personal data masked.")
    simulated: bool
    acknowledged: Acknowledged | None
    muted_until: AwareDatetime | None


class Alerts(Form):
    """Alerts that were asked for, newest first."""

    model_config = example({"total": 1, "alerts": [_ALERT]})

    total: int = Field(description="How many there are, on all pages.")
    alerts: list[Alert]


class AcknowledgeIn(Form):
    """Say that somebody takes care of an alert, or that it was none."""

    model_config = example({"by": "ann", "note": "Two more colleagues until six"})

    by: str = Field(min_length=1, max_length=200, pattern=r"\S")
    note: str = Field(default="", max_length=2000)
    false_alarm: bool = False


class MuteIn(Form):
    """Silence an alert's rule about its group for a while; it is still recorded."""

    model_config = example({"by": "ann", "until": "2026-03-06T09:00:00Z"})

    by: str = Field(min_length=1, max_length=200, pattern=r"\S")
    until: AwareDatetime
    note: str = Field(default="", max_length=2000)
