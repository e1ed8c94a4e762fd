"""Replay: what rules would have raised in the past, and how long before people noticed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
from pydantic import BaseModel, ConfigDict

from insights.alerts.calendar import moment
from insights.alerts.incidents import Following, Incident
from insights.alerts.rules import Rule
from insights.alerts.walk import Walk
from insights.filters import Filters
from insights.tables import Tables

_NEAR = timedelta(days=2)  # a ground truth and an incident further apart have nothing in common


class Truth(BaseModel):
    """When something really happened, as people found out.

    Parameters
    ----------
    at : datetime
        When people noticed; naive times are those of the report's zone.
    rule, group : str
        The rule and group that should have raised it; empty for any.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: datetime
    rule: str = ""
    group: str = ""

    def fits(self, incident: Incident) -> bool:
        """Return whether an incident is about the same thing at about the same time."""
        same = self.rule in ("", incident.rule) and self.group in ("", incident.group)
        begin, end = moment(incident.started_at) - _NEAR, moment(incident.last_at) + _NEAR
        return same and begin <= self.at <= end


@dataclass(frozen=True)
class Replayed:
    """What a replay found.

    Attributes
    ----------
    incidents : list of Incident
        In the order they were raised.
    buckets : int
        Judged ones, over all rules and groups.
    unjudged : int
        Of them, those that could not be judged.
    """

    incidents: list[Incident]
    buckets: int
    unjudged: int


def replay(
    rules: Iterable[Rule], tables: Tables, *, zone: str, since: datetime, until: datetime
) -> Replayed:
    """Judge every bucket of a range in order, each by what was before it; nothing is kept or told.

    Parameters
    ----------
    rules : iterable of Rule
        Rules to try.
    tables : Tables
        The workspace.
    zone : str
        IANA time zone of hours, days and weeks.
    since, until : datetime
        Aware.

    Raises
    ------
    ValueError, LookupError, FileNotFoundError
        As :func:`~insights.alerts.records.read` does.
    """
    incidents: list[Incident] = []
    buckets = unjudged = 0
    for rule in rules:
        following = Following(rule, {})
        found = list(Walk.over(rule, tables, zone=zone, since=since, until=until).observations())
        following.follow(found)
        incidents += following.incidents
        buckets += len(found)
        unjudged += sum(observation.verdict.breach is None for observation in found)
    incidents.sort(key=lambda incident: (incident.opened_at, incident.id))
    return Replayed(incidents, buckets, unjudged)


def read_truths(file: Path, zone: str) -> list[Truth]:
    """Return ground truths from a CSV with ``at`` and, if they are known, ``rule`` and ``group``.

    Raises
    ------
    ValueError
        If there is no such file, no column ``at``, or no time in it.
    """
    if not file.is_file():
        raise ValueError(f"truth={file}: expected a .csv with the column at, there is no such file")
    table = pd.read_csv(file, dtype=str, keep_default_na=False)
    if "at" not in table:
        raise ValueError(
            f"truth={file}: expected the column at, received {', '.join(map(str, table))}"
        )
    rows = table[[name for name in ("at", "rule", "group") if name in table]].to_dict("records")
    return [_dated(Truth.model_validate(row), zone) for row in rows]


def incident_table(incidents: Iterable[Incident], zone: str) -> pd.DataFrame:
    """Return incidents as people read them, in the order they were raised."""
    place = ZoneInfo(zone)
    rows = [
        {
            "id": incident.id,
            "rule": incident.rule,
            "group": incident.group,
            "owner": incident.owner,
            "raised": moment(incident.opened_at).astimezone(place),
            "buckets": incident.buckets,
            "value": incident.value,
            "peak": incident.peak,
            "expected": incident.expected,
            "p_value": "" if incident.p_value is None else f"{incident.p_value:.1e}",
            "simulated": incident.simulated,
        }
        for incident in incidents
    ]
    return pd.DataFrame(rows)


def lead_times(incidents: Iterable[Incident], known: Sequence[Truth]) -> pd.DataFrame:
    """Return one row a ground truth: the first incident that fits, and its lead.

    Returns
    -------
    pandas.DataFrame
        at, rule, group, incident, raised_at, lead_minutes (positive: before people noticed); the
        last three are missing where nothing was raised.
    """
    found = list(incidents)
    rows = []
    for truth in known:
        first = next((incident for incident in found if truth.fits(incident)), None)
        raised = None if first is None else moment(first.opened_at)
        lead = float("nan") if raised is None else (truth.at - raised) / timedelta(minutes=1)
        rows.append(
            {
                "at": truth.at,
                "rule": truth.rule or (first.rule if first else ""),
                "group": truth.group or (first.group if first else ""),
                "incident": first.id if first else None,
                "raised_at": raised,
                "lead_minutes": lead,
            }
        )
    columns = ["at", "rule", "group", "incident", "raised_at", "lead_minutes"]
    return pd.DataFrame(rows, columns=columns)


def _dated(truth: Truth, zone: str) -> Truth:
    """Return the truth with an aware time."""
    return truth.model_copy(update={"at": Filters(zone=zone, since=truth.at).since})
