"""Tables that follow the store hold what tables made anew would hold."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.schemas import canonical
from ingest.store import Store
from insights import tables as kept
from insights.conversations.tables import BY_ROOM
from insights.filters import Filters
from insights.listing import COLUMNS, SORTS, listed, transcript
from insights.registry import find
from insights.tables import Tables
from tests.insights.script import moment, write


def same(tables: Tables) -> None:
    """Hold the tables beside tables that are made anew."""
    anew = Tables(tables.workspace, tables.settings).chats
    for name in (*BY_ROOM, "surveyed", "surveys", "labels", "changes"):
        told, expected = (getattr(chats, name).to_pandas() for chats in (tables.chats, anew))
        columns = sorted(expected.columns)
        ordered = [rows[columns].sort_values(columns) for rows in (told, expected)]
        pd.testing.assert_frame_equal(*(rows.reset_index(drop=True) for rows in ordered), obj=name)


STORY = (
    "10:00 a customer:c1\n10:05 a agent:ann\n10:00 room customer:c2 source=wecom",
    "10:10 a customer:c1\n10:20 room agent:bob source=wecom customer=none",
    "11:30 room customer:c2 source=wecom\n09:50 room customer:c3 source=wecom",
    "10:30 a resolved via=event\n10:31 a labeled=vip via=event\n10:40 a rated=5",
    "10:31 b labeled=vip via=event",
    "12:00 b customer:c9\n12:01 b categorized=refund\n12:02 b private agent:ann",
)


def test_every_step_of_a_story_is_followed(tmp_path: Path) -> None:
    tables = write(tmp_path, {"0": STORY[0]})
    first = tables.chats
    for number, part in enumerate(STORY[1:], start=1):
        write(tmp_path, {"0": part}, numbered=100 * number)
        assert tables.chats is first
    same(tables)


def test_recalled_and_erased_messages_leave(tmp_path: Path) -> None:
    tables = write(tmp_path, "10:00 a customer:c1\n10:05 a agent:ann\n10:00 b customer:c2")
    reply = find("first_response_time")
    assert tables.chats is not None
    store = Store(tables.workspace.store)
    rows = store.read("messages").to_pylist()
    again = [row | {"recalled": True} for row in rows if row["message_id"] == "m1"]
    store.add("messages", pa.Table.from_pylist(again, canonical("messages").schema))
    assert reply.drill(tables, Filters()).empty
    store.delete("messages", "c2")
    same(tables)
    assert find("volume").drill(tables, Filters())["record_id"].tolist() == ["a"]


def test_what_was_renewed_often_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "_FEW", 1)
    tables = write(tmp_path, "10:00 a customer")
    first = tables.chats
    write(tmp_path, {"x": "10:00 b customer\n10:01 b customer\n10:02 b customer"})
    assert tables.chats is first  # renewed 3, of 4
    write(tmp_path, {"x": "10:03 b customer"}, numbered=10)
    assert tables.chats is first  # renewed 3 + 4, of 5
    write(tmp_path, {"y": "10:00 c customer"})
    assert tables.chats is not first


def test_tables_that_could_not_be_renewed_are_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = write(tmp_path, "10:00 a customer")
    first = tables.chats

    def broken(*_: object) -> int:
        raise OSError("disk full")

    write(tmp_path, {"x": "10:00 b customer"})
    with monkeypatch.context() as patch:
        patch.setattr(kept, "renew", broken)
        with pytest.raises(OSError, match="disk full"):
            _ = tables.chats
    assert tables.chats is not first
    assert len(find("volume").drill(tables, Filters())) == 2


spoken = st.tuples(
    st.integers(0, 300),
    st.integers(0, 2),
    st.sampled_from(["customer:c1", "customer:c2", "agent:ann", "bot", "resolved", "labeled=vip"]),
    st.sampled_from(["", "private", "recalled", "customer=none", "via=event"]),
    st.sampled_from(["test", "wecom"]),
)


@settings(
    max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(parts=st.lists(st.lists(spoken, min_size=1, max_size=8), min_size=2, max_size=3))
def test_any_order_of_arrival_ends_in_the_same_tables(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[Any]]
) -> None:
    root, start = tmp_path_factory.mktemp("parts"), moment("10:00")
    tables = None
    for number, part in enumerate(parts):
        lines = [
            f"{start + timedelta(minutes=minute):%Y-%m-%dT%H:%M} r{room}-{source} {who} {how}"
            f" source={source}"
            for minute, room, who, how, source in part
        ]
        found = write(root, "\n".join(lines), numbered=100 * number)
        tables = tables or found
        assert tables.chats is not None
    assert tables is not None
    same(tables)


LISTED = """
    10:00 a customer:c1
    10:04 a agent:ann
    10:05 a customer:c1
    10:07 a agent:bob
    10:30 a resolved
    10:31 a labeled=vip
    02T11:00 b customer:c2 channel=phone
    02T11:01 b agent:ann private channel=phone
    02T11:02 b customer:c2 channel=phone recalled
    02T12:00 room customer:c3 source=wecom
    02T12:01 room agent:ann source=wecom customer=none
    02T14:00 room customer:c3 source=wecom
"""


def test_conversations_are_listed_with_what_a_manager_asks(tmp_path: Path) -> None:
    tables = write(tmp_path, LISTED)
    filters = Filters(until=moment("02T15:00"))
    rows = listed(tables, filters).order_by("opened_at").to_pandas()
    assert rows.columns.tolist() == list(COLUMNS)
    assert set(SORTS) <= set(COLUMNS)
    assert len(rows) == find("volume").table(tables, filters, [])["count"].sum()
    told = rows.astype(object).where(rows.notna(), None).to_dict("records")
    assert [row["conversation_id"].partition("~")[0] for row in told] == ["a", "b", "room", "room"]
    names = ("agent", "messages", "duration_minutes", "first_response_minutes", "waiting_minutes")
    assert [tuple(row[name] for name in names) for row in told] == [
        ("bob", 4, 7.0, 4.0, None),
        ("nobody", 1, 0.0, None, 240.0),
        ("ann", 2, 1.0, 1.0, None),
        ("nobody", 1, 0.0, None, 60.0),
    ]
    assert [list(row["agents"]) for row in told] == [["ann", "bob"], [], ["ann"], []]
    assert [list(row["labels"]) for row in told] == [["vip"], [], [], []]
    assert [row["gap_minutes"] for row in told] == [None, None, 30, 30]
    labeled = listed(tables, Filters(label="vip"))
    assert labeled.to_pandas()["conversation_id"].tolist() == ["a"]


def test_what_was_said_is_told_in_order_and_page_by_page(tmp_path: Path) -> None:
    tables = write(tmp_path, LISTED)
    said = transcript(tables, "b", limit=10)
    told = [(row["sender_role"], row["private"], row["recalled"]) for row in said]
    assert told == [("customer", False, False), ("agent", True, False), ("customer", False, True)]
    session = find("volume").drill(tables, Filters(source="wecom"))["record_id"].tolist()[0]
    assert [row["agent_id"] for row in transcript(tables, session, limit=10)] == [None, "ann"]
    assert [row["agent_id"] for row in transcript(tables, session, limit=1, offset=1)] == ["ann"]
    assert transcript(tables, "nobody", limit=10) == []
