"""Forms of questions about conversations and of their answers."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field, JsonValue

from insights.analyzed import Analysis
from serving.api.insight_schemas import Selection
from serving.api.schemas import Form, example


class ConversationsQuestion(Selection):
    """Which conversations to list: those opened in the range, as ``volume`` counts them.

    ``sort`` is a column, with ``-`` before it the largest or latest first.
    """

    waiting: bool | None = None
    sort: Literal[
        "opened_at", "-opened_at", "last_at", "-last_at", "messages", "-messages",
        "duration_minutes", "-duration_minutes", "first_response_minutes",
        "-first_response_minutes", "waiting_minutes", "-waiting_minutes",
    ] = "-last_at"  # fmt: skip
    limit: int = Field(default=50, ge=1, le=500)
    offset: int = Field(default=0, ge=0)


_CONVERSATION: dict[str, JsonValue] = {
    "conversation_id": "web-5512",
    "channel": "web",
    "source": "api",
    "customer_id": "718",
    "agent": "ann",
    "agents": ["ann", "bob"],
    "category": "uncategorized",
    "labels": ["vip"],
    "opened_at": "2026-03-01T09:30:00Z",
    "first_at": "2026-03-01T09:30:00Z",
    "last_at": "2026-03-01T09:41:00Z",
    "messages": 5,
    "duration_minutes": 11.0,
    "first_response_minutes": 4.0,
    "waiting_minutes": None,
    "resolved_at": None,
    "reopens": 0,
    "simulated": False,
    "gap_minutes": None,
}


class Conversation(Form):
    """One conversation, or one session of a source without conversations."""

    model_config = example(_CONVERSATION)

    conversation_id: str
    channel: str
    source: str
    customer_id: str | None
    agent: str = Field(description="Who replied last.")
    agents: list[str] = Field(description="Everybody who publicly replied.")
    category: str
    labels: list[str]
    opened_at: AwareDatetime
    first_at: AwareDatetime
    last_at: AwareDatetime
    messages: int = Field(description="Public ones.")
    duration_minutes: float
    first_response_minutes: float | None
    waiting_minutes: float | None = Field(description="Null: nobody waits for an answer.")
    resolved_at: AwareDatetime | None
    reopens: int
    simulated: bool
    gap_minutes: int | None = Field(description="Silence that cut the session, if it is one.")


class Conversations(Form):
    """A page of conversations."""

    model_config = example({"total": 1, "next": None, "conversations": [_CONVERSATION]})

    total: int
    next: str | None
    conversations: list[Conversation]


class Said(Form):
    """One message of a conversation."""

    message_id: str
    at: AwareDatetime
    direction: Literal["in", "out", "system"]
    sender_role: str
    sender_id: str | None = Field(description="The customer or the agent.")
    kind: str
    text: str | None = Field(description="Personal data masked; null where it was recalled.")
    reply_to: str | None
    recalled: bool
    private: bool = Field(description="A note of the staff that customers do not see.")
    analysis: Analysis | None = Field(
        description="What text analysis found; null where it has not read the message."
    )


class Transcript(Form):
    """One conversation with what was said in it, oldest first."""

    model_config = example(
        {
            "conversation": _CONVERSATION,
            "next": None,
            "messages": [
                {
                    "message_id": "web-5512-7",
                    "at": "2026-03-01T09:30:00Z",
                    "direction": "in",
                    "sender_role": "customer",
                    "sender_id": "718",
                    "kind": "text",
                    "text": "Call me: 138****8000",
                    "reply_to": None,
                    "recalled": False,
                    "private": False,
                    "analysis": {
                        "language": "en",
                        "sentiment": "neutral",
                        "polarity": 0.02,
                        "keywords": ["call"],
                        "labels": [
                            {
                                "taxonomy": "service_categories",
                                "label": "product_enquiry",
                                "confidence": 0.7,
                            }
                        ],
                        "entities": [{"kind": "phone", "text": "138****8000"}],
                    },
                }
            ],
        }
    )

    conversation: Conversation
    next: str | None
    messages: list[Said]
