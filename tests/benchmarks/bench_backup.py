"""Backup, restore and archive of simulated messages: ``bench_backup.py [--messages 1000000]``.

Prints seconds of each beside a plain tool on the same files in the same run: ``shutil.copytree``
for backup and restore, which hashes nothing and forces nothing to disk, and DuckDB's
``COPY ... PARTITION_BY`` for the archive, which reads nothing back and removes nothing. Best of
several rounds, taken in turn.
"""

# ruff: noqa: T201 (a script prints)

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from kept import keep

from ingest.archives.catalog import opened
from ingest.archives.months import Month
from ingest.archives.move import archive, put_back
from ingest.backups.bring_back import check, chosen, restore
from ingest.backups.take import backup
from ingest.schemas import canonical
from ingest.sources.simulation.traffic import BEGIN, messages
from ingest.store import Store
from ingest.workspace import Workspace

WHEN = datetime(2026, 6, 1, tzinfo=UTC)
STAYS = Month(2026, 3)
Spent = dict[str, list[float]]


def write_messages(workspace: Workspace, count: int) -> None:
    """Store messages as loading them would, a commit each hundred thousand."""
    schema, store = canonical("messages").schema, Store(workspace.store)
    for rows in messages(count):
        known = [name for name in schema.names if name in rows.column_names]
        told = {name: rows[name] for name in known}
        talk, number = rows["conversation_id"], rows["message_id"]
        told["message_id"] = pc.binary_join_element_wise(talk, number, ":")
        told |= {
            "source": pa.repeat("simulated", rows.num_rows),
            "available_at": rows["occurred_at"],
        }
        nothing = {name: pa.nulls(rows.num_rows) for name in schema.names if name not in told}
        full = pa.table(told | nothing).select(schema.names)
        store.add("messages", full.cast(schema))


def size_of(folder: Path) -> float:
    """Return megabytes below a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def timed(spent: Spent, name: str, call: Callable[[], object]) -> None:
    """Run and keep the seconds."""
    start = time.perf_counter()
    call()
    spent[name].append(time.perf_counter() - start)


def partitioned(workspace: Workspace, folder: Path) -> None:
    """Write the same months with DuckDB alone."""
    files = str(workspace.store / "messages" / "*.parquet")
    border = STAYS.begin("UTC").isoformat()
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute(
            "COPY (SELECT *, strftime(occurred_at, '%Y-%m') AS month "
            f"FROM read_parquet('{files}') WHERE occurred_at < '{border}') "
            f"TO '{folder}' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (month))"
        )


def backups(workspace: Workspace, there: Path, spent: Spent) -> None:
    """Back up twice, check and restore, and copy the folder."""
    base = workspace.root.parent
    timed(spent, "copytree", lambda: shutil.copytree(workspace.root, there / "plain"))
    timed(spent, "backup", lambda: backup(workspace, there / "kept", WHEN, progress=False))
    later = WHEN + timedelta(days=1)
    timed(spent, "backup again", lambda: backup(workspace, there / "kept", later, progress=False))
    manifest = chosen(there / "kept")
    timed(spent, "check", lambda: check(there / "kept", manifest, progress=False))
    again = Workspace.named("again", base)
    timed(spent, "restore", lambda: restore(there / "kept", manifest, again, progress=False))
    shutil.rmtree(again.root)


def archives(workspace: Workspace, there: Path, spent: Spent) -> None:
    """Archive two of three months and put them back, in a copy of the workspace."""
    copy = Workspace.named("copy", workspace.root.parent)
    shutil.copytree(workspace.root, copy.root)
    timed(spent, "duckdb copy", lambda: partitioned(copy, there / "months"))
    store, old = Store(copy.store), there / "old"
    there_now = opened(old, "copy", "UTC")
    timed(spent, "archive", lambda: archive(store, there_now, STAYS, progress=False))
    full = opened(old, "copy", "UTC")
    timed(spent, "put back", lambda: put_back(store, full, full.parts, progress=False))
    if (
        store.dataset("messages").count_rows()
        != Store(workspace.store).dataset("messages").count_rows()
    ):
        raise AssertionError("rows went missing")
    moved = sum(part.rows for part in full.parts)
    print(f"archived {moved:,} messages, {size_of(old):.1f} MB")
    shutil.rmtree(copy.root)


def main() -> None:
    """Measure everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench_backup_") as name:
        folder, spent = Path(name), defaultdict[str, list[float]](list)
        workspace = Workspace.named("shop", folder / "data")
        write_messages(workspace, asked.messages)
        print(
            f"{asked.messages:,} messages from {BEGIN:%Y-%m-%d}, {size_of(workspace.root):.1f} MB"
        )
        for number in range(asked.repeat):
            there = folder / f"round{number}"
            there.mkdir()
            backups(workspace, there, spent)
            archives(workspace, there, spent)
            shutil.rmtree(there)
    told(spent, f"{asked.messages:,} simulated messages")


def told(spent: Spent, on: str) -> None:
    """Print and keep the best of each beside the best of its reference."""
    best = {name: min(seconds) for name, seconds in spent.items()}
    for name, plain in (
        ("backup", "copytree"),
        ("backup again", "copytree"),
        ("check", "copytree"),
        ("restore", "copytree"),
        ("archive", "duckdb copy"),
        ("put back", "duckdb copy"),
    ):
        metric = f"{name.replace(' ', '_')}_seconds"
        keep(__file__, metric, best[name], on=on, against=plain, reference=best[plain])


if __name__ == "__main__":
    main()
