"""Conversations in any file: columns guessed, shown and overridden; who speaks, when, in what."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ingest.configuration import configuration
from ingest.load import load
from ingest.rejects import Rejects
from ingest.report import Counts, LoadReport
from ingest.sources.base import SourceError
from ingest.sources.chat_columns import Speakers, find_columns, kind_of, time_formats
from ingest.sources.messages import Messages
from ingest.store import Store

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "ingest" / "messages"


def run(root: Path, path: Path, **told: Any) -> tuple[LoadReport, Store]:
    store = Store(root / "store")
    source = Messages(path=str(path), **told)
    return load(source, store, root / "rejected", progress=False), store


def rows(store: Store, table: str = "messages") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = store.read(table).sort_by("occurred_at").to_pylist()
    return found


def csv(root: Path, *lines: str, name: str = "chat.csv") -> Path:
    file = root / name
    file.write_text("\n".join([*lines, ""]), "utf-8")
    return file


def test_a_chinese_export_in_gb18030_needs_only_its_zone(tmp_path: Path) -> None:
    for accepted in (4, 0):
        report, store = run(tmp_path, GOLDEN / "聊天记录.csv", zone="Asia/Shanghai")
        assert report.tables["messages"] == Counts(7, accepted, 4 - accepted, 3)
    said = [
        (r["conversation_id"], r["customer_id"], r["agent_id"], r["sender_role"], r["text"])
        for r in rows(store)
    ]
    assert said == [
        ("A1", "王芳", "小林", "customer", "我的茶叶罐瘪了"),
        ("A1", "王芳", "小林", "agent", "马上给您补发"),
        ("A1", "王芳", "小林", "customer", "谢谢"),
        ("A2", "李雷", "小林", "bot", "您好!我是机器人"),
    ]
    assert rows(store)[0]["occurred_at"] == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert orjson.loads(rows(store)[0]["raw"]) == {"发送者": "客户", "备注": "急"}
    events = {(r["kind"], r["value"], r["attributes"]) for r in rows(store, "events")}
    assert events == {
        ("conversation_labeled", None, '{"conversation_id":"A1","label":"破损"}'),
        ("conversation_labeled", None, '{"conversation_id":"A1","label":"已补发"}'),
        ("conversation_rated", 5.0, '{"conversation_id":"A1"}'),
    }
    reasons = {lost.row: lost.reason for _, lost in Rejects(tmp_path / "rejected").read()}
    assert "expected a time" in reasons[5]
    assert "expected 9 fields, received 10" in reasons[6]
    assert "expected one of customer, agent, bot, system, received '路人'" in reasons[8]


def test_what_was_taken_for_what_is_told(tmp_path: Path) -> None:
    report, _ = run(tmp_path, GOLDEN / "聊天记录.csv", zone="Asia/Shanghai")
    (note,) = report.notes
    assert "聊天记录.csv was taken for messages: conversation_id from '会话'" in note
    assert "sender_role from '发送者', text from '内容', occurred_at from '时间'" in note
    assert "kept as they are in raw: 备注" in note
    assert "Times without a zone are those of Asia/Shanghai" in note
    assert "'source.columns={text: COLUMN" in note


def test_json_lines_with_names_for_senders_and_counted_times(tmp_path: Path) -> None:
    report, store = run(tmp_path, GOLDEN / "chat.jsonl", staff=("kim",), channel="web")
    assert report.tables["messages"] == Counts(4, 3, 0, 1)
    found = [
        (r["message_id"], r["sender_role"], r["customer_id"], r["agent_id"]) for r in rows(store)
    ]
    assert found == [
        ("s1:1", "customer", "ann@mail.example", None),
        ("s1:2", "agent", None, "kim"),
        ("s2:1", "customer", "bo", None),
    ]
    assert rows(store)[0]["occurred_at"] == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert rows(store)[0]["media"] == '[{"name":"kettle.jpg"}]'
    assert {r["channel"] for r in rows(store)} == {"web"}
    assert "Times without" not in report.notes[0]


def test_a_wrong_guess_is_overridden(tmp_path: Path) -> None:
    file = csv(
        tmp_path,
        "content,original,user,agent,time,who",
        "translated,原文,ann,kim,2026-03-02T10:00:00+08:00,售前",
        "answer,答,ann,kim,2026-03-02T02:01:00Z,顾客",
    )
    told: dict[str, Any] = {
        "columns": {"text": "original", "sender_role": "who", "agent_id": None},
        "roles": {"售前": "agent"},
    }
    _, store = run(tmp_path, file, **told)
    found = [(r["text"], r["sender_role"], r["agent_id"]) for r in rows(store)]
    assert found == [("原文", "agent", "售前"), ("答", "customer", None)]
    minutes = [r["occurred_at"].minute for r in rows(store)]
    assert minutes == [0, 1]
    assert rows(store)[0]["occurred_at"].hour == rows(store)[1]["occurred_at"].hour == 2
    assert orjson.loads(rows(store)[0]["raw"])["content"] == "translated"


def test_what_is_named_wrongly_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="give path=FILE"):
        Messages(path=None)
    with pytest.raises(ValidationError, match="expected one of customer"):
        Messages(path="x.csv", role="boss")
    names = ["content", "user"]
    with pytest.raises(SourceError, match=r"names 'texts'.*did you mean 'text'"):
        find_columns("a.csv", names, {"texts": "content"})
    with pytest.raises(SourceError, match=r"names 'contnet'.*did you mean 'content'"):
        find_columns("a.csv", names, {"text": "contnet"})
    with pytest.raises(SourceError, match=r"no column looks like one.*text: COLUMN"):
        find_columns("a.csv", ["x", "user"], {})
    report, _ = run(tmp_path, csv(tmp_path, "content", "hi"))
    assert "cannot tell who speaks" in report.errors[0]
    assert report.total.read == 0


def test_a_text_alone_is_enough_with_a_role(tmp_path: Path) -> None:
    file = csv(tmp_path, "内容", "茶很香", "茶很香", "太贵了")
    os.utime(file, (1772442000, 1772442000))
    report, store = run(tmp_path, file, role="customer")
    assert report.tables["messages"] == Counts(3, 3, 0, 0)
    assert [r["text"] for r in rows(store)] == ["茶很香", "茶很香", "太贵了"]
    assert {r["conversation_id"] for r in rows(store)} == {"chat"}
    assert "dated by their file" in report.notes[0]
    os.utime(file, (1772500000, 1772500000))  # copying a file makes no new messages
    assert run(tmp_path, file, role="customer")[0].tables["messages"] == Counts(3, 0, 3, 0)


def test_who_is_named_in_a_row_speaks(tmp_path: Path) -> None:
    file = csv(
        tmp_path,
        "session,customer,agent,sender,message,time",
        "s,ann,kim,ann,hello,2026-03-02 10:00",
        "s,ann,kim,kim,hi,2026-03-02 10:01",
        "s,ann,kim,eve,who am I,2026-03-02 10:02",
        "t,bo,,,only one is named,2026-03-02 10:03",
        "t,,kim,,so am I,2026-03-02 10:04",
    )
    report, store = run(tmp_path, file)
    assert [r["sender_role"] for r in rows(store)] == ["customer", "agent", "customer", "agent"]
    assert report.tables["messages"].rejected == 1


def test_kinds_recalls_and_lists_are_read(tmp_path: Path) -> None:
    file = csv(
        tmp_path,
        "会话id,消息id,角色,用户,消息类型,消息内容,是否撤回,会话标签,发送时间,引用",
        's,1,客服,,图片,,否,"[""售后"",""急""]",2026年3月2日 09:05,',
        "s,2,买家,ann,文本,好的,是,售后；退款,2026/3/2 09:06:30,1",
        "s,3,买家,ann,拍一拍,,,[no json,2026.3.2 09:07,",
    )
    report, store = run(tmp_path, file)
    found = [(r["message_id"], r["kind"], r["recalled"], r["reply_to"]) for r in rows(store)]
    assert found == [("s:1", "image", False, None), ("s:2", "text", True, "s:1")]
    (lost,) = [row.reason for _, row in Rejects(tmp_path / "rejected").read()]
    assert "column kind" in lost
    labels = {orjson.loads(r["attributes"])["label"] for r in rows(store, "events")}
    assert labels == {"售后", "急", "退款", "[no json"}
    assert {r["customer_id"] for r in rows(store, "events")} == {"ann"}
    assert report.ok


def test_parquet_keeps_its_times_and_folders_their_files(tmp_path: Path) -> None:
    folder = tmp_path / "chats"
    folder.mkdir()
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    table = pa.table({"text": ["hi"], "user": ["ann"], "time": [at], "role": ["user"]})
    pq.write_table(table, folder / "a.parquet")
    (folder / "empty.jsonl").write_text("")
    shutil.copy(GOLDEN / "chat.jsonl", folder / "b.jsonl")
    (folder / "c.csv.gz").write_bytes(b"no gzip")
    report, store = run(tmp_path, folder, staff=("kim",))
    assert len(report.errors[0].splitlines()) == 1
    assert "c.csv.gz" in report.errors[0]
    assert len(rows(store)) == 4
    assert {r["occurred_at"] for r in rows(store) if r["text"] == "hi"} == {at}


def test_the_configuration_makes_the_source(tmp_path: Path) -> None:
    told = ["source=messages", f"path={GOLDEN / 'chat.jsonl'}", "source.staff=[kim]"]
    with initialize_config_dir(configuration(), version_base=None):
        config = compose("ingest", [*told, "source.columns={text: content}"])
    source = instantiate(config.source)
    assert sum(batch.rows.num_rows for batch in source.batches()) == 3


def test_times_that_are_counted_are_recognized() -> None:
    assert time_formats(["1772442000", "1772442001", None, ""]) == ("epoch_s",)
    assert time_formats(["1772442000.5"]) == ("epoch_s",)
    assert time_formats(["1772442000123"]) == ("epoch_ms",)
    assert time_formats(["1772442000123456"]) == ("epoch_us",)
    assert time_formats(["1772442000", "1772442000123"])[0] == "%Y/%m/%d %H:%M:%S"
    assert time_formats([])[0] == "%Y/%m/%d %H:%M:%S"


@given(st.text(min_size=1), st.sampled_from(["customer", "agent", "bot", "system"]))
def test_roles_that_were_told_are_taken(value: str, role: str) -> None:
    assert Speakers(role=role).of(value, None, None, None) == role
    if value.strip():
        assert Speakers({value.strip(): role}).of(value, None, None, None) == role


def test_words_for_roles_and_kinds() -> None:
    speakers = Speakers(staff=("kim",))
    assert [speakers.of(word, None, None, None) for word in ("IN", "客服", "kim", "ann")] == [
        "customer", "agent", "agent", "customer",
    ]  # fmt: skip
    assert Speakers().of(None, None, "ann", "kim") is None
    assert [kind_of(word) for word in (None, "图片", "Voice", "10000", "odd")] == [
        "text", "image", "voice", "system", "odd",
    ]  # fmt: skip
