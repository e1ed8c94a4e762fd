"""What benchmarks of topics, questions and summaries measure, on data whose answer is known."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.features.text.topics.test_lda import planted
from training.textbench import questions, summaries, topics
from training.textbench.row import Row


def values(rows: list[Row]) -> dict[tuple[str, str, str], float]:
    for row in rows:
        assert row.low is None or row.low <= row.high, row  # type: ignore[operator]
    return {(row.dataset, row.model, row.metric): row.value for row in rows}


def test_planted_topics_are_coherent_diverse_and_agree_with_categories(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts, subjects = planted(150)
    told = "cat,label,review\n" + "".join(
        f"{subject},1,{text}\n" for text, subject in zip(texts, subjects, strict=True)
    )
    folder = tmp_path / topics.DATASET
    folder.mkdir()
    with zipfile.ZipFile(folder / "online_shopping_10_cats.zip", "w") as archive:
        archive.writestr("online_shopping_10_cats.csv", told)
    monkeypatch.setattr(topics, "TOPICS", 3)
    found = values(list(topics.measure(tmp_path, tmp_path)))
    for model in ("lda", "clusters"):
        assert found[topics.DATASET, model, "diversity"] > 0.9
        assert found[topics.DATASET, model, "c_npmi"] > 0.3
        assert found[topics.DATASET, model, "nmi"] > 0.9


def test_pairs_are_counted() -> None:
    truth, found = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    assert questions.pairwise(truth, found) == pytest.approx((0.5, 1 / 3, 0.4))
    assert questions.pairwise(truth, truth) == (1, 1, 1)
    assert questions.pairwise(truth, np.arange(4)) == (0, 0, 0)


def test_golden_and_labeled_questions_are_measured(tmp_path: Path) -> None:
    folder = tmp_path / "banking77"
    folder.mkdir()
    with (folder / "test.csv").open("w", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerows([("text", "category"), ("where is my card", "a"), ("where's my card?", "a")])
        rows.writerow(("how do I change my pin", "b"))
    found = values(list(questions.measure(tmp_path, tmp_path)))
    assert found["golden-zh", "vectors+letters", "pair_f1"] > 0.7
    assert found["golden-en", "vectors+letters", "pair_f1"] > 0.7
    assert found["golden-en", "rules", "question_recall"] > 0.95
    assert found["banking77", "vectors+letters", "pair_precision"] == 1


def test_a_summary_keeps_what_comes_late(tmp_path: Path) -> None:
    said = [
        ("hi", "O", "openinggreeting"), ("ok", "O", "confirmation"), ("thanks", "O", "thankyou"),
        ("book a flight ticket", "O O O O", "bookflight"),
        ("berlin to madrid", "departure_city O arrival_city", "contentonly"), ("bye", "O", None),
    ]  # fmt: skip
    rows = [
        {"conversationId": "v", "turnNumber": f"{n}.0", "utteranceId": str(n), "utterance": text,
         "slot-labels": labels, "intent": intent, "domain": "airline", "split": "test"}
        for n, (text, labels, intent) in enumerate(said)
    ]  # fmt: skip
    short = [row | {"conversationId": "short"} for row in rows[:4]]
    (tmp_path / "multidogo").mkdir()
    pq.write_table(pa.Table.from_pylist(rows + short), tmp_path / "multidogo/turns.parquet")
    found = values(list(summaries.measure(tmp_path, tmp_path)))
    for metric in ("intent_coverage", "slot_coverage"):
        assert found["multidogo", "lead-3", metric] == 0
        assert found["multidogo", "summary", metric] == 1
