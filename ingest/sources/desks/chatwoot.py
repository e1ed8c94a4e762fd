"""Chatwoot: recorded webhooks and answers of its REST API.

What a record is shows in its keys: a webhook names its ``event``, a message its ``message_type``,
a survey answer its ``rating``, a reporting event what it measured, a conversation its inbox and
status; what is left with an address is a contact.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
from pydantic import validate_call

from ingest.sources.desks.chatwoot_told import (
    BOTS,
    INTERVALS,
    MEASURED,
    account_of,
    changed,
    channel_of,
    contact_of,
    conversation_of,
    second_of,
    sender_of,
    spoken,
    transition,
    type_of,
)
from ingest.sources.desks.desk import Desk, Name
from ingest.sources.desks.records import Record
from ingest.sources.desks.rows import Rows
from ingest.sources.desks.signatures import body_of
from ingest.sources.desks.values import inside, kind_of, media, moment, present

SILENT = ("conversation_typing_on", "conversation_typing_off", "webwidget_triggered")


class Chatwoot(Desk):
    """Messages, contacts, changes of state and survey answers of Chatwoot.

    Recorded webhooks are JSON Lines: the body of a request a line, or
    ``{"headers": {...}, "body": "<body as received>"}``, whose signature is verified where there is
    one and a secret is given.

    Parameters
    ----------
    path, folder, name, again
        See :class:`~ingest.sources.desks.desk.Desk`.
    secret : str, optional
        Of the webhook. Requests that are signed otherwise are rejected.
    signed_only : bool
        Whether requests without a signature are rejected, too.

    Raises
    ------
    SourceError
        If no path is given.
    """

    lists = ("payload",)

    @validate_call
    def __init__(
        self,
        *,
        path: str | None,
        folder: Path | None = None,
        name: Name = "chatwoot",
        again: bool = False,
        secret: str | None = None,
        signed_only: bool = False,
    ) -> None:
        super().__init__(path=path, folder=folder, name=name, again=again)
        self._secret = secret
        self._signed_only = signed_only

    def _forget(self) -> None:
        self._contacts: dict[str, str] = {}  # conversation -> contact
        self._channels: dict[str, str] = {}  # conversation -> channel
        self._account = "1"  # of records that do not say

    def _opened(self, value: object) -> object:
        """Take a webhook out of its recording, if its signature holds."""
        return body_of(value, self._secret, signed_only=self._signed_only)

    def _learn(self, record: Record) -> None:
        talk = conversation_of(record.value)
        contact = contact_of(talk, record.value)
        account = account_of(record.value)
        if account is not None:
            self._account = str(account)
        channel = inside(talk, "channel") or inside(talk, "meta", "channel")
        if talk is not None and channel:
            self._channels[str(talk["id"])] = channel_of(str(channel))
        if talk is not None and contact is not None:
            self._contacts.setdefault(str(talk["id"]), str(contact))

    def _map(self, record: Record, rows: Rows) -> None:
        value = record.value
        event = str(value.get("event", ""))
        talk = conversation_of(value)
        if event in SILENT:
            rows.skip(event)
        elif "message_type" in value:
            self._people(value, talk or {}, rows)
            self._message(value, talk or {}, rows)
        elif "rating" in value and "conversation_id" in value:
            self._contact(value.get("contact"), rows)
            self._survey(value, value["conversation_id"], rows)
        elif "event_start_time" in value:
            self._measured(value, rows)
        elif talk is not None:
            self._people(value, talk, rows)
            self._state(value, event, rows)
        elif {"email", "phone_number", "identifier"} & value.keys():
            self._contact(value, rows)
        else:
            shown = orjson.dumps(value).decode()
            rows.refuse("expected a webhook, message, conversation, contact or survey", shown)

    def _talk(self, number: object, value: Mapping[str, Any], rows: Rows) -> str | None:
        return rows.id(account_of(value) or self._account, number)

    def _customer(self, number: object, rows: Rows) -> str | None:
        return rows.id(self._contacts.get(str(number)))

    def _people(self, value: Mapping[str, Any], talk: Mapping[str, Any], rows: Rows) -> None:
        self._contact(inside(talk, "meta", "sender"), rows)
        if type_of(value) == "incoming":
            self._contact(value.get("sender"), rows)

    def _contact(self, told: object, rows: Rows) -> None:
        if not isinstance(told, Mapping) or told.get("type") in ("user", *BOTS):
            return
        if told.get("id") is None:
            return
        kept = ("name", "email", "identifier", "custom_attributes", "additional_attributes")
        about = present(**{name: told.get(name) for name in kept}, phone=told.get("phone_number"))
        rows.customer(rows.id(told["id"]), about, moment(told.get("created_at")))

    def _message(self, value: dict[str, Any], talk: Mapping[str, Any], rows: Rows) -> None:
        number = value.get("conversation_id") or talk.get("id")
        inner: Mapping[str, Any] = value.get("content_attributes") or {}
        role, kind = spoken(value, inner)
        files = media(
            value.get("attachments") or [], name="file_name", type="file_type",
            url="data_url", size="file_size",
        )  # fmt: skip
        text = value.get("content") or None
        kind = kind_of(text, files) if kind == "text" else kind
        gone = bool(inner.get("deleted"))
        talk_id, name = self._talk(number, value, rows), rows.id(value.get("id"))
        rows.put(
            "messages",
            message_id=name,
            conversation_id=talk_id,
            customer_id=self._customer(number, rows),
            agent_id=rows.agent(sender_of(value)) if role == "agent" else None,
            sender_role=role,
            kind=kind,
            text=text,
            media=files or None,
            reply_to=rows.id(inner.get("in_reply_to")),
            recalled=gone,
            private=bool(value.get("private")),
            channel=self._channels.get(str(number)) or value.get("inbox_id"),
            occurred_at=moment(value.get("created_at")),
            raw=value,
        )
        if gone:
            rows.recalled(name, talk_id, moment(value.get("updated_at") or value.get("created_at")))
        if value.get("content_type") == "input_csat":
            self._csat(value, number, inner, rows)

    def _csat(
        self, value: Mapping[str, Any], number: object, inner: Mapping[str, Any], rows: Rows
    ) -> None:
        rows.change(
            "conversation_surveyed",
            key=f"surveyed:{value.get('id')}",
            conversation=self._talk(number, value, rows),
            customer=self._customer(number, rows),
            at=moment(value.get("created_at")),
        )
        answer = inside(inner, "submitted_values", "csat_survey_response")
        if isinstance(answer, Mapping) and answer.get("rating"):
            at = value.get("updated_at") or value.get("created_at")
            self._survey({**value, **answer, "created_at": at}, number, rows)

    def _survey(self, value: Mapping[str, Any], number: object, rows: Rows) -> None:
        asked = value.get("message_id") or value.get("id")  # one answer a survey message
        contact = inside(value, "contact", "id")
        rows.rating(
            key=rows.id("csat", asked),
            conversation=self._talk(number, value, rows),
            customer=rows.id(contact) or self._customer(number, rows),
            at=moment(value.get("created_at")),
            score=value.get("rating"),
            words=value.get("feedback_message"),
            agent=rows.agent(inside(value, "assigned_agent", "id")),
        )

    def _measured(self, value: Mapping[str, Any], rows: Rows) -> None:
        name = str(value.get("name"))
        if name in INTERVALS:
            rows.skip(f"reporting event {name} (computed from the messages instead)")
            return
        if name not in MEASURED:
            rows.refuse(
                f"expected a reporting event {', '.join([*MEASURED, *INTERVALS])}, "
                f"received {name!r}", orjson.dumps(value).decode()
            )  # fmt: skip
            return
        number, at = value.get("conversation_id"), moment(value.get("event_end_time"))
        rows.change(
            MEASURED[name],
            key=second_of(MEASURED[name], at),
            conversation=self._talk(number, value, rows),
            customer=self._customer(number, rows),
            agent=rows.agent(value.get("user_id")),
            at=at,
        )

    def _state(self, value: Mapping[str, Any], event: str, rows: Rows) -> None:
        """Add what a conversation, or the webhook about its change, says of its state."""
        talk, customer = self._talk(value["id"], value, rows), self._customer(value["id"], rows)
        created = moment(value.get("created_at")) or moment(value.get("timestamp"))
        now = moment(value.get("updated_at")) or moment(value.get("last_activity_at")) or created
        common: dict[str, Any] = {"conversation": talk, "customer": customer}
        if event in ("", "conversation_created"):
            rows.change(
                "conversation_opened", key="opened", at=created, **common,
                **present(
                    channel=self._channels.get(str(value["id"])),
                    additional_attributes=value.get("additional_attributes"),
                    custom_attributes=value.get("custom_attributes"),
                ),
            )  # fmt: skip
        for label in value.get("labels") or []:
            rows.change(
                "conversation_labeled", key=f"labeled:{label}", at=now, label=label, **common
            )
        assignee = inside(value, "meta", "assignee", "id") or value.get("assignee_id")
        if assignee is not None:
            rows.change(
                "conversation_assigned", key=f"assigned:{assignee}", at=now,
                agent=rows.agent(assignee), **common,
            )  # fmt: skip
        before = changed(value.get("changed_attributes"), "status")
        if before is not None:
            kind, status = transition(before, str(value.get("status"))), value.get("status")
            rows.change(
                kind, key=second_of(kind, now), at=now, agent=rows.agent(assignee), **common,
                from_status=before, status=status,
            )  # fmt: skip
