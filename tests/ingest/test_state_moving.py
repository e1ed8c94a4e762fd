"""Application state moved and backed up: from a server into a file and back, every row the same."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, text

from ingest.backups import bring_back
from ingest.backups.bring_back import chosen, restore
from ingest.backups.take import backup
from ingest.state.moving import to_file, to_server
from ingest.state.place import mark_of
from ingest.store import Store
from ingest.workspace import Workspace
from insights.alerts.book import Book
from insights.alerts.database import alerts_of
from insights.alerts.desk import Desk
from insights.alerts.incidents import Following
from tests.ingest.samples import events
from tests.insights.alerts.sample import HOUR, hours, rule

HOUSE = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 3, 2, tzinfo=UTC)
RULE = rule("threshold", name="busy", finding="volume", above=5)
ROWS = {
    "judged": 1,
    "incidents": 3,
    "steps": 6,
    "acknowledgments": 2,
    "mutes": 1,
    "notices": 3,
    "attempts": 3,
}


# As files were laid out before there was a server to choose.
EARLIER = """
CREATE TABLE judged (rule TEXT PRIMARY KEY, until INTEGER NOT NULL);
CREATE TABLE incidents (
    id TEXT PRIMARY KEY, rule TEXT NOT NULL, whose TEXT NOT NULL, owner TEXT NOT NULL,
    status TEXT NOT NULL, opened_at INTEGER NOT NULL, last_at INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX by_rule ON incidents (rule, whose, opened_at);
CREATE TABLE steps (
    number INTEGER PRIMARY KEY, incident TEXT NOT NULL REFERENCES incidents, at INTEGER NOT NULL,
    step TEXT NOT NULL, value REAL, UNIQUE (incident, at, step));
CREATE TABLE acknowledgments (
    number INTEGER PRIMARY KEY, incident TEXT NOT NULL REFERENCES incidents, at INTEGER NOT NULL,
    author TEXT NOT NULL, note TEXT NOT NULL, false_alarm INTEGER NOT NULL);
CREATE TABLE mutes (
    number INTEGER PRIMARY KEY, incident TEXT NOT NULL REFERENCES incidents, rule TEXT NOT NULL,
    whose TEXT NOT NULL, at INTEGER NOT NULL, until INTEGER NOT NULL, author TEXT NOT NULL,
    note TEXT NOT NULL);
CREATE TABLE notices (
    id TEXT PRIMARY KEY, incident TEXT NOT NULL REFERENCES incidents, about TEXT NOT NULL,
    channel TEXT NOT NULL, made_at INTEGER NOT NULL, state TEXT NOT NULL);
CREATE TABLE attempts (
    number INTEGER PRIMARY KEY, notice TEXT NOT NULL REFERENCES notices, at INTEGER NOT NULL,
    arrived INTEGER NOT NULL, told TEXT NOT NULL);
"""


def evaluate(workspace: Workspace, hour: int) -> None:
    """Keep the alert of one hour, tell somebody, and fail at it."""
    book, following = Book(workspace), Following(RULE, {})
    following.follow(hours([True, False], "网点 1", begin=3 * hour))
    notices = [(following.incidents[0].id, "opened", "mail", "pending")]
    before, until = (hour or None) and hour * HOUR, (hour + 1) * HOUR
    told = {"before": before, "until": until, "at": NOW}
    assert book.record("busy", steps=following.steps, notices=notices, **told)
    (notice,) = book.pending()
    book.attempted(notice.id, arrived=True, told="250 好", at=NOW)


def filled(workspace: Workspace) -> Workspace:
    Store(workspace.store).add("events", events(0, 5))
    for hour in range(3):
        evaluate(workspace, hour)
    desk = Desk(workspace)
    (first, second, _) = (alert["id"] for alert in desk.page().alerts)
    desk.acknowledge(first, by="ann", note="seen", at=NOW)
    desk.acknowledge(second, by="bob", note="it's\nnone", false_alarm=True, at=NOW)
    desk.mute(first, until=NOW, by="ann", at=NOW)
    return workspace


def contents(workspace: Workspace) -> dict[str, list[Any]]:
    with alerts_of(workspace).reading() as book:
        return {
            table: sorted(map(tuple, book.execute(text(f"SELECT * FROM {table}"))))
            for table in ROWS
        }


def schemas(postgres: str) -> set[str]:
    engine = create_engine(postgres.replace("postgresql:", "postgresql+psycopg:"))
    found = set(inspect(engine).get_schema_names())
    engine.dispose()
    return found


def goes_on(workspace: Workspace) -> None:
    """What comes after the copied rows is kept and counted on."""
    evaluate(workspace, 3)
    (alert, *_) = Desk(workspace).page().alerts
    Desk(workspace).acknowledge(alert["id"], by="cyd", at=NOW)
    said = contents(workspace)["acknowledgments"]
    assert [row[0] for row in said] == [1, 2, 3]


def test_state_moves_to_a_server_and_back(tmp_path: Path, postgres: str) -> None:
    here = filled(Workspace(tmp_path / "shop"))
    there, before = Workspace(here.root, postgres), contents(here)
    assert to_server(there) == ROWS
    assert not here.state_file.exists()
    assert contents(there) == before
    goes_on(there)
    now, mark = contents(there), mark_of(there)
    assert mark is not None
    assert mark.schema in schemas(postgres)
    assert to_file(there)["incidents"] == 4
    assert mark.schema not in schemas(postgres)
    assert mark_of(here) is None
    assert contents(here) == now


def test_tables_that_were_copied_are_those_that_would_be_made(
    tmp_path: Path, postgres: str
) -> None:
    def described(workspace: Workspace) -> dict[str, Any]:
        mark = mark_of(workspace)
        assert mark is not None
        with alerts_of(workspace).reading() as book:
            look = inspect(book)
            asked: dict[str, Callable[..., Any]] = {
                "columns": look.get_columns,
                "keys": look.get_pk_constraint,
                "references": look.get_foreign_keys,
                "unique": look.get_unique_constraints,
                "indexes": look.get_indexes,
            }
            return {
                f"{table} {name}": str(ask(table, schema=mark.schema)).replace(mark.schema, "x")
                for table in ROWS
                for name, ask in asked.items()
            }

    made = Workspace(tmp_path / "made", postgres)
    evaluate(made, 0)
    for name, layout in (("now", ""), ("earlier", EARLIER)):
        moved = Workspace(tmp_path / name, postgres)
        moved.state_file.parent.mkdir(parents=True)
        with closing(sqlite3.connect(moved.state_file)) as connection:
            connection.executescript(layout)
        evaluate(Workspace(moved.root), 0)
        to_server(moved)
        assert described(moved) == described(made)


@pytest.mark.parametrize("target", ["server", "file"])
def test_a_backup_of_a_server_comes_back(tmp_path: Path, postgres: str, target: str) -> None:
    shop = filled(Workspace(tmp_path / "shop", postgres))
    kept = tmp_path / "kept"
    made = backup(shop, kept, NOW, progress=False).manifest
    paths = [file.path for file in made.files]
    assert "alerts/alerts.sqlite" in paths
    assert "state.json" not in paths
    again = Workspace(tmp_path / "again", postgres if target == "server" else None)
    done = restore(kept, chosen(kept), again, progress=False)
    assert done.rows == {"events": 5}
    assert done.state == (ROWS if target == "server" else {})
    assert again.state_file.exists() == (target == "file")
    assert contents(again) == contents(shop)
    goes_on(again)
    assert len(contents(shop)["incidents"]) == 3


def test_a_backup_of_a_file_comes_back_on_a_server(tmp_path: Path, postgres: str) -> None:
    shop = filled(Workspace(tmp_path / "shop"))
    backup(shop, tmp_path / "kept", NOW, progress=False)
    again = Workspace(tmp_path / "again", postgres)
    done = restore(tmp_path / "kept", chosen(tmp_path / "kept"), again, progress=False)
    assert done.state == ROWS
    assert contents(again) == contents(shop)


def test_a_second_backup_of_unchanged_state_copies_nothing(tmp_path: Path, postgres: str) -> None:
    shop = filled(Workspace(tmp_path / "shop", postgres))
    backup(shop, tmp_path / "kept", NOW, progress=False)
    later = backup(shop, tmp_path / "kept", NOW.replace(hour=1), progress=False)
    assert later.fresh_files == 0


def test_a_restore_that_fails_leaves_no_schema(
    tmp_path: Path, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup(filled(Workspace(tmp_path / "shop")), tmp_path / "kept", NOW, progress=False)
    before, again = schemas(postgres), Workspace(tmp_path / "again", postgres)

    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(bring_back.Path, "rename", full)
    with pytest.raises(OSError, match="no space"):
        restore(tmp_path / "kept", chosen(tmp_path / "kept"), again, progress=False)
    monkeypatch.undo()
    assert schemas(postgres) == before
    assert not again.root.exists()


def test_a_backup_without_the_url_is_refused(tmp_path: Path, postgres: str) -> None:
    shop = filled(Workspace(tmp_path / "shop", postgres))
    with pytest.raises(ValueError, match=r"give state.url="):
        backup(Workspace(shop.root), tmp_path / "kept", NOW, progress=False)


def test_what_is_no_state_is_not_moved(tmp_path: Path, postgres: str) -> None:
    shop, before = Workspace(tmp_path / "shop", postgres), schemas(postgres)
    with pytest.raises(ValueError, match="found none"):
        to_server(shop)
    shop.state_file.parent.mkdir(parents=True)
    engine = create_engine(f"sqlite:///{shop.state_file}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE odd (body BLOB)"))
    engine.dispose()
    with pytest.raises(ValueError, match=r"odd.body: expected whole numbers, numbers or text"):
        to_server(shop)
    assert shop.state_file.exists()
    assert schemas(postgres) == before


def test_the_verb_moves_and_shows(
    tmp_path: Path, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(Workspace(tmp_path / "shop"))

    def told(*words: str, url: str = "", code: int = 0) -> str:
        call = [sys.executable, "-m", "ingest.state", "workspace=shop", f"data_dir={tmp_path}"]
        with monkeypatch.context() as patch:
            patch.setenv("HUAXIANG_STATE_URL", url)
            run = subprocess.run(
                [*call, *words], cwd=HOUSE, capture_output=True, text=True, check=False
            )
        assert run.returncode == code, run.stderr
        assert "p%40ss" not in run.stdout + run.stderr
        return run.stdout + run.stderr

    assert "alerts.sqlite" in told()
    assert "will be at postgresql://keeper@127" in told("workspace=new", url=postgres)
    assert "moved" in told("move=server", url=postgres)
    shown = told(url=postgres)
    assert "schema huaxiang_shop_" in shown
    assert "incidents" in shown
    assert "3 rows" in shown
    assert "give state.url=" in told(code=1)
    assert "without a password" in told(f"state.url='{postgres}'", code=1)
    assert "moved" in told("move=file", url=postgres)
    assert "alerts.sqlite" in told()
