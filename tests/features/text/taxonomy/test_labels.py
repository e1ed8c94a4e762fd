from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from pydantic import ValidationError

from features.text.embedding.embed import Embedder
from features.text.pipeline.settings import TextSettings
from features.text.taxonomy.chosen import classifier_for
from features.text.taxonomy.table import LABELS, LabelsOutput, sentences
from features.text.taxonomy.taxonomy import named_taxonomy

TEXTS = ["我要退货", "does it come in blue?", "The moon is bright", "你们态度太差,我要投诉"]
TAXONOMIES = [named_taxonomy(name) for name in ("service_categories", "customer_needs")]


def test_one_row_a_text_and_taxonomy(tmp_path: Path, embedder: Embedder) -> None:
    classifiers = [classifier_for(one, tmp_path, embedder.vectors) for one in TAXONOMIES]
    output = LabelsOutput(TAXONOMIES)
    batch = pa.table({"text_id": [f"t{n}" for n in range(len(TEXTS))], "text": TEXTS})
    found = {one.name: one.analyze(TEXTS) for one in classifiers}
    table = output.rows(batch, found)
    assert table.schema.equals(LABELS)
    assert set(output.reads) == set(found)
    rows = table.to_pylist()
    assert len(rows) == 2 * len(TEXTS)
    categories = {r["text_id"]: r for r in rows if r["taxonomy"] == "service_categories"}
    assert [categories[f"t{n}"]["label"] for n in range(4)] == [
        "after_sales", "product_enquiry", "unknown", "complaint_suggestion",
    ]  # fmt: skip
    assert categories["t0"]["owner"] == "after_sales_team"
    assert categories["t2"]["owner"] == "customer_service"


def test_the_sentences_whose_vectors_are_worth_keeping() -> None:
    assert sentences([]) == set()
    finance = named_taxonomy("finance")
    label = finance.labels[0]
    kept = sentences([finance])
    assert {label.description, label.title["zh"], *label.examples["en"]} <= kept


def test_an_unknown_taxonomy_fails_before_work_starts() -> None:
    with pytest.raises(ValidationError, match="there are: customer_needs"):
        TextSettings(taxonomies=("astrology",))
