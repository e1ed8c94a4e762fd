"""Counts agree with rows, ids stay, nothing personal is shown."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from features.text.embedding.embed import Embedder
from features.text.questions.table import GROUPS, QUESTIONS, keep_ids, write_questions

START = datetime(2024, 1, 1, tzinfo=UTC)
SAID = [
    ("c1", "你好,请问怎么退款?", 0), ("c2", "怎么退款", 1), ("c2", "请问怎么退款", 40),
    ("c3", "衣服不错。什么时候发货?我电话13800138000", 41), ("c4", "谢谢", 42),
    ("c5", "什么时候发货 电话13900139000", 43), ("c6", "怎么退款??", 44), ("c6", "怎么退款!", 45),
]  # fmt: skip


def batches(said: list[tuple[str, str, int]]) -> list[pa.RecordBatch]:
    rows = [
        {"text_id": f"t{day}", "customer_id": who, "text": text,
         "occurred_at": START + timedelta(days=day)}
        for who, text, day in said
    ]  # fmt: skip
    return pa.Table.from_pylist(rows).to_batches(max_chunksize=3)


def read(folder: Path) -> tuple[list[dict], list[dict]]:
    questions = pq.read_table(folder / "questions.parquet")
    groups = pq.read_table(folder / "question_groups.parquet")
    assert questions.schema == QUESTIONS
    assert groups.schema.equals(GROUPS)
    return questions.to_pylist(), groups.to_pylist()


def test_counts_customers_and_change(tmp_path: Path, embedder: Embedder) -> None:
    report = write_questions(tmp_path, batches(SAID), embedder.vectors)
    questions, groups = read(tmp_path)
    assert report == {"questions": 7, "groups": len(groups), "new": len(groups)}
    refund = groups[0]
    assert (refund["question"], refund["count"], refund["customers"]) == (
        "你好,请问怎么退款?",
        5,
        3,
    )
    assert (refund["recent"], refund["before"]) == (3, 2)
    assert 0 < refund["p_value"] <= 1
    assert refund["first_at"] == START
    assert sum(group["count"] for group in groups) == len(questions) == 7
    texts = {f"t{day}": text for _, text, day in SAID}
    for row in questions:
        assert 0 <= row["start"] < row["end"] <= len(texts[row["text_id"]])
    shown = str(questions) + str(groups)
    assert "13900139000" not in shown
    assert "139****9000" in shown


def test_order_of_rows_changes_nothing(tmp_path: Path, embedder: Embedder) -> None:
    found = []
    for seed in range(2):
        folder = tmp_path / str(seed)
        folder.mkdir()
        order = random.Random(seed).sample(SAID, len(SAID))
        write_questions(folder, batches(order), embedder.vectors)
        found.append(read(folder)[1])
    assert found[0] == found[1]


def test_ids_stay_and_are_never_used_again(tmp_path: Path, embedder: Embedder) -> None:
    write_questions(tmp_path, batches(SAID), embedder.vectors)
    first = {group["question"]: group["group_id"] for group in read(tmp_path)[1]}
    more = [*SAID, ("c9", "how do I reset my password?", 50)]
    report = write_questions(tmp_path, batches(more), embedder.vectors)
    assert report["new"] == 1
    second = {group["question"]: group["group_id"] for group in read(tmp_path)[1]}
    assert first.items() <= second.items()
    write_questions(tmp_path, batches([]), embedder.vectors)
    assert read(tmp_path) == ([], [])
    write_questions(tmp_path, batches(SAID[:1]), embedder.vectors)
    assert read(tmp_path)[1][0]["group_id"] == max(second.values()) + 1


def test_a_split_group_leaves_its_id_to_the_larger_part() -> None:
    before = dict.fromkeys(map(_key, "abc"), 4)
    ids = keep_ids({0: ["a"], 1: ["b", "c"]}, {"a": 1, "b": 1, "c": 1}, before, fresh=9)
    assert ids == {1: 4, 0: 9}


def _key(text: str) -> bytes:
    from features.text.base import content_hash

    return content_hash(text)
