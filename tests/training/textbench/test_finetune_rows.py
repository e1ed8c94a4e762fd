"""The rows of fine-tuning, measured on the tiny encoder: the mechanics, not any ability."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from features.text.classifier.examples import Labeled
from tests.training.text.tiny import SETTINGS, questions, tiny_folder
from training.textbench import finetune
from training.textbench.corpora import Split


def write(file: Path, header: tuple[str, str], rows: Labeled) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *zip(rows.texts, rows.labels, strict=True)])


def test_every_model_and_average_is_a_row_with_its_interval_and_cost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = SETTINGS.model_copy(
        update={"weights": str(tiny_folder(tmp_path / "tiny")), "epochs": 1, "held_out": 0.0}
    )
    monkeypatch.setattr(finetune, "_FEW", quick)
    monkeypatch.setattr(finetune, "_ALL", quick)
    monkeypatch.setattr(finetune, "SEEDS", 2)
    for name, seed in (("train", 1), ("test", 2)):
        write(tmp_path / f"banking77/{name}.csv", ("text", "category"), questions(12, seed))
    write(tmp_path / "app-reviews/app_reviews.csv", ("review", "class"), questions(12, 3))
    rows = list(finetune.measure(tmp_path, tmp_path))
    few = {row.model: row for row in rows if row.protocol == "10 shots"}
    assert {"TF-IDF", "MiniLM, frozen", "MiniLM, fine-tuned", "MiniLM, fine-tuned, augmented",
            "MiniLM, fine-tuned, biases only", "MiniLM, fine-tuned, 2 seeds",
            "MiniLM, fine-tuned + TF-IDF"} <= set(few)  # fmt: skip
    tuned = few["MiniLM, fine-tuned"]
    assert tuned.low is not None
    assert tuned.high is not None
    assert tuned.low <= tuned.value <= tuned.high
    assert tuned.n == 36
    assert tuned.seconds is not None
    assert tuned.peak_mb is not None
    assert tuned.peak_mb > 50
    assert few["MiniLM, fine-tuned, 2 seeds"].seconds is None, "an average costs what its parts do"
    assert few["TF-IDF"].value > 0.8, "the words say the class"
    assert {(row.dataset, row.protocol) for row in rows} == {
        ("banking77", "10 shots"), ("banking77", "full"), ("app-reviews", "80/20"),
    }  # fmt: skip


def test_shots_are_so_many_of_every_class_and_another_seed_draws_others() -> None:
    rows = questions(9)
    few = finetune.shots(rows, 4, seed=1)
    assert set(few.counts.values()) == {4}
    assert finetune.shots(rows, 4, seed=2).texts != few.texts
    with pytest.raises(ValueError, match="larger sample than population"):
        finetune.shots(rows, 10, seed=1)


@pytest.mark.realdata
@pytest.mark.slow
def test_fine_tuning_is_ahead_of_terms_with_few_examples(data_root: Path) -> None:
    from training.text.settings import FinetuneSettings
    from training.textbench.corpora import banking

    intents = banking(data_root)
    chosen = intents.train.classes[:12]

    def of_chosen(part: Labeled) -> Labeled:
        return part.take([row for row, label in enumerate(part.labels) if label in chosen])

    few = Split(finetune.shots(of_chosen(intents.train), 10, seed=1), of_chosen(intents.test))
    settings = FinetuneSettings(held_out=0.0, epochs=3, threads=1)
    found = {
        row.model: row.value
        for row in finetune.gains("banking77", "10 shots", few, settings=settings, every=False)
        if row.metric == "accuracy"
    }
    assert found["MiniLM, fine-tuned"] > found["TF-IDF"] + 0.05
    assert found["MiniLM, fine-tuned"] > 0.9
