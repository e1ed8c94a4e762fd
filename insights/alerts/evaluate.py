"""Evaluate rules: judge what is over since the last time, keep it, and say whom to tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from insights.alerts.book import Book
from insights.alerts.calendar import last_bucket, moment
from insights.alerts.incidents import Following, Incident, Observation, Step, about
from insights.alerts.rules import Rule
from insights.alerts.walk import Walk
from insights.delivery.channels import Delivery
from insights.filters import microseconds
from insights.functions import MINUTE
from insights.tables import Tables


@dataclass(frozen=True)
class Evaluated:
    """What one evaluation of one rule found.

    Attributes
    ----------
    rule : str
        Its name.
    buckets : int
        Judged ones.
    unjudged : int
        Of them, groups and buckets that could not be judged.
    why : str
        Why the last of those could not.
    steps : tuple of (step, Incident)
        What happened.
    """

    rule: str
    buckets: int
    unjudged: int
    why: str
    steps: tuple[tuple[Step, Incident], ...]


def evaluate(
    rule: Rule, tables: Tables, book: Book, delivery: Delivery, *, zone: str, now: datetime
) -> Evaluated:
    """Judge the buckets that are over since the last evaluation, and keep what was found.

    The first evaluation judges the last bucket only: what happened before anybody watched raises
    no alert (a replay shows it). Doing it twice with the same data finds nothing new.

    Parameters
    ----------
    rule : Rule
        The rule.
    tables : Tables
        The workspace.
    book : Book
        What is known of its alerts.
    delivery : Delivery
        Who is told.
    zone : str
        IANA time zone of hours, days and weeks.
    now : datetime
        Buckets that end later are not over.

    Raises
    ------
    ValueError, LookupError, FileNotFoundError
        As :func:`~insights.alerts.records.read` does.
    """
    before = book.judged_until(rule.name)
    ended = now - timedelta(minutes=rule.lag_minutes)
    since = last_bucket(rule.bucket, zone, ended) if before is None else moment(before)
    known = book.latest(rule.name, microseconds(since) - rule.cooldown_minutes * MINUTE)
    silent = [group for group, incident in known.items() if incident.status == "open"]
    walk = Walk.over(rule, tables, zone=zone, since=since, until=now, also=silent)
    following, count = Following(rule, known), _Counted()
    following.follow(count.over(walk))
    kept = len(walk.calendar) > walk.calendar.first and book.record(
        rule.name,
        before=before,
        until=walk.judged_until,
        steps=following.steps,
        notices=notices_of(rule, following.steps, delivery, book.muted(rule.name, now), now),
        at=now,
    )
    buckets = max(len(walk.calendar) - walk.calendar.first, 0)
    steps = tuple(following.steps) if kept else ()
    return Evaluated(rule.name, buckets, count.unjudged, count.why, steps)


class _Counted:
    """Counts, on the way, what could not be judged."""

    def __init__(self) -> None:
        self.unjudged = 0
        self.why = ""

    def over(self, walk: Walk) -> Iterator[Observation]:
        for observation in walk.observations():
            if observation.verdict.breach is None:
                self.unjudged += 1
                self.why = observation.verdict.why
            yield observation


def notices_of(
    rule: Rule,
    steps: Sequence[tuple[Step, Incident]],
    delivery: Delivery,
    muted: set[str],
    now: datetime,
) -> Iterator[tuple[str, str, str, str]]:
    """Yield incident, what about, channel and state (``pending`` or why not) of each message."""
    for step, incident in steps:
        told = about(step)
        if told not in rule.notify:
            continue
        at = incident.closed_at if told == "closed" else incident.last_at
        age = now - moment(at or incident.last_at)
        state = "pending"
        if age > timedelta(hours=delivery.stale_hours, minutes=rule.lag_minutes):
            state = "expired"
        if incident.group in muted:
            state = "muted"
        for channel in delivery.channels_of(incident.owner):
            yield incident.id, told, channel, state
