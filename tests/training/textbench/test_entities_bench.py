from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from training.textbench import cluener, multidogo
from training.textbench.row import Row
from training.textbench.tagging import WindowTagger, window

NAMES = ["王小明", "李建国", "张伟", "刘芳", "陈志远", "赵丽华"]
COMPANIES = ["蓝海公司", "远山集团", "星河银行"]


def _told(draw: random.Random) -> dict[str, object]:
    name, company = draw.choice(NAMES), draw.choice(COMPANIES)
    text = f"{name}昨天在{company}开会"
    start = text.index(company)
    return {
        "text": text,
        "label": {
            "name": {name: [[0, len(name) - 1]]},
            "company": {company: [[start, start + len(company) - 1]]},
        },
    }


@pytest.fixture
def data(tmp_path: Path) -> Path:
    draw = random.Random(3)
    (tmp_path / "cluener").mkdir()
    for split, count in (("train", 60), ("dev", 12)):
        path = tmp_path / "cluener" / f"{split}.json.gz"
        with gzip.open(path, "wt", encoding="utf-8") as file:
            file.writelines(
                json.dumps(_told(draw), ensure_ascii=False, indent=1) + "\n" for _ in range(count)
            )
    (tmp_path / "multidogo").mkdir()
    pq.write_table(pa.Table.from_pylist(_turns(draw)), tmp_path / "multidogo" / "turns.parquet")
    return tmp_path


def _turns(draw: random.Random) -> list[dict[str, str]]:
    turns = []
    for split in ("train", "test"):
        for chat in range(60):
            city = draw.choice(["boston", "austin", "denver"])
            turns += [
                {"utterance": f"book a flight to {city}", "slot-labels": "O O O O city",
                 "intent": "book"},
                {"utterance": "thank you so much", "slot-labels": "O O O O", "intent": "thanks"},
                {"utterance": "one two", "slot-labels": "O", "intent": "thanks"},
            ]  # fmt: skip
            for turn in turns[-3:]:
                turn |= {"domain": "air", "split": split, "conversationId": f"{split}{chat}"}
            if chat % 2:  # half of them are greeted
                turns.append({**turns[-1], "utterance": "hello there", "intent": "greet"})
    return turns


def test_names_that_repeat_are_learned(data: Path) -> None:
    rows = list(cluener.measure(data, data))
    best = {(row.model, row.metric): row.value for row in rows}
    learned = next(row.model for row in rows if "not shipped" in row.model)
    assert best[learned, "all f1"] > 0.9
    assert best["rules", "company f1"] > 0.5
    assert ("gazetteer", "name f1") not in best
    for row in rows:
        assert isinstance(row, Row)
        assert row.low is not None
        assert row.high is not None
        assert row.low <= row.value <= row.high


def test_turns_of_two_intents_are_told_apart(data: Path) -> None:
    accuracy, order, error, f1 = multidogo.measure(data, data)
    assert (accuracy.protocol, accuracy.metric, accuracy.n) == ("air", "intent accuracy", 210)
    assert accuracy.value > 0.95
    assert (order.metric, order.value, order.n) == ("need rank correlation", 1.0, 60)
    assert (error.value, error.low, error.high) == (0.0, 0.0, 0.0)
    assert (f1.metric, f1.n) == ("slot F1", 60)
    assert f1.value > 0.95


def test_needs_are_counted_in_conversations() -> None:
    """A need that is missed in every conversation is missing, one seen too often is too large."""
    meant = pd.DataFrame({"refund": [True] * 8 + [False] * 2, "hours": [True] + [False] * 9,
                          "price": [False] * 5 + [True] * 5})  # fmt: skip
    said = pd.DataFrame({"refund": [True] * 6 + [False] * 4, "price": [False] * 3 + [True] * 7})
    order, error = multidogo.needs("shop", said, meant)
    assert order.value == pytest.approx(0.5)  # ranks 3, 1, 2 where 2, 1, 3 are said
    assert error.value == pytest.approx((20 + 10 + 20) / 3)
    assert error.low is not None
    assert error.high is not None
    assert error.low < error.value < error.high


def test_runs_of_labels_are_slots() -> None:
    assert multidogo.runs(["a", "a", "O", "b", "a"]) == {("a", 0, 2), ("b", 3, 4), ("a", 4, 5)}
    assert multidogo.runs([]) == set()


def test_a_path_through_labels_beats_single_choices() -> None:
    texts = [list(window(list("xaby"))), list(window(list("yabx")))] * 20
    labels = [["O", "B", "I", "O"], ["O", "B", "I", "O"]] * 20
    model = WindowTagger(epochs=20).fit(texts, labels)
    assert model.labels([list(window(list("xaby"))), []]) == [["O", "B", "I", "O"], []]
    assert model.labels([[]]) == [[]]


def test_windows_name_neighbors_and_shape() -> None:
    (first, second) = window(["Ab1", "c-"])
    assert "1=c-" in first
    assert "shape=Aa0" in first
    assert "-1=ab1" in second
    assert "shape=a-" in second
