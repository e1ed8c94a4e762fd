"""Archived months: out of the tables, in files any tool reads, known still, and back at will."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable

from ingest import archive as verb
from ingest import archived as archived_module
from ingest.archived import ArchivedKeys
from ingest.archives import catalog as catalog_module
from ingest.archives.catalog import Catalog, opened, read
from ingest.archives.months import Month, months_before
from ingest.archives.move import archive, put_back, unused
from ingest.backups.bring_back import chosen, restore
from ingest.backups.take import backup
from ingest.keys import hash_keys
from ingest.store import Added, Store
from ingest.workspace import Workspace
from tests.ingest.samples import event, table
from tests.ingest.test_backup import called, killed

MONTHS = {"2024-11": 3, "2024-12": 4, "2025-01": 5}


def made() -> pa.Table:
    rows = []
    for month, count in MONTHS.items():
        for day in range(1, count + 1):
            at = datetime.fromisoformat(f"{month}-{day:02d}T12:00+00:00")
            rows.append(event(len(rows), occurred_at=at, available_at=at))
    return table("events", rows)


def message(number: int, at: datetime, **changes: object) -> dict[str, object]:
    row: dict[str, object] = {
        "message_id": f"m{number}", "source": "t", "conversation_id": "c",
        "sender_role": "customer", "kind": "text", "text": "hello", "recalled": False,
        "private": False,
        "occurred_at": at, "available_at": at,
    }  # fmt: skip
    return row | changes


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = Workspace.named("shop", tmp_path_factory.mktemp("made"))
    Store(workspace.store).add("events", made())
    return workspace.root


@pytest.fixture
def shop(made_once: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(made_once, tmp_path / "data" / "shop")
    return Workspace.named("shop", tmp_path / "data")


def moved(
    workspace: Workspace, folder: Path, before: str = "2025-01", zone: str = "UTC"
) -> Catalog:
    store, there = Store(workspace.store), opened(folder, workspace.name, zone)
    archive(store, there, Month.read(before), progress=False)
    return opened(folder, workspace.name, zone)


def stored(workspace: Workspace) -> pa.Table:
    return Store(workspace.store).read("events").sort_by("event_id")


def test_months_leave_in_one_commit_and_what_stays_is_untouched(
    shop: Workspace, tmp_path: Path
) -> None:
    store, before = Store(shop.store), stored(shop)
    version = store.version("events")
    there = moved(shop, tmp_path / "old")
    assert [(part.month, part.rows) for part in there.parts] == [("2024-11", 3), ("2024-12", 4)]
    assert store.version("events") == (version or 0) + 1
    border = pa.scalar(datetime(2025, 1, 1, tzinfo=UTC), pa.timestamp("us", "UTC"))
    assert stored(shop).equals(before.filter(pc.greater_equal(before["occurred_at"], border)))
    assert Store(shop.store).read("events", filter=pc.field("kind") == "purchase").num_rows == 5
    assert store.read("events", version=version).num_rows == 12  # until vacuumed
    both = pa.concat_tables([stored(shop), *(there.read(part) for part in there.parts)])
    assert both.sort_by("event_id").equals(before)
    assert moved(shop, tmp_path / "old") == there  # again: nothing to do
    assert store.version("events") == (version or 0) + 1


def test_duckdb_and_pandas_read_the_months(shop: Workspace, tmp_path: Path) -> None:
    moved(shop, tmp_path / "old")
    files = f"{tmp_path}/old/events/*/*.parquet"
    told = f"SELECT month, count(*) FROM read_parquet('{files}', hive_partitioning=true)"
    with duckdb.connect() as connection:
        found = connection.execute(f"{told} GROUP BY month ORDER BY month").fetchall()
    assert found == [("2024-11", 3), ("2024-12", 4)]
    import pandas as pd

    assert len(pd.read_parquet(tmp_path / "old" / "events" / "month=2024-12")) == 4


def test_loading_the_source_again_brings_nothing_back(shop: Workspace, tmp_path: Path) -> None:
    held = Store(shop.store)
    assert held.add("events", made()) == Added(0, 12)  # its ledger is open
    moved(shop, tmp_path / "old")
    for store in (held, Store(shop.store)):
        assert store.add("events", made()) == Added(0, 12)
    late = datetime(2024, 12, 9, tzinfo=UTC)
    rows = pa.concat_tables([made(), table("events", [event(99, occurred_at=late)])])
    assert held.add("events", rows) == Added(1, 12)  # unknown, though of an archived month
    again = moved(shop, tmp_path / "old")
    assert [part.rows for part in again.parts] == [3, 5]
    assert held.add("events", rows) == Added(0, 13)


def test_months_come_back_with_every_row(shop: Workspace, tmp_path: Path) -> None:
    before, store = stored(shop), Store(shop.store)
    there = moved(shop, tmp_path / "old")
    one = [part for part in there.parts if part.month == "2024-12"]
    assert [each.rows for each in put_back(store, there, one, progress=False)] == [4]
    assert store.add("events", made()) == Added(0, 12)  # three of them archived still
    assert store.dataset("events").count_rows() == 9
    assert [each.rows for each in put_back(store, there, there.parts, progress=False)] == [3, 0]
    assert stored(shop).equals(before)
    assert ArchivedKeys(store.root, "events").months() == {}
    assert moved(shop, tmp_path / "old") == there  # and may leave again, into the same files
    assert store.dataset("events").count_rows() == 5


def test_whoever_is_erased_after_a_month_came_back_leaves_the_archive_too(
    shop: Workspace, tmp_path: Path
) -> None:
    store, there = Store(shop.store), moved(shop, tmp_path / "old")
    gone = made().filter(pc.equal(made()["customer_id"], "c3")).num_rows
    put_back(store, there, there.parts, progress=False)
    assert store.delete("events", "c3") == gone
    again = moved(shop, tmp_path / "old")
    rows = pa.concat_tables([stored(shop), *(again.read(part) for part in again.parts)])
    assert rows.num_rows == 12 - gone
    assert "c3" not in rows["customer_id"].to_pylist()


def test_a_workspace_from_before_a_run_loses_nothing_that_only_the_archive_has(
    shop: Workspace, tmp_path: Path
) -> None:
    older = shutil.copytree(shop.root, tmp_path / "older")
    late = table("events", [event(99, occurred_at=datetime(2024, 12, 9, tzinfo=UTC))])
    Store(shop.store).add("events", late)
    moved(shop, tmp_path / "old")
    shutil.rmtree(shop.root)
    shutil.copytree(older, shop.root)
    assert [part.rows for part in moved(shop, tmp_path / "old").parts] == [3, 5]


def test_putting_back_may_be_interrupted(
    shop: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, before, there = Store(shop.store), stored(shop), moved(shop, tmp_path / "old")

    def killed_here(*given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ArchivedKeys, "remove", killed_here)
        with pytest.raises(KeyboardInterrupt):
            put_back(store, there, there.parts, progress=False)
    assert stored(shop).num_rows == 5 + 3
    assert moved(shop, tmp_path / "old") == there
    assert [each.rows for each in put_back(store, there, there.parts, progress=False)] == [3, 4]
    assert stored(shop).equals(before)


def test_a_message_taken_back_while_it_was_archived_is_marked_when_it_returns(
    tmp_path: Path,
) -> None:
    workspace = Workspace.named("shop", tmp_path)
    store, at = Store(workspace.store), datetime(2024, 12, 5, tzinfo=UTC)
    store.add("messages", table("messages", [message(1, at), message(2, at)]))
    there = moved(workspace, tmp_path / "old")
    line = {"message_id": "m1:recalled", "kind": "message_recalled", "sender_role": "system"}
    now = datetime(2025, 1, 2, tzinfo=UTC)
    told = table("messages", [message(3, now, reply_to="m1", **line)])
    assert store.add("messages", told) == Added(1, 0)
    assert store.read("messages")["message_id"].to_pylist() == ["m1:recalled"]
    put_back(store, there, there.parts, progress=False)
    rows = {row["message_id"]: row["recalled"] for row in store.read("messages").to_pylist()}
    assert rows == {"m1": True, "m2": False, "m1:recalled": False}


def test_months_begin_where_the_business_is(tmp_path: Path) -> None:
    workspace = Workspace.named("shop", tmp_path)
    at = datetime(2024, 12, 31, 15, 59, tzinfo=UTC)
    rows = [event(1, occurred_at=at), event(2, occurred_at=at.replace(hour=16, minute=0))]
    Store(workspace.store).add("events", table("events", rows))
    there = moved(workspace, tmp_path / "old", zone="Asia/Shanghai")
    assert [(part.month, part.rows) for part in there.parts] == [("2024-12", 1)]
    assert stored(workspace)["event_id"].to_pylist() == ["e2"]
    with pytest.raises(ValueError, match="found one of 'shop' by months of Asia/Shanghai"):
        moved(workspace, tmp_path / "old")
    with pytest.raises(ValueError, match="zone=Mars: expected a time zone"):
        moved(workspace, tmp_path / "other", zone="Mars")


def test_months_without_rows_are_left_out() -> None:
    times = pa.chunked_array(
        [[datetime(2023, 12, 31, 23, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC)]]
    )
    times = times.cast(pa.timestamp("us", "UTC"))
    assert [str(month) for month in months_before(times, Month(2024, 5), "UTC")] == [
        "2023-12",
        "2024-03",
    ]
    assert months_before(times.slice(0, 0), Month(2024, 5), "UTC") == []


def test_a_file_that_reads_back_otherwise_removes_nothing(
    shop: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, written = stored(shop), catalog_module.pq.write_table
    monkeypatch.setattr(
        catalog_module.pq, "write_table", lambda rows, *to, **told: written(rows[1:], *to, **told)
    )
    with pytest.raises(OSError, match="nothing was removed"):
        moved(shop, tmp_path / "old")
    assert stored(shop).equals(before)


def test_a_damaged_month_is_told_and_nothing_comes_back(shop: Workspace, tmp_path: Path) -> None:
    there = moved(shop, tmp_path / "old")
    file = there.file(there.parts[1])
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(ValueError, match="its content has changed"):
        put_back(Store(shop.store), there, there.parts, progress=False)
    assert stored(shop).num_rows == 5
    file.unlink()
    with pytest.raises(ValueError, match="expected 4 archived rows, the file is missing"):
        put_back(Store(shop.store), there, there.parts, progress=False)


def test_vacuuming_removes_what_was_archived_from_the_disk(shop: Workspace, tmp_path: Path) -> None:
    store = Store(shop.store)
    version = store.version("events")
    assert unused(store) == 0
    moved(shop, tmp_path / "old")
    size = unused(store)
    assert size > 0
    assert unused(store, remove=True) == size
    assert unused(store) == 0
    with pytest.raises(FileNotFoundError):
        store.read("events", version=version)
    assert store.dataset("events").count_rows() == 5


def test_a_backup_knows_what_is_archived(shop: Workspace, tmp_path: Path) -> None:
    moved(shop, tmp_path / "old")
    backup(shop, tmp_path / "kept", datetime(2026, 3, 1, tzinfo=UTC), progress=False)
    again = Workspace.named("again", tmp_path)
    restore(tmp_path / "kept", chosen(tmp_path / "kept"), again, progress=False)
    assert Store(again.store).add("events", made()) == Added(0, 12)


def test_two_keys_with_one_hash_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(keys: pa.ChunkedArray, seed: int = 1) -> np.ndarray:
        return hash_keys(keys, seed) % (2 if seed == 1 else 2**63)

    monkeypatch.setattr(archived_module, "hash_keys", short)
    keys = pa.chunked_array([[f"k{n}" for n in range(40)]])
    known = ArchivedKeys(tmp_path, "events")
    assert known.holds(keys, short(keys)) is None
    known.add("2024-01", keys.slice(0, 10))
    known.add("2024-02", keys.slice(10, 10))
    marks = known.holds(keys, short(keys))
    assert marks is not None
    assert marks.tolist() == [True] * 20 + [False] * 20
    known.remove("2024-01", keys.slice(0, 9))
    assert known.months() == {"2024-01": 1, "2024-02": 10}


def test_killed_anywhere_and_run_again_no_row_is_lost_or_doubled(
    shop: Workspace, tmp_path: Path
) -> None:
    before, folder = stored(shop), tmp_path / "old"
    for steps in (1, 4):  # one month written; the keys of both known, none removed
        killed("archive", tmp_path / "data", folder, after=steps)
        there = read(folder)
        rows = [stored(shop), *(there.read(part) for part in there.parts)]
        keys = set(pa.concat_tables(rows)["event_id"].to_pylist())
        assert keys == set(before["event_id"].to_pylist())
        assert Store(shop.store).add("events", made()) == Added(0, 12)
    there = moved(shop, folder)
    both = pa.concat_tables([stored(shop), *(there.read(part) for part in there.parts)])
    assert both.sort_by("event_id").equals(before)
    assert [part.rows for part in there.parts] == [3, 4]
    assert not list(folder.rglob("*.draft"))
    assert DeltaTable(shop.store / "events").history(1)[0]["operation"] == "WRITE"


def test_the_command_says_what_it_moved(
    shop: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def call(*told: str) -> str:
        verb.run(called("archive", tmp_path / "data", "workspace=shop", *told))
        return capsys.readouterr().out

    folder = tmp_path / "old"
    assert "7 rows would be archived" in call("before=2025-01", "dry_run=true")
    assert stored(shop).num_rows == 12
    told = call("before=2025-01", f"to={folder}")
    assert "events      2024-12             4 rows" in told
    assert "7 rows archived\n" in told
    assert "workspace=shop vacuum=true removes them" in told
    assert "7 rows archived so far" in call()
    assert "MB removed; earlier versions of the tables cannot be read" in call("vacuum=true")
    assert "4 rows put back" in call("put_back=2024-12", f"from={folder}")
    assert "3 rows put back" in call("put_back=all", f"from={folder}")
    assert stored(shop).num_rows == 12


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (["before=2025"], "expected a month such as 2024-12"),
        (["before=2025-13"], "expected a month such as 2024-12"),
        (["before=2025-01"], "give to=FOLDER"),
        (["put_back=all"], "give from=FOLDER"),
        (["put_back=all", "before=2025-01"], "expected one of them, received both"),
        (["put_back=all", "from=none"], "found no archive.json in it"),
        (["workspace=none"], "'none' has no tables"),
    ],
)
def test_wrong_calls_say_what_to_do(
    told: list[str], expected: str, shop: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=expected):
        verb.run(called("archive", tmp_path / "data", "workspace=shop", *told))


def test_a_damaged_catalog_is_told(shop: Workspace, tmp_path: Path) -> None:
    moved(shop, tmp_path / "old")
    (tmp_path / "old" / "archive.json").write_text("{}", "utf-8")
    with pytest.raises(ValueError, match="expected the catalog of an archive"):
        read(tmp_path / "old")
    Catalog(tmp_path / "none", "shop", "UTC").save()
    told = ["workspace=shop", "put_back=2024-12", f"from={tmp_path / 'none'}"]
    with pytest.raises(ValueError, match="the archive holds none"):
        verb.run(called("archive", tmp_path / "data", *told))
