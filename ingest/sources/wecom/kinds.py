"""What each type of message of WeCom's archive is to us, and which of its fields hold words.

Source: WeCom's documentation of the conversation archive, "get the content of conversations"
(developer.work.weixin.qq.com, document 91774).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from ingest.recalls import RECALL

CONSENT = "consent"
SWITCH = "switch"


@dataclass(frozen=True)
class Form:
    """How one type is read.

    Attributes
    ----------
    kind : str
        Canonical kind.
    part : str
        Name of the object that holds its fields, empty where they are in the message itself.
    words : tuple of str
        Fields whose texts are joined, a line each.
    """

    kind: str
    part: str
    words: tuple[str, ...] = ()


FORMS: Mapping[str, Form] = {
    "text": Form("text", "text", ("content",)),
    "markdown": Form("text", "info", ("content",)),
    "news": Form("link", "info", ("item",)),
    "image": Form("image", "image"),
    "voice": Form("voice", "voice"),
    "video": Form("video", "video"),
    "card": Form("card", "card", ("corpname",)),
    "location": Form("location", "location", ("title", "address")),
    "emotion": Form("sticker", "emotion"),
    "file": Form("file", "file", ("filename",)),
    "link": Form("link", "link", ("title", "description")),
    "weapp": Form("link", "weapp", ("title", "description")),
    "chatrecord": Form("forward", "chatrecord", ("title",)),
    "todo": Form("event", "todo", ("title", "content")),
    "vote": Form("event", "", ("votetitle",)),
    "collect": Form("event", "collect", ("room_name",)),
    "redpacket": Form("payment", "redpacket", ("wish",)),
    "external_redpacket": Form("payment", "redpacket", ("wish",)),
    "meeting": Form("event", "meeting", ("topic",)),
    "docmsg": Form("link", "doc", ("title",)),
    "calendar": Form("event", "calendar", ("title",)),
    "mixed": Form("text", "mixed", ("item",)),
    "meeting_voice_call": Form("voice", "meeting_voice_call"),
    "voip_doc_share": Form("file", "voip_doc_share", ("filename",)),
    "sphfeed": Form("link", "sphfeed", ("sph_name", "feed_desc")),
    "revoke": Form(RECALL, "revoke"),
    "agree": Form(CONSENT, "agree"),
    "disagree": Form(CONSENT, "disagree"),
}
_OWN = ("votetitle", "voteitem", "votetype", "voteid", "voiceid", "voipid")  # outside any object
_TEXTS = ("text", "markdown")


def form_of(message: Mapping[str, Any]) -> Form:
    """Return how a message is read; a type that nobody described is an ``event``."""
    kind = str(message.get("msgtype") or "")
    return FORMS.get(kind, Form("event", kind))


def words(message: Mapping[str, Any], form: Form) -> str | None:
    """Return what a message says in words, None if it has none."""
    fields = part_of(message, form)
    found = [text for name in form.words for text in _texts(fields.get(name))]
    return "\n".join(found) or None


def part_of(message: Mapping[str, Any], form: Form) -> Mapping[str, Any]:
    """Return the fields of a message's own type."""
    if not form.part:
        return message
    part = message.get(form.part)
    return part if isinstance(part, dict) else {}


def media(message: Mapping[str, Any], form: Form) -> dict[str, Any] | None:
    """Return everything of a message's type but plain text, with the entries in it decoded."""
    kept = {name: message[name] for name in _OWN if name in message}
    if form.kind != "text" or message.get("msgtype") == "mixed":
        part = part_of(message, form) if form.part else {}
        kept |= {name: _decoded(name, value) for name, value in part.items()}
    return kept or None


def _texts(value: object) -> Iterator[str]:
    """Yield the texts of a field: of itself, or of the entries of a mixed or news message."""
    if isinstance(value, str) and value.strip():
        yield value
    elif isinstance(value, list):
        for entry in value:
            if isinstance(entry, dict):
                content = _json(entry.get("content"))
                if entry.get("type") in _TEXTS and isinstance(content, dict):
                    yield from _texts(content.get("content"))
                yield from _texts(entry.get("title"))


def _decoded(name: str, value: object) -> object:
    if name != "item" or not isinstance(value, list):
        return value
    return [
        {**entry, "content": _json(entry["content"])}
        if isinstance(entry, dict) and "content" in entry
        else entry
        for entry in value
    ]


def _json(value: object) -> object:
    """Return what a JSON text says; entries of records hold their content as JSON in a text."""
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value
