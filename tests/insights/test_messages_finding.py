"""Who wrote how much, counted by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from insights.filters import Filters
from insights.registry import find
from tests.insights.script import write

CHAT = """
    02T23:50 a customer:c1 channel=web
    02T23:51 a bot channel=web
    02T23:52 a private agent:ann
    03T00:10 a agent:ann channel=web
    03T00:11 a agent:ann channel=web
    03T09:00 b customer:c2 channel=web
    03T09:05 b agent:bob channel=web
    03T09:06 b resolved
"""


def test_public_messages_are_counted_by_sender_person_and_local_day(tmp_path: Path) -> None:
    tables, messages = write(tmp_path, CHAT), find("messages")
    table = messages.table(tables, Filters(zone="Asia/Shanghai"), ["period", "person"])
    assert set(zip(table["person"], table["count"], strict=True)) == {
        ("c1", 1), ("bot", 1), ("ann", 2), ("c2", 1), ("bob", 1),
    }  # fmt: skip
    days = messages.table(tables, Filters(period="day"), ["period", "sender"])
    assert days[["period", "sender", "count"]].values.tolist() == [
        ["2026-03-02", "bot", 1],
        ["2026-03-02", "customer", 1],
        ["2026-03-03", "customer", 1],
        ["2026-03-03", "human", 3],
    ]
    behind = messages.drill(tables, Filters(), {"person": "ann"})
    assert behind["agent"].unique().tolist() == ["ann"]
    assert len(behind) == 2


def test_a_chat_is_counted_whole_whatever_sessions_it_is_cut_into(tmp_path: Path) -> None:
    said = """
        02T10:00 team customer:c1 source=wecom
        02T10:05 team agent:ann source=wecom customer=none
        02T15:00 team customer:c2 source=wecom
        03T09:00 team agent:bob source=wecom customer=none
        03T09:30 other customer:c3 source=wecom
    """
    tables, messages = write(tmp_path, said), find("messages")
    filters = Filters(period="day", room="team")
    table = messages.table(tables, filters, ["period", "person"])
    assert table[["period", "person", "count"]].to_numpy().tolist() == [
        ["2026-03-02", "ann", 1],
        ["2026-03-02", "c1", 1],
        ["2026-03-02", "c2", 1],
        ["2026-03-03", "bob", 1],
    ]
    assert messages.drill(tables, filters)["conversation_id"].nunique() > 1
    rooms = messages.table(tables, Filters(), ["room"])
    assert rooms[["room", "count"]].to_numpy().tolist() == [["other", 1], ["team", 4]]
    with pytest.raises(ValueError, match="cannot be filtered by room"):
        find("volume").table(tables, filters)
