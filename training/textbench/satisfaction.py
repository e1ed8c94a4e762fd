"""Satisfaction estimated from text, held against what annotators of dialogues said.

USS, Sun et al., "Simulating User Satisfaction for the Evaluation of Task-oriented Dialogue
Systems", SIGIR 2021: four sets of dialogues, each user turn and each whole dialogue rated 1 to 5 by
several annotators, whose mean is the truth here.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np

from features.text.classifier.model import Vectors
from features.text.satisfaction.dialogue import (
    LAST_POLARITY,
    MEAN_POLARITY,
    TURNS,
    FloatArray,
    Reading,
    Turn,
    read_conversations,
    read_turns,
)
from features.text.satisfaction.measure import Fit, Held, errors, held_out
from features.text.satisfaction.model import SatisfactionModel, fit_satisfaction
from features.text.sentiment.fit import fit_model, seed_examples
from training.figures import SATISFACTION
from training.textbench.encode import encoder
from training.textbench.row import Row

SETS = ("SGD", "MWOZ", "ReDial", "CCPE")
_WHOLE = "OVERALL"  # text of the line that rates the whole dialogue
_COLUMNS = 4
SHIPPED = "terms + facts"
CONTENDERS: dict[str, Fit] = {
    "number of turns": partial(fit_satisfaction, parts=(), columns=(TURNS,)),
    "mean polarity": partial(fit_satisfaction, parts=(), columns=(MEAN_POLARITY,)),
    "polarity of the last two turns": partial(fit_satisfaction, parts=(), columns=(LAST_POLARITY,)),
    "facts": partial(fit_satisfaction, parts=()),
    SHIPPED: fit_satisfaction,
    "terms + facts + use": partial(fit_satisfaction, parts=("terms", "vectors")),
}


@dataclass(frozen=True)
class Dialogue:
    """One dialogue with its ratings.

    Parameters
    ----------
    turns : tuple of Turn
        What was said.
    rated : tuple of float
        Mean rating of each user turn.
    whole : float or None
        Mean rating of the dialogue.
    """

    turns: tuple[Turn, ...]
    rated: tuple[float, ...]
    whole: float | None


@dataclass(frozen=True)
class Asked:
    """Rows of one set at one level: what is read, the ratings, and the dialogue of each row."""

    reading: Reading
    ratings: FloatArray
    groups: tuple[str, ...]

    @property
    def low(self) -> int:
        """Rows that are rated low."""
        return int((self.ratings < 3).sum())  # noqa: PLR2004


def measure(data: Path, cache: Path) -> Iterator[Row]:
    """Yield the figures of turns and of dialogues, within each set and from one set to another."""
    vectors = encoder(cache, "use")
    dialogues = {name: heard(read_dialogues(data, name), vectors) for name in SETS}
    for level in ("turns", "dialogues"):
        sets = {name: asked(found, level, vectors, name) for name, found in dialogues.items()}
        for name, rows in sets.items():
            yield from _within(f"{SATISFACTION}{name}", level, rows)
        yield from _across(sets, level)


def read_dialogues(data: Path, name: str) -> list[Dialogue]:
    """Return the dialogues of one set.

    Raises
    ------
    FileNotFoundError
        If the set is not there.
    ValueError
        If a line has not four parts.
    """
    path = data / "satisfaction" / f"{name}.txt.gz"
    if not path.is_file():
        raise FileNotFoundError(
            f"text benchmark: expected {path}, found no such file; point textbench.data, or the "
            f"environment variable HUAXIANG_DATA, to the folder of the public data sets"
        )
    with gzip.open(path, "rt", encoding="utf-8") as file:
        blocks = file.read().split("\n\n")
    return [_dialogue(block, path) for block in blocks if block.strip()]


def heard(dialogues: Sequence[Dialogue], vectors: Vectors) -> list[Dialogue]:
    """Return the dialogues with the polarity of each user turn, by the sentiment that ships."""
    texts = [turn.text for one in dialogues for turn in one.turns if turn.by == "customer"]
    model, _ = fit_model("few-shot", seed_examples(), None, 0, vectors=vectors)
    said = model.probabilities(texts, vectors(texts))
    tones = iter((said[:, 2] - said[:, 0]).tolist())
    return [
        replace(
            one,
            turns=tuple(
                replace(turn, polarity=next(tones)) if turn.by == "customer" else turn
                for turn in one.turns
            ),
        )
        for one in dialogues
    ]


def asked(dialogues: Sequence[Dialogue], level: str, vectors: Vectors, name: str) -> Asked:
    """Return what is rated at a level: ``turns`` or ``dialogues``."""
    if level == "turns":
        kept = [(number, one) for number, one in enumerate(dialogues) if one.rated]
        reading = read_turns([one.turns for _, one in kept])
        ratings = [rating for _, one in kept for rating in one.rated]
        groups = [f"{name} {number}" for number, one in kept for _ in one.rated]
        return _asked(replace(reading, vectors=vectors(reading.said)), ratings, groups)
    whole = [(number, one) for number, one in enumerate(dialogues) if one.whole is not None]
    reading = read_conversations([one.turns for _, one in whole])
    last = [_last_two(one.turns) for _, one in whole]
    ratings = [one.whole for _, one in whole if one.whole is not None]
    groups = [f"{name} {number}" for number, _ in whole]
    return _asked(replace(reading, vectors=vectors(last)), ratings, groups)


def _asked(reading: Reading, ratings: Sequence[float], groups: Sequence[str]) -> Asked:
    return Asked(reading, np.array(ratings, dtype=np.float32), tuple(groups))


def _last_two(turns: Sequence[Turn]) -> str:
    return "\n".join([turn.text for turn in turns if turn.by == "customer"][-2:])


def _within(dataset: str, level: str, rows: Asked) -> Iterator[Row]:
    """Yield what each contender reaches on dialogues held out of five folds."""
    protocol = f"{level}, five folds by dialogue"
    size = len(rows.ratings)
    middle = np.full(size, rows.ratings.mean(), dtype=np.float32)
    every = Held(middle, np.ones(size, dtype=np.bool_))
    yield from _rows((dataset, protocol, "constant, all called low"), rows, every)
    for model, fit in CONTENDERS.items():
        started = perf_counter()
        held = held_out(rows.reading, rows.ratings, rows.groups, fit)
        yield from _rows((dataset, protocol, model), rows, held, perf_counter() - started)


def _across(sets: Mapping[str, Asked], level: str) -> Iterator[Row]:
    """Yield what a model of one set reaches on each of the others."""
    for source, known in sets.items():
        model: SatisfactionModel = fit_satisfaction(known.reading, known.ratings, known.groups)
        for target, rows in sets.items():
            if target == source:
                continue
            estimates = model.estimate(rows.reading)
            held = Held(estimates, estimates < model.low_below)
            named = (f"{SATISFACTION}{target}", f"{level}, trained on {source}", SHIPPED)
            yield from _rows(named, rows, held)


def _rows(
    named: tuple[str, str, str], rows: Asked, held: Held, seconds: float | None = None
) -> Iterator[Row]:
    """Yield every figure under a data set, a protocol and a model."""
    dataset, protocol, model = named
    for metric, each in errors(rows.ratings, held, rows.groups).items():
        yield Row(
            dataset=dataset, protocol=protocol, model=model, metric=metric, value=each.value,
            low=min(each.low, each.value), high=max(each.high, each.value), n=len(rows.ratings),
            seconds=None if seconds is None else round(seconds, 2),
        )  # fmt: skip


def _dialogue(block: str, path: Path) -> Dialogue:
    turns: list[Turn] = []
    rated: list[float] = []
    whole = None
    for line in block.strip("\n").split("\n"):
        parts = line.split("\t")
        if len(parts) != _COLUMNS:
            raise ValueError(
                f"{path}: expected role, text, act and ratings between tabs, got {line!r}"
            )
        role, text, _, ratings = parts
        if role == "USER" and text == _WHOLE:
            whole = _mean(ratings)
            continue
        turns.append(Turn("customer" if role == "USER" else "agent", text))
        if role == "USER":
            rated.append(_mean(ratings))
    return Dialogue(tuple(turns), tuple(rated), whole)


def _mean(ratings: str) -> float:
    return float(np.mean([float(rating) for rating in ratings.split(",")]))
