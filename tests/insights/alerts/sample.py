"""Rules and observations for tests of alerts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from insights.alerts.incidents import Observation
from insights.alerts.judge import Verdict
from insights.alerts.rules import RULE, Rule
from insights.functions import MINUTE

HOUR = 60 * MINUTE
_COMMON = {
    "title": {"en": "Too many", "zh": "太多"},
    "action": {"en": "Look into it.", "zh": "查看原因。"},
    "owner": "customer_service",
}


def rule(kind: str, **told: Any) -> Rule:
    """Return a rule called after its kind unless it is named."""
    return RULE.validate_python({"name": kind, "kind": kind, **_COMMON, **told})


def surge(**told: Any) -> Rule:
    """Return a rule about more conversations than usual in an hour."""
    return rule("anomaly", **{"name": "surge", "finding": "volume", **told})


def hours(breaches: Iterable[bool | None], group: str = "", begin: int = 0) -> list[Observation]:
    """Return an observation an hour; a breach measures 10, a quiet hour 1."""
    return [
        Observation(
            group,
            (begin + place) * HOUR,
            (begin + place + 1) * HOUR,
            Verdict(10.0 if breach else 1.0, breach, expected=5.0),
            records=("m1",) if breach else (),
        )
        for place, breach in enumerate(breaches)
    ]
