"""Slack: the export of a workspace, a zip archive or a folder with one folder a channel.

A channel is a room in which people talk for years: its messages are cut into sessions by silence,
and replies in threads name the message they reply to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
from pydantic import validate_call

from ingest.sources.desks.desk import Desk, Name
from ingest.sources.desks.people import People, Person
from ingest.sources.desks.records import Record
from ingest.sources.desks.rows import Rows
from ingest.sources.desks.slack_text import readable
from ingest.sources.desks.values import inside, kind_of, media, moment, present

ROOMS = {
    "channels": "slack",
    "groups": "slack_private",
    "dms": "slack_direct",
    "mpims": "slack_group",
}
USERS = ("users", "org_users")
SPOKEN = ("bot_message", "me_message", "file_share", "thread_broadcast", "file_comment")
_OTHER = re.compile(r"[^a-z0-9]+")
_BOT = "USLACKBOT"


class Slack(Desk):
    """Messages of a Slack export.

    Parameters
    ----------
    path, folder, name, again
        See :class:`~ingest.sources.desks.desk.Desk`.
    staff, customers : tuple of str
        Who serves, or who is served: ids, handles, names, addresses or ``@domain``. Without either,
        guests and strangers of the workspace are customers.

    Raises
    ------
    SourceError
        If no path is given; when loading starts, if nothing tells customers from staff.
    """

    @validate_call
    def __init__(
        self,
        *,
        path: str | None,
        folder: Path | None = None,
        name: Name = "slack",
        again: bool = False,
        staff: tuple[str, ...] = (),
        customers: tuple[str, ...] = (),
    ) -> None:
        super().__init__(path=path, folder=folder, name=name, again=again)
        self._told = (staff, customers)

    def _forget(self) -> None:
        self._people = People(self.name, *self._told)
        self._rooms: dict[str, tuple[str, str]] = {}  # folder -> id and kind of the room

    def _learned(self) -> tuple[str, ...]:
        return self._people.check()

    def _learn(self, record: Record) -> None:
        room, part = _place(record)
        if not room and part in USERS and "id" in record.value:
            self._people.add(_person(record.value))
        elif not room and part in ROOMS and "id" in record.value:
            number = str(record.value["id"])
            for folder in {number, str(record.value.get("name") or number)}:
                self._rooms[folder] = (number, ROOMS[part])
        elif record.value.get("user_profile"):  # strangers are described beside what they say
            self._stranger(record.value)

    def _stranger(self, value: Mapping[str, Any]) -> None:
        number, profile = str(value.get("user")), value["user_profile"]
        known = self._people.get(number)
        if not known.username:
            away = profile.get("team") != value.get("team") or bool(profile.get("is_restricted"))
            names = str(profile.get("name") or number), str(profile.get("real_name") or "")
            self._people.add(Person(number, *names, guest=away))

    def _map(self, record: Record, rows: Rows) -> None:
        room, part = _place(record)
        value = record.value
        if room:
            self._message(value, *self._rooms.get(room, (room, "slack")), rows=rows)
        elif part in USERS:
            self._account(value, rows)
        elif part in ROOMS or part in ("integration_logs", "canvases"):
            rows.skip(f"{part}.json (rooms and apps, no messages)")
        else:
            shown = orjson.dumps(value).decode()
            rows.refuse("expected users, channels or messages in a channel's folder", shown)

    def _account(self, value: Mapping[str, Any], rows: Rows) -> None:
        person = self._people.get(value.get("id"))
        if self._people.role(person) != "customer":
            rows.skip("accounts of staff and bots")
            return
        about = present(name=person.name, username=person.username, email=person.email)
        rows.customer(rows.id(person.id), about | present(phone=person.phone))

    def _message(self, value: dict[str, Any], room: str, channel: str, *, rows: Rows) -> None:
        subtype = str(value.get("subtype") or "")
        if value.get("type") != "message":
            shown = orjson.dumps(value).decode()
            rows.refuse(f"expected type 'message', received {value.get('type')!r}", shown)
        elif subtype == "message_changed":
            inner = value.get("message") or {}
            told = readable(inner.get("text"), self._people)
            name = rows.id(room, inner.get("ts"))
            rows.edited(name, rows.id(room), moment(value.get("ts")), told)
        elif subtype == "message_deleted":
            gone = value.get("deleted_ts") or inside(value, "previous_message", "ts")
            rows.recalled(rows.id(room, gone), rows.id(room), moment(value.get("ts")))
        else:
            self._said(value, subtype, room, channel, rows=rows)

    def _said(
        self, value: dict[str, Any], subtype: str, room: str, channel: str, *, rows: Rows
    ) -> None:
        person = self._people.get(value.get("user") or inside(value, "comment", "user"))
        role = self._role(value, subtype, person)
        files = media(
            value.get("files") or [], name="name", type="mimetype", url="url_private", size="size"
        )
        text = readable(value.get("text"), self._people) or _attached(value, self._people)
        name, talk, at = rows.id(room, value.get("ts")), rows.id(room), moment(value.get("ts"))
        thread = value.get("thread_ts")
        kind = _OTHER.sub("_", subtype.lower()) or "system" if role == "system" else None
        rows.put(
            "messages",
            message_id=name,
            conversation_id=talk,
            customer_id=rows.id(person.id) if role == "customer" else None,
            agent_id=rows.agent(person.id) if role == "agent" else None,
            sender_role=role,
            kind=kind or kind_of(text, files),
            text=text,
            media=files or None,
            reply_to=rows.id(room, thread) if thread != value.get("ts") else None,
            recalled=subtype == "tombstone",
            channel=channel,
            occurred_at=at,
            raw=value,
        )
        if subtype == "tombstone":
            rows.recalled(name, talk, at)
        if value.get("edited"):
            rows.edited(name, talk, moment(inside(value, "edited", "ts")), text)

    def _role(self, value: Mapping[str, Any], subtype: str, person: Person) -> str:
        if subtype and subtype not in (*SPOKEN, "tombstone"):
            return "system"
        by_app = subtype == "bot_message" or value.get("bot_id") or person.id == _BOT
        return "bot" if by_app else self._people.role(person)


def _place(record: Record) -> tuple[str, str]:
    """Return the room's folder, empty at the top of the export, and the name of the file."""
    *folders, file = record.file.split("/")
    part = file.split(".", maxsplit=1)[0]
    top = not folders or part in (*USERS, *ROOMS, "integration_logs", "canvases")
    return "" if top else folders[-1], part


def _person(value: Mapping[str, Any]) -> Person:
    profile = value.get("profile") or {}
    guest = any(value.get(f"is_{kind}") for kind in ("restricted", "ultra_restricted", "stranger"))
    return Person(
        str(value["id"]),
        username=str(value.get("name") or ""),
        name=str(profile.get("real_name") or value.get("real_name") or ""),
        email=profile.get("email"),
        phone=profile.get("phone") or None,
        guest=guest,
        bot=bool(value.get("is_bot")) or value["id"] == _BOT,
    )


def _attached(value: Mapping[str, Any], people: People) -> str | None:
    """Return the words of attachments, in which apps write what they say."""
    found = [each.get("text") or each.get("fallback") for each in value.get("attachments") or []]
    return readable("\n".join(str(text) for text in found if text), people)
