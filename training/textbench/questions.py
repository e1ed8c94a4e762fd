"""How well near-duplicate questions are grouped.

Protocols: ``golden``: the paraphrase groups of ``tests/golden/text/questions.yaml``, written with
near misses as neighbors. Bar and weights were chosen on these very groups, so its F1 is hopeful.
``intents``: the distinct test queries of banking77, whose 77 intents are far wider than
near-duplicates, at the bar of near-duplicates and at a lower one for similar questions. Pairwise
precision, recall and F1 count pairs of questions in one group. Intervals: bootstrap over questions,
each drawn question once, since a question makes no pair with itself.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np
import yaml
from numpy.typing import NDArray
from sklearn.metrics import normalized_mutual_info_score

from features.text.embedding.embed import embed
from features.text.questions.detect import bare, is_question
from features.text.questions.group import LEAST, group_questions
from training.textbench.row import Row

GOLDEN = Path(__file__).parents[2] / "tests/golden/text/questions.yaml"
SIMILAR = 0.4
_DRAWS = 200
_Labels = NDArray[np.int64]


def measure(data: Path, cache: Path) -> Iterator[Row]:
    """Yield the quality of question groups on both sets.

    Parameters
    ----------
    data : Path
        Folder of public data.
    cache : Path
        Folder that keeps sentence vectors.
    """
    vectors = partial(embed, cache=cache / "vectors.sqlite")
    for language, lines in yaml.safe_load(GOLDEN.read_text("utf-8")).items():
        told = [(text, place) for place, line in enumerate(lines) for text in line.split(" | ")]
        truth = {bare(text): place for text, place in told}
        yield from _rows(f"golden-{language}", "paraphrase groups", truth, vectors, LEAST)
        asked = float(np.mean([is_question(text) for text, _ in told]))
        yield Row(
            f"golden-{language}",
            "paraphrase groups",
            "rules",
            "question_recall",
            asked,
            n=len(told),
        )
    with (data / "banking77/test.csv").open(encoding="utf-8") as file:
        rows = [(bare(row["text"]), row["category"]) for row in csv.DictReader(file)]
    numbers = {name: place for place, name in enumerate(sorted({name for _, name in rows}))}
    intents = {text: numbers[name] for text, name in rows}
    vectors(list(intents))  # computed beforehand: what is timed is grouping
    for least in (LEAST, SIMILAR):
        yield from _rows("banking77", f"test queries, bar {least}", intents, vectors, least)


def _rows(
    dataset: str,
    protocol: str,
    truth: dict[str, int],
    vectors: Callable[[Sequence[str]], NDArray[np.float32]],
    least: float,
) -> Iterator[Row]:
    questions = list(truth)
    started = perf_counter()
    found = group_questions(questions, vectors, least=least)
    row = partial(Row, dataset, protocol, "vectors+letters", n=len(questions))
    labels = np.array([truth[question] for question in questions])
    scores = pairwise(labels, found)
    chance = np.random.default_rng(0)
    draws = chance.integers(0, len(labels), (_DRAWS, len(labels)))
    drawn = np.array([pairwise(labels[d], found[d]) for d in map(np.unique, draws)])
    low, high = np.quantile(drawn, (0.025, 0.975), axis=0)
    seconds = round(perf_counter() - started, 2)
    for place, metric in enumerate(("pair_precision", "pair_recall", "pair_f1")):
        yield row(metric, scores[place], float(low[place]), float(high[place]), seconds=seconds)
    yield row("nmi", float(normalized_mutual_info_score(labels, found)))
    yield row("groups", float(len(set(found.tolist()))))


def pairwise(truth: _Labels, found: _Labels) -> tuple[float, float, float]:
    """Return precision, recall and F1 over pairs of questions that are put together."""
    table = np.zeros((int(truth.max()) + 1, int(found.max()) + 1))
    np.add.at(table, (truth, found), 1)

    def pairs(counts: NDArray[np.float64]) -> float:
        return float((counts * (counts - 1) / 2).sum())

    both, wanted, got = pairs(table), pairs(table.sum(axis=1)), pairs(table.sum(axis=0))
    return both / max(1, got), both / max(1, wanted), 2 * both / max(1, wanted + got)
