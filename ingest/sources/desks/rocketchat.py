"""Rocket.Chat: messages, rooms and users as its REST API answers, or as its database keeps them.

A room is a stream that is cut into sessions by silence, but for livechat: there a room is one
conversation, and its rows come from ``<name>_livechat``, which is not cut.
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
from ingest.sources.desks.values import inside, kind_of, moment, present

CHANNELS = {"c": "rocketchat", "p": "rocketchat_private", "d": "rocketchat_direct", "l": "livechat"}
STATES = {
    "livechat-started": "conversation_opened",
    "livechat-close": "conversation_resolved",
    "livechat_transfer_history": "conversation_assigned",
}
FILES = {"image_url": "image", "audio_url": "audio", "video_url": "video", "title_link": "file"}
GUESTS = {"guest", "anonymous", "livechat-guest"}
_LINK = re.compile(r"\[ ?\]\([^)]*[?&]msg=[^)]*\)")  # in front of what answers a quotation
_QUOTED = re.compile(r"[?&]msg=(\w+)")
_OTHER = re.compile(r"[^a-z0-9]+")


class RocketChat(Desk):
    """Messages of Rocket.Chat.

    Parameters
    ----------
    path, folder, name, again
        See :class:`~ingest.sources.desks.desk.Desk`.
    staff, customers : tuple of str
        Who serves, or who is served: ids, handles, names, addresses or ``@domain``. Without either,
        visitors of livechat and users with the role ``guest`` or ``anonymous`` are customers.

    Raises
    ------
    SourceError
        If no path is given; when loading starts, if nothing tells customers from staff.
    """

    lists = ("messages", "rooms", "users", "visitors", "update", "updated", "deleted", "ims")

    @validate_call
    def __init__(
        self,
        *,
        path: str | None,
        folder: Path | None = None,
        name: Name = "rocketchat",
        again: bool = False,
        staff: tuple[str, ...] = (),
        customers: tuple[str, ...] = (),
    ) -> None:
        super().__init__(path=path, folder=folder, name=name, again=again)
        self._told = (staff, customers)

    def _forget(self) -> None:
        self._people = People(self.name, *self._told)
        self._rooms: dict[str, str] = {}  # room -> kind
        self._visitors: dict[str, str] = {}  # livechat room -> visitor
        self._said: dict[str, str] = {}  # message -> room, for deletions that name no room

    def _learned(self) -> tuple[str, ...]:
        return self._people.check()

    def _learn(self, record: Record) -> None:
        value, part = record.value, _part(record)
        if part == "messages":
            self._said[str(value.get("_id"))] = str(value["rid"])
            if value.get("token"):  # livechat visitors carry one
                self._visitor(str(value["rid"]), value.get("u") or {})
        elif part == "rooms":
            self._rooms[str(value.get("_id"))] = str(value.get("t"))
            if isinstance(value.get("v"), Mapping):
                self._visitor(str(value.get("_id")), value["v"])
        elif part in ("users", "visitors"):
            self._people.add(_person(value, visitor=part == "visitors"))

    def _visitor(self, room: str, told: Mapping[str, Any]) -> None:
        self._rooms.setdefault(room, "l")
        self._visitors[room] = str(told.get("_id"))
        known = self._people.get(told.get("_id"))
        if not known.username:
            self._people.add(_person(told, visitor=True))

    def _map(self, record: Record, rows: Rows) -> None:
        part = _part(record)
        if part == "messages":
            self._message(record.value, rows)
        elif part == "deleted":
            self._deleted(record.value, rows)
        elif part in ("users", "visitors"):
            self._account(self._people.get(record.value.get("_id")), rows)
        elif part == "rooms":
            visitor = self._visitors.get(str(record.value.get("_id")))
            if visitor is not None:
                self._account(self._people.get(visitor), rows)
            rows.skip("rooms (they say what kind of room a message is in)")
        else:
            shown = orjson.dumps(record.value).decode()
            rows.refuse("expected a message, room or user", shown)

    def _account(self, person: Person, rows: Rows) -> None:
        if self._people.role(person) != "customer":
            rows.skip("users who are staff or bots")
            return
        about = present(name=person.name, username=person.username, email=person.email)
        rows.customer(rows.id(person.id), about | present(phone=person.phone))

    def _deleted(self, value: Mapping[str, Any], rows: Rows) -> None:
        room = self._said.get(str(value.get("_id")))
        at = moment(value.get("_deletedAt"))
        if room is None:
            rows.skip("deletions of messages that are not in the export")
            return
        rows.recalled(rows.id(value.get("_id")), rows.id(room), at)

    def _message(self, value: dict[str, Any], rows: Rows) -> None:
        room, name = str(value["rid"]), rows.id(value.get("_id"))
        person = self._people.get(inside(value, "u", "_id"))
        role, kind = self._spoken(value, person)
        files = _files(value)
        text = _LINK.sub("", value.get("msg") or "").strip() or _described(value)
        live = self._rooms.get(room) == "l"
        customer = person.id if role == "customer" else self._visitors.get(room)
        at = moment(value.get("ts"))
        rows.put(
            "messages",
            message_id=name,
            source=f"{self.name}_livechat" if live else None,
            conversation_id=rows.id(room),
            customer_id=rows.id(customer),
            agent_id=rows.agent(person.id) if role == "agent" else None,
            sender_role=role,
            kind=kind or kind_of(text, files),
            text=text,
            media=files or None,
            reply_to=rows.id(_quoted(value) or value.get("tmid")),
            recalled=value.get("t") == "rm",
            channel=CHANNELS.get(self._rooms.get(room, "c"), "rocketchat"),
            occurred_at=at,
            raw=value,
        )
        changed = moment(value.get("editedAt"))
        if value.get("t") == "rm":
            rows.recalled(name, rows.id(room), changed or moment(value.get("_updatedAt")) or at)
        elif changed is not None:
            rows.edited(name, rows.id(room), changed, value.get("msg"))

    def _spoken(self, value: Mapping[str, Any], person: Person) -> tuple[str, str | None]:
        told = str(value.get("t") or "")
        if told and told != "rm":
            return "system", STATES.get(told, _OTHER.sub("_", told.lower()).strip("_"))
        if value.get("bot"):
            return "bot", None
        return self._people.role(person), None


def _part(record: Record) -> str:
    value = record.value
    if record.part == "deleted" or "_deletedAt" in value:
        return "deleted"
    if "rid" in value and ("msg" in value or "ts" in value):
        return "messages"
    if record.part in ("users", "visitors"):
        return record.part
    if record.part in ("rooms", "ims") or (
        "t" in value and ("usersCount" in value or "v" in value)
    ):
        return "rooms"
    if "visitorEmails" in value or "token" in value:
        return "visitors"
    return "users" if "username" in value else ""


def _person(value: Mapping[str, Any], *, visitor: bool) -> Person:
    roles = set(value.get("roles") or [])
    emails = value.get("emails") or value.get("visitorEmails") or []
    phones = value.get("phone") or []
    return Person(
        str(value.get("_id")),
        username=str(value.get("username") or ""),
        name=str(value.get("name") or value.get("fname") or ""),
        email=emails[0].get("address") if emails else None,
        phone=phones[0].get("phoneNumber") if isinstance(phones, list) and phones else None,
        guest=visitor or bool(roles & GUESTS),
        bot=value.get("type") == "bot" or "bot" in roles,
    )


def _files(value: Mapping[str, Any]) -> list[dict[str, object]]:
    found = []
    for each in value.get("attachments") or []:
        for key, kind in FILES.items():
            if each.get(key):
                found.append(present(name=each.get("title"), type=kind, url=each[key]))
                break
    return found


def _described(value: Mapping[str, Any]) -> str | None:
    """Return what is written below an attached file."""
    told = [each.get("description") for each in value.get("attachments") or []]
    return "\n".join(text for text in told if text) or None


def _quoted(value: Mapping[str, Any]) -> str | None:
    for each in value.get("attachments") or []:
        found = _QUOTED.search(str(each.get("message_link") or ""))
        if found:
            return found.group(1)
    return None
