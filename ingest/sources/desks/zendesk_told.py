"""What Zendesk's fields mean: which list, which ticket, what an audit says was changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ingest.sources.desks.records import Record
from ingest.sources.desks.values import inside

LISTS = (
    *("tickets", "comments", "users", "audits"),
    *("ticket_metrics", "ticket_metric_events", "satisfaction_ratings"),
)
SCORES = {"good": 5, "bad": 1, "good_with_comment": 5, "bad_with_comment": 1}
AUTOMATIC = ("rule", "trigger", "automation")
_NUMBER = re.compile(r"(\d+)\D*$")
DONE = ("solved", "closed")
Change = tuple[str, str, dict[str, Any]]


def audit_changes(audit: Mapping[str, Any]) -> list[Change]:
    """Return kinds, keys and details of the changes of state that an audit tells.

    Parameters
    ----------
    audit : dict
        With its ``events``; those of type ``Create`` and ``Change`` name a field and its values.

    Returns
    -------
    list of tuple
        Kind; what tells it from others beside the time, empty if the time does; details.
    """
    found: list[Change] = []
    for event in audit.get("events") or []:
        if event.get("type") in ("Create", "Change"):
            found += _changed(event)
    return found


def _changed(event: Mapping[str, Any]) -> list[Change]:
    field, value, before = (event.get(name) for name in ("field_name", "value", "previous_value"))
    if field == "status" and event.get("type") == "Change":
        return [(_status(str(before), str(value)), "", {"from_status": before, "status": value})]
    if field == "assignee_id" and value not in (None, ""):
        return [("conversation_assigned", "", {"assignee": value})]
    if field == "tags":
        new = [tag for tag in _tags(value) if tag not in _tags(before)]
        return [("conversation_labeled", tag, {"label": tag}) for tag in new]
    return []


def _status(before: str, after: str) -> str:
    if after in DONE:
        return "conversation_status_changed" if before in DONE else "conversation_resolved"
    return "conversation_reopened" if before in DONE else "conversation_status_changed"


def _tags(told: object) -> list[str]:
    if isinstance(told, str):
        return told.split()
    return [str(tag) for tag in told] if isinstance(told, list) else []


def part_of(record: Record) -> str:
    """Return which list a record belongs to, by its keys where it stood in none."""
    if record.part:
        return record.part
    value = record.value
    for part, keys in (
        ("comments", {"author_id", "body", "public"}),
        ("audits", {"ticket_id", "events"}),
        ("satisfaction_ratings", {"ticket_id", "score"}),
        ("ticket_metrics", {"ticket_id", "reopens"}),
        ("ticket_metric_events", {"ticket_id", "metric", "type"}),
        ("tickets", {"id", "status", "created_at"}),
        ("users", {"id", "role"}),
    ):
        if keys <= value.keys():
            return part
    return ""


def ticket_of(record: Record) -> object:
    """Return the ticket of a record: told in it, beside its list or in the name of its file."""
    told = record.value.get("ticket_id") or record.about.get("ticket_id")
    named = _NUMBER.search("/".join(record.file.split("/")[-2:]))
    return told or (named.group(1) if named else None)


def first_comment(ticket: Mapping[str, Any]) -> dict[str, Any]:
    """Return the first comment of a ticket whose comments are not in the export."""
    return {
        "author_id": ticket.get("requester_id") or inside(ticket, "requester", "id"),
        "body": ticket.get("description"),
        "created_at": ticket.get("created_at"),
        "public": ticket.get("is_public", True),
        "via": ticket.get("via"),
    }
