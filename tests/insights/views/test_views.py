"""Views for BI tools: what is in them, what is not, and how files are replaced."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hydra import compose, initialize_config_dir

from ingest.configuration import configuration
from ingest.schemas import canonical
from ingest.store import Store
from ingest.workspace import Workspace
from insights.filters import Filters
from insights.registry import FINDINGS, find
from insights.tables import Tables
from insights.view import run
from insights.views import daily
from insights.views.dictionary import VIEWS
from insights.views.make import make
from insights.views.publish import DATABASE, publish
from tests.insights.script import moment, write

CHAT = """
    10:00 a customer:c1
    10:07 a agent:ann
    10:08 a agent:ann private
    10:09 a agent:ann recalled
    10:30 a resolved
    03T11:00 b customer:c2 source=simulated channel=phone
    04T10:00 room customer:c3 source=wecom channel=wechat
    04T10:04 room agent:bob source=wecom channel=wechat customer=none
"""
Verb = Callable[..., list[Path]]


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    tables = write(tmp_path, CHAT)
    at = moment("05T10:00")
    row = {
        "message_id": "pii",
        "conversation_id": "p",
        "customer_id": "c9",
        "source": "test",
        "sender_role": "customer",
        "kind": "text",
        "channel": "web",
        "recalled": False,
        "private": False,
        "occurred_at": at,
        "available_at": at,
        "text": "我的电话是13800138000,请回电",
    }
    rows = pa.Table.from_pylist([row], canonical("messages").schema)
    Store(Workspace.named("shop", tmp_path).store).add("messages", rows)
    return tables


@pytest.fixture
def verb(tables: Tables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Verb:
    few = ("corrected/volume", "chatwoot/volume", "corrected/reply_time", "topic_sentiment")
    monkeypatch.setattr(daily, "FINDINGS", {name: FINDINGS[name] for name in few})

    def call(*overrides: str) -> list[Path]:
        with initialize_config_dir(configuration(), version_base=None):
            return run(compose("view", ["workspace=shop", f"data_dir={tmp_path}", *overrides]))

    return call


def column(file: Path, name: str) -> list[object]:
    found: list[object] = pq.read_table(file, columns=[name])[name].to_pylist()
    return found


def test_files_hold_what_the_dictionary_says(verb: Verb, tmp_path: Path) -> None:
    written = verb()
    folder = tmp_path / "shop" / "views"
    assert [file.name for file in written] == [*(f"{name}.parquet" for name in VIEWS), DATABASE]
    with duckdb.connect(str(folder / DATABASE), read_only=True) as database:
        for name, view in VIEWS.items():
            rows = pq.read_table(folder / f"{name}.parquet")
            assert rows.schema.equals(view.schema)
            told = [field.metadata[b"description"].decode() for field in rows.schema]
            assert told == [each.about for each in view.columns]
            assert database.table(name).columns == view.schema.names
            assert database.sql(f"SELECT count(*) FROM {name}").fetchone() == (len(rows),)
        comments = database.sql("SELECT comment FROM duckdb_columns() WHERE NOT internal")
        assert len([told for (told,) in comments.fetchall() if told]) == sum(
            len(view.columns) for view in VIEWS.values()
        )


def test_every_column_and_view_is_described() -> None:
    for view in VIEWS.values():
        assert len(view.about) > 20
        assert set(view.order) <= set(view.schema.names)
        assert all(len(each.about) > 5 for each in view.columns)


def test_private_and_recalled_messages_are_left_out(verb: Verb, tmp_path: Path) -> None:
    verb("views=messages", "formats=parquet", f"out={tmp_path}/out")
    rows = pq.read_table(tmp_path / "out" / "messages.parquet").to_pylist()
    assert [row["message_id"] for row in rows] == ["m0", "m1", "m5", "m6", "m7", "pii"]
    assert [row["simulated"] for row in rows] == [False, False, True, False, False, False]
    assert not (tmp_path / "out" / DATABASE).exists()


def test_personal_data_is_masked_unless_said_otherwise(verb: Verb, tmp_path: Path) -> None:
    masked, plain = tmp_path / "masked", tmp_path / "plain"
    verb("views=messages", f"out={masked}")
    verb("views=messages", f"out={plain}", "unmasked=true")
    assert "138****8000" in str(column(masked / "messages.parquet", "text")[-1])
    assert "13800138000" in str(column(plain / "messages.parquet", "text")[-1])
    assert b"13800138000" not in (masked / DATABASE).read_bytes()


def test_sessions_and_conversations_are_those_that_are_counted(tables: Tables) -> None:
    conversations = make("conversations", tables, Filters()).rows.to_pylist()
    volume = find("volume").drill(tables, Filters())
    assert [row["conversation_id"] for row in conversations] == list(volume["conversation_id"])
    sessions = make("sessions", tables, Filters()).rows.to_pylist()
    assert [(row["room"], row["duration_minutes"], row["gap_minutes"]) for row in sessions] == [
        ("room", 4.0, 30)
    ]
    assert sessions[0]["session_id"] in {row["conversation_id"] for row in conversations}


@pytest.mark.slow
def test_daily_numbers_are_those_of_the_findings(tables: Tables) -> None:
    filters = Filters(zone="Asia/Shanghai", until="2026-03-06")
    made = make("daily_metrics", tables, filters)
    rows = made.rows.to_pandas()
    found = rows[(rows["finding"] == "reply_time") & (rows["family"] == "corrected")]
    one = found[(found["dimension"] == "channel") & (found["group"] == "web")].iloc[0]
    by_day = filters.model_copy(update={"period": "day"})
    table = find("reply_time").table(tables, by_day, ["period", "channel"])
    same = table[table["channel"] == "web"].iloc[0]
    assert (one["value"], one["count"], one["unit"]) == (same["median"], same["count"], "minutes")
    assert (one["statistic"], one["series"]) == ("median", "first")
    keys = ["finding", "family", "period", "dimension", "group", "series"]
    assert not rows.duplicated(keys).any()
    counted = {*rows["finding"], *(told.split(":")[0].split("/")[-1] for told in made.left_out)}
    expected = {each.name for each in FINDINGS.values() if "period" in each.dimensions}
    assert expected - counted <= {
        "csat",
        "csat_response_rate",
        "bot_containment",
        "operations",
        "violations",
    }  # fmt: skip (no such rows)
    assert any("topic_sentiment" in told for told in made.left_out)


def test_rows_outside_of_the_scope_are_nowhere(verb: Verb, tmp_path: Path) -> None:
    verb("scope.channel=[phone]", f"out={tmp_path}/out")
    out = tmp_path / "out"
    for name in ("conversations", "messages"):
        assert set(column(out / f"{name}.parquet", "channel")) == {"phone"}
    assert column(out / "sessions.parquet", "room") == []
    metrics = pq.read_table(out / "daily_metrics.parquet").to_pandas()
    assert set(metrics[metrics["dimension"] == "channel"]["group"]) == {"phone"}
    volume = metrics[(metrics["finding"] == "volume") & (metrics["dimension"] == "all")]
    assert volume.groupby("family")["count"].sum().to_dict() == {"chatwoot": 1, "corrected": 1}


def test_the_same_records_give_the_same_files(verb: Verb, tmp_path: Path) -> None:
    few = "views=[conversations,messages,sessions]"
    first = {file.name: file.read_bytes() for file in verb(few) if file.name != DATABASE}
    again = {file.name: file.read_bytes() for file in verb(few) if file.name != DATABASE}
    assert first == again
    names = {file.name for file in (tmp_path / "shop" / "views").iterdir()}
    assert names == {*first, DATABASE, ".lock"}


def test_readers_see_the_former_file_or_the_new_one(tables: Tables, tmp_path: Path) -> None:
    rows = make("conversations", tables, Filters()).rows
    sizes = [rows.slice(0, 1), pa.concat_tables([rows] * 3000)]
    publish({"conversations": sizes[0]}, tmp_path / "out", ("parquet", "duckdb"))
    over, seen, wrong = Event(), set(), []

    def read() -> None:
        while not over.is_set():
            try:
                with (tmp_path / "out" / "conversations.parquet").open("rb") as file:
                    seen.add(len(pq.read_table(file)))  # by its name it would be opened twice
                with duckdb.connect(str(tmp_path / "out" / DATABASE), read_only=True) as database:
                    (count,) = database.sql("SELECT count(*) FROM conversations").fetchall()[0]
                    seen.add(count)
            except Exception as error:
                wrong.append(error)

    reader = Thread(target=read)
    reader.start()
    try:
        for turn in range(10):
            found = {"conversations": sizes[turn % 2]}
            publish(found, tmp_path / "out", ("parquet", "duckdb"))
    finally:
        over.set()
        reader.join()
    assert wrong == []
    assert seen <= {1, len(rows) * 3000}


def test_a_failure_leaves_the_former_files(
    tables: Tables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = make("conversations", tables, Filters()).rows
    (file,) = publish({"conversations": rows}, tmp_path / "out", ("parquet",))
    before = file.read_bytes()

    def full(_number: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        publish({"conversations": rows.slice(0, 1)}, tmp_path / "out", ("parquet",))
    assert file.read_bytes() == before
    assert sorted(each.name for each in file.parent.iterdir()) == [".lock", file.name]


def test_wrong_settings_say_what_was_expected(verb: Verb) -> None:
    with pytest.raises(ValueError, match="views: expected some of conversations, messages"):
        verb("views=[customers]")
    with pytest.raises(ValueError, match="formats: expected some of parquet, duckdb"):
        verb("formats=csv")
    with pytest.raises(ValueError, match="unknown time zone"):
        verb("zone=Mars/Base")


def test_own_numbers_are_among_them(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daily, "FINDINGS", {})  # those of the house are tested above
    folder = tables.workspace.root / "metrics"
    folder.mkdir()
    (folder / "own.sql").write_text(
        "---\nname: own\ntitle: Ours\nunit: pieces\naction: Look.\nreads: [messages]\n---\n"
        "SELECT message_id AS record_id, occurred_at AS at, 2 AS value, source FROM messages"
    )
    rows = make("daily_metrics", tables, Filters()).rows.to_pandas()
    assert rows[rows["finding"] == "own"]["count"].sum() == 9
