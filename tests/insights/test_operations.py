"""What customers do toward staff: counted, opened, told of on the profile."""

from __future__ import annotations

from pathlib import Path

from ingest.workspace import Workspace
from insights.filters import Filters
from insights.profiles.happenings import feed
from insights.profiles.text import feed_lines
from insights.registry import find
from insights.tables import Tables
from tests.insights.profiles.shop import add, added, days_ago, event, store_of


def written(root: Path) -> Tables:
    add(
        root,
        "events",
        added("ann", 20),
        event(1, "purchase", 19, item_id="g1"),
        event(2, "conversation_resolved", 18, agent_id="ann"),
        event(3, "joined_group", 10, group_id="tea"),
        event(4, "payment_sent", 9, agent_id="ann", value=8.5),
        event(5, "left_group", 3, group_id="tea"),
        event(6, "contact_deleted", 2, agent_id="ann", customer_id="c2"),
    )
    return Tables(Workspace.named("shop", root))


def test_operations_are_counted_and_opened(tmp_path: Path) -> None:
    tables = written(tmp_path)
    table = find("operations").table(tables, Filters(), ["operation"])
    assert table[["operation", "count", "leaving"]].to_numpy().tolist() == [
        ["contact_added", 1, 0],
        ["contact_deleted", 1, 1],
        ["joined_group", 1, 0],
        ["left_group", 1, 1],
        ["payment_sent", 1, 0],
    ]
    by_agent = find("operations").table(tables, Filters(agent="ann"), ["agent", "customer"])
    assert by_agent[["customer", "count", "leaving"]].to_numpy().tolist() == [
        ["c1", 2, 0],
        ["c2", 1, 1],
    ]
    opened = find("operations").drill(tables, Filters(), {"operation": "left_group"})
    assert opened["record_id"].tolist() == ["e5"]
    assert find("operations").drill(tables, Filters(until=days_ago(15)))["at"].size == 1


def test_an_empty_store_has_none(tmp_path: Path) -> None:
    assert find("operations").table(Tables(Workspace.named("empty", tmp_path)), Filters()).empty


def test_the_feed_of_a_customer_is_all_there_is_the_newest_first(tmp_path: Path) -> None:
    written(tmp_path)
    store = store_of(tmp_path)
    kinds = ["left_group", "payment_sent", "joined_group", "contact_added"]
    assert [one.kind for one in feed(store, ["c1"])] == kinds
    assert [one.kind for one in feed(store, ["c1", "c2"], leaving=True)] == [
        "contact_deleted",
        "left_group",
    ]
    assert [one.event_id for one in feed(store, ["c1"], kinds=["payment_sent"])] == ["e4"]
    told = list(feed_lines(feed(store, ["c1"])))
    assert told[0].endswith("left_group tea [leaving]")
    assert told[1].endswith("payment_sent 8.5 ann")
