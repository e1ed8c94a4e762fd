"""Satisfaction estimated from text: learned from surveys where there are enough, else polarity."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.schemas import canonical
from ingest.store import Store
from ingest.workspace import Workspace
from insights.filters import Filters
from insights.registry import find
from insights.satisfaction import NOT_MEASURED, estimates
from insights.tables import Tables
from tests.insights.script import write

WORDS = {True: "thanks, that works", False: "this is still broken"}


def analyzed(workspace: Workspace, polarities: dict[str, float]) -> None:
    texts = pd.DataFrame(list(polarities.items()), columns=["text_id", "polarity"]).assign(
        kind="message", source="test", customer_id="c", item_id="i", sentiment="neutral", topic=0
    )
    texts["occurred_at"] = pd.Timestamp(datetime(2026, 3, 2, tzinfo=UTC))
    folder = workspace.features / "text"
    folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pandas(texts), folder / "texts.parquet")


def shop(root: Path, chats: int, surveyed: int, *, told: bool = True) -> tuple[Tables, list[bool]]:
    """Chats of one message each, of which some are surveyed; ``told``: words decide ratings."""
    draw = random.Random(2)
    moods = [draw.random() < 0.6 for _ in range(chats)]
    rows: dict[str, list[dict[str, Any]]] = {"messages": [], "feedback": []}
    for number, mood in enumerate(moods):
        at = datetime(2026, 3, 2 + number % 20, 10, number % 60, tzinfo=UTC)
        common = {"source": "test", "customer_id": f"c{number}", "occurred_at": at}
        common |= {"available_at": at}
        said = mood if told else draw.random() < 0.6
        message = {"message_id": f"m{number}", "conversation_id": f"k{number}", "kind": "text"}
        message |= {"sender_role": "customer", "recalled": False, "private": False}
        words = f"{WORDS[said]} {draw.choice('abc')}"
        rows["messages"].append(common | message | {"channel": "web", "text": words})
        if number < surveyed:
            answer = {"feedback_id": f"f{number}", "kind": "survey", "text": "so"}
            about = f'{{"conversation_id": "k{number}"}}'
            answer |= {"rating": 5.0 if mood else 1.0, "attributes": about}
            rows["feedback"].append(common | answer)
    workspace = Workspace.named("shop", root)
    for table, found in rows.items():
        if found:
            added = pa.Table.from_pylist(found, canonical(table).schema)
            Store(workspace.store).add(table, added)
    analyzed(workspace, {f"m{number}": 0.0 for number in range(chats)})
    return Tables(workspace), moods


def test_enough_surveys_are_learned_from(tmp_path: Path) -> None:
    tables, moods = shop(tmp_path, 300, 220)
    (row,) = find("satisfaction_estimated").table(tables, Filters(), []).to_dict("records")
    assert (row["count"], row["surveyed"], row["tier"]) == (300, 220, "trained")
    assert row["rank_correlation"] > 0.8
    assert row["rank_correlation_lower"] < row["rank_correlation"]
    assert row["low_f1"] == pytest.approx(1)
    assert "220 surveyed conversations, out of fold" in row["error"]
    members = find("satisfaction_estimated").drill(tables, Filters()).set_index("record_id")
    unseen = members.loc[[f"k{number}" for number in range(220, 300)]]
    assert ((unseen["low"] == 0) == moods[220:]).all()
    assert members["value"].between(1, 5).all()


def test_ratings_that_words_do_not_tell_are_not_claimed(tmp_path: Path) -> None:
    tables, _ = shop(tmp_path, 240, 240, told=False)
    found = estimates(tables)
    assert found.tier == "trained"
    assert found.figures["spearman"].low < 0.1  # out of fold: nothing is remembered


@pytest.mark.parametrize("surveyed", [0, 199])
def test_few_surveys_leave_polarity_without_an_error(surveyed: int, tmp_path: Path) -> None:
    tables, _ = shop(tmp_path, 210, surveyed)
    (row,) = find("satisfaction_estimated").table(tables, Filters(), []).to_dict("records")
    assert (row["tier"], row["error"], row["surveyed"]) == ("polarity", NOT_MEASURED, surveyed)
    assert (row["mean"], row["low"]) == (3, 0)
    assert pd.isna(row["rank_correlation"])
    assert pd.isna(row["low_f1_upper"])


def test_polarity_is_told_on_the_scale_of_surveys(tmp_path: Path) -> None:
    chat = "10:00 a customer\n10:00 b customer\n10:00 c customer\n10:30 a rated=5\n10:30 b rated=5"
    tables = write(tmp_path, chat)
    analyzed(tables.workspace, {"m0": 0.5, "m1": -0.5, "m2": 0.1})
    finding = find("satisfaction_estimated")
    members = finding.drill(tables, Filters()).set_index("record_id")["value"]
    assert members.to_dict() == pytest.approx({"a": 4.0, "b": 2.0, "c": 3.2})
    table = finding.table(tables, Filters(), [])
    assert table.loc[0, ["count", "surveyed"]].tolist() == [3, 2]
    assert table.loc[0, "absolute_error"] == pytest.approx(2)
    assert table.loc[0, "low"] == pytest.approx(100 / 3)
