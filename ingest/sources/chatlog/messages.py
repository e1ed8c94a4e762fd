"""chatlog's Message objects as canonical rows: messages, and what they tell besides.

What is decided here
--------------------
- ``message_id`` is made of the conversation and chatlog's ``seq``; a message without one is known
  by its second and a hash of sender and content. Read from CSV or text, a message has no ``seq``:
  load a conversation one way only.
- A recalled message keeps its ``seq`` and becomes a line of the system: it is stored as recalled,
  and a copy stored before is marked.
- A quote is a ``text`` of its sender with ``reply_to``; what it quotes is kept in ``media``.
- A group's messages belong to whoever sent them, a private chat's to its talker.
- Talkers that are colleagues make private messages: no customer is there.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ingest.sources.base import Broken, RawBatch, Times
from ingest.sources.chatlog.kinds import PAT, QUOTE, SHARE, TEXT, TRANSFER, kind_of, split_quote
from ingest.sources.chatlog.notices import is_recall
from ingest.sources.chatlog.sides import Sides
from ingest.sources.chatlog.told import Told
from ingest.sources.rows import as_table, dump, filled, text

NAME = "chatlog"
CHANNEL = "wechat"
_ALIKE = 100_000  # messages whose ids are remembered for quotes


@dataclass
class Mapper:
    """Maps messages in order; remembers whom it has seen.

    Parameters
    ----------
    sides : Sides
        Who speaks for the business.
    times : Times
        How times without a zone are to be read.
    """

    sides: Sides
    times: Times = field(default_factory=Times)
    told: Told = field(init=False)
    _ids: dict[tuple[str, str, str], str] = field(default_factory=dict, init=False)
    _alike: Counter[str] = field(default_factory=Counter, init=False)

    def __post_init__(self) -> None:
        self.told = Told(self.sides)

    def batches(self, messages: Iterable[object], file: str, first_row: int) -> Iterator[RawBatch]:
        """Yield messages of one part of a file, then what they tell of people.

        Parameters
        ----------
        messages : iterable
            Message objects; what is none is a broken row, as :class:`Broken` entries are.
        file : str
            Where they come from, as shown to people.
        first_row : int
            Number of the first one.
        """
        rows: list[dict[str, Any]] = []
        broken: list[Broken] = []
        for number, message in enumerate(messages, first_row):
            wrong = self._wrong(message)
            if isinstance(message, Broken):
                broken.append(message)
            elif wrong or not isinstance(message, dict):
                broken.append(Broken(number, wrong, text(message) or ""))
            else:
                rows.append(self.row(message))
        yield RawBatch(
            "messages", as_table("messages", rows), file, first_row, tuple(broken), self.times
        )
        for table, made in self.told.take():
            yield RawBatch(table, as_table(table, made), file, first_row, times=self.times)

    def unresolved(self, file: str) -> Iterator[RawBatch]:
        """Yield, as a note, how many people in lines about groups are known by name only."""
        if self.told.unknown:
            note = (
                f"{self.told.unknown:,} lines about groups name somebody whose id is not known; "
                "they are kept as messages of the system, not as events"
            )
            yield RawBatch("events", as_table("events", []), file, notes=(note,))

    def row(self, message: dict[str, Any]) -> dict[str, Any]:
        """Return one canonical message, and remember what else it tells."""
        talker, sender = message["talker"], str(message.get("sender") or "")
        role = self.sides.role(message)
        content = str(message.get("content") or "")
        recalled = role == "system" and is_recall(content)
        inside = self.sides.is_inside(talker)
        quoted, said = self._said(message, content)
        kind = kind_of(_number(message, "type"), _share(message))
        row: dict[str, Any] = {
            "message_id": self._id(message),
            "conversation_id": self.sides.conversation(talker),
            "customer_id": _customer(message, role, inside),
            "agent_id": self.sides.agent(sender) if role == "agent" else None,
            "sender_role": role,
            "kind": role if role == "system" else kind,
            "text": said or None,
            "media": _media(message, quoted),
            "reply_to": self._quoted_id(message),
            "recalled": recalled,
            "private": inside,
            "channel": CHANNEL,
            "occurred_at": text(message.get("time")),
            "raw": dump(message),
        }
        self._remember(message, row["message_id"])
        self.told.learn(message, row, said)
        return row

    def _wrong(self, message: object) -> str:
        """Return why something cannot be a message of a conversation, empty if it can."""
        if not isinstance(message, dict):
            return f"expected a message as JSON object, received {type(message).__name__}"
        talker, kind = message.get("talker"), message.get("type", TEXT)
        if not isinstance(talker, str) or not talker.strip():
            return f"talker: expected the id of a person or group, received {talker!r}"
        if not self.sides.wants(talker):
            return f"talker: expected a customer or group, received {talker!r}, which is to skip"
        if isinstance(kind, bool) or not isinstance(kind, int):
            return f"type: expected a number such as 1 or 49, received {kind!r}"
        return ""

    def _id(self, message: Mapping[str, Any]) -> str:
        conversation = self.sides.conversation(message["talker"])
        if _number(message, "seq"):
            return f"chatlog:{conversation}:{message['seq']}"
        known = [message.get(name) for name in ("time", "sender", "content", "contents")]
        key = f"{conversation}:{hashlib.blake2b(dump(known).encode(), digest_size=12).hexdigest()}"
        self._alike[key] += 1
        again = self._alike[key]
        return f"chatlog:{key}" if again == 1 else f"chatlog:{key}-{again}"

    def _said(self, message: Mapping[str, Any], content: str) -> tuple[str, str]:
        """Return what is quoted and what is said, without placeholders of media."""
        kind, share = _number(message, "type"), _share(message)
        contents = _contents(message)
        if (kind, share) == (SHARE, QUOTE):
            return split_quote(content) if "host" in contents else ("", content)
        spoken = share in (PAT, TRANSFER) if kind == SHARE else kind_of(kind, 0) in _SPOKEN
        if spoken:
            return "", content
        about = contents.get("title") or contents.get("label") or contents.get("desc")
        return "", str(about or "")

    def _quoted_id(self, message: Mapping[str, Any]) -> str | None:
        refer = _contents(message).get("refer")
        if not isinstance(refer, dict):
            return None
        return self._ids.get(_moment(message["talker"], refer))

    def _remember(self, message: Mapping[str, Any], message_id: str) -> None:
        if len(self._ids) > _ALIKE:
            self._ids.clear()
        self._ids[_moment(message["talker"], message)] = message_id


_SPOKEN = ("text", "system", "event")


def _customer(message: Mapping[str, Any], role: str, inside: bool) -> str | None:
    if not message["talker"].endswith("@chatroom"):
        return None if inside else str(message["talker"])
    sender = message.get("sender")
    return str(sender) if role == "customer" and sender else None


def _media(message: Mapping[str, Any], quoted: str) -> str | None:
    contents = _contents(message)
    refer = contents.get("refer")
    kept = {name: value for name, value in contents.items() if name not in ("host", "refer")}
    if isinstance(refer, dict):
        names = ("seq", "time", "sender", "senderName", "type", "content")
        kept["quoted"] = filled(**{name: refer.get(name) for name in names})
    elif quoted:
        kept["quoted"] = {"content": quoted}
    made = filled(**kept)
    return None if made is None else dump(made)


def _contents(message: Mapping[str, Any]) -> Mapping[str, Any]:
    found = message.get("contents")
    return found if isinstance(found, dict) else {}


def _share(message: Mapping[str, Any]) -> int:
    return _number(message, "subType")


def _number(message: Mapping[str, Any], name: str) -> int:
    value = message.get(name, TEXT if name == "type" else 0)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _moment(talker: str, message: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return what a quote and the quoted message have in common: second, sender and talker."""
    told = str(message.get("time") or "")
    try:
        second = str(int(datetime.fromisoformat(told).timestamp()))
    except ValueError:
        second = told
    return talker, second, str(message.get("sender") or "")
