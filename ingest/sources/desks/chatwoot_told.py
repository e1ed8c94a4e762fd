"""What Chatwoot's fields mean: who spoke, which conversation, what changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ingest.sources.desks.values import inside

TYPES = {0: "incoming", 1: "outgoing", 2: "activity", 3: "template"}
SAID_BY_NOBODY = {"activity": ("system", "system"), "template": ("bot", "template")}
ROLES = {"incoming": "customer", "outgoing": "agent"}
BOTS = ("AgentBot", "Captain::Assistant", "agent_bot", "captain_assistant")
MEASURED = {
    "conversation_resolved": "conversation_resolved",
    "conversation_bot_resolved": "conversation_bot_resolved",
    "conversation_bot_handoff": "conversation_handed_off",
    "conversation_opened": "conversation_reopened",
}
INTERVALS = ("first_response", "reply_time")


def conversation_of(value: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the conversation a record is, or is about."""
    inner = value.get("conversation")
    if isinstance(inner, Mapping) and inner.get("id") is not None:
        return inner
    if "message_type" in value or "rating" in value or "event_start_time" in value:
        number = value.get("conversation_id")
        return None if number is None else {"id": number}
    return value if "id" in value and "inbox_id" in value and "status" in value else None


def contact_of(talk: Mapping[str, Any] | None, value: Mapping[str, Any]) -> object:
    """Return the number of the contact a record tells, None if it tells none."""
    told = inside(talk, "meta", "sender", "id") or inside(talk, "contact_inbox", "contact_id")
    sender = inside(value, "sender", "id") if type_of(value) == "incoming" else None
    contact = inside(value, "contact", "id") if "rating" in value else None
    return told or sender or contact


def type_of(value: Mapping[str, Any]) -> str:
    """Return the type of a message by its name, however it is written."""
    told = value.get("message_type")
    return TYPES.get(told, str(told)) if isinstance(told, int) else str(told)


def sender_of(value: Mapping[str, Any]) -> object:
    """Return the number of who sent a message."""
    return inside(value, "sender", "id") or value.get("sender_id")


def spoken(value: Mapping[str, Any], inner: Mapping[str, Any]) -> tuple[str, str]:
    """Return who spoke and what kind of message it is, as far as its type tells."""
    told = type_of(value)
    if told in SAID_BY_NOBODY:
        return SAID_BY_NOBODY[told]
    role = ROLES.get(told, told)  # another type is refused at the door, with the value there was
    if inner.get("is_reaction"):
        return role, "reaction"
    return _outgoing(value, inner) if role == "agent" else (role, "text")


def _outgoing(value: Mapping[str, Any], inner: Mapping[str, Any]) -> tuple[str, str]:
    if inside(value, "additional_attributes", "campaign_id") or inner.get("campaign_id"):
        return "agent", "campaign"
    if value.get("sender_type") in BOTS or inside(value, "sender", "type") in BOTS:
        return "bot", "text"
    nobody = sender_of(value) is None and not inner.get("external_echo")
    return "agent", "automation" if nobody or inner.get("automation_rule_id") else "text"


def changed(told: object, name: str) -> str | None:
    """Return the value before a change, None if this did not change."""
    for change in told if isinstance(told, list) else []:
        before = inside(change, name, "previous_value")
        if before is not None:
            return str(before)
    return None


def transition(before: str, after: str) -> str:
    """Return what a change of status is called."""
    if after == "resolved":
        return "conversation_resolved"
    if before == "resolved" and after == "open":
        return "conversation_reopened"
    if before == "pending" and after == "open":
        return "conversation_handed_off"
    return "conversation_status_changed"


def second_of(kind: str, at: str | None) -> str:
    """Return a key that a webhook and a reporting event about the same second share."""
    return f"{kind.removeprefix('conversation_')}:{(at or '')[:19]}"


def account_of(value: Mapping[str, Any]) -> object:
    """Return the number of the account that a record names, None if it names none."""
    messages = value.get("messages")
    said = messages[0] if isinstance(messages, list) and messages else None
    return value.get("account_id") or inside(value, "account", "id") or inside(said, "account_id")


def channel_of(told: str) -> str:
    """Return a channel in lower_snake letters.

    Examples
    --------
    >>> channel_of("Channel::WebWidget")
    'web_widget'
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", told.rpartition("::")[2]).lower()
