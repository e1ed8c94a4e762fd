"""chatlog: its HTTP service, its files, and what becomes of every kind of message."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from ingest.load import load
from ingest.positions import Positions
from ingest.rejects import Rejects
from ingest.report import Counts, LoadReport
from ingest.sources.base import Resumable, SourceError
from ingest.sources.chatlog.files import ChatlogFiles
from ingest.sources.chatlog.notices import is_greeting, is_recall, moves, payment
from ingest.sources.chatlog.server import ChatlogServer
from ingest.store import Store
from tests.ingest.chatlog_server import Archive, serving

GOLDEN = Path(__file__).parents[1] / "golden" / "ingest" / "chatlog"
Rows = dict[str, dict[str, Any]]


def run(root: Path, source: Any) -> tuple[LoadReport, Store]:
    store = Store(root / "store")
    return load(source, store, root / "rejected", progress=False), store


def files(root: Path, name: str, **settings: Any) -> tuple[LoadReport, Store]:
    told = {"account": "wxid_shop", "lawful_basis": "contract", **settings}
    return run(root, ChatlogFiles(folder=root, path=str(GOLDEN / name), **told))


def by_id(store: Store, table: str = "messages") -> Rows:
    key = {"messages": "message_id", "events": "event_id"}.get(table, "fact_id")
    return {row[key].rsplit(":", 1)[-1]: row for row in store.read(table).to_pylist()}


KINDS = {
    0: ("system", "system", "你已添加了安安,现在可以开始聊天了。"),
    1: ("customer", "text", "你好,蓝色的保温杯还有货吗?"),
    2: ("agent", "text", "有的,今天下单明天就能发货。"),
    3: ("customer", "text", "那我要两个"),
    4: ("customer", "image", None),
    5: ("customer", "voice", None),
    6: ("agent", "card", None),
    7: ("customer", "video", None),
    8: ("customer", "sticker", None),
    9: ("customer", "location", "湖滨路8号"),
    10: ("agent", "link", "保温杯怎么选"),
    11: ("agent", "file", "报价单.pdf"),
    12: ("customer", "sticker", None),
    13: ("customer", "forward", "安安和小店的聊天记录"),
    14: ("agent", "link", "小店商城"),
    15: ("customer", "reaction", '"安安" 拍了拍 "小店"'),
    16: ("customer", "payment", "[转账|发送 ￥1,256.50](两个保温杯)"),
    17: ("agent", "payment", "[转账|接收 ￥1,256.50]"),
    18: ("agent", "event", None),
    19: ("system", "system", '"安安" 撤回了一条消息'),
    20: ("customer", "event", "名片,来自企业微信"),
}


def test_every_type_of_message_in_json(tmp_path: Path) -> None:
    report, store = files(tmp_path, "messages.json")
    assert report.tables["messages"] == Counts(21, 21, 0, 0)
    rows = store.read("messages").sort_by("occurred_at").to_pylist()
    told = {n: (r["sender_role"], r["kind"], r["text"]) for n, r in enumerate(rows)}
    assert told == KINDS
    assert {row["conversation_id"] for row in rows} == {"wxid_shop|wxid_ann"}
    assert {row["customer_id"] for row in rows} == {"wxid_ann"}
    assert {row["channel"] for row in rows} == {"wechat"}
    assert [row["recalled"] for row in rows].index(True) == 19
    assert {row["agent_id"] for row in rows if row["sender_role"] == "agent"} == {"wxid_shop"}
    assert rows[1]["occurred_at"] == datetime(2026, 3, 1, 2, 1, tzinfo=UTC)
    assert rows[3]["reply_to"] == rows[2]["message_id"]
    assert orjson.loads(rows[3]["media"])["quoted"]["sender"] == "wxid_shop"
    assert orjson.loads(rows[4]["media"])["md5"] == "0f3c"
    forwarded = orjson.loads(rows[13]["media"])["recordInfo"]["DataList"]["DataItems"]
    assert forwarded[0]["DataDesc"] == "颜色很好看"
    original = orjson.loads((GOLDEN / "messages.json").read_bytes())
    assert [orjson.loads(row["raw"]) for row in rows] == original


def test_what_messages_tell_besides(tmp_path: Path) -> None:
    _, store = files(tmp_path, "messages.json")
    events = store.read("events").sort_by("occurred_at").to_pylist()
    assert [(e["kind"], e["customer_id"], e["agent_id"], e["value"]) for e in events] == [
        ("contact_added", "wxid_ann", "wxid_shop", None),
        ("payment_sent", "wxid_ann", "wxid_shop", 1256.5),
        ("payment_received", "wxid_ann", "wxid_shop", 1256.5),
    ]
    assert orjson.loads(events[1]["attributes"]) == {
        "conversation_id": "wxid_shop|wxid_ann", "currency": "CNY",
        "memo": "两个保温杯", "by": "customer",
    }  # fmt: skip
    (name,) = store.read("facts").to_pylist()
    assert (name["customer_id"], name["field"], name["value"]) == ("wxid_ann", "name", "安安 客户")
    assert store.read("customers")["customer_id"].to_pylist() == ["wxid_ann"]
    basis = orjson.loads((tmp_path / "lawful-basis.jsonl").read_bytes())
    assert (basis["source"], basis["basis"]) == ("chatlog", "contract")


def test_a_group_has_many_customers_colleagues_and_bots(tmp_path: Path) -> None:
    report, store = files(
        tmp_path, "room.json", agents=["wxid_mei"], bots=["wxid_helper"], account="wxid_shop"
    )
    rows = store.read("messages").sort_by("occurred_at").to_pylist()
    assert {row["conversation_id"] for row in rows} == {"20260302@chatroom"}
    assert [(r["sender_role"], r["customer_id"], r["agent_id"], r["kind"]) for r in rows] == [
        ("system", None, None, "system"),
        ("customer", "wxid_ann", None, "text"),
        ("agent", None, "wxid_mei", "text"),
        ("bot", None, None, "text"),
        ("agent", None, "wxid_shop", "campaign"),
        ("system", None, None, "system"),
        ("system", None, None, "system"),
    ]
    events = store.read("events").sort_by("event_id").to_pylist()
    assert [(e["kind"], e["customer_id"], e["group_id"]) for e in events] == [
        ("joined_group", "wxid_ann", "20260302@chatroom"),
        ("joined_group", "wxid_bob", "20260302@chatroom"),
    ]
    assert "2 lines about groups name somebody whose id is not known" in report.notes[0]


def test_names_of_contacts_and_members_resolve_who_left_and_joined(tmp_path: Path) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    for order, name in enumerate(("contact.json", "chatroom.json", "room.json")):
        shutil.copy(GOLDEN / name, folder / f"{order}-{name}")
    source = ChatlogFiles(folder=tmp_path, path=str(folder), lawful_basis="x", account="wxid_shop")
    report, store = run(tmp_path, source)
    assert report.notes == ()
    events = store.read("events").sort_by("occurred_at").to_pylist()
    assert [(e["kind"], e["customer_id"]) for e in events][2:] == [
        ("left_group", "wxid_bob"),
        ("joined_group", "wxid_cat"),
    ]
    people = {c["customer_id"]: c["attributes"] for c in store.read("customers").to_pylist()}
    assert orjson.loads(people["wxid_ann"]) == {
        "channel": "wechat", "alias": "ann_2026", "remark": "安安 客户", "nickName": "安安"
    }  # fmt: skip
    assert people.keys() == {"wxid_ann", "wxid_bob", "wxid_mei", "wxid_cat", "wxid_helper"}
    facts = {(f["customer_id"], f["field"], f["value"]) for f in store.read("facts").to_pylist()}
    assert ("wxid_ann", "wechat", "ann_2026") in facts
    assert ("wxid_cat", "group", "20260302@chatroom") in facts
    assert report.tables["customers"].rejected == 1
    (lost,) = (row for _, row in Rejects(tmp_path / "rejected").read())
    assert (lost.row, lost.reason) == (5, "userName: expected the id of a contact, received none")


def test_a_webhook_body_holds_the_same_messages(tmp_path: Path) -> None:
    files(tmp_path, "messages.json")
    report, store = files(tmp_path, "webhook.json")
    assert report.tables["messages"] == Counts(3, 0, 3, 0)
    other, rendered = files(tmp_path / "other", "webhook.json")
    assert other.tables["messages"] == Counts(3, 3, 0, 0)
    both = by_id(store), by_id(rendered)
    for key, row in both[1].items():
        same = ("text", "kind", "sender_role", "conversation_id", "occurred_at")
        assert {name: row[name] for name in same} == {name: both[0][key][name] for name in same}


def test_csv_is_read_with_the_owners_id(tmp_path: Path) -> None:
    report, store = files(tmp_path, "messages.csv")
    assert report.tables["messages"] == Counts(11, 11, 0, 0)
    rows = store.read("messages").sort_by("occurred_at").to_pylist()
    assert [(r["sender_role"], r["kind"], r["text"]) for r in rows] == [
        KINDS[1], KINDS[2], KINDS[3], KINDS[4], KINDS[5], KINDS[10], KINDS[11], KINDS[16],
        KINDS[19], ("customer", "text", "好的"), ("customer", "text", "好的"),
    ]  # fmt: skip
    assert rows[0]["occurred_at"] == datetime(2026, 3, 1, 2, 1, tzinfo=UTC)
    quoted = orjson.loads(rows[2]["media"])["quoted"]["content"]
    assert quoted == "小店(wxid_shop) 03-01 10:02:00\n有的,今天下单明天就能发货。"
    assert files(tmp_path, "messages.csv")[0].tables["messages"] == Counts(11, 0, 11, 0)


def test_csv_without_the_owners_id_is_refused(tmp_path: Path) -> None:
    report, _ = files(tmp_path, "messages.csv", account=None)
    assert "Give your own wxid: source.account=wxid_" in report.errors[0]
    assert not report.tables


def test_text_needs_the_first_day_and_keeps_empty_lines(tmp_path: Path) -> None:
    report, _ = files(tmp_path, "wxid_ann.txt")
    assert "source.start=2026-03-01" in report.errors[0]
    report, store = files(tmp_path, "wxid_ann.txt", start="2026-03-01")
    assert report.tables["messages"] == Counts(5, 5, 0, 0)
    rows = store.read("messages").sort_by("occurred_at").to_pylist()
    assert [(r["sender_role"], r["kind"], r["text"]) for r in rows] == [
        KINDS[1], ("agent", "text", "有的。\n\n今天下单明天就能发货。"), KINDS[3], KINDS[7],
        KINDS[19],
    ]  # fmt: skip
    assert rows[1]["agent_id"] == "wxid_shop"
    assert rows[4]["recalled"]
    assert rows[0]["conversation_id"] == "wxid_shop|wxid_ann"


def test_text_of_several_conversations_names_them(tmp_path: Path) -> None:
    _, store = files(tmp_path, "several.txt", start="2026-02-28")
    rows = store.read("messages").sort_by("occurred_at").to_pylist()
    assert [(r["conversation_id"], r["sender_role"], r["kind"]) for r in rows] == [
        ("wxid_shop|wxid_ann", "customer", "text"),
        ("20260302@chatroom", "agent", "campaign"),
    ]
    assert rows[1]["occurred_at"] == datetime(2026, 3, 2, 2, 4, tzinfo=UTC)


def test_lists_in_csv_are_not_quoted_so_some_rows_are_kept_aside(tmp_path: Path) -> None:
    report, store = files(tmp_path, "contact.csv")
    assert store.read("customers")["customer_id"].to_pylist() == ["wxid_ann"]
    assert report.tables["customers"] == Counts(2, 1, 0, 1)
    (lost,) = (row for _, row in Rejects(tmp_path / "rejected").read())
    assert (lost.row, lost.content) == (3, "wxid_dan,,丹,王,阿丹")
    assert "a name with a comma? Ask for format=json" in lost.reason
    assert files(tmp_path, "chatroom.csv")[0].ok


def test_what_is_no_message_is_kept_with_its_place_and_reason(tmp_path: Path) -> None:
    good = orjson.loads((GOLDEN / "messages.json").read_bytes())[1]
    bad: list[Any] = [
        good, 7, {**good, "talker": ""}, {**good, "type": "text"}, {**good, "talker": "gh_news"},
        {**good, "seq": 5, "time": "yesterday"},
    ]  # fmt: skip
    file = tmp_path / "odd.json"
    file.write_bytes(orjson.dumps(bad))
    lines = tmp_path / "odd.jsonl"
    lines.write_bytes(orjson.dumps(good) + b"\n{half\n")
    source = ChatlogFiles(folder=tmp_path, path=str(tmp_path / "odd*"), lawful_basis="x")
    report, _ = run(tmp_path, source)
    assert report.tables["messages"] == Counts(8, 1, 1, 6)
    lost = {(Path(r.file).name, r.row): r.reason for _, r in Rejects(tmp_path / "rejected").read()}
    assert lost["odd.json", 2] == "expected a message as JSON object, received int"
    assert "expected the id of a person or group" in lost["odd.json", 3]
    assert "expected a number such as 1 or 49, received 'text'" in lost["odd.json", 4]
    assert "'gh_news', which is to skip" in lost["odd.json", 5]
    assert "expected a time" in lost["odd.json", 6]
    assert "received no JSON" in lost["odd.jsonl", 2]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.json", b'{"detail": 1}', "expected messages, a webhook's body"),
        ("a.json", b"<html>", "expected JSON, received something else"),
        ("a.csv", b"when,who\n1,2\n", "expected the columns Time, SenderName, Sender"),
    ],
)
def test_files_of_somebody_else_are_refused(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    (tmp_path / name).write_bytes(content)
    source = ChatlogFiles(folder=tmp_path, path=str(tmp_path / name), lawful_basis="x", account="a")
    report, _ = run(tmp_path, source)
    assert reason in report.errors[0]


def test_no_file_is_told(tmp_path: Path) -> None:
    source = ChatlogFiles(folder=tmp_path, path=str(tmp_path / "*.json"), lawful_basis="x")
    assert "received none" in run(tmp_path, source)[0].errors[0]


def test_a_line_before_the_first_name_is_kept_aside(tmp_path: Path) -> None:
    file = tmp_path / "wxid_ann.txt"
    file.write_text("exported by hand\n\n我 2026-03-01 10:02:00\n好\n")
    source = ChatlogFiles(folder=tmp_path, path=str(file), lawful_basis="x")
    report, _ = run(tmp_path, source)
    assert report.tables["messages"] == Counts(2, 1, 0, 1)


def message(number: int, talker: str = "wxid_ann", **more: Any) -> dict[str, Any]:
    at = datetime(2026, 3, 1, 2, tzinfo=UTC) + timedelta(hours=number)
    plain = {
        "seq": int(at.timestamp()) * 1000 + 1, "time": at.isoformat(), "talker": talker,
        "talkerName": "", "isChatRoom": False, "sender": talker, "senderName": "",
        "isSelf": False, "type": 1, "subType": 0, "content": f"第{number}句",
    }  # fmt: skip
    return plain | more


def server(root: Path, url: str, **settings: Any) -> ChatlogServer:
    told = {"lawful_basis": "contract", "page": 3, "pause": 0.0, **settings}
    return ChatlogServer(folder=root, url=url, **told)


def test_the_service_is_read_page_by_page_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    lists = [
        orjson.loads((GOLDEN / f"{name}.json").read_bytes()) for name in ("contact", "chatroom")
    ]
    archive = Archive(contacts=lists[0]["items"], rooms=lists[1]["items"])
    archive.messages = {"wxid_ann": [message(n) for n in range(100)], "wxid_bob": [], "gh_x": []}
    with serving(archive) as url:
        report, store = run(tmp_path, server(tmp_path, url))
        assert report.ok
        assert report.tables["messages"] == Counts(100, 100, 0, 0)
        asked = [a for a in archive.asked if a["what"] == "chatlog"]
        assert [a["offset"] for a in asked if a["talker"] == "wxid_ann"][-1] == "99"
        assert {a["time"] for a in asked} == {"all"}
        assert {a["talker"] for a in asked} == {"wxid_ann", "wxid_bob"}
        assert "wxid_cat" in store.read("customers")["customer_id"].to_pylist()
        last = message(99)["time"]
        assert Positions(tmp_path, "chatlog-me").all() == {"wxid_ann": last}

        archive.messages["wxid_ann"] += [message(n) for n in range(100, 104)]
        archive.asked.clear()
        report, store = run(tmp_path, server(tmp_path, url))
        (days,) = {a["time"] for a in archive.asked if a.get("talker") == "wxid_ann"}
        assert days.startswith("2026-03-04~")  # the last message was sent on the 5th
        assert report.tables["messages"].accepted == 4
        assert report.tables["messages"].read < 60
        assert store.dataset("messages").count_rows() == 104


def test_a_server_that_fails_for_a_moment_is_asked_again(tmp_path: Path) -> None:
    archive = Archive(messages={"wxid_ann": [message(1)]})
    archive.failures = [(503, b'{"error":"database is not ready"}'), (502, b"")]
    with serving(archive) as url:
        report, _ = run(tmp_path, server(tmp_path, url))
    assert report.ok
    assert report.tables["messages"].accepted == 1


def test_a_server_that_breaks_off_leaves_what_was_read_and_the_rest_is_read_later(
    tmp_path: Path,
) -> None:
    archive = Archive(broken_after=4)
    archive.messages = {who: [message(n, who) for n in range(8)] for who in ("wxid_a", "wxid_b")}
    with serving(archive) as url:
        report, store = run(tmp_path, server(tmp_path, url, attempts=2))
        assert "received status 503" in report.errors[0]
        assert "in 2 attempts" in report.errors[0]
        assert report.tables["messages"] == Counts(11, 11, 0, 0)
        assert Positions(tmp_path, "chatlog-me").all().keys() == {"wxid_a"}
        archive.broken_after = None
        report, store = run(tmp_path, server(tmp_path, url))
        assert report.ok
        assert store.dataset("messages").count_rows() == 16
        assert Positions(tmp_path, "chatlog-me").all().keys() == {"wxid_a", "wxid_b"}


def test_a_conversation_that_is_refused_does_not_stop_the_others(tmp_path: Path) -> None:
    archive = Archive(messages={"wxid_ann": [message(1)]})
    with serving(archive) as url:
        source = server(tmp_path, url, talkers=["nobody", "wxid_ann"], since="2026-02-01")
        report, _ = run(tmp_path, source)
    assert '"talker not found"' in report.errors[0]
    assert report.tables["messages"].accepted == 1
    assert archive.asked[-1]["time"].startswith("2026-02-01~")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"error":"time"}[]', "expected JSON, received"),
        (b'"talker empty"', "expected a list, received"),
    ],
)
def test_an_answer_that_is_no_list_is_told(tmp_path: Path, body: bytes, reason: str) -> None:
    with serving(Archive(failures=[(200, body)])) as url:
        report, _ = run(tmp_path, server(tmp_path, url))
    assert reason in report.errors[0]


def test_nobody_there_is_told(tmp_path: Path) -> None:
    with serving(Archive()) as url:
        pass
    report, _ = run(tmp_path, server(tmp_path, url, attempts=1))
    assert "Check that chatlog is running" in report.errors[0]


def test_a_message_recalled_since_is_marked(tmp_path: Path) -> None:
    archive = Archive(messages={"wxid_ann": [message(1), message(2)]})
    with serving(archive) as url:
        run(tmp_path, server(tmp_path, url))
        notice = {"sender": "系统消息", "type": 10000, "content": '"安安" 撤回了一条消息'}
        archive.messages["wxid_ann"][0] |= notice
        report, store = run(tmp_path, server(tmp_path, url))
    assert report.tables["messages"] == Counts(2, 0, 2, 0)
    rows = store.read("messages").sort_by("occurred_at").to_pylist()
    assert [(row["recalled"], row["text"]) for row in rows] == [(True, "第1句"), (False, "第2句")]


def test_conversations_of_two_accounts_are_two(tmp_path: Path) -> None:
    archive = Archive(messages={"wxid_ann": [message(1)]})
    with serving(archive) as url:
        for account in ("wxid_x", "wxid_y"):
            run(tmp_path, server(tmp_path, url, account=account))
    rows = Store(tmp_path / "store").read("messages").to_pylist()
    assert {row["conversation_id"] for row in rows} == {"wxid_x|wxid_ann", "wxid_y|wxid_ann"}


def test_the_owners_id_beats_a_wrong_direction_and_colleagues_stay_inside(tmp_path: Path) -> None:
    file = tmp_path / "messages.json"
    said = [message(1, isSelf=True), message(2, sender="wxid_shop"), message(3, "wxid_mei")]
    file.write_bytes(orjson.dumps(said))
    told = {"folder": tmp_path, "path": str(file), "lawful_basis": "x", "agents": ["wxid_mei"]}
    _, store = run(tmp_path, ChatlogFiles(account="wxid_shop", **told))
    rows = store.read("messages").sort_by("occurred_at").to_pylist()
    assert [(r["sender_role"], r["private"], r["customer_id"]) for r in rows] == [
        ("customer", False, "wxid_ann"),
        ("agent", False, "wxid_ann"),
        ("agent", True, None),
    ]


def test_sources_say_that_they_resume(tmp_path: Path) -> None:
    assert isinstance(server(tmp_path, "http://127.0.0.1:9"), Resumable)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("你撤回了一条消息", "recall"),
        ('"安安" 撤回了一条消息', "recall"),
        ("You recalled a message", "recall"),
        ("我想问怎么撤回了一条消息还能看到吗", ""),
        ("以上是打招呼的内容", "greeting"),
        ("我通过了你的朋友验证请求,现在我们可以开始聊天了", "greeting"),
        ("You have added Ann as your WeChat contact. Start chatting!", "greeting"),
        ("你好", ""),
    ],
)
def test_lines_of_the_messenger(line: str, kind: str) -> None:
    assert (is_recall(line), is_greeting(line)) == (kind == "recall", kind == "greeting")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('你邀请"安安"加入了群聊', [("joined_group", "a")]),
        ('"安安"邀请你和"阿波"加入了群聊', [("joined_group", "b")]),
        ('"安安" invited "阿波(wxid_77)" to the group chat', [("joined_group", "wxid_77")]),
        ('"阿波" joined the group chat via the QR code shared by "安安"', [("joined_group", "b")]),
        ('你将"阿波"移出了群聊', [("left_group", "b")]),
        ('You removed "阿波" from the group chat', [("left_group", "b")]),
        ('"安安"修改群名为“团购”', []),
        ("你退出了群聊", []),
    ],
)
def test_who_joined_and_left(line: str, expected: list[tuple[str, str]]) -> None:
    assert list(moves(line, {"安安": "a", "阿波": "b"})) == expected


def test_a_transfer_without_an_amount_is_no_payment() -> None:
    assert payment("[转账|发送 ]") is None
    back = payment("[转账|退还 ￥20.00]")
    assert back is not None
    assert (back.kind, back.amount, back.memo) == ("payment_refunded", 20.0, None)


def test_positions_that_are_none_are_told(tmp_path: Path) -> None:
    positions = Positions(tmp_path, "x")
    positions.put({})
    assert positions.get("a") is None
    positions.put({"a": "1"})
    positions.put({"b": "2"})
    assert positions.all() == {"a": "1", "b": "2"}
    for odd in (b"[1]", b"{"):
        positions.file.write_bytes(odd)
        with pytest.raises(ValueError, match="expected a JSON object of positions"):
            positions.all()


def test_an_address_is_needed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="url"):
        server(tmp_path, "127.0.0.1:5030")
    assert issubclass(SourceError, ValueError)
