"""Near-duplicates are grouped, near misses are not, whatever the order."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import yaml

from features.text.embedding.embed import Embedder
from features.text.questions import group as module
from features.text.questions.detect import bare
from features.text.questions.group import group_questions

GOLDEN = Path(__file__).parents[3] / "golden/text/questions.yaml"


def letters(texts: Sequence[str]) -> np.ndarray:
    """A vector of the letters of each text: real enough where words tell groups apart."""
    rows = np.zeros((len(texts), 64), np.float32)
    for row, text in zip(rows, texts, strict=True):
        for character in text:
            row[ord(character) % 64] += 1
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def sets(questions: Sequence[str], groups: np.ndarray) -> set[frozenset[str]]:
    found: dict[int, set[str]] = {}
    for question, group in zip(questions, groups.tolist(), strict=True):
        found.setdefault(group, set()).add(question)
    return {frozenset(inside) for inside in found.values()}


PLANTED = [
    f"{stem} {tail}"
    for stem in ("aaaa bbbb", "cccc dddd", "eeee ffff", "gggg hhhh")
    for tail in ("i", "j", "k", "l", "m")
]


def test_planted_groups_are_found_in_any_order() -> None:
    expected = {frozenset(PLANTED[start : start + 5]) for start in range(0, 20, 5)}
    for seed in range(3):
        order = random.Random(seed).sample(PLANTED, len(PLANTED))
        assert sets(order, group_questions(order, letters, least=0.7)) == expected


def test_cells_and_large_components_give_the_same_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = sets(PLANTED, group_questions(PLANTED, letters, least=0.7))
    monkeypatch.setattr(module, "_LARGEST", 6)
    joined = sets(PLANTED, group_questions(PLANTED, letters, least=0.01))
    assert exact == joined
    monkeypatch.setattr(module, "_SAME", 0.0)
    assert sets(PLANTED, group_questions(PLANTED, letters, least=0.01)) == {frozenset(PLANTED)}
    monkeypatch.setattr(module, "_EXACT", 12)
    assert sets(PLANTED, group_questions(PLANTED, letters, least=0.7)) == exact


def test_languages_and_single_questions_stay_apart() -> None:
    questions = ["多少钱", "how much", "??", "¿cuánto ñandú?"]
    assert len(set(group_questions(questions, lambda texts: np.ones((len(texts), 2))).tolist())) > 2
    assert group_questions([], letters).shape == (0,)
    compare = module.likeness(["  ", " "], "en", letters)
    assert compare(np.arange(2), np.arange(2))[0, 1] == pytest.approx(0.7)


@pytest.mark.parametrize(("language", "lowest"), [("zh", 0.72), ("en", 0.7)])
def test_golden_paraphrases(embedder: Embedder, language: str, lowest: float) -> None:
    lines = yaml.safe_load(GOLDEN.read_text("utf-8"))[language]
    truth = {bare(text): place for place, line in enumerate(lines) for text in line.split(" | ")}
    questions = list(truth)
    found = group_questions(questions, embedder.vectors)
    ours = found[:, None] == found[None, :]
    wanted = np.array([truth[q] for q in questions])
    theirs = wanted[:, None] == wanted[None, :]
    apart = ~np.eye(len(questions), dtype=bool)
    both = (ours & theirs & apart).sum()
    f1 = 2 * both / ((ours & apart).sum() + (theirs & apart).sum())
    assert f1 > lowest
    number = dict(zip(questions, found.tolist(), strict=True))
    if language == "zh":
        assert number["怎么退款"] == number["如何退款"]
        assert number["有货吗"] == number["还有货吗"] != number["什么时候发货"]
