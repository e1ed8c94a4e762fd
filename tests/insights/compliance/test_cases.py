"""Compliance cases: every message one, judged by people, counted by rule, shown masked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hydra import compose, initialize_config_dir

from ingest.configuration import configuration
from ingest.schemas import canonical
from ingest.store import Store
from ingest.workspace import Workspace
from insights.case import run
from insights.compliance.queue import NoCaseError, judge, queue
from insights.compliance.register import Verdicts
from insights.filters import Filters
from insights.registry import find
from insights.tables import Tables

SAID = (
    ("agent", "eve", "微信红包给我,电话13800138000"),
    ("agent", "eve", "扫我的收款码"),
    ("agent", "ann", "您问的“扫我的收款码”是骗局"),
    ("agent", "ann", "好的"),
    ("agent", "bob", "You idiot, pay me directly"),
    ("customer", "", "不走平台可以吗"),
    ("bot", "", "请勿私下转账"),
    ("agent", "bob", "请勿私下转账"),
)
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def spoken(root: Path) -> Tables:
    rows = [
        {
            "message_id": f"m{number}", "source": "test", "conversation_id": f"room-{agent}",
            "customer_id": "c1", "agent_id": agent or None, "sender_role": role, "kind": "text",
            "text": text, "recalled": number == 1, "private": False, "channel": "web",
            "occurred_at": START + timedelta(hours=number),
            "available_at": START + timedelta(hours=number),
        }
        for number, (role, agent, text) in enumerate(SAID)
    ]  # fmt: skip
    workspace = Workspace.named("shop", root)
    Store(workspace.store).add("messages", pa.Table.from_pylist(rows, canonical("messages").schema))
    return Tables(workspace)


def case_of(tables: Tables, message: str, rule: str = "private_payment") -> str:
    every = queue(tables, Filters(), verdict=None).cases
    (one,) = [row["case"] for row in every if (row["message_id"], row["rule"]) == (message, rule)]
    return str(one)


def test_every_message_that_breaks_a_rule_is_a_case(tmp_path: Path) -> None:
    tables = spoken(tmp_path)
    members = find("violations").drill(tables, Filters())
    assert members[["message_id", "rule", "agent"]].to_numpy().tolist() == [
        ["m0", "private_payment", "eve"],
        ["m1", "private_payment", "eve"],  # recalled: it was said all the same
        ["m2", "private_payment", "ann"],
        ["m4", "private_payment", "bob"],  # one message breaks two rules
        ["m4", "staff_abuse", "bob"],
    ]
    assert members["record_id"].is_unique
    assert members["case"].is_unique
    assert members["matched"].tolist() == [
        "微信红包给我", "扫我的收款码", "扫我的收款码", "pay me directly", "idiot",
    ]  # fmt: skip
    table = find("violations").table(tables, Filters(agent="eve"))
    assert table[["rule", "agent", "count", "open"]].to_numpy().tolist() == [
        ["private_payment", "eve", 2, 2]
    ]
    assert table["precision"].isna().all()


def test_verdicts_make_the_precision_of_a_rule(tmp_path: Path) -> None:
    tables = spoken(tmp_path)
    for message, verdict in (("m0", "confirmed"), ("m1", "confirmed"), ("m2", "false_alarm")):
        judge(tables, case_of(tables, message), verdict, author="kim")  # type: ignore[arg-type]
    table = find("violations").table(tables, Filters(), ["rule"]).set_index("rule")
    told = table.loc["private_payment"].to_dict()
    assert (told["count"], told["open"], told["confirmed"], told["false_alarms"]) == (4, 1, 2, 1)
    assert told["precision"] == pytest.approx(2 / 3)
    assert told["precision_low"] == pytest.approx(0.2077, abs=1e-4)  # Wilson, 2 of 3
    assert told["precision_high"] == pytest.approx(0.9385, abs=1e-4)
    assert pd.isna(table["precision"]).to_dict()["staff_abuse"]
    words = find("violations").table(tables, Filters(), ["matched"]).set_index("matched")
    assert words["precision"].to_dict()["扫我的收款码"] == 0.5
    opened = find("violations").drill(tables, Filters(), {"verdict": "false_alarm"})
    assert opened["message_id"].tolist() == ["m2"]


def test_the_queue_holds_what_is_open_the_gravest_and_newest_first(tmp_path: Path) -> None:
    tables = spoken(tmp_path)
    found = queue(tables, Filters())
    assert found.total == 5
    assert [(row["severity"], row["message_id"]) for row in found.cases][:1] == [("critical", "m4")]
    assert found.cases[-1]["text"] == "微信红包给我,电话138****8000"
    case = case_of(tables, "m2")
    judged = judge(tables, case, "false_alarm", author="kim", note="call 13800138000")
    assert (judged["verdict"], judged["judged"]["by"]) == ("false_alarm", "kim")
    assert judged["judged"]["note"] == "call 138****8000"
    assert queue(tables, Filters()).total == 4
    assert [row["case"] for row in queue(tables, Filters(), verdict="false_alarm").cases] == [case]
    judge(tables, case, "open", author="lee", note="look again")
    assert queue(tables, Filters()).total == 5
    assert [one.author for one in Verdicts(tables.workspace).history(case)] == ["kim", "lee"]
    assert queue(tables, Filters(), rule="staff_abuse").total == 1
    page = queue(tables, Filters(), limit=2, offset=4)
    assert (page.total, len(page.cases)) == (5, 1)
    with pytest.raises(NoCaseError, match="no case 'nothing'"):
        judge(tables, "nothing", "confirmed", author="kim")
    assert queue(Tables(Workspace.named("empty", tmp_path)), Filters()).total == 0


def test_new_messages_become_cases_beside_those_found_before(tmp_path: Path) -> None:
    tables = spoken(tmp_path)
    assert queue(tables, Filters()).total == 5
    row = {
        "message_id": "late", "source": "test", "conversation_id": "room-eve", "customer_id": "c1",
        "agent_id": "eve", "sender_role": "agent", "kind": "text", "text": "闭嘴",
        "recalled": False, "private": False, "channel": "web",
        "occurred_at": START - timedelta(days=9), "available_at": START - timedelta(days=9),
    }  # fmt: skip
    schema = canonical("messages").schema
    Store(tables.workspace.store).add("messages", pa.Table.from_pylist([row], schema))
    assert queue(tables, Filters()).total == 6
    assert queue(tables, Filters(), rule="staff_abuse").cases[-1]["message_id"] == "late"
    assert queue(tables, Filters()).total == 6


@pytest.fixture
def verb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    spoken(tmp_path)

    def call(*overrides: str) -> str:
        with initialize_config_dir(configuration(), version_base=None):
            run(compose("case", ["workspace=shop", f"data_dir={tmp_path}", *overrides]))
        return capsys.readouterr().out

    return call


def test_the_verb_lists_shows_and_judges(verb: Callable[..., str], tmp_path: Path) -> None:
    listed = verb("zone=Asia/Shanghai", "limit=1")
    assert "5 open cases, 4 more" in listed
    assert "critical" in listed
    assert "2026-03-02 21:00" in listed
    case = case_of(Tables(Workspace.named("shop", tmp_path)), "m0")
    assert "138****8000" in verb(f"id={case}")
    told = verb(f"id={case}", "verdict=confirmed", "by=kim", "note=warned")
    assert "confirmed (kim) warned" in told
    assert "4 open cases" in verb()
    assert "1 confirmed cases" in verb("verdict=confirmed")
    assert "5 cases" in verb("verdict=all", "rule=null")
    with pytest.raises(ValueError, match="expected open, confirmed, false_alarm or all"):
        verb("verdict=guilty")
    with pytest.raises(LookupError, match="no case 'nothing'"):
        verb("id=nothing")
