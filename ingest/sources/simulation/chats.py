"""One support conversation about one purchase: who says what, when, and what it means."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from ingest.sources.simulation.grammar import document, generator, phrases
from ingest.sources.simulation.noise import join, roughen
from ingest.sources.simulation.people import Person
from ingest.sources.simulation.reviews import Occasion, polarity, tell
from ingest.sources.simulation.truth import SENTIMENTS, Truth, unmark

_ASPECT_OF = {
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
_CHANNELS = {"zh": ("wechat", "app", "miniprogram", "web"), "en": ("web", "app", "email", "sms")}
_AGENTS = {"zh": ("小林", "小周", "阿敏", "小何", "晓彤", "大伟"), "en": ("Robin", "Sam", "Lee", "Kim", "Pat", "Alex")}
_MINUTE = 60.0


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

    def put(self, role: str, text: str | None, seconds: float, **other: Any) -> str:  # noqa: ANN401
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
        self, part: str, clauses: list[str], mood: str, seconds: float = 25, **other: Any  # noqa: ANN401
    ) -> str:
        """Append a text of the customer, typed as this person types, and its truth."""
        said = roughen(join(clauses, self.person.base, self.rng), self.person, mood, self.rng)
        text, facts = unmark(said)
        message_id = self.put("customer", text, seconds, **other)
        aspect = _ASPECT_OF[self.topic]
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
                    language=self.person.language,
                    sentiment=SENTIMENTS[mood],
                    topic=self.topic,
                    need=self.need,
                    aspects=({"aspect": aspect, "polarity": SENTIMENTS[mood]},) if judged else (),
                    facts=facts,
                )
            )
        return message_id


def write_chat(occasion: Occasion) -> Chat:
    """Write a conversation that begins at ``occasion.at``."""
    rng = generator(occasion.seed, "chat", occasion.key)
    base = occasion.person.base
    topic, mode = _subject(occasion, rng)
    number = rng.randrange(6)
    chat = Chat(
        occasion=occasion,
        rng=rng,
        conversation_id=f"sim-c-{rng.getrandbits(64):016x}",
        channel=rng.choice(_CHANNELS[base]),
        agent_id=f"agent-{base}-{number + 1}",
        agent=_AGENTS[base][number],
        topic=topic,
        need="other" if mode == "praise" else str(document("glossary")["needs"][topic]),
        slots=occasion.product.slots(occasion.person.language, rng),
    )
    chat.slots |= {
        "agent": chat.agent,
        "channel": chat.channel,
        "digits": f"{rng.randrange(10**4):04d}",
    }
    _open(chat, mode)
    if rng.random() < 0.06:
        _give_up(chat)
        return chat
    _serve(chat, mode)
    _close(chat, mode)
    return chat


def _subject(occasion: Occasion, rng: Random) -> tuple[str, str]:
    """Draw the topic and whether the customer complains, inquires or praises.

    An aspect that is bad brings complaints about it: the draw knows the same latent qualities as
    reviews do.
    """
    lists = phrases(f"chat_{occasion.person.base}").lists
    aspects = {*occasion.product.aspects, "service", "price", "delivery", "size", "quality"}
    if "taste" in occasion.product.aspects:
        aspects.discard("quality")
    topics = [
        topic
        for topic, aspect in _ASPECT_OF.items()
        if aspect in aspects or topic in ("product_question", "availability")
    ]
    scores = [occasion.score(_ASPECT_OF[topic], rng) for topic in topics]
    topic = rng.choices(topics, [2.0 ** -max(-2.0, min(2.0, score)) for score in scores])[0]
    mood = polarity(scores[topics.index(topic)])
    wanted = {"neg": "complain", "neu": "inquire", "pos": "praise"}[mood]
    modes = [wanted, "inquire", "complain"]
    return topic, next(mode for mode in modes if f"topics.{topic}.{mode}" in lists)


def _open(chat: Chat, mode: str) -> None:
    rng = chat.rng
    chat.put("system", chat.phrase("system_open"), 1, kind="system")
    if rng.random() < 0.35:
        chat.put("bot", chat.phrase("bot"), 2)
    clauses = [chat.phrase(f"topics.{chat.topic}.{mode}")]
    if rng.random() < 0.45:
        chat.customer("hello", [chat.phrase("hello")], "neu", 8)
    elif rng.random() < 0.5:
        clauses.insert(0, chat.phrase("hello").rstrip("?？,，"))
    if rng.random() < 0.06:
        chat.customer("recalled", [chat.phrase("wrong")], "neu", 12, recalled=True)
    if rng.random() < 0.25:
        clauses.append(chat.phrase("context"))
    mood = {"complain": "neg", "inquire": "neu", "praise": "pos"}[mode]
    if mode == "complain" and rng.random() < 0.3:
        clauses.append(chat.phrase("closer.neg"))
    chat.customer("opening", clauses, mood, 30)
    if rng.random() < 0.25:
        _show(chat)


def _show(chat: Chat) -> None:
    """Send a picture, a voice message or a sticker."""
    rng = chat.rng
    kind = rng.choices(("image", "voice", "sticker"), (5, 2, 3))[0]
    if kind == "sticker":
        chat.put("customer", chat.phrase("sticker"), 6, kind=kind)
        return
    extent = rng.randint(2, 40)
    media = (
        f'{{"seconds":{extent}}}'
        if kind == "voice"
        else f'{{"name":"IMG_{rng.randrange(10**4):04d}.jpg","kilobytes":{extent * 20}}}'
    )
    chat.put("customer", None, 15, kind=kind, media=media)
    if kind == "image":
        chat.customer("image_note", [chat.phrase("image_note")], "neu", 10)


def _give_up(chat: Chat) -> None:
    """Nobody answers."""
    for _ in range(chat.rng.randint(1, 3)):
        chat.customer("waiting", [chat.phrase("wait")], "neg", 12 * _MINUTE)


def _serve(chat: Chat, mode: str) -> None:
    rng = chat.rng
    slow = rng.random() < 0.2
    if slow:
        chat.customer("waiting", [chat.phrase("wait")], "neg", 6 * _MINUTE)
    hello = chat.put("agent", chat.phrase("agent_hello"), (5 if slow else 1.5) * _MINUTE)
    if mode == "praise":
        return
    chat.put("agent", chat.phrase("ack"), 30)
    asked = chat.put("agent", chat.phrase(f"topics.{chat.topic}.ask"), 40)
    clauses = [chat.phrase(f"topics.{chat.topic}.answer")]
    if rng.random() < 0.45:
        wanted = [name for name in chat.person.facts if name in ("phone", "name", "city", "email")]
        told = rng.choice(wanted or list(chat.person.facts))
        clauses.insert(rng.randrange(2), tell(chat.person, told, rng))
    quotes = asked if rng.random() < 0.2 else None
    chat.customer("answer", clauses, "neu", 50, reply_to=quotes)
    if rng.random() < 0.15:
        chat.put("agent", chat.phrase("note"), 60, private=True)
    if rng.random() < 0.2:
        chat.customer("waiting", [chat.phrase("wait")], "neg", 3 * _MINUTE)
    if rng.random() < 0.04:
        chat.put("agent", chat.phrase("topics.service.fail"), 30, recalled=True)
    if rng.random() < 0.25:
        chat.customer("quote", [chat.phrase("quote")], "neu", 45, reply_to=rng.choice((asked, hello)))


def _close(chat: Chat, mode: str) -> None:
    rng, person = chat.rng, chat.person
    satisfied = chat.occasion.score("service", rng) + (0.5 if mode != "complain" else 0.2)
    if mode == "praise":
        mood = "pos"
    else:
        path = "solve" if satisfied > -0.2 else "fail"
        chat.put("agent", chat.phrase(f"topics.{chat.topic}.{path}"), 2 * _MINUTE)
        mood = polarity(satisfied)
    if rng.random() < 0.85:
        reply_to = chat.messages[-1]["message_id"] if rng.random() < 0.1 else None
        clauses = [chat.phrase(f"thanks.{mood}")]
        if mood == "neg" and rng.random() < 0.4:
            clauses.append(chat.phrase("closer.neg"))
        chat.customer("thanks", clauses, mood, 40, reply_to=reply_to)
        if rng.random() < person.emoji:
            emoji = rng.choice(document("noise")[person.base]["emoji"][mood])
            chat.put("customer", emoji, 5, kind="sticker")
    chat.put("agent", chat.phrase("anything_else"), 30)
    chat.put("system", chat.phrase("system_close"), 5 * _MINUTE, kind="system")
    if rng.random() < 0.3:
        _ask_survey(chat, satisfied, mood)


def _ask_survey(chat: Chat, satisfied: float, mood: str) -> None:
    rng, person = chat.rng, chat.person
    said = roughen(join([chat.phrase(f"survey.{mood}")], person.base, rng), person, mood, rng)
    text, facts = unmark(said)
    sure = abs(satisfied) > 1
    rating = {"pos": 4 + sure, "neu": 3, "neg": 2 - sure}[mood]
    feedback_id = f"sim-s-{chat.conversation_id[6:]}"
    truth = Truth(
        text_id=feedback_id,
        kind="feedback",
        part="survey",
        conversation_id=chat.conversation_id,
        customer_id=person.customer_id,
        item_id=chat.occasion.product.item_id,
        language=person.language,
        sentiment=SENTIMENTS[mood],
        topic="service",
        need="service_quality",
        aspects=({"aspect": "service", "polarity": SENTIMENTS[mood]},),
        facts=facts,
    )
    chat.survey = Survey(feedback_id, text, float(rating), chat.wait(10 * _MINUTE), truth)
