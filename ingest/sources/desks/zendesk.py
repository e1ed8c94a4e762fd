"""Zendesk: exports of tickets with comments, and pages of its REST API.

A record is told by the list it stands in (``tickets``, ``comments``, ``users``, ``audits``,
``ticket_metrics``, ``ticket_metric_events``, ``satisfaction_ratings``), or by its keys. Comments do
not name their ticket: it is the ticket they stand in, the ``ticket_id`` beside their list, or the
last number in the name of their file or its folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson
from pydantic import validate_call

from ingest.sources.desks.desk import Desk, Name
from ingest.sources.desks.records import Record
from ingest.sources.desks.rows import Rows
from ingest.sources.desks.values import inside, kind_of, listed, media, moment, present
from ingest.sources.desks.zendesk_told import (
    AUTOMATIC,
    LISTS,
    SCORES,
    audit_changes,
    first_comment,
    part_of,
    ticket_of,
)


class Zendesk(Desk):
    """Tickets, comments, users, audits, metrics and ratings, as :class:`Desk` reads them."""

    lists = LISTS

    @validate_call
    def __init__(
        self,
        *,
        path: str | None,
        folder: Path | None = None,
        name: Name = "zendesk",
        again: bool = False,
    ) -> None:
        super().__init__(path=path, folder=folder, name=name, again=again)

    def _forget(self) -> None:
        self._roles: dict[str, str] = {}  # user -> end-user, agent, admin
        self._tickets: dict[str, dict[str, str | None]] = {}
        self._commented: set[str] = set()  # tickets whose comments are in the export

    def _learned(self) -> tuple[str, ...]:
        if self._roles or not self._tickets:
            return ()
        return (
            f"{self.name}: the export describes no users, so whoever is not the requester of a "
            "ticket was taken for an agent; add users.json to tell colleagues of customers",
        )

    def _learn(self, record: Record) -> None:
        value, part = record.value, part_of(record)
        if part == "users":
            self._roles[str(value.get("id"))] = str(value.get("role"))
        elif part == "tickets":
            self._ticket(value)
        elif part == "comments":
            self._commented.add(str(ticket_of(record)))

    def _ticket(self, value: Mapping[str, Any]) -> None:
        number = str(value.get("id"))
        requester = value.get("requester_id") or inside(value, "requester", "id")
        self._tickets[number] = {
            "requester": None if requester is None else str(requester),
            "created_at": moment(value.get("created_at")),
            "description": value.get("description"),
            "channel": inside(value, "via", "channel"),
        }
        if listed(value.get("comments"), "comments"):
            self._commented.add(number)

    def _map(self, record: Record, rows: Rows) -> None:
        known: Mapping[str, Callable[[Record, Rows], None]] = {
            "users": self._user,
            "tickets": self._opened_ticket,
            "comments": lambda one, into: self._comment(one.value, ticket_of(one), into),
            "audits": self._audit,
            "ticket_metrics": self._metrics,
            "ticket_metric_events": self._metric_event,
            "satisfaction_ratings": self._rated,
        }
        part = part_of(record)
        if part in known:
            known[part](record, rows)
        else:
            shown = orjson.dumps(record.value).decode()
            rows.refuse(f"expected a record of {', '.join(LISTS)}", shown)

    def _common(self, ticket: object, rows: Rows) -> dict[str, Any]:
        """Return the conversation and the customer of a ticket."""
        requester = self._tickets.get(str(ticket), {}).get("requester")
        return {"conversation": rows.id(ticket), "customer": rows.id(requester)}

    def _user(self, record: Record, rows: Rows) -> None:
        value = record.value
        if value.get("role") in (None, "end-user"):
            self._describe(value, rows)
        else:
            rows.skip("users who are agents")

    def _describe(self, value: Mapping[str, Any], rows: Rows) -> None:
        kept = ("name", "email", "phone", "external_id", "organization_id", "tags", "user_fields")
        about = present(**{name: value.get(name) for name in kept})
        rows.customer(rows.id(value.get("id")), about, moment(value.get("created_at")))

    def _opened_ticket(self, record: Record, rows: Rows) -> None:
        value = record.value
        number = str(value.get("id"))
        common = self._common(value.get("id"), rows)
        if isinstance(value.get("requester"), Mapping):
            self._describe(value["requester"], rows)
        kept = ("subject", "priority", "type", "custom_fields", "group_id")
        rows.change(
            "conversation_opened",
            key="opened",
            at=moment(value.get("created_at")),
            **common,
            **present(**{name: value.get(name) for name in kept}),
        )
        for tag in value.get("tags") or []:
            at = moment(value.get("updated_at")) or moment(value.get("created_at"))
            rows.change("conversation_labeled", key=f"labeled:{tag}", at=at, label=tag, **common)
        for comment in listed(value.get("comments"), "comments"):
            self._comment(comment, number, rows)
        if number not in self._commented and value.get("description"):
            self._comment(first_comment(value), number, rows)
        rating = value.get("satisfaction_rating")
        if isinstance(rating, Mapping):
            at = rating.get("updated_at") or value.get("updated_at") or value.get("created_at")
            self._survey({**rating, "updated_at": at}, number, rows)

    def _comment(self, value: Mapping[str, Any], ticket: object, rows: Rows) -> None:
        known = self._tickets.get(str(ticket), {})
        author = str(value.get("author_id"))
        role, kind = self._spoken(value, author, known)
        files = media(
            value.get("attachments") or [],
            name="file_name",
            type="content_type",
            url="content_url",
            size="size",
        )
        text = value.get("plain_body") or value.get("body")
        at = moment(value.get("created_at"))
        same = str(text or "").strip() == str(known.get("description") or "").strip()
        first = same and at is not None and at == known.get("created_at")
        rows.put(
            "messages",
            # The description of a ticket is its first comment: one message, whichever came first.
            message_id=rows.id(ticket, "description" if first else value.get("id")),
            conversation_id=rows.id(ticket),
            customer_id=rows.id(author if role == "customer" else known.get("requester")),
            agent_id=rows.agent(self._staff(author, ticket)),
            sender_role=role,
            kind=kind or kind_of(text, files),
            text=text,
            media=files or None,
            private=value.get("public") is False,
            channel=inside(value, "via", "channel") or known.get("channel"),
            occurred_at=at,
            raw=value,
        )

    def _spoken(
        self, value: Mapping[str, Any], author: str, known: Mapping[str, str | None]
    ) -> tuple[str, str | None]:
        if inside(value, "via", "channel") in AUTOMATIC or author == "-1":
            return "agent", "automation"
        role = self._roles.get(author)
        asked = author == known.get("requester")
        return ("customer" if asked or role == "end-user" else "agent"), None

    def _staff(self, author: object, ticket: object) -> str | None:
        """Return an author who is a colleague, None for customers and for the system itself."""
        asked = self._tickets.get(str(ticket), {}).get("requester")
        known = self._roles.get(str(author))
        outside = str(author) in ("-1", "None", asked) or known == "end-user"
        return None if outside else str(author)

    def _audit(self, record: Record, rows: Rows) -> None:
        ticket = record.value.get("ticket_id") or ticket_of(record)
        author, at = record.value.get("author_id"), moment(record.value.get("created_at"))
        common = self._common(ticket, rows)
        found = audit_changes(record.value)
        for kind, key, about in found:
            agent = rows.agent(about.pop("assignee", None) or self._staff(author, ticket))
            place = key or (at or "")[:19]
            name = f"{kind.removeprefix('conversation_')}:{place}"
            rows.change(kind, key=name, at=at, agent=agent, **common, **about)
        if not found:
            rows.skip("audits without a change of status, assignee or tags")

    def _metrics(self, record: Record, rows: Rows) -> None:
        value, ticket = record.value, record.value.get("ticket_id")
        found = False
        for field, kind in (
            ("solved_at", "conversation_resolved"),
            ("initially_assigned_at", "conversation_assigned"),
        ):
            at = moment(value.get(field))
            if at is not None:
                found = True
                key = f"{kind.removeprefix('conversation_')}:{at[:19]}"
                rows.change(kind, key=key, at=at, **self._common(ticket, rows))
        if not found:
            rows.skip("ticket metrics of tickets neither assigned nor solved")

    def _metric_event(self, record: Record, rows: Rows) -> None:
        value, kind = record.value, record.value.get("type")
        rows.change(
            f"metric_{kind}",
            key=f"metric:{value.get('id')}",
            at=moment(value.get("time")),
            **self._common(value.get("ticket_id"), rows),
            **present(metric=value.get("metric"), sla=value.get("sla")),
        )

    def _rated(self, record: Record, rows: Rows) -> None:
        self._survey(record.value, record.value.get("ticket_id"), rows)

    def _survey(self, value: Mapping[str, Any], ticket: object, rows: Rows) -> None:
        score, common = str(value.get("score")), self._common(ticket, rows)
        at = moment(value.get("updated_at")) or moment(value.get("created_at"))
        if score in ("unoffered", "None"):
            return
        rows.change("conversation_surveyed", key="surveyed", at=at, **common)
        if score in SCORES:
            rows.rating(
                key=rows.id(ticket, "rating"),
                at=at,
                score=SCORES[score],
                words=value.get("comment"),
                agent=rows.agent(value.get("assignee_id")),
                **common,
            )
