"""How much of a conversation a summary of three sentences keeps.

Protocol: the test conversations of multidogo (customer turns only) with at least 5 turns; of each,
the share of distinct intents other than small talk, and of distinct slot values, that are in the
turns (for slot values: in the characters) chosen. Compared with the first three turns (lead-3) and
with the three longest. Intervals: bootstrap over conversations.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.text.summary import Message, summarize
from training.textbench.row import Row

SENTENCES = 3
SMALL_TALK = {
    "openinggreeting", "closinggreeting", "thankyou", "confirmation", "rejection", "contentonly",
    "outofdomain",
}  # fmt: skip
_START = datetime(2024, 1, 1, tzinfo=UTC)
_DRAWS = 1000
Turns = Sequence[dict[str, Any]]
Choice = Callable[[Turns], set[int]]


def measure(data: Path, cache: Path) -> Iterator[Row]:
    """Yield what summaries keep, and what the first and the longest turns keep.

    Parameters
    ----------
    data : Path
        Folder of public data.
    cache : Path
        Not used: nothing here is kept.
    """
    del cache
    conversations = list(_conversations(data))
    reference: dict[str, float] = {}
    for name, choice in (("lead-3", _lead), ("longest-3", _longest), ("summary", _summary)):
        started = perf_counter()
        kept = [_kept(turns, choice(turns)) for turns in conversations]
        seconds = round(perf_counter() - started, 2)
        for place, metric in enumerate(("intent_coverage", "slot_coverage")):
            values = np.array([row[place] for row in kept if row[place] is not None])
            low, high = _interval(values)
            value = float(values.mean())
            yield Row(
                "multidogo", f"test, {SENTENCES} turns", name, metric, value, low, high,
                n=len(values), seconds=seconds, reference=reference.setdefault(metric, value),
            )  # fmt: skip


def _conversations(data: Path) -> Iterator[Turns]:
    table = pq.read_table(data / "multidogo/turns.parquet", filters=pc.field("split") == "test")
    by_name: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in table.to_pylist():
        by_name[row["conversationId"]].append(row)
    for _, turns in sorted(by_name.items()):
        turns.sort(key=lambda row: float(row["turnNumber"]))
        if len(turns) >= 5:  # noqa: PLR2004 (shorter ones need no summary)
            yield turns


def _lead(turns: Turns) -> set[int]:
    return set(range(min(SENTENCES, len(turns))))


def _longest(turns: Turns) -> set[int]:
    order = sorted(range(len(turns)), key=lambda place: (-len(turns[place]["utterance"]), place))
    return set(order[:SENTENCES])


def _summary(turns: Turns) -> set[int]:
    messages = [
        Message(str(place), "customer", turn["utterance"] or "", _START + timedelta(minutes=place))
        for place, turn in enumerate(turns)
    ]
    return {int(one.message_id) for one in summarize(messages, sentences=SENTENCES)}


def _kept(turns: Turns, chosen: set[int]) -> tuple[float | None, float | None]:
    intents = [set((turn["intent"] or "").split("<div>")) - SMALL_TALK - {""} for turn in turns]
    slots = [set(_slots(turn)) for turn in turns]
    return _share(intents, chosen), _share(slots, chosen)


def _slots(turn: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield label and word of everything said that fills a slot."""
    labels, said = turn["slot-labels"].split(), (turn["utterance"] or "").split()
    for label, word in zip(labels, said, strict=False):
        if label != "O":
            yield label, word


def _share(sets: Sequence[set[Any]], chosen: set[int]) -> float | None:
    wanted = set().union(*sets)
    if not wanted:
        return None
    return len(set().union(*(sets[place] for place in chosen))) / len(wanted)


def _interval(values: np.ndarray) -> tuple[float, float]:
    chance = np.random.default_rng(0)
    drawn = values[chance.integers(0, len(values), (_DRAWS, len(values)))].mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)
