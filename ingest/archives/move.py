"""Moving whole months between the store and an archive; at no moment are rows in neither.

Rows are written, read back and listed, then their keys are kept, then one commit removes them. A
run that is killed is run again: a month is one file, and what lies in both is written once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake
from tqdm import tqdm

from ingest.archived import ArchivedKeys
from ingest.archives.catalog import Catalog, Part
from ingest.archives.months import Month, months_before, within
from ingest.keys import hash_keys
from ingest.schemas import canonical
from ingest.store import Store

ARCHIVED = ("events", "feedback", "messages")  # what happened once, with its time


@dataclass(frozen=True)
class Moved:
    """One month of one table that was moved.

    Attributes
    ----------
    table, month : str
        Which.
    rows : int
        Rows that left the store, or came back.
    held : int
        Rows of the month in the archive.
    """

    table: str
    month: str
    rows: int
    held: int


def due(store: Store, before: Month, zone: str) -> list[Moved]:
    """Return what :func:`archive` would move; nothing is changed."""
    return [
        Moved(table, str(month), store.dataset(table).count_rows(filter=within(month, zone)), 0)
        for table in ARCHIVED
        for month in _months(store, table, before, zone)
    ]


def archive(store: Store, catalog: Catalog, before: Month, *, progress: bool = True) -> list[Moved]:
    """Move the rows of all months before one out of the store.

    The unit is the row: of a conversation that goes on into a month that stays, the later part
    stays. Nobody writes to a table while it is moved; they wait.

    Parameters
    ----------
    store : Store
        Its tables :data:`ARCHIVED` lose rows, one commit a table.
    catalog : Catalog
        The archive.
    before : Month
        The first month that stays.
    progress : bool
        Whether to show a progress bar on standard error.
    """
    moved: list[Moved] = []
    with tqdm(desc="archive", unit=" rows", unit_scale=True, disable=not progress) as bar:
        for table in ARCHIVED:
            with store.still([table]):
                for month in _months(store, table, before, catalog.zone):
                    catalog, done = _keep(store, catalog, table, month)
                    bar.update(done.rows)
                    moved.append(done)
                if any(each.table == table for each in moved):
                    _remove(store, table, before, catalog.zone)
    return moved


def put_back(
    store: Store, catalog: Catalog, parts: Iterable[Part], *, progress: bool = True
) -> list[Moved]:
    """Store archived rows again; the archive keeps its files and notes that they returned.

    Parameters
    ----------
    store : Store
        Rows it holds already are not stored twice.
    catalog : Catalog
        The archive.
    parts : iterable of Part
        Of it. All files are checked before the first is stored.
    progress : bool
        Whether to show a progress bar on standard error.

    Raises
    ------
    ValueError
        If a file is missing or damaged; nothing is stored then.
    """
    parts = list(parts)
    for part in parts:
        catalog.check(part)
    moved = []
    for part in tqdm(parts, desc="put back", unit=" months", disable=not progress):
        rows = catalog.read(part)
        added = store.add(part.table, rows, returning=True)
        with store.still([part.table]):
            keys = ArchivedKeys(store.root, part.table)
            keys.remove(part.month, rows[canonical(part.table).key])
        catalog = catalog.listing(replace(part, returned=True))
        catalog.save()
        moved.append(Moved(part.table, part.month, added.accepted, part.rows))
    return moved


def unused(store: Store, *, remove: bool = False) -> int:
    """Return the bytes of files that only earlier versions need, removing them if told to.

    Rows that were archived lie in them until then; earlier versions cannot be read afterwards.
    """
    total = 0
    for table in ARCHIVED:
        if store.version(table) is None:
            continue
        with store.still([table]):
            delta = DeltaTable(store.path(table))
            never = {"retention_hours": 0, "enforce_retention_duration": False}
            files = [store.path(table) / file for file in delta.vacuum(**never, dry_run=True)]
            total += sum(file.stat().st_size for file in files if file.exists())
            if remove:
                delta.vacuum(**never, dry_run=False)
    return total


def _months(store: Store, table: str, before: Month, zone: str) -> list[Month]:
    at = store.read(table, columns=["occurred_at"], filter=_earlier(before, zone))
    return months_before(at["occurred_at"], before, zone)


def _keep(store: Store, catalog: Catalog, table: str, month: Month) -> tuple[Catalog, Moved]:
    """Write a month with what was archived of it before; the store's rows are the newer.

    Rows that were put back and then erased from the store do not stay in the archive either.
    """
    key, known = canonical(table).key, ArchivedKeys(store.root, table)
    rows = store.read(table, filter=within(month, catalog.zone))
    both, old = rows, catalog.part(table, str(month))
    if old is not None:
        held = catalog.read(old)
        if old.returned:
            away = known.holds(held[key], hash_keys(held[key]))
            held = held.slice(0, 0) if away is None else held.filter(pa.array(away))
        again = pc.is_in(held[key], value_set=rows[key].combine_chunks())
        both = pa.concat_tables([held.filter(pc.invert(again)), rows])
    both = both.sort_by([("occurred_at", "ascending"), (key, "ascending")])
    catalog = catalog.write(table, month, both)
    known.add(str(month), both[key])
    return catalog, Moved(table, str(month), rows.num_rows, both.num_rows)


def _remove(store: Store, table: str, before: Month, zone: str) -> None:
    stay = store.dataset(table).count_rows(filter=~_earlier(before, zone))
    border = before.begin(zone).isoformat()
    write_deltalake(
        DeltaTable(store.path(table)),
        canonical(table).schema.empty_table(),
        mode="overwrite",
        predicate=f"occurred_at < '{border}'",  # a month, not what somebody wrote
    )
    if (left := store.dataset(table).count_rows()) != stay:
        raise AssertionError(f"table {table!r}: expected {stay:,} rows to stay, {left:,} did")


def _earlier(before: Month, zone: str) -> pc.Expression:
    moment = pa.scalar(before.begin(zone), pa.timestamp("us", tz="UTC"))
    return pc.field("occurred_at") < moment
