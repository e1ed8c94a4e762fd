"""WeCom's archive and customer records: every type of message, recalls, consent, relations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from ingest.load import load
from ingest.rejects import Rejects
from ingest.report import Counts, LoadReport
from ingest.sources.wecom.files import Wecom
from ingest.sources.wecom.kinds import FORMS
from ingest.store import Store

GOLDEN = Path(__file__).parents[1] / "golden" / "ingest" / "wecom"
START = datetime(2026, 3, 1, 2, tzinfo=UTC)
ROOM = "wrRoom1"
PRIVATE = "li.lei|wmAnnAAAA"

# Minute after the start -> role, kind, text.
EXPECTED: dict[int, tuple[str, str, str | None]] = {
    0: ("system", "consent", None),
    1: ("customer", "text", "你好,滤芯多久换一次?"),
    2: ("agent", "text", "一般半年换一次。"),
    3: ("agent", "text", "三个月。"),
    4: ("system", "message_recalled", None),
    5: ("customer", "image", None),
    6: ("customer", "voice", None),
    7: ("customer", "video", None),
    8: ("agent", "card", "净水之家"),
    9: ("customer", "location", "湖滨小区\n湖滨路8号"),
    10: ("customer", "sticker", None),
    11: ("agent", "file", "安装说明.pdf"),
    12: ("agent", "link", "滤芯怎么选\n三步看懂"),
    13: ("agent", "link", "预约安装\n选个时间"),
    14: ("customer", "forward", "安安和邻居的聊天记录"),
    15: ("agent", "event", "回访安安\n周五前打电话"),
    16: ("customer", "event", "哪天上门?"),
    17: ("agent", "event", "安装群"),
    18: ("agent", "payment", "谢谢大家"),
    19: ("agent", "payment", "新年快乐"),
    20: ("agent", "event", "安装讲解"),
    21: ("agent", "link", "保养清单"),
    22: ("bot", "text", "**营业时间** 九点到六点"),
    23: ("bot", "link", "春季保养"),
    24: ("agent", "event", "上门安装"),
    25: ("customer", "text", "漏水了\n请尽快来"),
    26: ("agent", "voice", None),
    27: ("agent", "file", "户型图.png"),
    28: ("agent", "link", "净水之家\n教你换滤芯"),
    29: ("system", "consent", None),
    30: ("agent", "event", None),
    31: ("customer", "text", "周六可以"),
    32: ("system", "switch", None),
}


def run(root: Path, path: Path | str = GOLDEN, **settings: Any) -> tuple[LoadReport, Store]:
    store = Store(root / "store")
    source = Wecom(folder=root, path=str(path), lawful_basis="they agreed", **settings)
    return load(source, store, root / "rejected", progress=False), store


def messages(store: Store) -> list[dict[str, Any]]:
    return store.read("messages").sort_by("occurred_at").to_pylist()


def test_every_type_of_message(tmp_path: Path) -> None:
    report, store = run(tmp_path)
    assert report.tables["messages"] == Counts(33, 33, 0, 0)
    rows = messages(store)
    assert [row["occurred_at"] for row in rows] == [START + timedelta(minutes=n) for n in range(33)]
    told = {n: (r["sender_role"], r["kind"], r["text"]) for n, r in enumerate(rows)}
    assert told == EXPECTED
    lines = (GOLDEN / "archive.jsonl").read_bytes().splitlines()
    assert [orjson.loads(row["raw"]) for row in rows] == [orjson.loads(line) for line in lines]
    assert {orjson.loads(line).get("msgtype") for line in lines} >= FORMS.keys()
    assert {row["channel"] for row in rows} == {"wecom"}


def test_who_speaks_where(tmp_path: Path) -> None:
    rows = messages(run(tmp_path)[1])
    places = [(r["conversation_id"], r["customer_id"], r["agent_id"]) for r in rows]
    assert places[1] == (PRIVATE, "wmAnnAAAA", None)
    assert places[2] == (PRIVATE, "wmAnnAAAA", "li.lei")
    assert places[15] == ("han.mei|li.lei", None, "li.lei")
    assert places[16] == (ROOM, "wmAnnAAAA", None)
    assert places[17] == (ROOM, None, "li.lei")
    assert places[22] == ("wbHelper|wmAnnAAAA", "wmAnnAAAA", None)
    assert places[31] == (ROOM, "wmBobBBBB", None)
    assert places[32] == ("switch|li.lei", None, "li.lei")
    assert [n for n, row in enumerate(rows) if row["private"]] == [15, 32]


def test_a_recalled_message_is_marked_whichever_file_comes_first(tmp_path: Path) -> None:
    lines = (GOLDEN / "archive.jsonl").read_bytes().splitlines(keepends=True)
    for name, part in (("a.jsonl", lines[4:]), ("b.jsonl", lines[:4])):
        (tmp_path / name).write_bytes(b"".join(part))
        _, store = run(tmp_path, tmp_path / name)
    rows = messages(store)
    assert [n for n, row in enumerate(rows) if row["recalled"]] == [3]
    assert rows[4]["reply_to"] == rows[3]["message_id"] == "wecom:m003_external"


def test_media_keep_their_fields_and_records_their_entries(tmp_path: Path) -> None:
    rows = messages(run(tmp_path)[1])
    media = [None if row["media"] is None else orjson.loads(row["media"]) for row in rows]
    assert media[1] is None
    assert media[5] == {"sdkfileid": "f1", "md5sum": "aa", "filesize": 2048}
    assert media[14]["item"][0]["content"] == {"content": "他家装得很快"}
    assert media[16]["voteitem"] == ["周六", "周日"]
    assert media[25]["item"][1]["content"]["sdkfileid"] == "f6"
    assert media[26]["voiceid"] == "vc1"
    assert media[28]["feed_desc"] == "教你换滤芯"


def test_consent_is_a_fact_an_event_and_a_flag(tmp_path: Path) -> None:
    _, store = run(tmp_path)
    consent = {c["customer_id"]: c["consent"] for c in store.read("customers").to_pylist()}
    assert consent == {"wmAnnAAAA": True, "wmBobBBBB": False}
    facts = [f for f in store.read("facts").to_pylist() if f["field"] == "consent"]
    assert {(f["customer_id"], f["value"]) for f in facts} == {
        ("wmAnnAAAA", "true"), ("wmBobBBBB", "false"),
    }  # fmt: skip
    assert START + timedelta(seconds=5) in {f["recorded_at"] for f in facts}
    kinds = {(e["customer_id"], e["kind"]) for e in store.read("events").to_pylist()}
    assert {("wmAnnAAAA", "consent_given"), ("wmBobBBBB", "consent_refused")} <= kinds


def test_the_newest_consent_counts_in_whatever_order_files_are_loaded(tmp_path: Path) -> None:
    first = orjson.loads((GOLDEN / "archive.jsonl").read_bytes().splitlines()[0])
    later = first | {
        "msgid": "x1", "msgtype": "disagree", "msgtime": first["msgtime"] + 9_000_000,
        "disagree": {"userid": "wmAnnAAAA", "disagree_time": first["msgtime"] + 9_000_000},
    }  # fmt: skip
    (tmp_path / "later.json").write_bytes(orjson.dumps(later))
    run(tmp_path, tmp_path / "later.json")
    _, store = run(tmp_path)
    consent = {c["customer_id"]: c["consent"] for c in store.read("customers").to_pylist()}
    assert consent["wmAnnAAAA"] is False


def test_customer_records_tell_what_each_member_of_staff_noted(tmp_path: Path) -> None:
    report, store = run(tmp_path, GOLDEN / "customers.json")
    (person,) = store.read("customers").to_pylist()
    about = orjson.loads(person["attributes"])
    assert (about["name"], about["unionid"], about["gender"]) == ("安安", "oUnionAnn", 2)
    assert person["first_seen_at"] == datetime.fromtimestamp(1772000000, UTC)
    facts = {(f["field"], f["value"], f["author"]) for f in store.read("facts").to_pylist()}
    assert facts == {
        ("name", "安安", "wecom"), ("unionid", "oUnionAnn", "wecom"), ("job", "店长", "wecom"),
        ("company", "湖滨茶馆", "wecom"), ("remark", "安安 湖滨", "li.lei"),
        ("description", "喜欢静音款", "li.lei"), ("company", "湖滨茶馆有限公司", "li.lei"),
        ("phone", "13800000001", "li.lei"), ("phone", "13800000002", "li.lei"),
        ("tag", "意向: 高", "li.lei"), ("remark", "茶馆安姐", "han.mei"),
        ("tag", "老客户", "han.mei"),
    }  # fmt: skip
    events = store.read("events").sort_by("occurred_at").to_pylist()
    assert [(e["kind"], e["agent_id"]) for e in events] == [
        ("contact_added", "li.lei"), ("contact_added", "han.mei"),
    ]  # fmt: skip
    assert orjson.loads(events[0]["attributes"])["state"] == "shopdoor"
    assert report.tables["customers"] == Counts(2, 1, 0, 1)
    (lost,) = (row for _, row in Rejects(tmp_path / "rejected").read())
    assert "received error 84061: not external contact" in lost.reason


def test_a_red_packet_is_paid_in_yuan_and_loading_again_adds_nothing(tmp_path: Path) -> None:
    _, store = run(tmp_path)
    (paid,) = [e for e in store.read("events").to_pylist() if e["kind"] == "payment_sent"]
    assert (paid["value"], paid["agent_id"], paid["customer_id"]) == (8.8, "li.lei", "wmAnnAAAA")
    report, again = run(tmp_path)
    assert report.total.accepted == 0
    assert again.dataset("messages").count_rows() == 33


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (7, "expected a message as JSON object, received int"),
        ({"msgid": "a", "msgtime": 1}, "from: expected an id"),
        ({"msgid": "a", "from": "b", "msgtime": "soon"}, "msgtime: expected milliseconds"),
        ({"msgid": "a", "from": "b", "msgtime": None}, "msgtime: expected milliseconds"),
        ({"seq": 1, "msgid": "a", "from": "b", "msgtime": 1772330400000, "encrypt_chat_msg": "x"},
         "decrypt with WeCom's SDK first"),
        ({"external_contact": {}}, "external_contact: expected an object with external_userid"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_kept_with_its_reason(
    tmp_path: Path, entry: object, reason: str
) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(orjson.dumps({"chatdata": [entry]}))
    report, _ = run(tmp_path, file)
    assert (report.total.read, report.total.rejected) == (1, 1)
    (lost,) = (row for _, row in Rejects(tmp_path / "rejected").read())
    assert reason in lost.reason


def test_files_that_are_no_json_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.jsonl").write_text("{\n")
    report, _ = run(tmp_path, tmp_path / "[ab].json*")
    assert "a.json: expected JSON, received something else" in report.errors[0]
    assert report.tables["messages"].rejected == 1
    assert "received none" in run(tmp_path, tmp_path / "nothing")[0].errors[0]


def test_ids_of_another_kind_can_be_told(tmp_path: Path) -> None:
    entry = {
        "msgid": "a", "from": "guest-1", "tolist": ["li.lei", "wmX"], "roomid": "",
        "msgtime": "1772330400000", "msgtype": "mixed", "mixed": {"item": [
            {"type": "text", "content": "no json"}, "odd", {"type": "text"}]},
    }  # fmt: skip
    (tmp_path / "a.json").write_bytes(orjson.dumps(entry))
    _, store = run(tmp_path, tmp_path / "a.json", customers=["guest-"], bots=["wm"])
    (row,) = messages(store)
    assert (row["sender_role"], row["customer_id"], row["text"]) == ("customer", "guest-1", None)
    assert row["occurred_at"] == START
