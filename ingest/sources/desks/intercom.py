"""Intercom: conversations with their parts, and contacts, as its REST API answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
from pydantic import validate_call

from ingest.sources.desks.desk import Desk, Name
from ingest.sources.desks.records import Record
from ingest.sources.desks.rows import Rows
from ingest.sources.desks.values import inside, kind_of, listed, media, moment, present
from ingest.sources.markup import plain

CUSTOMERS = ("user", "lead", "contact", "visitor")
DELIVERED = {"campaigns_initiated": "campaign", "automated": "automation"}
SAID = ("comment", "quick_reply", "note", "note_and_reopen")
STATES = {
    "open": "conversation_reopened",
    "note_and_reopen": "conversation_reopened",
    "close": "conversation_resolved",
    "assignment": "conversation_assigned",
}
_OTHER = re.compile(r"[^a-z0-9]+")


class Intercom(Desk):
    """Conversations and contacts of Intercom.

    Parameters
    ----------
    path, folder, name, again
        See :class:`~ingest.sources.desks.desk.Desk`.

    Raises
    ------
    SourceError
        If no path is given.
    """

    lists = ("conversations", "contacts", "data", "admins", "teammates")

    @validate_call
    def __init__(
        self,
        *,
        path: str | None,
        folder: Path | None = None,
        name: Name = "intercom",
        again: bool = False,
    ) -> None:
        super().__init__(path=path, folder=folder, name=name, again=again)

    def _forget(self) -> None:
        """Nothing: a conversation tells all there is to know about it."""

    def _learn(self, record: Record) -> None:
        """Nothing, for the same reason."""

    def _map(self, record: Record, rows: Rows) -> None:
        value = record.value
        if value.get("type") in ("admin", "team") or record.part in ("admins", "teammates"):
            rows.skip("admins and teams")
        elif value.get("type") in CUSTOMERS or "role" in value:
            self._contact(value, rows)
        elif value.get("type") == "conversation" or "source" in value:
            self._conversation(value, rows)
        else:
            shown = orjson.dumps(value).decode()
            rows.refuse("expected a conversation or a contact", shown)

    def _contact(self, value: Mapping[str, Any], rows: Rows) -> None:
        kept = ("name", "email", "phone", "external_id", "role", "location", "custom_attributes")
        about = present(**{name: value.get(name) for name in kept})
        rows.customer(rows.id(value.get("id")), about, moment(value.get("created_at")))

    def _conversation(self, value: dict[str, Any], rows: Rows) -> None:
        source: Mapping[str, Any] = value.get("source") or {}
        contacts = listed(value.get("contacts"), "contacts")
        asked = [source.get("author") or {}, *contacts]
        customers = [one.get("id") for one in asked if one.get("type", "contact") in CUSTOMERS]
        common = {
            "conversation": rows.id(value.get("id")),
            "customer": rows.id(customers[0] if customers else None),
        }
        channel = source.get("type")
        kept = ("title", "priority", "custom_attributes", "statistics", "sla_applied", "topics")
        rows.change(
            "conversation_opened",
            key="opened",
            at=moment(value.get("created_at")),
            **common,
            **present(**{name: value.get(name) for name in kept}),
        )
        if source:
            first = {"created_at": value.get("created_at"), "part_type": "comment", **source}
            first["id"] = f"source:{source.get('id')}"  # numbered apart from the parts
            kind = DELIVERED.get(str(source.get("delivered_as")))
            self._message(first, common, channel, kind, rows=rows)
        for part in listed(value.get("conversation_parts"), "conversation_parts"):
            self._part(part, common, channel, rows)
        self._labels(value, common, rows)
        self._rating(value, common, rows)

    def _part(
        self, part: dict[str, Any], common: dict[str, Any], channel: object, rows: Rows
    ) -> None:
        told = str(part.get("part_type"))
        said = bool(plain(part.get("body")) or part.get("attachments")) or part.get("redacted")
        if told in SAID or said:
            self._message(part, common, channel, None, rows=rows)
        if told in ("comment", "quick_reply", "note"):
            return
        author = part.get("author") or {}
        kind = STATES.get(told, f"conversation_{_OTHER.sub('_', told.lower())}")
        if told == "close" and author.get("type") == "bot":
            kind = "conversation_bot_resolved"
        agent = inside(part, "assigned_to", "id") if told == "assignment" else None
        by = author.get("id") if author.get("type") == "admin" else None
        rows.change(
            kind,
            key=part.get("id"),
            at=moment(part.get("created_at")),
            agent=rows.agent(agent or by),
            **common,
        )

    def _message(
        self,
        part: Mapping[str, Any],
        common: dict[str, Any],
        channel: object,
        kind: str | None,
        *,
        rows: Rows,
    ) -> None:
        author = part.get("author") or {}
        role = _role(author)
        files = media(
            part.get("attachments") or [],
            name="name",
            type="content_type",
            url="url",
            size="filesize",
        )
        text = plain(part.get("body"))
        said_by = rows.id(author.get("id")) if role == "customer" else common["customer"]
        name, at = rows.id(part.get("id")), moment(part.get("created_at"))
        gone = bool(part.get("redacted"))
        rows.put(
            "messages",
            message_id=name,
            conversation_id=common["conversation"],
            customer_id=said_by,
            agent_id=rows.agent(author.get("id")) if role == "agent" else None,
            sender_role=role,
            kind=kind or kind_of(text, files),
            text=text,
            media=files or None,
            recalled=gone,
            private=str(part.get("part_type")).startswith("note"),
            channel=channel,
            occurred_at=at,
            raw=part,
        )
        if gone:
            rows.recalled(name, common["conversation"], moment(part.get("updated_at")) or at)

    def _labels(self, value: Mapping[str, Any], common: dict[str, Any], rows: Rows) -> None:
        for tag in listed(value.get("tags"), "tags"):
            at = moment(tag.get("applied_at")) or moment(value.get("updated_at"))
            label = tag.get("name")
            rows.change(
                "conversation_labeled", key=f"labeled:{label}", at=at, label=label, **common
            )

    def _rating(self, value: Mapping[str, Any], common: dict[str, Any], rows: Rows) -> None:
        rating = value.get("conversation_rating")
        if not isinstance(rating, Mapping) or not rating.get("created_at"):
            return
        at = moment(rating["created_at"])
        rows.change("conversation_surveyed", key="surveyed", at=at, **common)
        if rating.get("rating") is not None:
            rows.rating(
                key=rows.id(value.get("id"), "rating"),
                at=at,
                score=rating["rating"],
                words=plain(rating.get("remark")),
                agent=rows.agent(inside(rating, "teammate", "id")),
                **common,
            )


def _role(author: Mapping[str, Any]) -> str:
    told = str(author.get("type"))
    if told in CUSTOMERS:
        return "customer"
    return {"admin": "agent", "bot": "bot", "team": "system"}.get(told, told)
