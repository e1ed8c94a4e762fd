"""One support conversation about one purchase: who says what, in which order, and how it ends."""

from __future__ import annotations

from random import Random

from ingest.sources.simulation.chats import ASPECT_OF, Chat, Survey
from ingest.sources.simulation.grammar import document, generator, happens, phrases
from ingest.sources.simulation.noise import join, roughen, spoken
from ingest.sources.simulation.reviews import Occasion, polarity, tell
from ingest.sources.simulation.truth import SENTIMENTS, Truth, unmark

_CHANNELS = {"zh": ("wechat", "app", "miniprogram", "web"), "en": ("web", "app", "email", "sms")}
_AGENTS = {
    "zh": ("小林", "小周", "阿敏", "小何", "晓彤", "大伟"),
    "en": ("Robin", "Sam", "Lee", "Kim", "Pat", "Alex"),
}
_MINUTE = 60.0
_SOLVED = -0.2


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
    if happens(rng, "chat.unanswered"):
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
        for topic, aspect in ASPECT_OF.items()
        if aspect in aspects or topic in ("product_question", "availability")
    ]
    scores = [occasion.score(ASPECT_OF[topic], rng) for topic in topics]
    topic = rng.choices(topics, [2.0 ** -max(-2.0, min(2.0, score)) for score in scores])[0]
    mood = polarity(scores[topics.index(topic)])
    wanted = {"neg": "complain", "neu": "inquire", "pos": "praise"}[mood]
    modes = [wanted, "inquire", "complain"]
    return topic, next(mode for mode in modes if f"topics.{topic}.{mode}" in lists)


def _open(chat: Chat, mode: str) -> None:
    rng = chat.rng
    chat.put("system", chat.phrase("system_open"), 1, kind="system")
    if happens(rng, "chat.bot"):
        chat.put("bot", chat.phrase("bot"), 2)
    clauses = [chat.phrase(f"topics.{chat.topic}.{mode}")]
    if happens(rng, "chat.hello"):
        chat.customer("hello", [chat.phrase("hello")], "neu", 8)
    elif happens(rng, "chat.hello_first"):
        clauses.insert(0, chat.phrase("hello").rstrip("?？,，"))
    if happens(rng, "chat.recalled"):
        chat.customer("recalled", [chat.phrase("wrong")], "neu", 12, recalled=True)
    if happens(rng, "chat.context"):
        clauses.append(chat.phrase("context"))
    mood = {"complain": "neg", "inquire": "neu", "praise": "pos"}[mode]
    if mode == "complain" and happens(rng, "chat.upset"):
        clauses.append(chat.phrase("closer.neg"))
    chat.customer("opening", clauses, mood, 30)
    if happens(rng, "chat.media"):
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
    slow = happens(rng, "chat.slow")
    if slow:
        chat.customer("waiting", [chat.phrase("wait")], "neg", 6 * _MINUTE)
    hello = chat.put("agent", chat.phrase("agent_hello"), (5 if slow else 1.5) * _MINUTE)
    if mode == "praise":
        return
    chat.put("agent", chat.phrase("ack"), 30)
    asked = chat.put("agent", chat.phrase(f"topics.{chat.topic}.ask"), 40)
    clauses = [chat.phrase(f"topics.{chat.topic}.answer")]
    if happens(rng, "chat.fact"):
        wanted = [name for name in chat.person.facts if name in ("phone", "name", "city", "email")]
        told = rng.choice(wanted or list(chat.person.facts))
        clauses.insert(rng.randrange(2), tell(chat.person, told, rng))
    quotes = asked if happens(rng, "chat.quotes_question") else None
    chat.customer("answer", clauses, "neu", 50, reply_to=quotes)
    if happens(rng, "chat.note"):
        chat.put("agent", chat.phrase("note"), 60, private=True)
    if happens(rng, "chat.waiting"):
        chat.customer("waiting", [chat.phrase("wait")], "neg", 3 * _MINUTE)
    if happens(rng, "chat.agent_recalled"):
        chat.put("agent", chat.phrase("topics.service.fail"), 30, recalled=True)
    if happens(rng, "chat.quote"):
        chat.customer(
            "quote", [chat.phrase("quote")], "neu", 45, reply_to=rng.choice((asked, hello))
        )


def _close(chat: Chat, mode: str) -> None:
    rng, person = chat.rng, chat.person
    satisfied = chat.occasion.score("service", rng) + (0.5 if mode != "complain" else 0.2)
    if mode == "praise":
        mood = "pos"
    else:
        path = "solve" if satisfied > _SOLVED else "fail"
        chat.put("agent", chat.phrase(f"topics.{chat.topic}.{path}"), 2 * _MINUTE)
        mood = polarity(satisfied)
    if happens(rng, "chat.thanks"):
        reply_to = chat.messages[-1]["message_id"] if happens(rng, "chat.quotes_answer") else None
        clauses = [chat.phrase(f"thanks.{mood}")]
        if mood == "neg" and happens(rng, "chat.upset"):
            clauses.append(chat.phrase("closer.neg"))
        chat.customer("thanks", clauses, mood, 40, reply_to=reply_to)
        if happens(rng, "noise.emoji", person.emoji):
            emoji = rng.choice(document("noise")[person.base]["emoji"][mood])
            chat.put("customer", emoji, 5, kind="sticker")
    chat.put("agent", chat.phrase("anything_else"), 30)
    chat.put("system", chat.phrase("system_close"), 5 * _MINUTE, kind="system")
    if happens(rng, "chat.survey"):
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
        language=spoken(text, person),
        sentiment=SENTIMENTS[mood],
        topic="service",
        need="service_quality",
        aspects=({"aspect": "service", "polarity": SENTIMENTS[mood]},),
        facts=facts,
    )
    chat.survey = Survey(feedback_id, text, float(rating), chat.wait(10 * _MINUTE), truth)
