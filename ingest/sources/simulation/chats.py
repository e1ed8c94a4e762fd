"""A support conversation while it is written: rows of messages, and what each text means."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from ingest.sources.simulation.grammar import phrases
from ingest.sources.simulation.noise import join, roughen, spoken
from ingest.sources.simulation.people import Person
from ingest.sources.simulation.reviews import Occasion
from ingest.sources.simulation.truth import SENTIMENTS, Truth, unmark

ASPECT_OF = {
    "delivery": "delivery",
    "freshness": "freshness",
    "packaging": "packaging",
    "price_coupon": "price",
    "refund": "service",
    "product_question": "quality",
    "taste": "taste",
    "product_quality": "quality",
    "availability": "size",
    "loyalty_card": "price",
    "app_trouble": "service",
    "service": "service",
}


@dataclass(frozen=True)
class Survey:
    """The answer to "how did we do" after a conversation."""

    feedback_id: str
    text: str
    rating: float
    at: datetime
    truth: Truth


@dataclass
class Chat:
    """A conversation while it is written.

    Attributes
    ----------
    occasion : Occasion
        Customer, product and time of the first message.
    conversation_id, channel, agent_id, agent : str
        Identity of the conversation, and who serves it under which name.
    topic, need : str
        What it is about and which need is behind it.
    messages : list of dict
        Rows of the canonical table ``messages`` so far.
    truths : list of Truth
        Labels of the customer's texts that were not recalled.
    """

    occasion: Occasion
    rng: Random
    conversation_id: str
    channel: str
    agent_id: str
    agent: str
    topic: str
    need: str
    slots: dict[str, str]
    messages: list[dict[str, Any]] = field(default_factory=list)
    truths: list[Truth] = field(default_factory=list)
    survey: Survey | None = None

    @property
    def person(self) -> Person:
        """The customer."""
        return self.occasion.person

    @property
    def now(self) -> datetime:
        """Time of the latest message."""
        return self.messages[-1]["occurred_at"] if self.messages else self.occasion.at

    def wait(self, mean_seconds: float) -> datetime:
        """Return a time after the latest message."""
        gap = max(1.0, self.rng.lognormvariate(0, 0.7) * mean_seconds)
        return self.now + timedelta(seconds=round(gap))

    def put(self, role: str, text: str | None, seconds: float, **other: Any) -> str:
        """Append a message and return its id."""
        message_id = f"{self.conversation_id}-{len(self.messages) + 1:03d}"
        row = {
            "message_id": message_id,
            "conversation_id": self.conversation_id,
            "customer_id": self.person.customer_id,
            "agent_id": self.agent_id if role == "agent" else None,
            "sender_role": role,
            "kind": "text",
            "text": text,
            "media": None,
            "reply_to": None,
            "recalled": False,
            "private": False,
            "channel": self.channel,
            "occurred_at": self.wait(seconds) if self.messages else self.occasion.at,
        }
        self.messages.append(row | other)
        return message_id

    def phrase(self, path: str) -> str:
        """Return one phrase of the chat's language."""
        return phrases(f"chat_{self.person.base}").say(path, self.rng, self.slots)

    def customer(
        self,
        part: str,
        clauses: list[str],
        mood: str,
        seconds: float = 25,
        **other: Any,
    ) -> str:
        """Append a text of the customer, typed as this person types, and its truth."""
        said = roughen(join(clauses, self.person.base, self.rng), self.person, mood, self.rng)
        text, facts = unmark(said)
        message_id = self.put("customer", text, seconds, **other)
        aspect = ASPECT_OF[self.topic]
        if not other.get("recalled"):
            judged = part in ("opening", "thanks") and mood != "neu"
            self.truths.append(
                Truth(
                    text_id=message_id,
                    kind="message",
                    part=part,
                    conversation_id=self.conversation_id,
                    customer_id=self.person.customer_id,
                    item_id=self.occasion.product.item_id,
                    language=spoken(text, self.person),
                    sentiment=SENTIMENTS[mood],
                    topic=self.topic,
                    need=self.need,
                    aspects=({"aspect": aspect, "polarity": SENTIMENTS[mood]},) if judged else (),
                    facts=facts,
                )
            )
        return message_id
