"""Simulated support conversations in any number: drawn part by part, never all in memory.

For measuring how time and memory grow, not for judging what texts mean: sentences come from a pool
drawn once from the phrases of :mod:`ingest.sources.simulation.chats`, everything else is drawn by
columns. The same seed gives the same rows on any machine, whatever their number. Whoever loads them
must name a source that begins with ``simulated``, so that every number says what it is made of.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.sources.simulation.grammar import generator, phrases

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 90
AGENTS = 20
CHANNELS = ("web", "app", "wechat", "email")
LABELS = ("billing", "delivery", "refund", "vip")
SEGMENTS = ("new", "regular", "loyal")
PART = 100_000  # messages drawn at once
_LENGTH = 8  # messages of a conversation, on average
_VISITS = 3  # conversations of a customer, on average
_CLOSED, _RATED, _LABELED = 0.7, 0.4, 0.6  # shares of conversations, or of those before
_RECALLED, _PRIVATE = 0.01, 0.02  # shares of messages
_SILENT, _SILENT_STREAM = 0.03, 0.1  # shares of pauses that last two hours
_POOL = 2_000  # different sentences a role
_SAID = {
    "customer": ("hello", "wait", "thanks.pos", "thanks.neu", "thanks.neg"),
    "agent": ("agent_hello", "ack", "anything_else"),
    "bot": ("bot",),
}
_SLOTS = {"agent": "Kim", "days": "2", "p": "coffee", "who": "my wife"}

Words = npt.NDArray[np.str_]


def messages(count: int, *, seed: int = 7, streams: bool = False) -> Iterator[pa.Table]:
    """Yield support messages, whole conversations at a time.

    Parameters
    ----------
    count : int
        Messages altogether.
    seed : int
        Everything depends on it.
    streams : bool
        Whether conversations are rooms that nobody closes, as in chatlog: no resolutions, no
        ratings, and longer pauses that cut them into sessions.

    Yields
    ------
    pyarrow.Table
        At most :data:`PART` rows: message_id, conversation_id, customer_id, agent_id, sender_role,
        kind, text, recalled, private, channel, occurred_at, labels (comma-separated) and rating.
    """
    pool = {role: _sentences(role, seed) for role in _SAID}
    for number, first in enumerate(range(0, count, PART)):
        yield _part(min(PART, count - first), number, seed, pool, streams=streams)


def customers(count: int, *, seed: int = 7) -> Iterator[pa.Table]:
    """Yield the customers of ``count`` messages: customer_id, attributes (with their segment)."""
    rng = np.random.default_rng([seed, 1])
    for number, first in enumerate(range(0, count, PART)):
        size = _people(min(PART, count - first))
        chosen = [SEGMENTS[i] for i in rng.choice(len(SEGMENTS), size, p=(0.5, 0.3, 0.2))]
        told = [json.dumps({"segment": each, "simulated": True}) for each in chosen]
        names = _named(f"p{number}-", np.arange(size))
        yield pa.table({"customer_id": pa.array(names), "attributes": pa.array(told)})


def _people(size: int) -> int:
    return max(1, size // (_LENGTH * _VISITS))


def _part(size: int, number: int, seed: int, pool: dict[str, Words], *, streams: bool) -> pa.Table:
    rng = np.random.default_rng([seed, 2 + streams, number])
    talks = max(1, size // _LENGTH)
    of = np.sort(rng.integers(0, talks, size))
    place = np.arange(size) - np.searchsorted(of, of)
    last = np.append(of[1:] != of[:-1], True)
    roles = np.array(["customer", "bot", "agent"])[rng.choice(3, size, p=(0.5, 0.1, 0.4))]
    roles[place == 0] = "customer"
    closes = last & (rng.random(size) < _CLOSED) & (place > 0) & (not streams)
    roles[closes] = "system"
    begins = place == 0
    said = np.full(size, None, dtype=object)
    for role, sentences in pool.items():
        mine = roles == role
        said[mine] = rng.choice(sentences, int(mine.sum()))
    who = rng.integers(0, _people(size), talks)[of]
    tag = np.array(LABELS)[rng.integers(0, len(LABELS), size)]
    stars = rng.integers(1, 6, size).astype(str)
    talk = _named(f"{'r' if streams else 'c'}{number}-", of)
    rows: dict[str, Any] = {
        "message_id": pa.array(_named("m", place)),
        "conversation_id": pa.array(talk),
        "customer_id": pa.array(_named(f"p{number}-", who)),
        "agent_id": pa.array(_named("agent", rng.integers(0, AGENTS, size)), mask=roles != "agent"),
        "sender_role": pa.array(roles),
        "kind": pa.array(np.where(closes, "conversation_resolved", "text")),
        "text": pa.array(said, pa.string()),
        "recalled": pa.array((rng.random(size) < _RECALLED) & (roles != "system")),
        "private": pa.array((rng.random(size) < _PRIVATE) & (roles == "agent")),
        "channel": pa.array(np.array(CHANNELS)[of % len(CHANNELS)]),
        "occurred_at": pa.array(_times(rng, of, place, talks, streams), pa.timestamp("us", "UTC")),
        "labels": pa.array(tag, mask=~begins | (rng.random(size) >= _LABELED)),
        "rating": pa.array(stars, mask=~closes | (rng.random(size) >= _RATED)),
    }
    return pa.table(rows)


def _times(
    rng: np.random.Generator,
    of: npt.NDArray[np.int64],
    place: npt.NDArray[np.int64],
    talks: int,
    streams: bool,
) -> npt.NDArray[np.int64]:
    """Return microseconds: a beginning a conversation, then pauses of some two minutes."""
    begin = int(BEGIN.timestamp()) + rng.integers(0, DAYS * 86_400, talks)
    pauses = rng.exponential(120, len(of)) + 1
    pauses[rng.random(len(of)) < (_SILENT_STREAM if streams else _SILENT)] = 7200
    passed = np.cumsum(pauses)
    first = np.arange(len(of)) - place
    found: npt.NDArray[np.int64] = ((begin[of] + passed - passed[first]) * 1e6).astype(np.int64)
    return found


def _sentences(role: str, seed: int) -> Words:
    rng = generator(seed, "pool", role)
    known = [phrases(name) for name in ("chat_en", "chat_zh")]
    drawn = (rng.choice(known).say(rng.choice(_SAID[role]), rng, _SLOTS) for _ in range(_POOL))
    return np.array(list(drawn))


def _named(prefix: str, numbers: npt.NDArray[np.int64]) -> Words:
    return np.char.add(prefix, numbers.astype(str))
