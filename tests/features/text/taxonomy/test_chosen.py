"""Which classifier sorts texts: the promoted one where there is one that fits the taxonomy."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.text.base import Analyzer
from features.text.classifier.examples import Labeled
from features.text.classifier.fit import fit_classifier
from features.text.classifier.model import TextClassifier
from features.text.codec import float_column
from features.text.embedding.embed import Embedder
from features.text.pipeline.run import write_texts
from features.text.pipeline.settings import TextSettings
from features.text.taxonomy.chosen import FOLDER, classifier_for, keep_classifier
from features.text.taxonomy.table import LABELS
from features.text.taxonomy.taxonomy import named_taxonomy
from ingest.store import Store
from ingest.workspace import Workspace

CATEGORIES = named_taxonomy("service_categories")
TEXTS = ["我要退货", "does it come in blue?", "wibble wobble", "你们态度太差,我要投诉"]


def fitted(labels: tuple[str, str], *words: str, tier: str = "trained") -> TextClassifier:
    """A classifier that tells two made-up words apart."""
    texts = tuple(f"{word} number {n}" for word in words for n in range(6))
    given = tuple(label for label in labels for _ in range(6))
    return fit_classifier(Labeled(texts, given), tier=tier)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def model() -> TextClassifier:
    return fitted(("after_sales", "product_enquiry"), "wibble", "florp")


@pytest.fixture
def folder(tmp_path: Path, embedder: Embedder) -> Path:
    table = {
        "text_id": [f"t{n}" for n in range(len(TEXTS))],
        "text": TEXTS,
        "embedding": float_column(embedder.vectors(TEXTS)),
    }
    pq.write_table(pa.table(table), tmp_path / "texts.parquet")
    return tmp_path


def test_without_a_promoted_one_the_examples_decide(folder: Path, embedder: Embedder) -> None:
    found = classifier_for(CATEGORIES, folder, embedder.vectors)
    assert isinstance(found, Analyzer)
    assert (found.tier, found.codes) == ("starter", CATEGORIES.codes)
    assert found.labels(TEXTS)["label"].to_pylist()[:2] == ["after_sales", "product_enquiry"]
    assert found.scores(TEXTS).shape == (4, 3)
    assert found.report()["tier"] == "starter"
    assert not (folder / FOLDER).exists(), "looking leaves nothing behind"


def test_the_promoted_one_is_used_and_told(
    folder: Path, embedder: Embedder, model: TextClassifier
) -> None:
    place = keep_classifier(model, "service_categories", folder)
    assert place == folder / "classifiers" / "service_categories"
    found = classifier_for(CATEGORIES, folder, embedder.vectors)
    assert (found.tier, found.codes) == ("trained", ("after_sales", "product_enquiry"))
    assert found.version == f"trained:{model.version}"
    assert found.analyze(["wibble"])["label"].to_pylist() == ["after_sales"]
    told = found.report()
    assert told["threshold"] == 0
    assert told["macro_f1"] == pytest.approx(1.0)


def test_below_the_threshold_the_taxonomys_unknown_is_the_answer(
    folder: Path, embedder: Embedder, model: TextClassifier
) -> None:
    keep_classifier(replace(model, threshold=1.1), "service_categories", folder)
    found = classifier_for(CATEGORIES, folder, embedder.vectors)
    assert set(found.labels(TEXTS)["label"].to_pylist()) == {CATEGORIES.unknown}


def test_a_replaced_one_is_replaced_wholly(
    folder: Path, embedder: Embedder, model: TextClassifier
) -> None:
    keep_classifier(model, "service_categories", folder)
    (folder / FOLDER / ".draft-killed").mkdir()
    other = fitted(("after_sales", "product_enquiry"), "florp", "wibble")
    keep_classifier(other, "service_categories", folder)
    found = classifier_for(CATEGORIES, folder, embedder.vectors)
    assert found.analyze(["wibble"])["label"].to_pylist() == ["product_enquiry"]
    names = {file.name for file in (folder / FOLDER).iterdir()}
    assert names == {".lock", "service_categories"}


def test_an_interrupted_replacement_is_undone(
    folder: Path, embedder: Embedder, model: TextClassifier
) -> None:
    place = keep_classifier(model, "service_categories", folder)
    place.rename(place.with_name(".service_categories.before"))  # killed between the two steps
    assert classifier_for(CATEGORIES, folder, embedder.vectors).tier == "trained"
    assert place.is_dir()
    assert classifier_for(named_taxonomy("finance"), folder, embedder.vectors).tier == "starter"


def test_labels_the_taxonomy_lost_are_not_given(
    folder: Path, embedder: Embedder, caplog: pytest.LogCaptureFixture
) -> None:
    gone = fitted(("after_sales", "retired"), "wibble", "florp")
    keep_classifier(gone, "service_categories", folder)
    with caplog.at_level(logging.WARNING):
        assert classifier_for(CATEGORIES, folder, embedder.vectors).tier == "starter"
    assert "no more (retired)" in caplog.text


def test_labels_are_computed_again_when_the_version_changes(
    store: Store, workspace: Workspace, add_message: Callable[..., None], model: TextClassifier
) -> None:
    for number, text in enumerate(TEXTS):
        add_message(store, f"m{number}", text, conversation_id=f"v{number}")
    settings = TextSettings(
        analyzers=("embedding",), stages=(), taxonomies=("service_categories",), progress=False
    )
    folder = workspace.features / "text"

    def labels() -> tuple[list[str], int]:
        analyzed = write_texts(store, workspace, settings)["analyzed"]
        rows = pq.read_table(folder / "labels.parquet", schema=LABELS).sort_by("text_id")
        return rows["label"].to_pylist(), analyzed["labels_service_categories"]

    def told() -> dict[str, str]:
        report = orjson.loads((folder / "labels.json").read_bytes())["service_categories"]
        return {name: report[name] for name in ("tier", "version")}

    assert labels()[1] == 4
    assert told()["tier"] == "starter"
    keep_classifier(model, "service_categories", folder)
    found, analyzed = labels()
    assert (found[2], analyzed) == ("after_sales", 4)
    first = told()
    assert first["tier"] == "trained"
    assert labels() == (found, 0), "what was said of a text is looked up, not computed"
    other = fitted(("after_sales", "product_enquiry"), "florp", "wibble")
    keep_classifier(other, "service_categories", folder)
    found, analyzed = labels()
    assert (found[2], analyzed) == ("product_enquiry", 4)
    assert told()["version"] != first["version"]
