"""Loading: check every batch, keep rejected rows aside, store the rest, count everything."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
from tqdm import tqdm

from ingest.checking import Checked, Checker
from ingest.rejects import Rejects
from ingest.report import Counts, LoadReport
from ingest.sources.base import RawBatch, Resumable, Source, SourceError
from ingest.store import Added, Store

COMMIT_ROWS = 250_000


def load(source: Source, store: Store, rejected_dir: Path, progress: bool = True) -> LoadReport:
    """Load everything a source yields.

    Loading again adds nothing that is stored already. Rows are stored in commits of at least
    ``COMMIT_ROWS``; a load that is killed keeps the commits it made and can simply be run again.

    Parameters
    ----------
    source : Source
        What to read.
    store : Store
        Where rows go.
    rejected_dir : pathlib.Path
        Folder for rows that break a contract.
    progress : bool
        Whether to show a progress bar on standard error.

    Returns
    -------
    LoadReport
        Counts by table. Errors of the source are in it; rows read before them are stored.
    """
    loader = Loader(source.name, store, Rejects(rejected_dir))
    errors: list[str] = []
    with tqdm(desc=source.name, unit=" rows", unit_scale=True, disable=not progress) as bar:
        try:
            for batch in source.batches():
                loader.take(batch)
                bar.update(batch.rows.num_rows + len(batch.broken))
        except SourceError as error:
            errors.append(str(error))
        finally:
            loader.flush()
            loader.close()
    if isinstance(source, Resumable):
        source.stored()
    return loader.report(errors)


class Loader:
    """One load in progress: rows that wait for their commit, and the counts so far.

    Parameters
    ----------
    name : str
        Name of the source.
    store : Store
        Where rows go.
    rejects : Rejects
        Where rows go that break a contract.
    """

    def __init__(self, name: str, store: Store, rejects: Rejects) -> None:
        self._start = time.perf_counter()
        self._name = name
        self._store = store
        self._rejects = rejects
        self._checker = Checker(name)
        self._waiting: dict[str, list[pa.Table]] = {}
        self._counts: dict[str, Counts] = {}
        self._notes: dict[str, None] = {}
        # One commit is written while the next rows are checked.
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._storing: tuple[str, int, Future[Added]] | None = None

    def take(self, batch: RawBatch) -> Checked:
        """Check a batch; keep what it rejects, store the rest as soon as a commit is full."""
        self._notes.update(dict.fromkeys(batch.notes))
        checked = self._checker.check(batch)
        if checked.rejected:
            self._rejects.keep(checked.rejected)
        lost = len(checked.rejected)
        self._count(checked.table, Counts(read=lost, rejected=lost))
        if checked.rows.num_rows:
            self._waiting.setdefault(checked.table, []).append(checked.rows)
        self.flush(least=COMMIT_ROWS)
        return checked

    def flush(self, least: int = 1) -> None:
        """Store the rows that wait, where there are at least so many."""
        for table, waiting in self._waiting.items():
            if waiting and sum(rows.num_rows for rows in waiting) >= least:
                self._settle()
                rows = pa.concat_tables(waiting)
                waiting.clear()
                self._storing = (
                    table,
                    rows.num_rows,
                    self._pool.submit(self._store.add, table, rows),
                )

    def close(self) -> None:
        """Wait for the last commit."""
        self._settle()
        self._pool.shutdown()

    def report(self, errors: list[str]) -> LoadReport:
        """Return the report so far."""
        return LoadReport(
            source=self._name,
            tables=self._counts,
            seconds=round(time.perf_counter() - self._start, 3),
            errors=tuple(errors),
            notes=tuple(self._notes),
            versions=self._store.versions(),
            rejected_dir=str(self._rejects.root),
        )

    def _settle(self) -> None:
        if self._storing is not None:
            table, size, future = self._storing
            self._storing = None
            added = future.result()
            self._count(table, Counts(size, added.accepted, added.duplicate))

    def _count(self, table: str, counts: Counts) -> None:
        self._counts[table] = self._counts.get(table, Counts()) + counts
