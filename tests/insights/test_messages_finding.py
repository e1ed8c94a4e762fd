"""Who wrote how much, counted by hand."""

from __future__ import annotations

from pathlib import Path

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
