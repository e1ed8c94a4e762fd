"""What messages tell besides their text: names, new contacts, groups joined and left, payments."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ingest.sources.chatlog.notices import is_greeting, moves, payment
from ingest.sources.chatlog.sides import ROOM, Sides
from ingest.sources.rows import dump, filled

AUTHOR = "chatlog"


class Told:
    """Collects customers, facts and events until they are taken.

    Parameters
    ----------
    sides : Sides
        Who speaks for the business.
    """

    def __init__(self, sides: Sides) -> None:
        self.unknown = 0  # people who joined or left and of whom only a name is told
        self._sides = sides
        self._names: dict[str, str] = {}
        self._seen: set[str] = set()
        self._rows: dict[str, list[dict[str, Any]]] = {"customers": [], "facts": [], "events": []}

    def take(self) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        """Yield table and rows of what was learned since the last time."""
        for table, rows in self._rows.items():
            if rows:
                self._rows[table] = []
                yield table, rows

    def learn(self, message: Mapping[str, Any], row: Mapping[str, Any], said: str) -> None:
        """Take in one message and the canonical row that was made of it."""
        customer = row["customer_id"]
        talker, role = message["talker"], row["sender_role"]
        if customer is not None:
            self._customer(customer)
            name = message.get("senderName" if talker.endswith(ROOM) else "talkerName")
            self._name(customer, name, row)
        if role == "system" and talker.endswith(ROOM):
            self._moves(talker, row, said)
        elif customer is not None and is_greeting(said):
            day = f"{row['conversation_id']}:{str(row['occurred_at'])[:10]}"
            self._event(day, "contact_added", row, self._sides.account)
        if row["kind"] == "payment" and customer is not None:
            self._payment(row, said)

    def contacts(self, contacts: Iterable[Mapping[str, Any]], at: str) -> None:
        """Take in a list of contacts.

        Parameters
        ----------
        contacts : iterable of mappings
            ``userName``, ``alias``, ``remark``, ``nickName``.
        at : str
            When the list was read (ISO 8601).
        """
        for contact in contacts:
            person = str(contact["userName"])
            names = [contact.get(name) for name in ("remark", "nickName")]
            self._names.update({str(name): person for name in names if name})
            nobody = person.endswith(ROOM) or not self._sides.wants(person)
            if nobody or self._sides.is_inside(person):
                continue
            given = {name: contact.get(name) for name in ("alias", "remark", "nickName")}
            about = filled(channel="wechat", **given)
            known = {"customer_id": person, "attributes": dump(about)}
            self._rows["customers"].append(known)
            self._seen.add(person)
            for field, name in (("name", "nickName"), ("remark", "remark"), ("wechat", "alias")):
                self._fact(person, field, contact.get(name), at)

    def rooms(self, rooms: Iterable[Mapping[str, Any]], at: str) -> None:
        """Take in a list of groups: whoever is in one is a fact, since when is not told."""
        for room in rooms:
            for member in room.get("users") or ():
                person = str(member.get("userName") or "")
                if not person or self._sides.is_inside(person):
                    continue
                if member.get("displayName"):
                    self._names[str(member["displayName"])] = person
                self._customer(person)
                self._fact(person, "group", str(room["name"]), at)

    def _customer(self, person: str) -> None:
        if person not in self._seen:
            self._seen.add(person)
            self._rows["customers"].append({"customer_id": person})

    def _name(self, person: str, name: object, row: Mapping[str, Any]) -> None:
        if name:
            self._names[str(name)] = person
            self._fact(person, "name", name, row["occurred_at"], message_id=row["message_id"])

    def _fact(self, person: str, field: str, value: object, at: object, **evidence: object) -> None:
        if not value or not str(value).strip():
            return
        key = _key(person, field, str(value))
        if key not in self._seen:
            self._seen.add(key)
            self._rows["facts"].append(
                {
                    "fact_id": f"chatlog:{key}",
                    "customer_id": person,
                    "field": field,
                    "value": str(value),
                    "authority": "crm",
                    "evidence": dump(evidence) if evidence else None,
                    "author": AUTHOR,
                    "recorded_at": at,
                }
            )

    def _moves(self, room: str, row: Mapping[str, Any], said: str) -> None:
        for place, (kind, person) in enumerate(moves(said, self._names)):
            if person is None:
                self.unknown += 1
            elif not self._sides.is_inside(person):
                self._customer(person)
                where = {"customer_id": person, "group_id": room}
                self._event(f"{row['message_id']}:{place}", kind, row, None, **where)

    def _payment(self, row: Mapping[str, Any], said: str) -> None:
        paid = payment(said)
        if paid is not None:
            by = row["agent_id"] or self._sides.account
            self._event(
                f"{row['message_id']}:payment", paid.kind, row, by, value=paid.amount,
                attributes={"currency": "CNY", "memo": paid.memo, "by": row["sender_role"]},
            )  # fmt: skip

    def _event(
        self, key: str, kind: str, row: Mapping[str, Any], agent: str | None, **more: Any
    ) -> None:
        about = {"conversation_id": row["conversation_id"], **more.pop("attributes", {})}
        self._rows["events"].append(
            {
                "event_id": f"chatlog:{key}:{kind}",
                "customer_id": row["customer_id"],
                "kind": kind,
                "agent_id": agent,
                "occurred_at": row["occurred_at"],
                "attributes": dump(filled(**about)),
                **more,
            }
        )


def _key(*parts: str) -> str:
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=12).hexdigest()
