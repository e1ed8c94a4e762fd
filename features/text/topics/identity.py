"""Who is who after topics were fitted again: an id stays with its subject and is never reused.

New topics are assigned to old ones so that the overlap of their words, summed over all pairs, is
largest (Kuhn, "The Hungarian method for the assignment problem", 1955). A pair that overlaps too
little is no pair: the old topic is gone, the new one born.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, NonNegativeInt
from scipy.optimize import linear_sum_assignment

from features.text.topics.model import Topics

LEAST = 0.4  # overlap below which two topics are two subjects
REMEMBERED = 50  # words that a topic is recognized by

Event = Literal["born", "died", "merged", "split"]
Words = Mapping[str, float]


class Change(BaseModel):
    """Something that happened to a topic when topics were fitted again.

    Parameters
    ----------
    state : str
        Fingerprint of what the new topics were fitted on.
    event : str
        ``born``; ``split``: born from a topic that lives on; ``died``; ``merged``: died into a
        topic that lives on.
    topic : int
        Its id.
    other : int or None
        The topic it split from or merged into.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: str
    event: Event
    topic: NonNegativeInt
    other: NonNegativeInt | None = None


class Memory(BaseModel):
    """What is remembered of the topics fitted last.

    Parameters
    ----------
    state : str
        Fingerprint of what they were fitted on; empty before the first time.
    next_id : int
        The id that the next new topic gets.
    ids : tuple of int
        The ids of topics 0 to K-1.
    words : tuple of dict
        The words that each is recognized by, with probabilities that sum to 1.
    changes : tuple of Change
        All that happened so far, oldest first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: str = ""
    next_id: NonNegativeInt = 0
    ids: tuple[NonNegativeInt, ...] = ()
    words: tuple[dict[str, float], ...] = ()
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Matching:
    """Which new topic is which old one.

    Parameters
    ----------
    before : tuple of int or None
        For each new topic the place of the old one it continues, None where it is new.
    overlap : numpy.ndarray
        float64 [new, old], how much the words of each pair overlap, 0 to 1.
    """

    before: tuple[int | None, ...]
    overlap: NDArray[np.float64]


def match(old: Sequence[Words], new: Sequence[Words], *, least: float = LEAST) -> Matching:
    """Match new topics with old ones by the words of each.

    Parameters
    ----------
    old, new : sequence of mapping
        Probabilities by word, each summing to 1.
    least : float
        Smallest overlap (Bhattacharyya coefficient, 1 for equal topics) of a pair.

    Examples
    --------
    >>> match([{"price": 1.0}, {"size": 1.0}], [{"size": 1.0}, {"taste": 1.0}]).before
    (1, None)
    """
    overlap = np.zeros((len(new), len(old)))
    for row, ours in enumerate(new):
        for column, theirs in enumerate(old):
            shared = sorted(ours.keys() & theirs.keys())
            overlap[row, column] = sum((ours[word] * theirs[word]) ** 0.5 for word in shared)
    before: list[int | None] = [None] * len(new)
    for row, column in zip(*linear_sum_assignment(-overlap), strict=True):
        if overlap[row, column] >= least:
            before[row] = int(column)
    return Matching(tuple(before), overlap)


def identify(model: Topics, memory: Memory, *, state: str, least: float = LEAST) -> Memory:
    """Give every topic of a model the id of the topic it continues, or a new one.

    Parameters
    ----------
    model : Topics
        What was fitted.
    memory : Memory
        What :func:`identify` returned last, or an empty one.
    state : str
        Fingerprint of what the model was fitted on; where the memory has the same, nothing changed.
    least : float
        See :func:`match`.

    Returns
    -------
    Memory
        With the ids of the model's topics, and what happened to those of before.
    """
    if memory.state == state:
        return memory
    words = _words(model)
    matching = match(memory.words, words, least=least)
    ids, fresh = [], memory.next_id
    for place in matching.before:
        ids.append(fresh if place is None else memory.ids[place])
        fresh += place is None
    changes = [
        *_ended(memory, matching, ids, state, least),
        *_born(memory, matching, ids, state, least),
    ]
    return Memory(
        state=state,
        next_id=fresh,
        ids=tuple(ids),
        words=words,
        changes=(*memory.changes, *changes),
    )


def _words(model: Topics) -> tuple[dict[str, float], ...]:
    if not model.vocabulary:
        return ()
    found = []
    for row in model.topic_word.astype(np.float64):
        order = np.argsort(-row, kind="stable")[:REMEMBERED]
        weights = row[order] / max(row[order].sum(), 1e-12)
        names = [model.vocabulary[place] for place in order]
        found.append(dict(zip(names, weights.round(6).tolist(), strict=True)))
    return tuple(found)


def _ended(
    memory: Memory, matching: Matching, ids: Sequence[int], state: str, least: float
) -> list[Change]:
    changes = []
    for column in sorted(set(range(len(memory.ids))) - set(matching.before)):
        near = matching.overlap[:, column]
        into = int(near.argmax()) if near.size and near.max() >= least else None
        other = None if into is None else ids[into]
        event: Event = "died" if into is None else "merged"
        changes.append(Change(state=state, event=event, topic=memory.ids[column], other=other))
    return changes


def _born(
    memory: Memory, matching: Matching, ids: Sequence[int], state: str, least: float
) -> list[Change]:
    changes = []
    for row, place in enumerate(matching.before):
        if place is not None:
            continue
        near = matching.overlap[row]
        source = int(near.argmax()) if near.size and near.max() >= least else None
        other = None if source is None else memory.ids[source]
        event: Event = "born" if source is None else "split"
        changes.append(Change(state=state, event=event, topic=ids[row], other=other))
    return changes
