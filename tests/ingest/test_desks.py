"""Every desk from files in its recorded format to rows that were checked by hand."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import pytest
import yaml
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.configuration import configuration
from ingest.load import load
from ingest.rejects import Rejects
from ingest.report import LoadReport
from ingest.sources.base import SourceError
from ingest.sources.desks import rows as made
from ingest.sources.desks.chatwoot import Chatwoot
from ingest.sources.desks.desk import Desk
from ingest.sources.desks.intercom import Intercom
from ingest.sources.desks.records import unfold
from ingest.sources.desks.rocketchat import RocketChat
from ingest.sources.desks.signatures import body_of, signature, verify
from ingest.sources.desks.slack import Slack
from ingest.sources.desks.values import moment
from ingest.sources.desks.zendesk import Zendesk
from ingest.store import Store

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "ingest"
DESKS: dict[str, tuple[type[Desk], dict[str, Any]]] = {
    "chatwoot": (Chatwoot, {"secret": "tea-secret"}),
    "slack": (Slack, {}),
    "zendesk": (Zendesk, {}),
    "intercom": (Intercom, {}),
    "rocketchat": (RocketChat, {}),
}
TABLES = ("customers", "messages", "events", "feedback")
desks = pytest.mark.parametrize("desk", DESKS)


def run(desk: str, path: Path, root: Path, **more: Any) -> tuple[LoadReport, Store]:
    kind, told = DESKS[desk]
    store = Store(root / "store")
    source = kind(path=str(path), folder=root, **told | more)  # type: ignore[call-arg]
    return load(source, store, root / "rejected", progress=False), store


def plain(store: Store, table: str) -> list[str]:
    """Return rows as short lines: what is missing, repeated or the raw record is left out."""
    found = []
    for row in store.read(table).to_pylist():
        for name in ("raw", "available_at", "source"):
            row.pop(name, None)
        kept = {name: value for name, value in row.items() if value not in (None, False)}
        if "occurred_at" in kept:
            kept["occurred_at"] = kept["occurred_at"].isoformat().removesuffix("+00:00")
        found.append(" | ".join(f"{name}={value}" for name, value in kept.items()))
    return sorted(found)


def rejected(root: Path) -> list[str]:
    return sorted(
        f"{Path(row.file).name}:{row.row} {row.reason}"
        for _, row in Rejects(root / "rejected").read()
    )


@desks
def test_rows_are_those_counted_by_hand(desk: str, tmp_path: Path) -> None:
    report, store = run(desk, GOLDEN / desk, tmp_path)
    golden = yaml.safe_load((GOLDEN / f"{desk}.yaml").read_text("utf-8"))
    assert report.ok
    assert {table: plain(store, table) for table in TABLES} == {
        table: sorted(golden[table]) for table in TABLES
    }
    assert rejected(tmp_path) == sorted(golden["rejected"])
    assert list(report.notes) == golden["notes"]
    assert {row["source"] for row in store.read("messages").to_pylist()} >= {desk}


@desks
def test_a_second_load_reads_nothing_and_reading_again_adds_nothing(
    desk: str, tmp_path: Path
) -> None:
    first, store = run(desk, GOLDEN / desk, tmp_path)
    before = {table: plain(store, table) for table in TABLES}
    assert run(desk, GOLDEN / desk, tmp_path)[0].total.read == 0
    again, _ = run(desk, GOLDEN / desk, tmp_path, again=True)
    assert again.total.read == first.total.read
    assert again.total.accepted == 0
    assert {table: plain(store, table) for table in TABLES} == before
    assert len(rejected(tmp_path)) == first.total.rejected


@desks
def test_where_batches_are_cut_does_not_matter(
    desk: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, whole = run(desk, GOLDEN / desk, tmp_path / "whole")
    monkeypatch.setattr(made, "BATCH_ROWS", 1)
    _, cut = run(desk, GOLDEN / desk, tmp_path / "cut")
    for table in TABLES:
        assert plain(cut, table) == plain(whole, table)
    assert rejected(tmp_path / "cut") == rejected(tmp_path / "whole")


@desks
def test_an_archive_says_the_same_as_its_folder(desk: str, tmp_path: Path) -> None:
    _, folder = run(desk, GOLDEN / desk, tmp_path / "folder")
    packed = tmp_path / "export.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in sorted((GOLDEN / desk).rglob("*.json*")):
            archive.write(file, file.relative_to(GOLDEN / desk).as_posix())
    _, zipped = run(desk, packed, tmp_path / "zip")
    for table in TABLES:
        assert plain(zipped, table) == plain(folder, table)


@desks
def test_the_configuration_makes_the_desk(desk: str, tmp_path: Path) -> None:
    with initialize_config_dir(configuration(), version_base=None):
        told = compose("ingest", [f"source={desk}", f"path={GOLDEN / desk}", "workspace=shop"])
    source = instantiate(told.source)
    assert isinstance(source, DESKS[desk][0])
    assert source.name == desk
    with pytest.raises(SourceError, match="give path=EXPORT"):
        DESKS[desk][0](path=None)  # type: ignore[call-arg]


def test_lines_that_were_appended_are_read_on(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    lines = (GOLDEN / "chatwoot" / "webhooks.jsonl").read_bytes().splitlines(keepends=True)
    for count in (4, 4, 9, len(lines)):
        log.write_bytes(b"".join(lines[:count]))
        report, store = run("chatwoot", log, tmp_path / "grown")
    assert report.tables["messages"].duplicate == 2  # those that tell of a message once more
    _, whole = run("chatwoot", log, tmp_path / "whole")
    for table in TABLES:
        assert plain(store, table) == plain(whole, table)
    log.write_bytes(lines[2])  # another file under the same name is read from its beginning
    report, _ = run("chatwoot", log, tmp_path / "grown")
    assert report.tables["messages"].duplicate == 1


def test_a_load_that_fails_to_store_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(Store, "add", lambda *_: (_ for _ in ()).throw(OSError("disk is full")))
        with pytest.raises(OSError, match="disk is full"):
            run("slack", GOLDEN / "slack", tmp_path)
    report, _ = run("slack", GOLDEN / "slack", tmp_path)
    assert report.tables["messages"].accepted == 11


def test_a_day_that_is_added_to_an_export_is_all_that_is_read(tmp_path: Path) -> None:
    export = tmp_path / "export"
    shutil.copytree(GOLDEN / "slack", export)
    run("slack", export, tmp_path)
    day = [{"type": "message", "user": "U02", "text": "Thank you", "ts": "1772614800.000100"}]
    (export / "shop-help" / "2026-03-04.json").write_bytes(orjson.dumps(day))
    report, _ = run("slack", export, tmp_path)
    assert report.total.read == report.tables["messages"].accepted == 1


def test_damage_is_told_and_the_rest_is_loaded(tmp_path: Path) -> None:
    export = tmp_path / "export"
    shutil.copytree(GOLDEN / "slack", export)
    (export / "shop-help" / "2026-03-05.jsonl.gz").write_bytes(b"\x1f\x8b\x08\x00no")
    report, _ = run("slack", export, tmp_path)
    assert not report.ok
    assert "2026-03-05.jsonl.gz" in report.errors[0]
    assert report.tables["messages"].accepted == 11
    (tmp_path / "odd.zip").write_bytes(b"no archive")
    report, _ = run("slack", tmp_path / "odd.zip", tmp_path)
    assert "expected a zip archive" in report.errors[0]
    report, _ = run("slack", tmp_path / "nowhere", tmp_path)
    assert "there is no such file" in report.errors[0]


def test_who_serves_can_be_told(tmp_path: Path) -> None:
    export = tmp_path / "export"
    shutil.copytree(GOLDEN / "slack", export)
    users = orjson.loads((export / "users.json").read_bytes())
    (export / "users.json").write_bytes(
        orjson.dumps([user | {"is_restricted": False} for user in users])
    )
    report, _ = run("slack", export, tmp_path / "unknown")
    assert "cannot tell customers from staff" in report.errors[0]
    assert report.total.read == 0
    ways = ({"staff": ["@shop.example"]}, {"customers": ["bea"]}, {"staff": ["KIM"]})
    for number, told in enumerate(ways):
        _, store = run("slack", export, tmp_path / f"told{number}", **told)
        roles = {row["sender_role"] for row in store.read("messages").to_pylist()}
        assert roles == {"customer", "agent", "bot", "system"}
        assert [row["customer_id"] for row in store.read("customers").to_pylist()] == ["slack:U02"]


def test_strangers_who_are_described_beside_what_they_say_are_customers(tmp_path: Path) -> None:
    export = tmp_path / "export"
    shutil.copytree(GOLDEN / "slack", export)
    profile = {"name": "cai", "real_name": "Cai", "team": "T9"}
    said = {"type": "message", "user": "U77", "team": "T1", "text": "Hello", "ts": "1772614800.1"}
    day = [said | {"user_profile": profile}]
    (export / "shop-help" / "2026-03-04.json").write_bytes(orjson.dumps(day))
    _, store = run("slack", export, tmp_path)
    rows = {row["message_id"]: row for row in store.read("messages").to_pylist()}
    assert rows["slack:C01:1772614800.1"]["customer_id"] == "slack:U77"


def test_signatures_hold_for_the_body_as_it_was_sent() -> None:
    body = b'{"event":"message_created"}'
    told = signature("secret", "1700000000", body)
    headers = {"X-Chatwoot-Signature": told, "X-Chatwoot-Timestamp": "1700000000"}
    assert verify("secret", headers, body)
    assert not verify("other", headers, body)
    assert not verify("secret", headers, body + b" ")
    assert not verify("secret", headers | {"X-Chatwoot-Timestamp": "1700000001"}, body)
    assert not verify("secret", {}, body)
    value = {"headers": headers, "body": body.decode()}
    assert body_of(value, "secret", signed_only=True) == {"event": "message_created"}
    assert body_of(value, None) == {"event": "message_created"}
    for unsigned in ({"headers": {}, "body": body.decode()}, {"event": "message_created"}):
        assert body_of(unsigned, "secret") == {"event": "message_created"}
        with pytest.raises(ValueError, match="received none to check"):
            body_of(unsigned, "secret", signed_only=True)
    with pytest.raises(ValueError, match="received another signature"):
        body_of(value, "other")


def test_pages_are_unfolded_and_objects_of_their_own_are_not() -> None:
    page = {"data": {"meta": {"n": 2}, "payload": [{"id": 1}, {"id": 2, "payload": [{"id": 3}]}]}}
    found = list(unfold([page, {"id": 4}], ("payload",)))
    assert [(value["id"], part) for value, part, _ in found] == [
        (1, "payload"),
        (2, "payload"),
        (4, ""),
    ]
    assert found[0][2] == {"meta": {"n": 2}}
    for odd in (7, ["text"], {"payload": [1]}):
        with pytest.raises(TypeError, match="expected"):
            list(unfold(odd, ("payload",)))


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 10_000_000_000 * 10**6))
def test_times_are_exact_to_the_microsecond(microseconds: int) -> None:
    from datetime import UTC, datetime, timedelta

    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    seconds, part = divmod(microseconds, 10**6)
    told = moment(f"{seconds}.{part:06d}")
    if seconds:
        assert told is not None
        assert datetime.fromisoformat(told) == at
    assert moment({"$date": at.isoformat()}) == at.isoformat()


def test_times_that_are_none_stay_none() -> None:
    assert [moment(value) for value in (None, "", 0, "0.0", True, {})] == [None] * 6
    assert moment("yesterday") == "yesterday"
    assert moment("9" * 40) == "9" * 40


FIELDS = sorted(
    {
        *(
            "id",
            "_id",
            "event",
            "message_type",
            "conversation_id",
            "conversation",
            "meta",
            "sender",
        ),
        *(
            "content_attributes",
            "attachments",
            "created_at",
            "rating",
            "status",
            "inbox_id",
            "labels",
        ),
        *("type", "text", "ts", "user", "files", "edited", "subtype", "user_profile", "profile"),
        *("author_id", "body", "public", "comments", "ticket_id", "events", "score", "tags", "via"),
        *("source", "contacts", "conversation_parts", "conversation_rating", "author", "part_type"),
        *("rid", "msg", "u", "t", "v", "emails", "username", "changed_attributes", "requester"),
    }
)
odd = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 2**40) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4)
    ),
    max_leaves=6,
)


@desks
@settings(max_examples=20, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(FIELDS), odd, max_size=8), max_size=6))
def test_records_of_any_shape_are_told_not_lost(desk: str, records: list[dict[str, Any]]) -> None:
    kind, told = DESKS[desk]
    people = {"customers": ["ann"]} if desk in ("slack", "rocketchat") else {}
    with TemporaryDirectory() as root:
        file = Path(root) / "shop-help" / "2026-03-02.jsonl"
        file.parent.mkdir()
        file.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))
        source = kind(path=str(root), **told | people)  # type: ignore[call-arg]
        for batch in source.batches():
            assert batch.rows.num_rows == len(batch.numbers)
            assert all(1 <= row <= len(records) for row in batch.numbers)


def test_a_record_that_breaks_halfway_leaves_no_half(tmp_path: Path) -> None:
    value = orjson.loads((GOLDEN / "chatwoot" / "webhooks.jsonl").read_bytes().splitlines()[2])
    value["attachments"] = "a text, no list"
    (tmp_path / "log.jsonl").write_bytes(orjson.dumps(value))
    report, _ = run("chatwoot", tmp_path / "log.jsonl", tmp_path)
    assert report.total.accepted == 0
    (reason,) = rejected(tmp_path)
    assert reason.startswith("log.jsonl:1 expected a record as chatwoot writes them")
