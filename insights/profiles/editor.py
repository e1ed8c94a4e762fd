"""Edits of a profile: set a field, confirm a suggestion, undo. Each is a row that is appended.

What a person enters beats everything else in the fold, so it shows on the card at once; what it
hides is still there, and so is every former value. Edits are made one after the other, whoever
makes them, so that the later of two people is always told what the earlier one said.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
from filelock import FileLock

from ingest.schemas import FACTS
from ingest.store import Store
from ingest.workspace import Workspace
from insights.profiles.edits import (
    Edit,
    Edited,
    NoFactError,
    StaleEditError,
    same_value,
    seen_by,
)
from insights.profiles.person import check_known, same_customer
from insights.profiles.statements import (
    Entry,
    Statement,
    entries,
    history,
    quoted_entries,
    stored,
)

AUTHORITY, SOURCE = "manual", "manual"
UNDONE = "retracted"  # stands where a value must be: a retraction states nothing


class Editor:
    """Writes edits of one workspace; used by one thread at a time, by several processes.

    Parameters
    ----------
    workspace : Workspace
        Whose customers.
    clock : callable, optional
        Returns the present (UTC).
    """

    def __init__(
        self, workspace: Workspace, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store = Store(workspace.store)
        self._file = workspace.store / ".edits.lock"
        self._clock = clock

    def set(self, customer: str, edit: Edit) -> Edited:
        """Store what somebody entered; durable when this returns.

        Raises
        ------
        NoCustomerError
            If nothing is stored about the customer.
        StaleEditError
            If something else stands than the author saw.
        ValueError
            If the key of the edit belongs to another statement.
        """
        with self._turn(customer) as (counted, facts):
            return self._keep(counted, facts, edit, {})

    def confirm(self, customer: str, fact_id: str, author: str) -> Edited:
        """Store a suggestion as entered by a person, with its evidence; durable on return.

        Raises
        ------
        NoCustomerError, NoFactError
            If there is no such customer or statement.
        StaleEditError
            If the suggestion was taken back.
        ValueError
            If the row states nothing.
        """
        with self._turn(customer) as (counted, facts):
            told = _one(counted, facts, fact_id)
            if told.retracts is not None:
                raise ValueError(f"{fact_id!r} takes something back: there is nothing to confirm")
            if not told.stands:
                said = f"{fact_id!r} was taken back by {told.taken_back_by!r}: undo that first"
                raise StaleEditError(said, None)
            edit = Edit(field=told.field, value=told.value, author=author)
            return self._keep(counted, facts, edit, {**told.evidence, "confirms": fact_id})

    def undo(self, customer: str, fact_id: str, author: str) -> Edited:
        """Take one row back: a value, a suggestion, or an earlier undoing; durable on return.

        Raises
        ------
        NoCustomerError, NoFactError
            If there is no such customer or row.
        StaleEditError
            If it was taken back already.
        """
        with self._turn(customer) as (counted, facts):
            told = _one(counted, facts, fact_id)
            if not told.stands:
                said = f"{fact_id!r} was taken back already; undo {told.taken_back_by!r} to restore"
                raise StaleEditError(said, None)
            row = self._row(told.customer_id, told.field, UNDONE, author, facts)
            return self._added(counted, facts, [row | {"retracts": fact_id}])

    @contextmanager
    def _turn(self, customer: str) -> Iterator[tuple[str, pa.Table]]:
        """Give the facts of a customer while nobody else edits."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._file):
            counted, ids = same_customer(self._store, customer)
            check_known(self._store, ids)
            yield counted, stored(self._store, ids)

    def _keep(
        self, counted: str, facts: pa.Table, edit: Edit, evidence: Mapping[str, Any]
    ) -> Edited:
        before = _entry(facts, counted, edit.field)
        known = self._known(edit, facts)
        if known is not None:
            return Edited(known, (), before, duplicate=True)
        seen = seen_by(edit, before)
        row = self._row(counted, edit.field, edit.value, edit.author, facts)
        row["fact_id"] = edit.fact_id or row["fact_id"]
        row["evidence"] = orjson.dumps(evidence).decode() if evidence else None
        gone = [] if seen is None else same_value(seen, history(facts))
        marks = (self._row(counted, edit.field, UNDONE, edit.author, facts) for _ in gone)
        retractions = [mark | {"retracts": of} for mark, of in zip(marks, gone, strict=True)]
        return self._added(counted, facts, [row, *retractions])

    def _known(self, edit: Edit, facts: pa.Table) -> Statement | None:
        """Return the statement that the key of an edit was used for; refuse another one's."""
        if edit.fact_id is None:
            return None
        told = next((one for one in history(facts) if one.fact_id == edit.fact_id), None)
        if told and (told.field, told.value, told.author) == (edit.field, edit.value, edit.author):
            return told
        used = self._store.dataset("facts").count_rows(filter=pc.field("fact_id") == edit.fact_id)
        if used:
            raise ValueError(f"fact_id {edit.fact_id!r} is the key of another statement")
        return None

    def _row(
        self, customer: str, field: str, value: str, author: str, facts: pa.Table
    ) -> dict[str, Any]:
        """Return a row that is newer than every other of the customer, whatever clocks say."""
        newest = max(facts["recorded_at"].to_pylist(), default=None)
        now = self._clock()
        if newest is not None and now <= newest:
            now = newest + timedelta(microseconds=1)
        nothing = dict.fromkeys(("evidence", "confidence", "retracts"))
        return nothing | {
            "fact_id": f"manual-{uuid.uuid4().hex}",
            "source": SOURCE,
            "customer_id": customer,
            "field": field,
            "value": value,
            "authority": AUTHORITY,
            "author": author,
            "recorded_at": now,
        }

    def _added(self, counted: str, facts: pa.Table, rows: list[dict[str, Any]]) -> Edited:
        field = rows[0]["field"]
        before = _entry(facts, counted, field)
        added = pa.Table.from_pylist(rows, schema=FACTS.schema)
        for broken in FACTS.violations(added):
            raise ValueError(f"{broken.column}: expected {broken.expected}")
        self._store.add("facts", added)
        now = pa.concat_tables([facts.cast(FACTS.schema), added])
        after = _entry(now, counted, field)
        stand = {one.key for one in after.values} if after else set()
        gone = tuple(one for one in (before.values if before else ()) if one.key not in stand)
        told = None if after is None else quoted_entries(self._store, [after])[0]
        return Edited(_one(counted, now, rows[0]["fact_id"]), gone, told)


def _entry(facts: pa.Table, counted: str, field: str) -> Entry | None:
    found = entries(facts.filter(pc.field("field") == field), counted)
    return found[0] if found else None


def _one(counted: str, facts: pa.Table, fact_id: str) -> Statement:
    for one in history(facts):
        if one.fact_id == fact_id:
            return one
    raise NoFactError(counted, fact_id)
