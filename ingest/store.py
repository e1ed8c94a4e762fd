"""The canonical tables on Delta Lake: idempotent, atomic, safe with several writers.

A key is stored once. An index of key hashes in memory tells new rows from known ones, so that a
small append costs one Delta commit and no scan; it follows the Delta log, hence other writers too.

What happened once (events, texts, facts, labels) never changes: the first row with a key wins.
Only a message may be recalled later (:mod:`ingest.recalls`): the stored row is marked then.
What describes somebody or something (customers, items) may be loaded again: a value that is present
replaces the stored one, a missing value leaves it alone.

Rows are replaced by overwriting, not by Delta's merge and delete: those write string columns that
pyarrow cannot filter (string_view), and merge is no quicker for the few rows that change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import DeltaTable, write_deltalake
from filelock import FileLock
from pyarrow.fs import LocalFileSystem, SubTreeFileSystem

from ingest.archived import ArchivedKeys
from ingest.keys import Hashes, hash_keys
from ingest.ledger import Ledger
from ingest.merging import changes, first, latest, quoted, replace
from ingest.recalls import marked, taken_back
from ingest.schemas import TABLES, TIME, CanonicalTable, canonical

SMALL_FILE_ROWS = 20_000
SMALL_FILES = 128  # a commit costs more the more files there are; merging them costs 60 ms or so
COMPACT_BYTES = 2 * 2**20  # larger files are left alone
_DIGITS = 20  # in the name of a commit


@dataclass(frozen=True)
class Added:
    """What became of the rows given to :meth:`Store.add`.

    Attributes
    ----------
    accepted : int
        Rows that are now stored: new keys and, for customers and items, changed ones.
    duplicate : int
        Rows whose key was known, stored or archived, or came twice in the batch, and that changed
        nothing.
    """

    accepted: int
    duplicate: int


class Store:
    """The canonical tables below one folder, each a Delta table.

    Parameters
    ----------
    root : pathlib.Path
        Folder of the tables, usually ``Workspace.named(...).store``.

    Examples
    --------
    >>> store = Store(Workspace.named("demo").store)  # doctest: +SKIP
    >>> store.read("events", columns=["customer_id", "item_id"])  # doctest: +SKIP
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self._ledgers: dict[str, Ledger] = {}

    def path(self, table: str) -> Path:
        """Folder of a table."""
        return self.root / canonical(table).name

    def add(self, table: str, rows: pa.Table, *, returning: bool = False) -> Added:
        """Store rows that meet the contract; one atomic commit, none if nothing is new.

        Parameters
        ----------
        table : str
            Name of a canonical table.
        rows : pyarrow.Table
            All columns of the table, types castable without loss.
        returning : bool
            Whether they come back from an archive; else rows that are archived are duplicates.

        Raises
        ------
        ValueError
            If columns are missing, too many or of a type that cannot be cast.
        """
        spec = canonical(table)
        rows = _conform(spec, rows)
        if rows.num_rows == 0:
            return Added(0, 0)
        with self._lock(table):
            ledger = self._ledger(spec)
            accepted = (
                self._update(ledger, rows)
                if spec.updates
                else self._append(ledger, rows, returning=returning)
            )
            if table == "messages":
                self._recall(ledger, rows)
            small = [file for file, count in ledger.files.items() if count < SMALL_FILE_ROWS]
            if len(small) >= SMALL_FILES:
                ledger.delta.optimize.compact(target_size=COMPACT_BYTES)
        return Added(accepted, rows.num_rows - accepted)

    def read(
        self,
        table: str,
        columns: Sequence[str] | None = None,
        filter: pc.Expression | None = None,  # noqa: A002 (the name pyarrow gives it)
        *,
        version: int | None = None,
    ) -> pa.Table:
        """Return rows of a table, now or as of an earlier version.

        Parameters
        ----------
        table : str
            Name of a canonical table.
        columns : sequence of str, optional
            Columns wanted; all by default.
        filter : pyarrow.compute.Expression, optional
            Rows wanted, such as ``pc.field("kind") == "purchase"``.
        version : int, optional
            Table version to read, as given by :meth:`version`. Versions from before an erasure
            cannot be read any more: their files are gone for good.
        """
        names = None if columns is None else list(columns)
        return self.dataset(table, version=version).to_table(columns=names, filter=filter)

    def dataset(self, table: str, *, version: int | None = None) -> ds.Dataset:
        """Return a table as a pyarrow dataset; empty with the right schema if never loaded."""
        spec = canonical(table)
        if not self._exists(table):
            return ds.dataset(spec.schema.empty_table())
        delta = DeltaTable(self.path(table), version=version)
        files = SubTreeFileSystem(str(self.path(table).resolve()), LocalFileSystem())
        return delta.to_pyarrow_dataset(schema=spec.schema, filesystem=files)

    def version(self, table: str) -> int | None:
        """Version of a table, None if nothing was ever loaded into it.

        Read off the names of its commits, twenty digits each (Delta Transaction Log Protocol):
        opening the table for its version takes a hundred times as long.
        """
        if not self._exists(table):
            return None
        names = (path.stem for path in (self.path(table) / "_delta_log").glob("*.json"))
        commits = [int(name) for name in names if len(name) == _DIGITS and name.isdecimal()]
        return max(commits) if commits else int(DeltaTable(self.path(table)).version())

    def versions(self) -> dict[str, int]:
        """Versions of the tables that exist, by name."""
        found = {name: self.version(name) for name in TABLES}
        return {name: version for name, version in found.items() if version is not None}

    def delete(self, table: str, customer_id: str) -> int:
        """Erase a customer's rows, and the files of earlier versions that hold them.

        Returns
        -------
        int
            Number of rows erased.

        Raises
        ------
        ValueError
            If the table has no column ``customer_id``.
        """
        spec = canonical(table)
        if "customer_id" not in spec.schema.names:
            raise ValueError(f"table {table!r} has no column customer_id: nothing to erase by")
        if not self._exists(table):
            return 0
        with self._lock(table):
            delta = DeltaTable(self.path(table))
            gone = self.dataset(table).count_rows(filter=pc.field("customer_id") == customer_id)
            if gone:
                nobody = spec.schema.empty_table()
                where = f"customer_id = {quoted(customer_id)}"
                write_deltalake(delta, nobody, mode="overwrite", predicate=where)
            delta.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
        return int(gone)

    @contextmanager
    def still(self, tables: Iterable[str]) -> Iterator[None]:
        """Keep others from writing to these tables meanwhile; do not write through a store here."""
        with ExitStack() as held:
            for table in sorted(tables):  # in one order, so that two never wait for each other
                held.enter_context(self._lock(table))
            yield

    def _append(self, ledger: Ledger, rows: pa.Table, *, returning: bool) -> int:
        keys = rows[ledger.spec.key]
        hashes = hash_keys(keys)
        fresh = pa.array(first(keys, hashes))
        known = ledger.keys_near(hashes)
        if known is not None:
            fresh = pc.and_(fresh, pc.invert(pc.is_in(keys, value_set=known)))
        away = ArchivedKeys(self.root, ledger.spec.name).holds(keys, hashes)
        if away is not None and not returning:
            fresh = pc.and_(fresh, pc.invert(pa.array(away)))
        self._commit(ledger, rows.filter(fresh), hashes[fresh.to_numpy(zero_copy_only=False)])
        return int(pc.sum(fresh).as_py())

    def _update(self, ledger: Ledger, rows: pa.Table) -> int:
        key = ledger.spec.key
        rows = latest(rows, key)
        hashes = hash_keys(rows[key])
        fresh, changed = changes(rows, ledger.rows_near(hashes, rows[key]), key)
        if changed.num_rows == 0:
            mask = pc.is_in(rows[key], value_set=fresh[key].combine_chunks())
            self._commit(ledger, fresh, hashes[mask.to_numpy()])
            return int(fresh.num_rows)
        both = pa.concat_tables([fresh, changed])
        replace(ledger.delta, self.dataset(ledger.spec.name), both, key)
        return int(both.num_rows)

    def _recall(self, ledger: Ledger, rows: pa.Table) -> None:
        keys = taken_back(rows, ledger)
        if not len(keys):
            return
        changed = marked(ledger.rows_near(hash_keys(keys), keys))
        if changed.num_rows:
            replace(ledger.delta, self.dataset(ledger.spec.name), changed, ledger.spec.key)

    @staticmethod
    def _commit(ledger: Ledger, rows: pa.Table, hashes: Hashes) -> None:
        if rows.num_rows:
            write_deltalake(ledger.delta, rows, mode="append")
            ledger.note(hashes)

    def _exists(self, table: str) -> bool:  # a log without entries: its making was interrupted
        return any((self.path(table) / "_delta_log").glob("*.json"))

    def _lock(self, table: str) -> FileLock:
        self.root.mkdir(parents=True, exist_ok=True)
        return FileLock(self.root / f".{canonical(table).name}.lock")

    def _ledger(self, spec: CanonicalTable) -> Ledger:
        if not self._exists(spec.name):
            _create(spec, self.path(spec.name))
            self._ledgers.pop(spec.name, None)
        if spec.name not in self._ledgers:
            self._ledgers[spec.name] = Ledger(spec, self.path(spec.name))
        ledger = self._ledgers[spec.name]
        ledger.catch_up()
        return ledger


def _create(spec: CanonicalTable, path: Path) -> None:
    # Statistics only of times: the log must not keep values of people who ask to be erased.
    times = ",".join(field.name for field in spec.schema if field.type == TIME)
    configuration: dict[str, Any] = {"delta.dataSkippingStatsColumns": times}
    DeltaTable.create(path, spec.schema, mode="ignore", configuration=configuration)


def _conform(spec: CanonicalTable, rows: pa.Table) -> pa.Table:
    if set(rows.column_names) != set(spec.schema.names):
        missing = sorted(set(spec.schema.names) - set(rows.column_names))
        extra = sorted(set(rows.column_names) - set(spec.schema.names))
        raise ValueError(
            f"table {spec.name!r}: expected columns {', '.join(spec.schema.names)}; "
            f"missing {missing}, not known {extra}"
        )
    try:
        return rows.select(spec.schema.names).cast(spec.schema)
    except (pa.ArrowInvalid, ValueError) as error:
        raise ValueError(f"table {spec.name!r}: rows do not fit its schema: {error}") from error
