"""Views give what their expressions give, follow renewed tables, and do not grow without end."""

from __future__ import annotations

from pathlib import Path

import ibis
import pandas as pd
import pytest

from insights import viewed as module
from insights.filters import Filters
from insights.registry import find
from insights.viewed import viewed
from tests.insights.script import moment, write

LATER = moment("20T10:00")
CHATS = "10:00 a customer:c1\n10:05 a agent:ann\n10:00 b customer:c2"


def test_a_question_asked_twice_reads_one_view_that_follows_the_store(tmp_path: Path) -> None:
    tables = write(tmp_path, {"0": CHATS})
    volume = find("volume")
    members = volume.members(tables, Filters())
    assert viewed(members, tables) is members  # who knows whether it is asked again
    first = viewed(volume.members(tables, Filters()), tables)
    assert first is not members
    assert first is viewed(volume.members(tables, Filters()), tables)
    write(tmp_path, {"0": "11:00 c customer:c3"}, numbered=100)
    again = viewed(volume.members(tables, Filters()), tables)
    assert again is first
    assert sorted(again.record_id.to_pandas()) == ["0-a", "0-b", "0-c"]


def test_a_view_gives_what_its_expression_gives(tmp_path: Path) -> None:
    tables = write(tmp_path, CHATS)
    for name in ("first_response_time", "bot_containment", "repeat_contact"):
        members = find(name).members(tables, Filters(until=LATER))
        view = [viewed(members, tables) for _ in range(2)][-1]
        assert view is not members
        assert view.schema() == members.schema()
        found = view.order_by("record_id").to_pandas()
        pd.testing.assert_frame_equal(found, members.order_by("record_id").to_pandas())


def test_rows_from_memory_stay_as_they_are(tmp_path: Path) -> None:
    tables = write(tmp_path, CHATS)
    rows = ibis.memtable(pd.DataFrame({"record_id": ["a"]}))
    assert [viewed(rows, tables) is rows for _ in range(3)] == [True] * 3


def test_functions_in_python_are_not_hidden_in_views(tmp_path: Path) -> None:
    monday = {"monday": [{"opens": "09:00", "closes": "18:00"}]}
    tables = write(tmp_path, CHATS, {"hours": {"enabled": True, "week": monday}})
    members = find("first_response_time_business").members(tables, Filters())
    assert [viewed(members, tables) is members for _ in range(3)] == [True] * 3


def test_views_not_asked_for_longest_are_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST", 3)
    tables = write(tmp_path, CHATS)
    rows = tables.chats.rows
    before = len(tables.chats.connection.list_tables())
    for least in range(10):
        for _ in range(2):
            made = viewed(rows.filter(rows.messages >= least), tables)
    assert len(tables.chats.connection.list_tables()) == before + 3
    assert made.count().to_pandas() == 0
    assert viewed(rows.filter(rows.messages >= 1), tables).count().to_pandas() == 2


def test_what_the_present_moment_is_part_of_becomes_no_view(tmp_path: Path) -> None:
    tables = write(tmp_path, CHATS)
    before = len(tables.chats.connection.list_tables())
    for _ in range(3):
        find("waiting_now").table(tables, Filters())
    assert len(tables.chats.connection.list_tables()) == before
