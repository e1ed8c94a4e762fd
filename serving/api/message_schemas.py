"""Forms of chat messages that applications send, and of the receipts they get."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from serving.api.schemas import CustomerId, Form, example

Id = Annotated[str, Field(min_length=1, max_length=200)]


class MessageIn(Form):
    """One message of a conversation. Times carry a zone; ``available_at`` defaults to now.

    A message that is sent again is a duplicate; sent again with ``recalled`` it takes itself back.
    """

    model_config = example(
        {
            "message_id": "web-5512-7",
            "conversation_id": "web-5512",
            "customer_id": "718",
            "sender_role": "customer",
            "text": "Is the blue one in stock again?",
            "channel": "web",
            "occurred_at": "2026-03-01T09:30:00Z",
        }
    )

    message_id: Id
    conversation_id: Id
    customer_id: CustomerId | None = None
    agent_id: Id | None = None
    sender_role: Literal["customer", "agent", "bot", "system"]
    kind: str = Field(default="text", pattern=r"^[a-z][a-z0-9_]*$", max_length=60)
    text: str | None = Field(default=None, max_length=100_000)
    media: dict[str, Any] | list[Any] | None = None
    reply_to: Id | None = None
    recalled: bool = False
    private: bool = Field(default=False, description="A note of the staff, no part of the talk.")
    channel: Id | None = None
    occurred_at: AwareDatetime
    available_at: AwareDatetime | None = None
    source: str = Field(default="api", min_length=1, max_length=60)
    raw: dict[str, Any] | None = Field(default=None, description="The message as it came to you.")


class MessageRejection(Form):
    """Why one message was not stored."""

    index: int = Field(description="Position of the message in the request, from 0.")
    message_id: str | None
    where: str
    expected: str
    received: str


class MessagesReceipt(Form):
    """What became of the messages of one request: received = accepted + duplicate + rejected."""

    model_config = example(
        {"received": 1, "accepted": 1, "duplicate": 0, "rejected": 0, "rejections": []}
    )

    received: int
    accepted: int
    duplicate: int = Field(description="Messages whose message_id was stored before.")
    rejected: int
    rejections: list[MessageRejection]


_CHATLOG: JsonValue = {
    "messages": [
        {
            "seq": 1772330460001,
            "time": "2026-03-01T10:01:00+08:00",
            "talker": "wxid_ann",
            "sender": "wxid_ann",
            "isSelf": False,
            "type": 1,
            "content": "Is the blue one in stock again?",
        }
    ]
}


class ChatlogBody(BaseModel):
    """What chatlog posts: the messages of one conversation since the last time."""

    model_config = example(_CHATLOG) | ConfigDict(extra="allow")

    messages: list[Any] = Field(max_length=10_000)


class WebhookReceipt(Form):
    """What became of the messages of one body; those rejected are kept with the reason."""

    model_config = example({"received": 1, "accepted": 1, "duplicate": 0, "rejected": 0})

    received: int
    accepted: int
    duplicate: int
    rejected: int
