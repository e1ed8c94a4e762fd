"""One conversation looked up is the row that the list has of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from insights.filters import Filters
from insights.listing import listed, one
from insights.splits import moments
from insights.tables import Tables
from tests.insights.script import write
from tests.insights.test_findings import EVERYTHING

CLOCK = "waiting_minutes"  # measured against the present moment


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return write(tmp_path_factory.mktemp("listing"), EVERYTHING)


def test_a_conversation_looked_up_is_that_of_the_list(tables: Tables) -> None:
    rows = moments(listed(tables, Filters()).order_by("conversation_id"))
    every = rows.to_pyarrow().to_pylist()
    found = [one(tables, row["conversation_id"]) for row in every]
    assert len(found) == 5
    for single, row in zip(found, every, strict=True):
        (mine,) = single
        waits = [each.pop(CLOCK) for each in (mine, row)]
        assert mine == row
        assert waits[0] == pytest.approx(waits[1], abs=5)


def test_what_there_is_not_is_empty(tables: Tables) -> None:
    assert one(tables, "no such conversation") == one(tables, "' OR true --") == []


def test_a_message_that_comes_later_is_seen(tmp_path: Path) -> None:
    tables = write(tmp_path, "10:00 a customer:c1\n")
    assert [row["messages"] for row in one(tables, "a")] == [1]
    write(tmp_path, "10:07 a agent:ann\n", numbered=10)
    assert [row["messages"] for row in one(tables, "a")] == [2]
