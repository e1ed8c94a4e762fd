"""Labeled texts: where they come from, and which of them judge."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from features.text.taxonomy.taxonomy import named_taxonomy
from ingest.schemas import LABELS
from ingest.store import Store
from ingest.workspace import Workspace
from training.classify.corpus import (
    Corpus,
    CorpusError,
    file_corpus,
    place,
    workspace_corpus,
)
from training.classify.settings import ClassifierSettings

INTENTS = named_taxonomy("service_intents")


def corpus(n: int) -> Corpus:
    return Corpus(
        "mine", tuple(f"text {k}" for k in range(n)), tuple("ab"[k % 2] for k in range(n)), "here"
    )


def test_what_is_held_out_depends_on_content_only() -> None:
    small, large = corpus(100), corpus(400)
    held = set(large.held_out(0.2).texts)
    assert set(small.held_out(0.2).texts) == held & set(small.texts)
    assert not held & set(large.teaching(0.2).texts)
    assert len(held) + len(large.teaching(0.2).texts) == 400
    assert 50 < len(held) < 110
    assert set(large.held_out(0.1).texts) < held
    assert place(" text 1 ") == place("text 1")


def test_smaller_parts_lie_inside_larger_ones() -> None:
    whole = corpus(400)
    parts = [set(whole.teaching(0.2, part).texts) for part in (0.25, 0.5, 1.0)]
    assert parts[0] < parts[1] < parts[2]
    assert 50 < len(parts[0]) < 110


def test_the_digest_follows_content_not_order() -> None:
    one = Corpus("m", ("x", "y"), ("a", "b"), "here")
    assert one.digest == Corpus("m", ("y", "x"), ("b", "a"), "there").digest
    assert one.digest != Corpus("m", ("x", "y"), ("b", "a"), "here").digest


def test_too_few_labels_are_told(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="received 12 labeled texts"):
        corpus(12).check(0.2)
    corpus(200).check(0.2)
    one = Corpus("m", corpus(200).texts, ("a",) * 200, "here")
    with pytest.raises(CorpusError, match="two labels, received 200"):
        one.check(0.2)


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("text,category\nhi,greet\nhi,hello\nbye,leave\n,greet\nno label,\n")
    found = file_corpus(file, None)
    assert (found.name, found.texts, found.labels) == ("mine", ("hi", "bye"), ("hello", "leave"))
    assert file_corpus(file, None, "banking").name == "banking"
    with pytest.raises(CorpusError, match=r"'greet'|'hello'|'leave'"):
        file_corpus(file, INTENTS)
    file.write_text("words,category\nhi,greet\n")
    with pytest.raises(CorpusError, match="expected the columns text and label, received words"):
        file_corpus(file, None)
    with pytest.raises(CorpusError, match="expected a file"):
        file_corpus(tmp_path / "none.csv", None)


def test_unknown_is_an_answer_people_give(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("text,label\nhi,greeting\nmoonlight,unknown\n")
    found = file_corpus(file, INTENTS)
    assert found.outside == ("moonlight",)
    assert found.known.labels == ("greeting",)
    assert found.unknown == "unknown"
    needs = named_taxonomy("customer_needs")
    file.write_text("text,label\nhi,other\n")
    other = file_corpus(file, needs)
    assert other.unknown == "other"
    assert other.known.labels == ("other",), "a label that stands for the rest is learned"


def label(number: int, text: str, code: str, **more: Any) -> dict[str, Any]:
    plain = {
        "label_id": f"l{number}", "source": "api", "text_id": None, "text": text,
        "taxonomy": "service_intents", "label": code, "annotator": "ann",
        "at": datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=number), "retracts": None,
    }  # fmt: skip
    return plain | more


def test_labels_of_the_workspace_are_of_its_whole_texts(tmp_path: Path) -> None:
    workspace = Workspace.named("shop", tmp_path)
    with pytest.raises(CorpusError, match=r"no labels of service_intents yet.*training\.label"):
        workspace_corpus(workspace, INTENTS)
    rows = [
        label(1, "call 138****8000", "complaint", text_id="t1"),
        label(2, "hello", "greeting", text_id="gone"),
        label(3, "pay back", "refund_request", annotator="bob"),
    ]
    Store(workspace.store).add("labels", pa.Table.from_pylist(rows, schema=LABELS.schema))
    masked = workspace_corpus(workspace, INTENTS)
    assert masked.texts == ("call 138****8000", "hello", "pay back")
    (workspace.features / "text").mkdir(parents=True)
    texts = {"text_id": ["t1"], "text": ["call 13800138000"]}
    pq.write_table(pa.table(texts), workspace.features / "text" / "texts.parquet")
    whole = workspace_corpus(workspace, INTENTS)
    assert whole.texts == ("call 13800138000", "hello", "pay back")
    assert whole.labels == ("complaint", "greeting", "refund_request")
    assert whole.origin == "workspace shop"


@pytest.mark.parametrize("wrong", [{"tier": "deep"}, {"held_out": 0}, {"curve": 99}, {"x": 1}])
def test_settings_are_checked(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ClassifierSettings(**wrong)
