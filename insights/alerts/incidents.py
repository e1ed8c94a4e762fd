"""Incidents: breaches that follow each other are one, which opens, grows and closes.

A pure function of what was known before and of one bucket's verdict: whoever walks over buckets one
by one, or over many at once, makes the same incidents.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import orjson

from insights.alerts.judge import Verdict
from insights.alerts.rule import About
from insights.alerts.rules import Rule
from insights.functions import MINUTE

Step = Literal["opened", "updated", "closed", "reopened"]


@dataclass(frozen=True)
class Observation:
    """One bucket of one group, judged.

    Attributes
    ----------
    group : str
        Empty where the rule splits by nothing.
    start, end : int
        The bucket, microseconds since 1970.
    verdict : Verdict
        What was measured, and whether it breaches the rule.
    records : tuple of str
        Some of the records behind a breach.
    excerpt : str
        What one of them says, personal data masked.
    simulated : bool
        Whether any record is simulated.
    """

    group: str
    start: int
    end: int
    verdict: Verdict
    records: tuple[str, ...] = ()
    excerpt: str = ""
    simulated: bool = False


@dataclass(frozen=True)
class Incident:
    """One alert: a stretch of breaches of one rule by one group.

    Attributes
    ----------
    id : str
        Made of rule, group and beginning: found twice, it is the same.
    rule, group, owner, severity : str
        What is wrong, with whom, who shall act and how urgent it is.
    status : {"open", "closed"}
        Whether the last judged bucket breached the rule.
    started_at, opened_at, last_at : int
        Beginning of the first breaching bucket, its end (when the alert was raised), and end of
        the last one; microseconds since 1970.
    closed_at : int, optional
        End of the first quiet bucket.
    buckets : int
        Breaching ones.
    value, peak : float
        The last breaching number and the one furthest from what was expected.
    expected, p_value : float, optional
        What the first one was held against, and how likely it was by chance.
    records : tuple of str
        Some of the records behind it.
    excerpt : str
        What one of them says, masked.
    simulated : bool
        Whether any record is simulated.
    """

    id: str
    rule: str
    group: str
    owner: str
    severity: str
    status: Literal["open", "closed"]
    started_at: int
    opened_at: int
    last_at: int
    closed_at: int | None
    buckets: int
    value: float
    peak: float
    expected: float | None
    p_value: float | None
    records: tuple[str, ...] = ()
    excerpt: str = ""
    simulated: bool = False

    def to_json(self) -> bytes:
        """Return the incident as JSON."""
        return orjson.dumps(self)

    @classmethod
    def from_json(cls, told: bytes | str) -> Incident:
        """Read what :meth:`to_json` wrote."""
        found: dict[str, Any] = orjson.loads(told)
        return cls(**{**found, "records": tuple(found["records"])})


@dataclass
class Following:
    """Incidents of one rule, followed from bucket to bucket.

    Parameters
    ----------
    rule : Rule
        The rule.
    latest : mapping of str to Incident
        The last incident of each group that is known.
    """

    rule: Rule
    latest: Mapping[str, Incident]
    steps: list[tuple[Step, Incident]] = field(default_factory=list, init=False)

    def follow(self, observations: Iterable[Observation]) -> None:
        """Take in judged buckets, oldest first; what happened is added to :attr:`steps`."""
        latest = dict(self.latest)
        for observation in observations:
            found = follow(self.rule, latest.get(observation.group), observation)
            if found is not None:
                latest[observation.group] = found[1]
                self.steps.append(found)
        self.latest = latest

    @property
    def incidents(self) -> list[Incident]:
        """The incidents that changed, as they are now, in the order they began."""
        last = {incident.id: incident for _, incident in self.steps}
        return sorted(last.values(), key=lambda incident: (incident.opened_at, incident.id))


def follow(
    rule: Rule, known: Incident | None, observation: Observation
) -> tuple[Step, Incident] | None:
    """Return what a judged bucket does to the last incident of its group, None if nothing.

    A bucket that cannot be judged neither opens, grows nor closes one.
    """
    breach = observation.verdict.breach
    is_open = known is not None and known.status == "open"
    if breach is None or (not breach and not is_open):
        return None
    if known is None:
        return "opened", _opened(rule, observation)
    if not breach:
        return "closed", replace(known, status="closed", closed_at=observation.end)
    if is_open:
        return "updated", _grown(known, observation)
    if observation.start - known.last_at <= rule.cooldown_minutes * MINUTE:
        return "reopened", _grown(replace(known, status="open", closed_at=None), observation)
    return "opened", _opened(rule, observation)


def about(step: Step) -> About | None:
    """Return what people are told of a step; an incident that flares up again is the same news."""
    told: dict[Step, About] = {"opened": "opened", "updated": "updated", "closed": "closed"}
    return told.get(step, "updated")


def identity(rule: str, group: str, started_at: int) -> str:
    """Return the id of the incident that began then."""
    told = "\x1f".join((rule, group, str(started_at)))
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _opened(rule: Rule, observation: Observation) -> Incident:
    verdict = observation.verdict
    return Incident(
        id=identity(rule.name, observation.group, observation.start),
        rule=rule.name,
        group=observation.group,
        owner=rule.owner_of(observation.group),
        severity=rule.severity,
        status="open",
        started_at=observation.start,
        opened_at=observation.end,
        last_at=observation.end,
        closed_at=None,
        buckets=1,
        value=verdict.value,
        peak=verdict.value,
        expected=verdict.expected,
        p_value=verdict.p_value,
        records=observation.records,
        excerpt=observation.excerpt,
        simulated=observation.simulated,
    )


def _grown(known: Incident, observation: Observation) -> Incident:
    value, base = observation.verdict.value, known.expected or 0.0
    worse = abs(value - base) > abs(known.peak - base)
    return replace(
        known,
        last_at=observation.end,
        buckets=known.buckets + 1,
        value=value,
        peak=value if worse else known.peak,
        simulated=known.simulated or observation.simulated,
    )
