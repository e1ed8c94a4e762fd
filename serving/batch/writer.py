"""Write a long table part by part: a stopped run loses one part and nothing is half-written.

Every part is a file that appears by a rename. Parts live in a hidden folder beside the output,
named after everything that decides their content: a run that was stopped finds its own parts and
goes on, a run over other data starts afresh. When all parts are there, they become the output, by
a rename again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout
from tqdm import tqdm

Score = Callable[[Sequence[str]], pa.Table]


class BatchRunningError(RuntimeError):
    """Another run is writing the same output."""


@dataclass(frozen=True)
class Plan:
    """What a run writes.

    Attributes
    ----------
    customers : tuple of str
        Customer ids, in the order of the output.
    part_size : int
        Customers a part.
    identity : mapping
        Everything else that decides the result: model, data versions, options.
    """

    customers: tuple[str, ...]
    part_size: int
    identity: Mapping[str, object]

    def __post_init__(self) -> None:
        if self.part_size < 1:
            raise ValueError(f"part_size: expected at least 1, received {self.part_size}")
        if not self.customers:
            raise ValueError("customers: expected at least one customer id, received none")

    @property
    def digest(self) -> str:
        """Hash of the plan: equal plans give equal output."""
        digest = hashlib.sha256(orjson.dumps(self.identity, option=orjson.OPT_SORT_KEYS))
        digest.update(orjson.dumps([self.part_size, *self.customers]))
        return digest.hexdigest()[:16]

    def parts(self) -> list[tuple[str, ...]]:
        """Return the customers of every part."""
        size = self.part_size
        return [self.customers[n : n + size] for n in range(0, len(self.customers), size)]


@dataclass(frozen=True)
class Written:
    """Outcome of a run.

    Attributes
    ----------
    rows : int
        Rows in the output.
    parts : int
        Parts the output was made of.
    parts_resumed : int
        Parts that an earlier, stopped run had left.
    """

    rows: int
    parts: int
    parts_resumed: int


@contextmanager
def alone(output: Path) -> Iterator[None]:
    """Hold the right to write ``output``.

    Raises
    ------
    BatchRunningError
        If another run has it.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(output.parent / f".{output.name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise BatchRunningError(
            f"{output}: another run is writing this file; wait for it or choose another output"
        ) from error
    with lock:
        yield


def write_parts(plan: Plan, score: Score, output: Path, *, progress: bool = True) -> Written:
    """Score every part that is not there yet, then put the output in place.

    Parameters
    ----------
    plan : Plan
        What to write.
    score : callable
        Takes customer ids and returns their rows; the same rows whenever it is called.
    output : Path
        Parquet file; replaced only when the new one is complete.
    progress : bool
        Whether to show a progress bar.
    """
    folder = _working_folder(plan, output)
    resumed = _fill(plan, score, folder, progress)
    rows = _assemble(plan, folder, output)
    return Written(rows=rows, parts=len(plan.parts()), parts_resumed=resumed)


def started_at(plan: Plan, output: Path) -> datetime:
    """Return when (UTC) this plan was begun: now, or when a run that was stopped began it."""
    note = _working_folder(plan, output) / "started.txt"
    if not note.exists():
        _replace(note, datetime.now(UTC).isoformat().encode())
    return datetime.fromisoformat(note.read_text())


def finish(output: Path, manifest: Mapping[str, object]) -> Path:
    """Put the manifest beside a complete output, drop the parts, and return the manifest's path."""
    target = output.with_name("manifest.json")
    _replace(target, orjson.dumps(manifest, option=orjson.OPT_INDENT_2, default=str) + b"\n")
    shutil.rmtree(_parts_of(output), ignore_errors=True)
    return target


def _parts_of(output: Path) -> Path:
    return output.parent / f".{output.name}.parts"


def _working_folder(plan: Plan, output: Path) -> Path:
    """Return the folder of this plan's parts; parts of other plans are of no use any more."""
    parts = _parts_of(output)
    folder = parts / plan.digest
    if parts.is_dir():
        for other in parts.iterdir():
            if other != folder:
                shutil.rmtree(other)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _part(folder: Path, number: int) -> Path:
    return folder / f"part-{number:06d}.parquet"


def _fill(plan: Plan, score: Score, folder: Path, progress: bool) -> int:
    resumed = 0
    with tqdm(total=len(plan.customers), unit="customers", disable=not progress) as bar:
        for number, customers in enumerate(plan.parts()):
            target = _part(folder, number)
            if target.exists():
                resumed += 1
            else:
                _write(score(customers), target)
            bar.update(len(customers))
    return resumed


def _write(rows: pa.Table, target: Path) -> None:
    temporary = target.with_suffix(".tmp")
    pq.write_table(rows, temporary)
    _settle(temporary, target)


def _assemble(plan: Plan, folder: Path, output: Path) -> int:
    temporary = output.with_name(f".{output.name}.tmp")
    rows = 0
    schema = pq.read_schema(_part(folder, 0)).with_metadata({"huaxiang.plan": plan.digest})
    with pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
        for number in range(len(plan.parts())):
            part = pq.read_table(_part(folder, number)).cast(schema)
            writer.write_table(part)
            rows += part.num_rows
    _settle(temporary, output)
    return rows


def _replace(target: Path, content: bytes) -> None:
    temporary = target.with_name(f".{target.name}.tmp")
    temporary.write_bytes(content)
    _settle(temporary, target)


def _settle(temporary: Path, target: Path) -> None:
    """Make a finished file durable, then give it its name."""
    with temporary.open("rb") as handle:
        os.fsync(handle.fileno())
    temporary.replace(target)
