"""What people are told of an incident: the facts, in their language, personal data masked."""

from __future__ import annotations

import math
from dataclasses import asdict
from datetime import datetime
from zoneinfo import ZoneInfo

from features.text.pii.mask import mask
from features.text.pii.shown import shown
from insights.alerts.book import Notice
from insights.alerts.calendar import moment
from insights.alerts.rules import Rule
from insights.delivery.message import Language, Message, Parcel

_GROUP = 80  # characters of a name from outside
_WORDS: dict[str, dict[Language, str]] = {
    "opened": {"en": "Alert", "zh": "告警"},
    "updated": {"en": "Alert goes on", "zh": "告警持续"},
    "closed": {"en": "Over", "zh": "告警解除"},
    "about": {"en": "about", "zh": "对象"},
    "value": {"en": "measured", "zh": "当前值"},
    "peak": {"en": "peak", "zh": "峰值"},
    "expected": {"en": "expected or limit", "zh": "预期或阈值"},
    "p_value": {"en": "probability by chance", "zh": "偶然出现的概率"},
    "since": {"en": "since", "zh": "开始"},
    "until": {"en": "until", "zh": "截至"},
    "owner": {"en": "owner", "zh": "负责部门"},
    "severity": {"en": "severity", "zh": "级别"},
    "action": {"en": "what to do", "zh": "建议"},
    "excerpt": {"en": "for example", "zh": "例如"},
    "simulated": {"en": "simulated data", "zh": "模拟数据"},
    "id": {"en": "alert", "zh": "告警编号"},
}


def parcel_of(notice: Notice, rule: Rule, lang: Language, zone: str) -> Parcel:
    """Return what is sent of a notice."""
    told = asdict(notice.incident)
    told["group"] = plain(notice.incident.group)
    told.pop("records")  # ids of messages; whoever may see them finds them by the alert's id
    return Parcel(
        id=notice.id,
        message=message_of(notice, rule, lang, zone),
        severity=notice.incident.severity,
        facts={"type": f"alert.{notice.about}", "alert": told},
    )


def message_of(notice: Notice, rule: Rule, lang: Language, zone: str) -> Message:
    """Return a notice in words.

    Names from outside are masked, shortened and put on one line.
    """
    incident = notice.incident
    place = ZoneInfo(zone)
    facts = {
        "about": plain(incident.group),
        "value": number(incident.value),
        "peak": number(incident.peak) if incident.peak != incident.value else "",
        "expected": "" if incident.expected is None else number(incident.expected),
        "p_value": "" if incident.p_value is None else f"{incident.p_value:.1g}",
        "since": _told(moment(incident.started_at), place),
        "until": _told(moment(incident.closed_at or incident.last_at), place),
        "owner": incident.owner,
        "severity": incident.severity,
        "excerpt": mask(" ".join(incident.excerpt.split())),
        "action": rule.action[lang] if notice.about != "closed" else "",
        "id": incident.id,
    }
    label = f" [{_WORDS['simulated'][lang]}]" if incident.simulated else ""
    return Message(
        title=f"{_WORDS[notice.about][lang]}: {rule.title[lang]}{label}",
        facts={_WORDS[name][lang]: fact for name, fact in facts.items() if fact},
    )


def plain(name: str) -> str:
    """Return a name from outside on one line, masked and not too long.

    Examples
    --------
    >>> plain("王 13800138000")
    '王 138****8000'
    """
    return shown(" ".join(name.split()))[:_GROUP]


def number(value: float) -> str:
    """Return a number as people read it."""
    if math.isnan(value):
        return "n/a"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def _told(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")
