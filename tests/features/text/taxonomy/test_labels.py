from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from features.text.codec import float_column
from features.text.embed import Embedder
from features.text.settings import TextSettings
from features.text.taxonomy.table import LABELS, sentences, write_labels
from features.text.taxonomy.taxonomy import named_taxonomy

TEXTS = ["我要退货", "does it come in blue?", "The moon is bright", "你们态度太差,我要投诉"]


@pytest.fixture
def folder(tmp_path: Path, embedder: Embedder) -> Path:
    table = {
        "text_id": [f"t{n}" for n in range(len(TEXTS))],
        "embedding": float_column(embedder.vectors(TEXTS)),
    }
    pq.write_table(pa.table(table), tmp_path / "texts.parquet")
    return tmp_path


def test_one_row_a_text_and_taxonomy(folder: Path, embedder: Embedder) -> None:
    chosen = TextSettings(taxonomies=("service_categories", "customer_needs"), batch=3)
    write_labels(folder, embedder.vectors, chosen)
    rows = pq.read_table(folder / "labels.parquet", schema=LABELS).to_pylist()
    assert len(rows) == 2 * len(TEXTS)
    found = {row["text_id"]: row for row in rows if row["taxonomy"] == "service_categories"}
    assert [found[f"t{n}"]["label"] for n in range(4)] == [
        "after_sales", "product_enquiry", "unknown", "complaint_suggestion",
    ]  # fmt: skip
    assert found["t0"]["owner"] == "after_sales_team"
    assert found["t2"]["owner"] == "customer_service"
    quality = json.loads((folder / "labels.json").read_text())
    assert set(quality) == {"service_categories", "customer_needs"}
    assert 0 < quality["customer_needs"]["threshold"] < 1


def test_without_taxonomies_older_labels_are_removed(folder: Path, embedder: Embedder) -> None:
    (folder / "labels.parquet").write_bytes(b"old")
    write_labels(folder, embedder.vectors, TextSettings())
    assert not (folder / "labels.parquet").exists()


def test_the_sentences_whose_vectors_are_worth_keeping() -> None:
    assert sentences(TextSettings()) == set()
    kept = sentences(TextSettings(taxonomies=("finance",)))
    label = named_taxonomy("finance").labels[0]
    assert {label.description, label.title["zh"], *label.examples["en"]} <= kept


def test_an_unknown_taxonomy_fails_before_work_starts() -> None:
    with pytest.raises(ValidationError, match="there are: customer_needs"):
        TextSettings(taxonomies=("astrology",))
