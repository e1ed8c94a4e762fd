"""Personal data in texts, found by the real recognizers and counted by hand."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from features.text.pipeline.run import write_texts
from features.text.pipeline.settings import TextSettings
from ingest.schemas import canonical
from ingest.store import Store
from ingest.workspace import Workspace
from insights.filters import Filters
from insights.registry import find
from insights.tables import Tables
from tests.insights.needs.workspace import START

FINDING = find("personal_data")
PHONES = "我的电话13800138000, 或者13900139000"
SAID = (
    # id, day, role, agent, channel, text
    ("m0", 0, "customer", None, "web", PHONES),
    ("m1", 0, "agent", "ann", "web", "请写到 lin@example.com, 电话13700137000"),
    ("m2", 1, "customer", None, "web", "谢谢"),
    ("m3", 1, "agent", "bob", "phone", "不客气"),
    ("m4", 2, "customer", None, "phone", "write to may@example.com"),
)


def message(place: int, *told: Any, **extra: Any) -> dict[str, Any]:
    key, day, role, agent, channel, text = told
    at = START + timedelta(days=day, minutes=place)
    return {
        "message_id": key, "source": "test", "conversation_id": channel, "customer_id": "c1",
        "agent_id": agent, "sender_role": role, "kind": "text", "text": text, "recalled": False,
        "private": False, "channel": channel, "occurred_at": at, "available_at": at, **extra,
    }  # fmt: skip


def add(root: Path, table: str, *rows: dict[str, Any]) -> None:
    written = pa.Table.from_pylist(list(rows), canonical(table).schema)
    Store(Workspace.named("shop", root).store).add(table, written)


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    workspace = Workspace.named("shop", tmp_path)
    add(tmp_path, "messages", *(message(place, *told) for place, told in enumerate(SAID)))
    review = {
        "feedback_id": "r1", "source": "test", "customer_id": "c2", "kind": "review",
        "text": "打13600136000找我", "occurred_at": START, "available_at": START,
    }  # fmt: skip
    add(tmp_path, "feedback", review)
    settings = TextSettings(analyzers=("pii",), batch=2, progress=False)
    write_texts(Store(workspace.store), workspace, settings)
    return Tables(workspace)


def counted(tables: Tables, *by: str, **filters: Any) -> list[list[Any]]:
    table = FINDING.table(tables, Filters(**filters), list(by))
    found: list[list[Any]] = table[[*by, "count", "hits"]].to_numpy().tolist()
    return found


def test_texts_and_hits_are_counted_by_kind_and_writer(tables: Tables) -> None:
    assert counted(tables, "kind", "sender") == [
        ["email", "customer", 1, 1],
        ["email", "staff", 1, 1],
        ["phone", "customer", 2, 3],
        ["phone", "staff", 1, 1],
    ]
    assert counted(tables, "channel", "sender") == [
        ["feedback", "customer", 1, 1],
        ["phone", "customer", 1, 1],
        ["web", "customer", 1, 2],
        ["web", "staff", 2, 2],
    ]
    assert counted(tables, "agent", "sender") == [
        ["ann", "customer", 1, 2],
        ["ann", "staff", 2, 2],
        ["bob", "customer", 1, 1],
        ["nobody", "customer", 1, 1],
    ]
    assert counted(tables, "period", period="day") == [["2026-03-01", 4, 5], ["2026-03-03", 1, 1]]
    assert counted(tables, "kind", channel="phone") == [["email", 1, 1]]


def test_numbers_open_into_masked_texts(tables: Tables) -> None:
    for kind, sender, count, _hits in counted(tables, "kind", "sender"):
        opened = FINDING.drill(tables, Filters(), {"kind": kind, "sender": sender})
        assert (len(opened), opened["record_id"].is_unique) == (count, True)
    every = FINDING.drill(tables, Filters()).set_index("record_id")["text"]
    assert every["m0#phone"] == "我的电话138****8000, 或者139****9000"
    assert every["m1#email"] == every["m1#phone"] == "请写到 l***@example.com, 电话137****7000"
    assert not every.str.contains(r"\d{11}|lin@|may@").any()


def test_messages_of_staff_that_come_later_are_counted_too(tables: Tables, tmp_path: Path) -> None:
    staff = {"channel": "web"}
    assert counted(tables, "sender", **staff)[-1] == ["staff", 2, 2]
    late = (9, "m9", 3, "agent", "ann", "web", "打13500135000")
    note = (10, "m10", 3, "agent", "ann", "web", "客户电话13400134000")
    add(tmp_path, "messages", message(*late), message(*note, private=True))
    assert counted(tables, "sender", **staff)[-1] == ["staff", 3, 3]


def test_a_workspace_that_was_not_analyzed_names_the_command(tmp_path: Path) -> None:
    add(tmp_path, "messages", message(0, *SAID[0]))
    with pytest.raises(FileNotFoundError, match=r"python -m features workspace=shop only=text"):
        FINDING.table(Tables(Workspace.named("shop", tmp_path)), Filters())


def test_texts_that_were_not_searched_are_not_called_clean(tables: Tables) -> None:
    settings = TextSettings(analyzers=("entities",), batch=2, progress=False)
    write_texts(Store(tables.workspace.store), tables.workspace, settings)
    with pytest.raises(
        FileNotFoundError, match=r"without `pii`.*python -m features workspace=shop"
    ):
        FINDING.table(tables, Filters())
