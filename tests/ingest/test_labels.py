"""Labels that people gave: loaded, checked against their taxonomy, folded to what stands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.labels import agreed, identity, standing
from ingest.load import load
from ingest.rejects import Rejects
from ingest.schemas import LABELS
from ingest.sources.base import SourceError
from ingest.sources.files import Files
from ingest.sources.labels import Labels
from ingest.store import Store
from ingest.taxonomies import closest, codes, undeclared

START = datetime(2026, 3, 1, tzinfo=UTC)


def row(number: int, text: str, label: str, annotator: str = "ann", **more: Any) -> dict[str, Any]:
    plain = {
        "label_id": f"l{number}", "source": "api", "text_id": None, "text": text,
        "taxonomy": "service_intents", "label": label, "annotator": annotator,
        "at": START + timedelta(minutes=number), "retracts": None,
    }  # fmt: skip
    return plain | more


def table(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=LABELS.schema)


def loaded(path: Path, folder: Path, **settings: Any) -> tuple[Store, Any]:
    store = Store(folder / "store")
    source = Labels(path=str(path), **settings)
    return store, load(source, store, folder / "rejected", progress=False)


def test_a_file_is_loaded_once_and_its_columns_are_guessed(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("Sentence,意图,标注人,note\n我要退款,refund_request,ann,x\nhi,greeting,bob,y\n")
    for accepted in (2, 0):
        store, report = loaded(file, tmp_path, taxonomy="service_intents")
        assert report.tables["labels"].accepted == accepted
    rows = store.read("labels").sort_by("label").to_pylist()
    assert [(r["text"], r["label"], r["annotator"], r["source"]) for r in rows] == [
        ("hi", "greeting", "bob", "imported"),
        ("我要退款", "refund_request", "ann", "imported"),
    ]
    modified = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    assert abs(rows[0]["at"] - modified) < timedelta(seconds=1)


def test_labels_nobody_declared_are_kept_aside_with_the_closest(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    lines = ["text,label,taxonomy", "a,refund,service_intents", "b,greeting,service_intent"]
    file.write_text("\n".join([*lines, "c,,service_intents", "d,unknown,service_intents", ""]))
    store, report = loaded(file, tmp_path)
    counts = report.tables["labels"]
    assert (counts.read, counts.accepted, counts.rejected) == (4, 1, 3)
    assert store.read("labels").to_pylist()[0]["annotator"] == "unnamed"
    reasons = {lost.row: lost.reason for _, lost in Rejects(tmp_path / "rejected").read()}
    assert "such as refund_request" in reasons[2]
    assert "such as service_intents" in reasons[3]
    assert "column label: expected a value, received nothing" in reasons[4]


def test_files_with_a_taxonomy_are_recognized_and_others_stay_feedback(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label,taxonomy,id\nhi,greeting,service_intents,7\n")
    (tmp_path / "b.csv").write_text("text,label\nhi,greeting\n")
    tables = [batch.table for batch in Files(path=str(tmp_path)).batches()]
    assert tables == ["labels", "feedback"]


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="path=FILE"):
        Labels(path=None)
    file = tmp_path / "labels.csv"
    file.write_text("text,label\nhi,greeting\n")
    _, report = loaded(file, tmp_path)
    assert "labels need taxonomy" in report.errors[0]
    assert "give taxonomy=NAME" in report.errors[0]
    file.write_text("words,taxonomy\nhi,service_intents\n")
    _, report = loaded(file, tmp_path)
    assert "labels need label, text, received the columns words, taxonomy" in report.errors[0]


def test_the_newest_label_of_an_annotator_stands() -> None:
    rows = table(
        row(3, "a", "refund_request"),
        row(1, " a ", "greeting"),
        row(2, "a", "complaint", "bob"),
        row(4, "b", "greeting", text_id="t1"),
        row(5, "b, masked", "complaint", text_id="t1"),
    )
    found = standing(rows).to_pylist()
    assert [(identity(r), r["annotator"], r["label"]) for r in found] == [
        ("text a", "bob", "complaint"),
        ("text a", "ann", "refund_request"),
        ("id t1", "ann", "complaint"),
    ]


def test_retractions_take_back_and_can_be_taken_back() -> None:
    history = [row(1, "a", "greeting"), row(2, "a", "complaint"), row(3, "a", "complaint")]
    history[2]["retracts"] = "l2"
    assert [r["label"] for r in standing(table(*history)).to_pylist()] == ["greeting"]
    history.append(row(4, "a", "complaint", retracts="l3"))
    assert [r["label"] for r in standing(table(*history)).to_pylist()] == ["complaint"]
    history.append(row(5, "a", "complaint", retracts="l1"))
    history.append(row(6, "a", "complaint", retracts="l2"))
    assert standing(table(*history)).num_rows == 0


def test_most_votes_win_and_then_the_newest() -> None:
    rows = table(
        row(1, "a", "greeting", "ann"),
        row(2, "a", "greeting", "bob"),
        row(3, "a", "complaint", "cid"),
        row(4, "b", "greeting", "ann"),
        row(5, "b", "complaint", "bob"),
        row(6, "c", "praise", "ann", taxonomy="another"),
    )
    found = agreed(rows, "service_intents")
    assert [(one.text, one.label, one.votes, one.annotators) for one in found] == [
        ("a", "greeting", 2, 3),
        ("b", "complaint", 1, 2),
    ]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.booleans()), max_size=8))
def test_the_order_of_rows_does_not_matter(given_rows: list[tuple[str, str, bool]]) -> None:
    rows = [
        row(n, text, label, retracts=f"l{n - 1}" if back else None)
        for n, (text, label, back) in enumerate(given_rows)
    ]
    assert standing(table(*rows)).equals(standing(table(*reversed(rows))))


def test_codes_are_those_of_the_yaml_files() -> None:
    from features.text.taxonomy.taxonomy import named_taxonomy

    for name, known in codes().items():
        taxonomy = named_taxonomy(name)
        assert set(known) == {*taxonomy.codes, taxonomy.unknown}


def test_hints_are_few_where_everything_is_wrong() -> None:
    assert closest("zzz", ["one", "two"]) == "one, two"
    rows = table(*(row(n, "a", f"nonsense{n}") for n in range(150)))
    found = undeclared(rows)
    assert len(found) == 101
    assert sum(mask.true_count for _, _, mask in found) == 150
