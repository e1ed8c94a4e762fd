"""A conversation as an estimate of satisfaction reads it: what was said, heard, and counted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from features.text.classifier.terms import terms_of

FloatArray = NDArray[np.float32]

_ALIKE = 0.6  # Jaccard overlap of terms from which one turn repeats another
_BACK = 8  # turns of the same side that a repeat is looked for in
_NEGATION = re.compile(r"\b(?:no|not|never|none|nothing|cannot)\b|n['’]t\b|[不没無无别未]", re.I)
_THANKS = re.compile(r"\bthank|\bthx\b|\bgreat\b|\bperfect\b|谢+|太好了", re.I)
_REGRET = re.compile(r"\bsorry\b|\bapolog|\bunfortunately\b|\bunable\b|抱歉|对不起|不好意思", re.I)
_QUESTION, _SHOUT = re.compile(r"[?？]"), re.compile(r"[!！]")
FACTS = (
    *("customer turns", "agent turns", "terms a customer turn", "terms of the last turn"),
    *("customer repeats", "agent repeats", "negations", "negations in the last turn"),
    *("thanks", "thanks in the last turn", "regrets of the agent", "regret just before"),
    *("questions", "exclamations", "mean polarity", "polarity of the last two", "lowest polarity"),
)
TURNS, MEAN_POLARITY, LAST_POLARITY = (
    FACTS.index(name) for name in ("customer turns", "mean polarity", "polarity of the last two")
)


@dataclass(frozen=True)
class Turn:
    """One message of a conversation.

    Parameters
    ----------
    by : {"customer", "agent"}
        Who wrote it; bots are agents here.
    text : str
        What it says.
    polarity : float
        Tone of a customer's turn, -1 to 1; 0 where it is not known.
    """

    by: Literal["customer", "agent"]
    text: str
    polarity: float = 0.0


@dataclass(frozen=True)
class Reading:
    """What is known of n conversations, or of n moments of conversations.

    Parameters
    ----------
    said, heard : tuple of str
        The customers' words, and those of the agents.
    facts : numpy.ndarray
        float32 [n, 17], see :data:`FACTS`.
    vectors : numpy.ndarray, optional
        float32 [n, width], sentence vectors of what customers said.

    Raises
    ------
    ValueError
        If the parts are not of one length.
    """

    said: tuple[str, ...]
    heard: tuple[str, ...]
    facts: FloatArray
    vectors: FloatArray | None = None

    def __post_init__(self) -> None:
        """Check that every part tells of the same conversations."""
        sizes = {len(self.said), len(self.heard), len(self.facts)}
        sizes |= set() if self.vectors is None else {len(self.vectors)}
        if len(sizes) > 1 or self.facts.ndim != 2 or self.facts.shape[1] != len(FACTS):  # noqa: PLR2004
            raise ValueError(
                f"satisfaction: expected as many agents' words and rows of {len(FACTS)} facts as "
                f"customers' words, {len(self.said)}, got {len(self.heard)} and an array "
                f"{self.facts.shape}"
            )

    def __len__(self) -> int:
        """Return n."""
        return len(self.said)

    def take(self, rows: NDArray[np.int64]) -> Reading:
        """Return some of the rows."""
        return Reading(
            tuple(self.said[row] for row in rows),
            tuple(self.heard[row] for row in rows),
            self.facts[rows],
            None if self.vectors is None else self.vectors[rows],
        )

    def __add__(self, other: Reading) -> Reading:
        """Return both, one after the other."""
        both = (self.vectors, other.vectors)
        vectors = None if both[0] is None or both[1] is None else np.concatenate([both[0], both[1]])
        facts = np.concatenate([self.facts, other.facts])
        return Reading(self.said + other.said, self.heard + other.heard, facts, vectors)


def read_conversations(conversations: Sequence[Sequence[Turn]]) -> Reading:
    """Return whole conversations: everything either side said, and the facts at the end."""
    facts = [facts_of(turns)[-1:] for turns in conversations]
    return Reading(
        tuple(_words(turns, "customer") for turns in conversations),
        tuple(_words(turns, "agent") for turns in conversations),
        np.concatenate([np.zeros((0, len(FACTS)), np.float32), *facts]),
    )


def read_turns(conversations: Sequence[Sequence[Turn]]) -> Reading:
    """Return every customer turn, with what the agent said since the one before.

    A row knows nothing of what was said after its turn.
    """
    said: list[str] = []
    heard: list[str] = []
    for turns in conversations:
        waiting: list[str] = []
        for turn in turns:
            if turn.by == "agent":
                waiting.append(turn.text)
                continue
            said.append(turn.text)
            heard.append("\n".join(waiting))
            waiting = []
    facts = [facts_of(turns, every=True) for turns in conversations]
    facts = [np.zeros((0, len(FACTS)), np.float32), *facts]
    return Reading(tuple(said), tuple(heard), np.concatenate(facts))


def facts_of(turns: Sequence[Turn], *, every: bool = False) -> FloatArray:
    """Return what is counted of a conversation.

    Parameters
    ----------
    turns : sequence of Turn
        In the order they were written.
    every : bool
        A row after each customer turn, instead of one at the end.

    Returns
    -------
    numpy.ndarray
        float32 [customer turns or 1, 17], see :data:`FACTS`.
    """
    counts = {"customer": _Side(), "agent": _Side()}
    polarities: list[float] = []
    rows = []
    for turn in turns:
        counts[turn.by].hear(turn.text)
        if turn.by == "customer":
            polarities.append(turn.polarity)
            if every:
                rows.append(_row(counts["customer"], counts["agent"], polarities))
    if not every:
        rows.append(_row(counts["customer"], counts["agent"], polarities))
    return np.array(rows, dtype=np.float32).reshape(-1, len(FACTS))


class _Side:
    """What was counted of one side of a conversation so far."""

    def __init__(self) -> None:
        self.turns = self.terms = self.repeats = self.negations = self.thanks = 0
        self.regrets = self.questions = self.shouts = 0
        self.last = (0, 0, 0, 0)  # terms, negations, thanks, regrets
        self._before: list[frozenset[str]] = []

    def hear(self, text: str) -> None:
        terms = frozenset(terms_of(text))
        negations, thanks, regrets = (
            len(mark.findall(text)) for mark in (_NEGATION, _THANKS, _REGRET)
        )
        self.last = (len(terms), negations, thanks, regrets)
        self.turns += 1
        self.terms += len(terms)
        self.negations += negations
        self.thanks += thanks
        self.regrets += regrets
        self.questions += bool(_QUESTION.search(text))
        self.shouts += bool(_SHOUT.search(text))
        self.repeats += any(_alike(terms, known) for known in self._before[-_BACK:])
        self._before.append(terms)


def _row(customer: _Side, agent: _Side, polarities: Sequence[float]) -> list[float]:
    turns = max(customer.turns, 1)
    logs = [customer.turns, agent.turns, customer.terms / turns, customer.last[0]]
    tones = polarities or [0.0]
    polarity = (np.mean(tones), np.mean(tones[-2:]), min(tones))
    return [
        *np.log1p(logs),
        *(customer.repeats, agent.repeats, customer.negations / turns, customer.last[1]),
        *(customer.thanks, customer.last[2], agent.regrets, agent.last[3]),
        *(customer.questions / turns, customer.shouts / turns, *polarity),
    ]


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return bool(one) and len(one & other) >= _ALIKE * len(one | other)


def _words(turns: Sequence[Turn], by: str) -> str:
    return "\n".join(turn.text for turn in turns if turn.by == by)


def stacked(blocks: Sequence[sp.csr_matrix | FloatArray]) -> sp.csr_matrix:
    """Return blocks of columns side by side, float32."""
    return sp.hstack([sp.csr_matrix(block) for block in blocks], dtype=np.float32).tocsr()
