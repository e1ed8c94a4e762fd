"""One conversation looked up is the row that the list has of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from insights.filters import Filters
from insights.listing import SORTS, listed, one, page
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


@pytest.mark.parametrize("waiting", [None, True, False])
@pytest.mark.parametrize("sort", [*SORTS, *(f"-{name}" for name in SORTS)])
def test_pages_are_the_list_in_order(tables: Tables, sort: str, waiting: bool | None) -> None:
    filters = Filters(until=datetime(2026, 3, 11, tzinfo=UTC))
    every = moments(listed(tables, filters)).to_pandas()
    assert every[CLOCK].notna().any()
    assert every[CLOCK].isna().any()
    if waiting is not None:
        every = every[every[CLOCK].notna() == waiting]
    name = sort.removeprefix("-")
    ordered = every.sort_values("conversation_id").sort_values(
        name, ascending=name == sort, na_position="last", kind="stable"
    )
    found = [page(tables, filters, sort=sort, waiting=waiting, limit=2, offset=n) for n in (0, 2)]
    rows = [row for _, part in found for row in part]
    assert [row["conversation_id"] for row in rows] == ordered["conversation_id"].tolist()[:4]
    assert {total for total, _ in found} == {len(every)}
    known = {
        row["conversation_id"]: row
        for row in moments(listed(tables, filters)).to_pyarrow().to_pylist()
    }
    assert rows == [known[row["conversation_id"]] for row in rows]


def test_past_the_last_page_the_total_is_known(tables: Tables) -> None:
    assert page(tables, Filters(), limit=10, offset=100) == (5, [])
    assert page(tables, Filters(channel=("nowhere",)), limit=10) == (0, [])
