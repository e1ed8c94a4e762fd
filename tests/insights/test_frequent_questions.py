"""Frequent questions, from a table of questions as the analysis of texts leaves it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.stats import binomtest

from features.text.questions.table import GROUPS, QUESTIONS
from insights.filters import Filters
from insights.registry import find
from insights.tables import Tables
from tests.insights.script import moment, write

CHAT = """
    2026-01-20T10:00 a customer:c1
    2026-03-01T16:30 b customer:c1 channel=phone
    2026-03-02T10:00 c customer:c2
    2026-03-02T10:01 c agent:ann
    2026-03-02T10:02 c customer:c2 recalled
    2026-03-02T11:00 d customer:c3
    2026-02-01T10:00 e customer:c4
    2026-02-01T10:10 e customer:c4
"""
ASKED = (
    ("m0", 0, "where is my order", 1),
    ("m1", 0, "where's my order", 1),
    ("m2", 0, "where is my order now", 1),
    ("m2", 30, "do you ship abroad", 2),
    ("m4", 0, "where is my order", 1),  # recalled
    ("m5", 0, "where is the order", 1),
    ("m6", 0, "do you ship abroad", 2),
    ("m7", 0, "is it blue", 3),
    ("review", 0, "is it blue", 3),  # of no conversation
)
TYPICAL = {1: "where is my order", 2: "do you ship abroad", 3: "is it blue"}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    found = write(tmp_path_factory.mktemp("questions"), CHAT, {"top_questions": 2})
    folder = found.workspace.features / "text"
    folder.mkdir(parents=True)
    at = datetime(2026, 3, 2, tzinfo=UTC)
    asked = [
        {"text_id": text, "start": start, "question": question, "group_id": group,
         "occurred_at": at}
        for text, start, question, group in ASKED
    ]  # fmt: skip
    groups = [
        {"group_id": group, "question": question, "language": "en"}
        for group, question in TYPICAL.items()
    ]
    pq.write_table(pa.Table.from_pylist(asked, QUESTIONS), folder / "questions.parquet")
    pq.write_table(pa.Table.from_pylist(groups, GROUPS), folder / "question_groups.parquet")
    return found


def test_the_most_frequent_come_first_with_who_asked(tables: Tables) -> None:
    table = find("frequent_questions").table(tables, Filters())
    told = table[["question", "count", "customers", "example", "recent", "before"]]
    assert told.to_numpy().tolist() == [
        ["where is my order", 4, 3, "where is the order", 3, 1],
        ["do you ship abroad", 2, 2, "do you ship abroad", 1, 1],
    ]
    # All questions: 4 in the 28 days before 2026-03-02 11:00, 3 in the 28 days before those.
    expected = [binomtest(3, 4, 4 / 7).pvalue, binomtest(1, 2, 4 / 7).pvalue]
    assert table["p_value"].tolist() == pytest.approx(expected)
    for row in table.to_dict("records"):
        opened = find("frequent_questions").drill(tables, Filters(), {"question": row["question"]})
        assert len(opened) == row["count"]


def test_the_trend_looks_back_beyond_the_range(tables: Tables) -> None:
    filters = Filters(since=moment("02T00:00"), until=moment("03T00:00"))
    table = find("frequent_questions").table(tables, filters)
    told = table[["question", "count", "recent", "before"]].to_numpy().tolist()
    assert told == [["where is my order", 2, 3, 1], ["do you ship abroad", 1, 1, 1]]


@pytest.mark.parametrize(
    ("zone", "expected"), [("Asia/Shanghai", [3]), ("America/New_York", [1, 2])]
)
def test_days_are_local(zone: str, expected: list[int], tables: Tables) -> None:
    filters = Filters(zone=zone, period="day", since="2026-03-01", until="2026-03-03")
    table = find("frequent_questions").table(tables, filters, ["question", "period"])
    first = table[table["question"] == "where is my order"]
    assert "recent" not in table
    assert first["count"].tolist() == expected
    by_channel = find("frequent_questions").table(tables, filters, ["channel"])
    assert by_channel.set_index("channel")["count"].to_dict() == {"phone": 1, "web": 3}


def test_questions_that_were_not_grouped_name_the_command(tmp_path: Path) -> None:
    tables = write(tmp_path, "10:00 a customer")
    with pytest.raises(FileNotFoundError, match="python -m features workspace=shop"):
        find("frequent_questions").table(tables, Filters())


def test_nothing_was_asked_in_the_range(tables: Tables) -> None:
    assert find("frequent_questions").table(tables, Filters(until="2025-01-01")).empty
