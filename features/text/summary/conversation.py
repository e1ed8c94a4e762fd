"""A conversation in a few of its own sentences: what was asked, answered, and how it ended."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
from pydantic import PositiveInt, validate_call

from features.text.pii.mask import mask
from features.text.questions.detect import is_question
from features.text.sentences import sentences as split
from features.text.summary.rank import Floats, centrality, choose, likeness
from features.text.tokenize import words

Part = Literal["asked", "answered", "ended", "said"]

_CUSTOMER = "customer"
_NUMBER = re.compile(r"\d+")
_SMALL_TALK = frozenset(
    {"thanks", "thank", "bye", "goodbye", "hello", "hey", "welcome", "morning", "afternoon",
     "evening", "night", "okay", "yes", "yeah", "sure", "please", "你好", "您好", "再见", "拜拜",
     "欢迎", "光临", "客气", "不客气", "晚安", "早安", "辛苦"}
)  # fmt: skip
_FULL = 8  # words and numbers from which a longer sentence says no more
_EARLY, _ASKS = 1.0, 0.5  # what a customer wants comes early, and as a question
_ABOUT, _SOON = (
    0.5,
    0.3,
)  # an answer is about the question and soon after it; the rest is centrality


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation.

    Parameters
    ----------
    message_id : str
        What a sentence of a summary is linked to.
    sender_role : str
        ``customer``, or whoever answers.
    text : str
        What it says.
    occurred_at : datetime
        When; with ``message_id`` it decides the order.
    """

    message_id: str
    sender_role: str
    text: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a summary.

    Parameters
    ----------
    message_id : str
        The message that it is from.
    start, end : int
        Its place in that message.
    text : str
        The sentence, personal data masked.
    part : str
        ``asked`` by the customer, ``answered``, how it ``ended``, or ``said`` besides.
    """

    message_id: str
    start: int
    end: int
    text: str
    part: Part


@dataclass(frozen=True, slots=True)
class _Said:
    message: Message
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.message.text[self.start : self.end]

    @property
    def by_customer(self) -> bool:
        return self.message.sender_role == _CUSTOMER


@validate_call
def summarize(messages: Sequence[Message], *, sentences: PositiveInt = 3) -> list[Sentence]:
    """Return the sentences that say most of a conversation, in the order they were said.

    Central sentences are preferred (LexRank) that say something (words and numbers) and do not
    repeat each other (MMR). There is room first for what the customer asked and, with two sides,
    for the answer that is about it and for the last thing said; small talk is left out.

    Parameters
    ----------
    messages : sequence of Message
        In any order.
    sentences : int
        Most sentences.

    Examples
    --------
    >>> at = datetime(2024, 1, 1)
    >>> talk = [Message("m1", "customer", "你好!耳机什么时候发货?", at),
    ...         Message("m2", "agent", "亲,耳机明天上午发货。", at)]
    >>> [(s.message_id, s.text, s.part) for s in summarize(talk)]
    [('m1', '耳机什么时候发货?', 'asked'), ('m2', '亲,耳机明天上午发货。', 'answered')]
    """
    ordered = sorted(messages, key=lambda message: (message.occurred_at, message.message_id))
    said = [_Said(message, start, end) for message in ordered for start, end in split(message.text)]
    said = [one for one in said if _content(one.text)]
    if not said:
        return []
    alike = likeness([one.text for one in said])
    scores = _scores(said, alike)
    parts = _parts(said, scores, alike)
    chosen = choose(scores, alike, sentences, list(parts))
    return [
        Sentence(one.message.message_id, one.start, one.end, mask(one.text), parts.get(p, "said"))
        for p, one in sorted((place, said[place]) for place in chosen)
    ]


def _content(text: str) -> int:
    """Return how many different words and numbers a sentence has that can name something."""
    return len((set(words(text)) - _SMALL_TALK) | set(_NUMBER.findall(text)))


def _scores(said: Sequence[_Said], alike: Floats) -> Floats:
    """Return [n] in [0, 1]: centrality, weighed by how much a sentence says."""
    full = np.array([min(1.0, _content(one.text) / _FULL) for one in said])
    scores = centrality(alike) * full
    return np.asarray(scores / scores.max())


def _parts(said: Sequence[_Said], scores: Floats, alike: Floats) -> dict[int, Part]:
    """Return the places that tell the story of a conversation, most needed first."""
    customer = np.array([one.by_customer for one in said])
    if not customer.any():
        return {}
    places = np.arange(len(said))
    asking = np.array([is_question(one.text) for one in said])
    asked = _best(scores + _EARLY * (1 - places / len(said)) + _ASKS * asking, customer)
    parts: dict[int, Part] = {asked: "asked"}
    after = ~customer & (places > asked)
    if after.any():
        same = [one.message.message_id == said[asked].message.message_id for one in said]
        about = alike[np.array(same)].max(axis=0)
        soon = 1 / np.maximum(1, np.cumsum(after))
        fit = _ABOUT * about + _SOON * soon + (1 - _ABOUT - _SOON) * scores
        parts[_best(fit, after)] = "answered"
    if not customer.all() and places[-1] not in parts:
        parts[int(places[-1])] = "ended"
    return parts


def _best(values: Floats, among: np.ndarray) -> int:
    return int(np.where(among, values, -np.inf).round(9).argmax())
