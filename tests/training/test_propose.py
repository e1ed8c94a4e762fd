"""What is proposed for labeling: the least sure, no two alike, none labeled, people hidden."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from features.text.classifier.heads import Linear
from features.text.classifier.model import TextClassifier
from features.text.codec import float_column
from features.text.taxonomy.chosen import Chosen
from features.text.taxonomy.taxonomy import named_taxonomy
from ingest.schemas import LABELS
from training.labeling.propose import PROPOSALS, propose
from training.labeling.settings import ProposalSettings
from training.labeling.sheet import write_sheet

CATEGORIES = named_taxonomy("service_categories")
ALONE = ProposalSettings(count=3, random_share=0, alike=0.999, batch=2)


def chosen(threshold: float = 0.0) -> Chosen:
    """A classifier that reads its two scores off the first two numbers of a vector."""
    weights = np.zeros((3, 3), dtype=np.float32)
    weights[0, 0] = weights[1, 1] = 1
    head = Linear(weights, np.array([0, 0, -9], dtype=np.float32))
    model = TextClassifier(CATEGORIES.codes, "few-shot", (0, 1), vector_head=head,
                           threshold=threshold)  # fmt: skip
    return Chosen(CATEGORIES, model, lambda texts: np.zeros((len(texts), 3), np.float32))


def texts(folder: Path, *rows: tuple[str, str, float]) -> Path:
    """Write texts whose vectors point so many degrees from the first label to the second."""
    angles = np.radians([row[2] for row in rows])
    vectors = np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1).astype(np.float32)
    table = {
        "text_id": [row[0] for row in rows],
        "text": [row[1] for row in rows],
        "embedding": float_column(vectors),
    }
    pq.write_table(pa.table(table), folder / "texts.parquet")
    return folder / "texts.parquet"


def labels(*rows: dict[str, Any]) -> pa.Table:
    plain = {
        "source": "api", "text_id": None, "taxonomy": "service_categories",
        "label": "after_sales", "annotator": "ann", "at": datetime(2026, 3, 1, tzinfo=UTC),
        "retracts": None,
    }  # fmt: skip
    whole = [plain | {"label_id": f"l{n}"} | row for n, row in enumerate(rows)]
    return pa.Table.from_pylist(whole, schema=LABELS.schema)


def ids(found: pa.Table) -> list[str]:
    return [str(each) for each in found["text_id"].to_pylist()]


FIVE = (
    ("a", "sure", 0),
    ("b", "split", 45),
    ("c", "nearly", 40),
    ("d", "leans", 30),
    ("e", "x", 90),
)


def test_the_smallest_margin_comes_first(tmp_path: Path) -> None:
    found = propose(texts(tmp_path, *FIVE), labels(), chosen(), ALONE, "ann")
    assert found.schema == PROPOSALS
    assert ids(found) == ["b", "c", "d"]
    row = found.to_pylist()[2]
    assert (row["label"], row["taxonomy"], row["annotator"]) == ("", "service_categories", "ann")
    first, second = CATEGORIES.codes[:2]
    assert row["suggested"] == first
    assert row["why"].startswith(f"between {first} (0.59) and {second} (0.41)")


def test_below_the_threshold_unknown_is_suggested(tmp_path: Path) -> None:
    found = propose(texts(tmp_path, *FIVE), labels(), chosen(0.55), ALONE)
    rows = found.to_pylist()
    assert rows[0]["suggested"] == CATEGORIES.unknown
    assert rows[0]["why"].endswith("below the threshold 0.55")
    assert rows[2]["suggested"] == CATEGORIES.codes[0]


def test_labeled_texts_and_those_like_them_are_passed_over(tmp_path: Path) -> None:
    path = texts(tmp_path, *FIVE, ("f", "call 13800138000", 44), ("g", "split again", 45))
    given = labels(
        {"text_id": "c", "text": "nearly, masked"},
        {"text": "call 138****8000"},
        {"text": " split "},
        {"text_id": "d", "text": "leans", "taxonomy": "finance", "label": "loan"},
    )
    assert ids(propose(path, given, chosen(), ALONE)) == ["d", "a", "e"]
    gone = labels({"text": "split"}, {"text": "split", "retracts": "l0"})
    assert ids(propose(path, gone, chosen(), ALONE))[0] == "b"


def test_no_two_alike(tmp_path: Path) -> None:
    wide = ALONE.model_copy(update={"alike": float(np.cos(np.radians(12)))})
    assert ids(propose(texts(tmp_path, *FIVE), labels(), chosen(), wide)) == ["b", "d", "a"]


def test_some_are_taken_at_random_and_always_the_same(tmp_path: Path) -> None:
    path = texts(tmp_path, *((f"t{n:02d}", f"text {n}", n * 0.9) for n in range(100)))
    some = ProposalSettings(count=20, random_share=0.5, alike=1.0)
    found = propose(path, labels(), chosen(), some)
    assert found.num_rows == len(set(ids(found))) == 20
    why = found["why"].to_pylist()
    assert sum(each.startswith("chosen at random") for each in why) == 10
    assert ids(found)[:10] == [f"t{n}" for n in (50, 49, 51, 48, 52, 47, 53, 46, 54, 45)]
    spread = sorted(ids(found)[10:])
    assert spread[0] < "t30"
    assert spread[-1] > "t60"
    assert ids(propose(path, labels(), chosen(), some)) == ids(found)
    other = some.model_copy(update={"seed": 1})
    assert ids(propose(path, labels(), chosen(), other)) != ids(found)


def test_fewer_than_asked_where_there_are_no_more(tmp_path: Path) -> None:
    many = ProposalSettings(count=50, alike=0.999)
    path = texts(tmp_path, *FIVE)
    assert propose(path, labels(), chosen(), many).num_rows == 5
    every = labels(*({"text_id": row[0], "text": row[1]} for row in FIVE))
    assert propose(path, every, chosen(), many).num_rows == 0


def test_a_sheet_hides_people_and_runs_no_formula(tmp_path: Path) -> None:
    path = texts(tmp_path, ("a", "=HYPERLINK(1)", 45), ("b", "我的电话13800138000", 30))
    out = tmp_path / "new" / "sheet.csv"
    write_sheet(out, propose(path, labels(), chosen(), ALONE))
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    with out.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["text"] for row in rows] == ["'=HYPERLINK(1)", "我的电话138****8000"]
    assert list(rows[0]) == PROPOSALS.names


@pytest.mark.parametrize("wrong", [{"count": 0}, {"random_share": 2}, {"alike": 0}, {"odd": 1}])
def test_settings_are_checked(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ProposalSettings(**wrong)
