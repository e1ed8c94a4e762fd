"""Application state on a server: workspaces apart, secrets unseen, nothing begun elsewhere."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Column, MetaData, Table, func, inspect, select, text

from ingest.state.columns import Words, numbered
from ingest.state.database import StateDatabase
from ingest.state.place import mark_of
from ingest.state.statements import insert
from ingest.state.url import STATE, chosen_state, shown
from ingest.workspace import Workspace
from tests.postgres_server import PASSWORD

TABLES = MetaData()
guests = Table("guests", TABLES, numbered(), Column("who", Words, nullable=False, unique=True))
COMING = 8


def come(database: StateDatabase, who: str) -> None:
    with database.changing() as connection:
        connection.execute(insert(connection, guests).values(who=who).on_conflict_do_nothing())


def seen(database: StateDatabase) -> list[str]:
    with database.reading() as connection:
        return list(connection.scalars(select(guests.c.who).order_by(guests.c.number)))


def test_all_who_come_at_once_to_a_new_workspace_are_kept(
    tmp_path: Path, state_url: str | None
) -> None:
    for number in range(3):
        workspace = Workspace(tmp_path / f"shop{number}", state_url)
        assert not StateDatabase(workspace, TABLES).exists()
        with ThreadPoolExecutor(COMING) as pool:
            made = [StateDatabase(workspace, TABLES) for _ in range(COMING)]
            list(pool.map(come, made, map(str, range(COMING))))
        assert sorted(seen(made[0])) == sorted(map(str, range(COMING)))


def test_one_at_a_time_writes_and_the_next_sees_it(tmp_path: Path, state_url: str | None) -> None:
    database = StateDatabase(Workspace(tmp_path, state_url), TABLES)

    def count_up(_: int) -> None:
        with database.changing() as connection:
            known = connection.scalar(select(func.count()).select_from(guests))
            connection.execute(insert(connection, guests).values(who=str(known)))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count_up, range(40)))
    assert seen(database) == [str(number) for number in range(40)]


def test_a_turn_is_one_at_a_time(tmp_path: Path, state_url: str | None) -> None:
    database, inside, most = StateDatabase(Workspace(tmp_path, state_url), TABLES), [], []

    def enter(who: int) -> None:
        with database.turn("telling"):
            inside.append(who)
            most.append(len(inside))
            come(database, str(who))
            inside.remove(who)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(enter, range(12)))
    assert most == [1] * 12


def test_words_are_the_same_in_both(tmp_path: Path, state_url: str | None) -> None:
    database = StateDatabase(Workspace(tmp_path, state_url), TABLES)
    for who in ("小林 😀", "it's 100 %s :x", "a\x00b"):
        come(database, who)
        come(database, who)
    assert seen(database) == ["小林 😀", "it's 100 %s :x", "a\ufffdb"]


def test_workspaces_of_one_name_share_a_server_and_stay_apart(
    tmp_path: Path, postgres: str
) -> None:
    one, other = (Workspace(tmp_path / part / "my-shop", postgres) for part in ("one", "other"))
    come(StateDatabase(one, TABLES), "ann")
    come(StateDatabase(other, TABLES), "bob")
    assert seen(StateDatabase(one, TABLES)) == ["ann"]
    assert seen(StateDatabase(other, TABLES)) == ["bob"]
    schemas = {mark.schema for mark in (mark_of(one), mark_of(other)) if mark}
    assert len(schemas) == 2
    assert all(schema.startswith("huaxiang_my_shop_") for schema in schemas)
    assert not one.state_file.exists()


def test_nobody_begins_anew_in_a_second_place(tmp_path: Path, postgres: str) -> None:
    there = Workspace(tmp_path / "there", postgres)
    come(StateDatabase(there, TABLES), "ann")
    with pytest.raises(ValueError, match=r"keeps its state in schema .* give state.url="):
        StateDatabase(Workspace(there.root), TABLES).exists()
    here = Workspace(tmp_path / "here")
    come(StateDatabase(here, TABLES), "ann")
    with pytest.raises(ValueError, match=r"keeps its state in .*alerts.sqlite.* move=server"):
        come(StateDatabase(Workspace(here.root, postgres), TABLES), "bob")


def test_a_database_without_the_schema_is_refused(tmp_path: Path, postgres: str) -> None:
    workspace = Workspace(tmp_path / "shop", postgres)
    come(StateDatabase(workspace, TABLES), "ann")
    other = postgres.replace("/postgres", "/template1")
    with pytest.raises(ValueError, match="expected the schema 'huaxiang_shop_"):
        seen(StateDatabase(Workspace(workspace.root, other), TABLES))


def test_a_server_that_stops_in_between_keeps_nothing(tmp_path: Path, postgres: str) -> None:
    database = StateDatabase(Workspace(tmp_path / "shop", postgres), TABLES)
    come(database, "ann")

    def interrupted() -> None:
        with database.changing() as connection:
            connection.execute(insert(connection, guests).values(who="bob"))
            mine = connection.scalar(text("SELECT pg_backend_pid()"))
            with database.reading() as other:
                other.execute(text("SELECT pg_terminate_backend(:mine)"), {"mine": mine})
            connection.execute(insert(connection, guests).values(who="cyd"))

    with pytest.raises(ConnectionError, match="nothing was kept"):
        interrupted()
    assert seen(database) == ["ann"]


def test_the_password_is_nowhere(
    tmp_path: Path, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STATE, postgres)
    workspace = Workspace.named("shop", tmp_path)
    come(StateDatabase(workspace, TABLES), "ann")
    kept = "".join(file.read_text("utf-8") for file in workspace.root.iterdir())
    told = [repr(workspace), kept, shown(postgres)]
    for wrong in (postgres.replace("1@", "2@"), postgres.replace("127.0.0.1:", "127.0.0.1:1")):
        with pytest.raises((ConnectionError, ValueError)) as refused:
            seen(StateDatabase(Workspace(tmp_path / "x", wrong), TABLES))
        told.append(f"{refused.value!r} {refused.value.__cause__!r}")
    with pytest.raises(ValueError, match=f"without a password.*{STATE}") as refused:
        chosen_state(postgres)
    told.append(repr(refused.value))
    assert "keeper@127.0.0.1" in json.loads(workspace.state_mark.read_bytes())["server"]
    for text_ in told:
        assert "p%40ss" not in text_
        assert PASSWORD not in text_


def test_a_missing_driver_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    workspace = Workspace(tmp_path, "postgresql://ann:geheim@127.0.0.1:1/without-driver")
    with pytest.raises(ValueError, match=r"huaxiang\[postgres\]") as refused:
        come(StateDatabase(workspace, TABLES), "ann")
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "variable", "expected"),
    [
        (None, None, None),
        (None, "postgresql://a:b@h/d", "postgresql://a:b@h/d"),
        ("postgresql://a@h/d", "postgresql://a:b@h/e", "postgresql://a@h/d"),
        ("sqlite", "postgresql://a:b@h/d", None),
    ],
)
def test_a_setting_beats_the_environment(
    given: str | None, variable: str | None, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(STATE, raising=False)
    if variable:
        monkeypatch.setenv(STATE, variable)
    assert chosen_state(given) == expected


@pytest.mark.parametrize(
    "url", ["mysql://a@h/d", "postgres.example.com", "postgresql://a@h/d?password=b"]
)
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"state.url: expected"):
        chosen_state(url)


def test_columns_are_wide_enough_for_microseconds(tmp_path: Path, postgres: str) -> None:
    from insights.alerts.database import alerts_of

    workspace = Workspace(tmp_path / "shop", postgres)
    with alerts_of(workspace).reading() as connection:
        asked = text("SELECT count(*) FROM incidents")
        assert connection.scalar(asked) == 0
        mark = mark_of(workspace)
        columns = inspect(connection).get_columns("incidents", schema=mark and mark.schema)
    kinds = {column["name"]: str(column["type"]) for column in columns}
    assert kinds["opened_at"] == "BIGINT"
    assert kinds["body"] == "TEXT"
