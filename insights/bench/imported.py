"""A workspace of simulated messages: drawn, imported by the verb, kept for the next run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from shutil import rmtree
from typing import Any

import orjson
import pyarrow as pa
from tqdm import tqdm

from ingest.sources.simulation.traffic import customers, messages
from ingest.workspace import Workspace
from insights.bench.process import Cost, run
from insights.bench.settings import Bench

STREAM = "simulated_stream"  # a fifth of the messages: rooms that are cut into sessions
_DONE = "imported.json"
_FILES = ("customers", "messages", "streams")


@dataclass(frozen=True)
class Imported:
    """A workspace of so many messages, and what importing them took.

    Attributes
    ----------
    workspace : Workspace
        The business.
    cost : Cost
        Of ``python -m ingest`` over its files, one after the other.
    """

    workspace: Workspace
    cost: Cost


def imported(bench: Bench, size: int) -> Imported:
    """Return a workspace of ``size`` messages; drawn and imported unless an earlier run did.

    An import that was interrupted begins anew, since its time would mean nothing.
    """
    workspace = Workspace.named(f"simulated-{size}-{bench.seed}", bench.folder.resolve())
    done = workspace.root / _DONE
    if done.exists():
        return Imported(workspace, Cost(**orjson.loads(done.read_bytes())))
    files = bench.folder.resolve() / "drawn" / f"{size}-{bench.seed}"
    _draw(files, size, bench.seed)
    rmtree(workspace.root, ignore_errors=True)
    about = [f"workspace={workspace.name}", f"data_dir={workspace.root.parent}", "progress=false"]
    costs = [run(["ingest", *_source(files / f"{name}.jsonl"), *about]) for name in _FILES]
    cost = Cost(sum(each.seconds for each in costs), max(each.peak_mb for each in costs))
    done.write_bytes(orjson.dumps(asdict(cost)))
    return Imported(workspace, cost)


def _source(file: Path) -> list[str]:
    if file.stem == "customers":
        return ["source=files", f"source.path={file}", "source.name=simulated"]
    name = STREAM if file.stem == "streams" else "simulated"
    return ["source=messages", f"path={file}", f"source.name={name}"]


def _draw(folder: Path, size: int, seed: int) -> None:
    streams = size // 5
    parts: dict[str, Iterator[pa.Table]] = {
        "customers": customers(size, seed=seed),
        "messages": messages(size - streams, seed=seed),
        "streams": messages(streams, seed=seed, streams=True),
    }
    folder.mkdir(parents=True, exist_ok=True)
    with tqdm(desc="draw", unit=" rows", unit_scale=True, dynamic_ncols=True) as bar:
        for name, tables in parts.items():
            file = folder / f"{name}.jsonl"
            if not file.exists():
                _write(file, tables, bar)


def _write(file: Path, tables: Iterable[pa.Table], bar: tqdm[Any]) -> None:
    unfinished = file.with_suffix(".tmp")
    with unfinished.open("wb") as out:
        for table in tables:
            out.writelines(
                orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in table.to_pylist()
            )
            bar.update(table.num_rows)
    unfinished.replace(file)
