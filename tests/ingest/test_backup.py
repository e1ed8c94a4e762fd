"""Backups: whole or none, taken while others write, brought back with every row."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from ingest import backup as backup_verb
from ingest import restore as restore_verb
from ingest.backups import contents
from ingest.backups.bring_back import check, chosen, restore
from ingest.backups.manifest import Kept, Manifest, found, read
from ingest.backups.take import Taken, backup
from ingest.configuration import configuration
from ingest.lawful import record_basis
from ingest.load import load
from ingest.positions import Positions
from ingest.rejects import Rejects
from ingest.sources.base import RawBatch
from ingest.store import Added, Store
from ingest.workspace import Workspace
from tests.ingest import slow_backup
from tests.ingest.samples import Listed, event, events, table

SCRIPT = Path(slow_backup.__file__)


def at(minute: int) -> datetime:
    return datetime(2026, 3, 1, 0, minute, tzinfo=UTC)


def source() -> Listed:
    rows = pa.table({
        "event_id": ["a", "b", "c"],
        "customer_id": ["c1", "c2", "c3"],
        "kind": ["view", "Not A Kind", "view"],
        "occurred_at": ["2024-01-01"] * 3,
    })  # fmt: skip
    return Listed([RawBatch("events", rows, "events.csv")])


def people(store: Store, *names: str, consent: bool | None = None) -> None:
    rows = [{"customer_id": name, "source": "t", "consent": consent} for name in names]
    store.add("customers", table("customers", rows))


@pytest.fixture
def shop(made_once: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(made_once, tmp_path / "shop")
    return Workspace.named("shop", tmp_path)


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = Workspace.named("shop", tmp_path_factory.mktemp("made"))
    store = Store(workspace.store)
    load(source(), store, workspace.rejected, progress=False)
    for first in range(0, 40, 10):
        store.add("events", events(first, first + 10))
    people(store, "c1", "c2")
    people(store, "c2", consent=True)  # replaced: a file of an earlier version remains
    Positions(workspace.root, "chatlog").put({"room": "7"})
    record_basis(workspace.root, "chatlog", "contract")
    (workspace.root / "schedules.jsonl").write_text('{"a":1}\n{"b":2}\n{"torn', "utf-8")
    (workspace.root / "metrics").mkdir()
    (workspace.root / "metrics" / "own.yaml").write_text("name: own\n", "utf-8")
    (workspace.features / "text").mkdir(parents=True)
    (workspace.features / "text" / "texts.parquet").write_bytes(b"made again")
    (workspace.features / "text" / "questions.parquet").write_bytes(b"ids")
    return workspace.root


def state(workspace: Workspace) -> dict[str, pa.Table]:
    store = Store(workspace.store)
    return {
        name: store.read(name).sort_by(key)
        for name, key in {"events": "event_id", "customers": "customer_id"}.items()
    }


def taken(workspace: Workspace, folder: Path, minute: int = 0, keep: int | None = None) -> Taken:
    return backup(workspace, folder, at(minute), keep=keep, progress=False)


def back(folder: Path, base: Path, name: str = "again") -> Workspace:
    workspace = Workspace.named(name, base)
    restore(folder, chosen(folder), workspace, progress=False)
    return workspace


def test_what_comes_back_is_what_was_there(shop: Workspace, tmp_path: Path) -> None:
    made = taken(shop, tmp_path / "kept").manifest
    assert {name: each.rows for name, each in made.tables.items()} == {
        "events": 42,
        "customers": 2,
    }
    again = back(tmp_path / "kept", tmp_path)
    assert state(again) == state(shop)
    one, other = Store(shop.store), Store(again.store)
    assert one.versions() == other.versions()
    assert [row for _, row in Rejects(again.rejected).read()] == [
        row for _, row in Rejects(shop.rejected).read()
    ]
    assert Positions(again.root, "chatlog").all() == {"room": "7"}
    for name in ("lawful-basis.jsonl", "metrics/own.yaml", "features/text/questions.parquet"):
        assert (again.root / name).read_bytes() == (shop.root / name).read_bytes()
    assert (again.root / "schedules.jsonl").read_text("utf-8") == '{"a":1}\n{"b":2}\n'


def test_loading_again_adds_nothing_and_new_rows_are_added(shop: Workspace, tmp_path: Path) -> None:
    taken(shop, tmp_path / "kept")
    again = back(tmp_path / "kept", tmp_path)
    store = Store(again.store)
    report = load(source(), store, again.rejected, progress=False)
    assert (report.total.accepted, report.total.duplicate, report.total.rejected) == (0, 2, 1)
    assert len(list(Rejects(again.rejected).read())) == 1
    assert store.add("events", events(30, 50)) == Added(10, 10)


def test_what_can_be_made_again_is_left_out_and_named(shop: Workspace, tmp_path: Path) -> None:
    made = taken(shop, tmp_path / "kept").manifest
    assert dict(made.left_out) == {"features": "python -m features"}
    paths = {kept.path for kept in made.files}
    assert "features/text/texts.parquet" not in paths
    assert not [path for path in paths if path.endswith(".lock")]
    live = {
        file.relative_to(shop.root).as_posix()
        for file, data in contents.files_of(Store(shop.store), "customers", 2)
        if data
    }
    parquet = {path for path in paths if path.startswith("store/customers/part")}
    assert parquet == live
    assert len(list((shop.store / "customers").glob("*.parquet"))) > len(live)


def test_a_second_backup_copies_only_what_is_new(shop: Workspace, tmp_path: Path) -> None:
    first = taken(shop, tmp_path / "kept")
    assert first.fresh_files == len({kept.sha256 for kept in first.manifest.files})
    assert taken(shop, tmp_path / "kept", 1).fresh_files == 0
    Store(shop.store).add("events", events(40, 41))
    last = taken(shop, tmp_path / "kept", 2)
    assert last.fresh_files == 2  # the new rows and their commit
    assert len(found(tmp_path / "kept")) == 3
    first_again = Workspace.named("first", tmp_path)
    oldest = chosen(tmp_path / "kept", first.manifest.name)
    assert restore(tmp_path / "kept", oldest, first_again, progress=False).rows["events"] == 42
    assert state(back(tmp_path / "kept", tmp_path))["events"].num_rows == 43


def test_old_backups_go_with_what_only_they_held(shop: Workspace, tmp_path: Path) -> None:
    first = taken(shop, tmp_path / "kept").manifest
    Store(shop.store).delete("events", "c3")
    done = taken(shop, tmp_path / "kept", 1, keep=1)
    assert done.dropped == (first.name,)
    kept = {file.name for file in (tmp_path / "kept" / "objects").rglob("*") if file.is_file()}
    assert kept == {each.sha256 for each in done.manifest.files}
    with pytest.raises(ValueError, match="keep=0: expected 1 or more"):
        taken(shop, tmp_path / "kept", 2, keep=0)


def test_a_workspace_that_exists_is_left_alone(shop: Workspace, tmp_path: Path) -> None:
    taken(shop, tmp_path / "kept")
    before = state(shop)
    with pytest.raises(ValueError, match=r"holds 44 rows .* workspace=shop-restored"):
        back(tmp_path / "kept", tmp_path, "shop")
    assert state(shop) == before
    Workspace.named("empty", tmp_path).root.mkdir()
    assert state(back(tmp_path / "kept", tmp_path, "empty")) == before


@pytest.mark.parametrize("harm", ["changed", "missing"])
def test_damage_is_found_and_nothing_is_restored(
    harm: str, shop: Workspace, tmp_path: Path
) -> None:
    made = taken(shop, tmp_path / "kept").manifest
    kept = next(each for each in made.files if each.path.endswith(".parquet"))
    place = tmp_path / "kept" / "objects" / kept.sha256[:2] / kept.sha256
    content = place.read_bytes()
    place.unlink()
    if harm == "changed":
        place.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ValueError, match=kept.path):
        check(tmp_path / "kept", made, progress=False)
    with pytest.raises(ValueError, match="Nothing was restored"):
        back(tmp_path / "kept", tmp_path)
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {"kept", "shop"}


def test_a_damaged_manifest_is_no_backup(shop: Workspace, tmp_path: Path) -> None:
    taken(shop, tmp_path / "kept")
    (file,) = found(tmp_path / "kept")
    told = json.loads(file.read_bytes())
    told["backup"]["tables"]["events"]["rows"] = 41
    file.write_text(json.dumps(told), "utf-8")
    with pytest.raises(ValueError, match="its digest differs"):
        chosen(tmp_path / "kept")
    taken(shop, tmp_path / "kept", 1)  # another can be taken beside it
    assert state(back(tmp_path / "kept", tmp_path))["events"].num_rows == 42
    with pytest.raises(ValueError, match="a path inside the workspace"):
        Kept("../outside", 0, "0" * 64)


def test_tables_are_of_one_moment_while_others_write(shop: Workspace, tmp_path: Path) -> None:
    store, stop, wrote = Store(shop.store), threading.Event(), threading.Event()

    def write() -> None:
        number = 100
        while not stop.is_set():  # each event's customer is stored before it
            people(store, f"new{number}")
            store.add("events", table("events", [event(number, customer_id=f"new{number}")]))
            number += 1
            wrote.set()

    def one(minute: int) -> Manifest:
        for _ in range(2):  # the first may tell of rows from before this call
            wrote.clear()
            assert wrote.wait(60)
        return taken(shop, tmp_path / "kept", minute).manifest

    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = [one(minute) for minute in range(2)]
    finally:
        stop.set()
        writer.join()
    for number, manifest in enumerate(made):
        again = Workspace.named(f"again{number}", tmp_path)
        restore(tmp_path / "kept", manifest, again, progress=False)
        read_again = state(again)
        fresh = set(read_again["customers"]["customer_id"].to_pylist()) - {"c1", "c2"}
        told = set(read_again["events"]["customer_id"].to_pylist())
        assert {name for name in told if name.startswith("new")} <= fresh
        assert len(fresh) - sum(name.startswith("new") for name in told) in (0, 1)
    assert made[0].tables["events"].version < made[-1].tables["events"].version


def test_somebody_erased_meanwhile_is_not_in_it(
    shop: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed, store, calls = contents.files_of, Store(shop.store), []

    def erased(*given: object) -> list[tuple[Path, bool]]:
        files = list(listed(*given))
        calls.append(given)
        if len(calls) == 3:  # two count rows, the third is for copying
            store.delete("customers", "c2")
        return files

    monkeypatch.setattr(contents, "files_of", erased)
    made = taken(shop, tmp_path / "kept").manifest
    assert len(calls) > 3
    assert made.tables["customers"].rows == 1
    held = {file.name for file in (tmp_path / "kept" / "objects").rglob("*") if file.is_file()}
    assert held == {kept.sha256 for kept in made.files}


def test_a_database_in_use_is_copied_as_of_one_moment(shop: Workspace, tmp_path: Path) -> None:
    (shop.root / "alerts").mkdir()
    with closing(sqlite3.connect(shop.root / "alerts" / "alerts.sqlite")) as open_still:
        open_still.execute("PRAGMA journal_mode=WAL")
        open_still.execute("CREATE TABLE told (n INTEGER)")
        open_still.execute("INSERT INTO told VALUES (1), (2)")
        open_still.commit()
        open_still.execute("INSERT INTO told VALUES (3)")  # not committed
        made = taken(shop, tmp_path / "kept").manifest
        assert taken(shop, tmp_path / "kept", 1).fresh_files == 0
    assert not [kept.path for kept in made.files if kept.path.endswith(("-wal", "-shm"))]
    again = back(tmp_path / "kept", tmp_path)
    with closing(sqlite3.connect(again.root / "alerts" / "alerts.sqlite")) as copy:
        assert copy.execute("SELECT n FROM told").fetchall() == [(1,), (2,)]
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize(
    ("text", "whole"),
    [("", 0), ('{"a":1}\n', 8), ('{"a":1}', 7), ('{"a":1}\n{"b', 8), ('{"a', 0), ("x\n\n", 3)],
)
def test_a_line_in_the_making_is_not_copied(text: str, whole: int, tmp_path: Path) -> None:
    file = tmp_path / "lines.jsonl"
    file.write_text(text, "utf-8")
    assert contents.whole_lines(file) == whole


def killed(what: str, data: Path, folder: Path, after: int) -> None:
    """Run the script, and kill it when it has copied so many files."""
    command = [sys.executable, str(SCRIPT), what, str(data), str(folder)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=SCRIPT.parents[2]) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        for number in range(after):
            if number:
                child.stdin.write(b"on\n")
                child.stdin.flush()
            assert child.stdout.readline() == b"one\n"
        child.send_signal(signal.SIGKILL)
        assert b"done" not in child.stdout.read()


def test_killed_in_the_middle_there_is_no_half_backup_and_no_half_workspace(
    shop: Workspace, tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    killed("take", tmp_path, folder, after=6)
    assert list((folder / "objects").rglob("*"))
    with pytest.raises(ValueError, match="one that was interrupted does not count"):
        chosen(folder)
    made = taken(shop, folder).manifest
    assert not (folder / "objects" / "draft").exists()
    killed("restore", tmp_path, folder, after=6)
    assert (tmp_path / ".again.restoring").is_dir()
    assert not (tmp_path / "again").exists()
    with pytest.raises(ValueError, match="expected lower-case letters"):
        Workspace.named(".again.restoring", tmp_path)
    again = back(folder, tmp_path)
    assert state(again) == state(shop)
    assert len(made.files) == sum(path.is_file() for path in again.root.rglob("*"))
    assert not (tmp_path / ".again.restoring").exists()


def called(verb: str, root: Path, *told: str) -> DictConfig:
    with initialize_config_dir(configuration(), version_base=None):
        return compose(verb, [f"data_dir={root}", "progress=false", *told])


def test_the_commands_say_what_they_did(
    shop: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "kept"
    start = datetime.now(UTC) - timedelta(minutes=5)
    backup_verb.run(called("backup", tmp_path, "workspace=shop", f"to={folder}", "keep=2"))
    told = capsys.readouterr().out
    assert "events                  42 rows  version 5" in told
    assert "left out: features (python -m features makes it again)" in told
    assert start < read(found(folder)[0]).made_at < start + timedelta(minutes=10)
    restore_verb.run(called("restore", tmp_path, f"from={folder}", "list=true"))
    assert "1 backups in" in capsys.readouterr().out
    restore_verb.run(called("restore", tmp_path, f"from={folder}", "check=true"))
    assert "files are as they were backed up" in capsys.readouterr().out
    restore_verb.run(called("restore", tmp_path, f"from={folder}", "workspace=shop2"))
    told = capsys.readouterr().out
    assert "is now workspace 'shop2'" in told
    assert told.split("events")[1].split()[:2] == ["42", "42"]
    assert state(Workspace.named("shop2", tmp_path)) == state(shop)


@pytest.mark.parametrize(
    ("verb", "run", "missing"),
    [("backup", backup_verb.run, "give to=FOLDER"), ("restore", restore_verb.run, "give from=")],
)
def test_a_call_without_a_folder_says_so(
    verb: str, run: Callable[[DictConfig], None], missing: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=missing):
        run(called(verb, tmp_path))


def test_the_page_tells_of_every_verb_and_of_all_that_is_left_out() -> None:
    page = (Path(contents.__file__).parents[2] / "docs" / "backup.md").read_text("utf-8")
    for name in ("ingest.backup", "ingest.restore", "ingest.archive"):
        assert f"python -m {name} " in page
    for name in contents.LEFT_OUT:
        assert f"`{name}`" in page


def test_wrong_calls_say_what_to_do(shop: Workspace, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected a folder outside"):
        taken(shop, shop.root / "kept")
    with pytest.raises(ValueError, match="'none' has no tables"):
        taken(Workspace.named("none", tmp_path), tmp_path / "kept")
    taken(shop, tmp_path / "kept")
    other = Workspace.named("other", tmp_path)
    shutil.copytree(shop.root, other.root)
    taken(other, tmp_path / "kept")
    with pytest.raises(ValueError, match="holds backups of other, shop; choose with backup="):
        chosen(tmp_path / "kept")
    with pytest.raises(ValueError, match="backup=shop-1: expected one of other-2026"):
        chosen(tmp_path / "kept", "shop-1")
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        Kept("a", 1, "short")
