"""Messages of WeCom's archive as canonical rows: who speaks to whom, recalls, consent, payments.

What is decided here
--------------------
- Ids that begin with ``wm`` or ``wo`` are customers, with ``wb`` bots; everybody else is staff.
- A private chat is a conversation of one member of staff and one customer, whoever writes. Chats
  of staff among themselves are private messages: no customer is there.
- A recall is a line of the system and marks the message it names, whenever that was stored.
- Agreeing, or not, to be recorded is a line of the system, an event and a fact of the customer.
- Whoever switches to another company is recorded as a private line of the system.
- The archive's sequence number is no part of a row: pulled twice, a message is one message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ingest.recalls import RECALL, recall_key
from ingest.sources.rows import dump, filled
from ingest.sources.wecom.kinds import CONSENT, SWITCH, Form, form_of, media, part_of, words

NAME = "wecom"
CHANNEL = "wecom"
_CENTS = 100
_SPAN = (0, 7_258_118_400_000)  # 1970 to 2200 in milliseconds


@dataclass(frozen=True)
class Staff:
    """Who is who by id.

    Attributes
    ----------
    customers, bots : tuple of str
        What ids of customers and of bots begin with.
    """

    customers: tuple[str, ...] = ("wm", "wo")
    bots: tuple[str, ...] = ("wb",)

    def role(self, person: str) -> str:
        """Return ``customer``, ``bot`` or ``agent``."""
        if person.startswith(self.bots):
            return "bot"
        return "customer" if person.startswith(self.customers) else "agent"


@dataclass
class Mapped:
    """Rows by canonical table."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    customers: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    facts: list[dict[str, Any]] = field(default_factory=list)


def wrong(message: object) -> str:
    """Return why something cannot be a message of the archive, empty if it can."""
    if not isinstance(message, dict):
        return f"expected a message as JSON object, received {type(message).__name__}"
    switch = message.get("action") == SWITCH
    for name in ("msgid", "user" if switch else "from"):
        if not isinstance(message.get(name), str) or not message[name].strip():
            return f"{name}: expected an id, received {message.get(name)!r}"
    if moment(message.get("time" if switch else "msgtime")) is None:
        return f"msgtime: expected milliseconds since 1970, received {message.get('msgtime')!r}"
    if "encrypt_chat_msg" in message:
        return "encrypt_chat_msg: expected a decrypted message; decrypt with WeCom's SDK first"
    return ""


def put(message: Mapping[str, Any], staff: Staff, into: Mapped) -> None:
    """Add the rows that one message makes."""
    if message.get("action") == SWITCH:
        into.messages.append(_switch(message))
        return
    form = form_of(message)
    row = _row(message, form, staff)
    into.messages.append(row)
    if row["customer_id"] is not None:
        into.customers.append({"customer_id": row["customer_id"]})
    if form.kind == CONSENT:
        _consent(message, form, row, into)
    elif form.kind == "payment" and row["customer_id"] is not None:
        _payment(message, form, row, into)


def moment(milliseconds: object) -> datetime | None:
    """Return a time that is told in milliseconds, None if it is none."""
    try:
        count = int(milliseconds)  # type: ignore[call-overload]
    except (TypeError, ValueError):
        return None
    low, high = _SPAN
    return datetime.fromtimestamp(count / 1000, UTC) if low < count < high else None


def message_key(msgid: str) -> str:
    """Return the key of a message."""
    return f"{NAME}:{msgid}"


def _row(message: Mapping[str, Any], form: Form, staff: Staff) -> dict[str, Any]:
    sender, room = str(message["from"]), str(message.get("roomid") or "")
    others = [str(person) for person in message.get("tolist") or ()]
    role = staff.role(sender)
    customer = sender if role == "customer" else _only(others, staff, room)
    taken = str(part_of(message, form).get("pre_msgid") or "") if form.kind == RECALL else ""
    line = form.kind in (RECALL, CONSENT)
    about = media(message, form)
    return {
        "message_id": recall_key(message_key(taken)) if taken else message_key(message["msgid"]),
        "conversation_id": room or _pair(sender, others, customer, staff),
        "customer_id": customer,
        "agent_id": sender if role == "agent" else None,
        "sender_role": "system" if line else role,
        "kind": form.kind,
        "text": words(message, form),
        "media": None if about is None or line else dump(about),
        "reply_to": message_key(taken) if taken else None,
        "recalled": False,
        "private": not room and all(staff.role(p) == "agent" for p in (sender, *others)),
        "channel": CHANNEL,
        "occurred_at": moment(message["msgtime"]),
        "raw": dump(message),
    }


def _only(others: Sequence[str], staff: Staff, room: str) -> str | None:
    """Return the customer of a private chat that staff or a bot writes in."""
    found = [person for person in others if staff.role(person) == "customer"]
    return found[0] if found and not room else None


def _pair(sender: str, others: Sequence[str], customer: str | None, staff: Staff) -> str:
    people = sorted({sender, *others})
    mine = [person for person in people if person != customer and staff.role(person) != "customer"]
    return "|".join([*mine, *([customer] if customer else [])]) or sender


def _switch(message: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "message_id": message_key(message["msgid"]),
        "conversation_id": f"{SWITCH}|{message['user']}",
        "agent_id": message["user"],
        "sender_role": "system",
        "kind": SWITCH,
        "recalled": False,
        "private": True,
        "channel": CHANNEL,
        "occurred_at": moment(message["time"]),
        "raw": dump(message),
    }


def _consent(message: Mapping[str, Any], form: Form, row: Mapping[str, Any], into: Mapped) -> None:
    """Add what somebody agreed to; in a group it is whoever the message names."""
    told = part_of(message, form)
    agrees = message["msgtype"] == "agree"
    person = str(told.get("userid") or message["from"])
    at = moment(told.get("agree_time") or told.get("disagree_time")) or row["occurred_at"]
    into.customers.append({"customer_id": person})
    into.events.append(
        {
            "event_id": f"{row['message_id']}:consent",
            "customer_id": person,
            "kind": "consent_given" if agrees else "consent_refused",
            "occurred_at": at,
            "attributes": dump({"conversation_id": row["conversation_id"]}),
        }
    )
    into.facts.append(
        {
            "fact_id": f"{row['message_id']}:consent",
            "customer_id": person,
            "field": CONSENT,
            "value": "true" if agrees else "false",
            "authority": "crm",
            "evidence": dump({"message_id": row["message_id"]}),
            "author": NAME,
            "recorded_at": at,
        }
    )


def _payment(message: Mapping[str, Any], form: Form, row: Mapping[str, Any], into: Mapped) -> None:
    cents = part_of(message, form).get("totalamount")
    if isinstance(cents, int) and cents >= 0:
        about = filled(
            conversation_id=row["conversation_id"], currency="CNY", memo=row["text"],
            by=row["sender_role"],
        )  # fmt: skip
        into.events.append(
            {
                "event_id": f"{row['message_id']}:payment",
                "customer_id": row["customer_id"],
                "kind": "payment_sent",
                "agent_id": row["agent_id"],
                "value": cents / _CENTS,
                "occurred_at": row["occurred_at"],
                "attributes": dump(about),
            }
        )
