"""WeCom as a source: files of decrypted messages and of customer records, mixed as they come."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import pyarrow.compute as pc
from pydantic import Field, validate_call

from ingest.lawful import record_basis
from ingest.sources.base import Broken, RawBatch, SourceError
from ingest.sources.documents import documents
from ingest.sources.rows import as_table, text
from ingest.sources.wecom import contacts, messages
from ingest.sources.wecom.kinds import CONSENT
from ingest.sources.wecom.messages import NAME, Mapped, Staff
from ingest.store import Store
from ingest.workspace import Workspace

_LISTS = ("chatdata", "external_contact_list", "items")


class Wecom:
    """A company's conversations with its customers in WeCom.

    The archive is pulled and decrypted with WeCom's own library, outside; this reads what comes
    out, one JSON object a message, as JSON Lines or as a list, and answers of
    ``externalcontact/get``. Files may overlap: a message is stored once.

    Parameters
    ----------
    folder : Path
        Root folder of the workspace.
    lawful_basis : str
        Why these conversations may be processed.
    path : str
        A file, a folder or a pattern: ``.jsonl``, ``.ndjson``, ``.json``, perhaps ``.gz``.
    customers, bots : tuple of str
        What ids of customers and of bots begin with.
    """

    name = NAME

    @validate_call
    def __init__(
        self,
        *,
        folder: Path,
        lawful_basis: Annotated[str, Field(min_length=1)],
        path: Annotated[str, Field(min_length=1)],
        customers: tuple[str, ...] = ("wm", "wo"),
        bots: tuple[str, ...] = ("wb",),
    ) -> None:
        self._folder, self._basis, self._path = folder, lawful_basis, path
        self._staff = Staff(customers, bots)
        self._seen: set[str] = set()
        self._consents: dict[str, tuple[datetime, bool]] = {}

    def batches(self) -> Iterator[RawBatch]:
        """Yield messages, customers, events and facts, then who consents now.

        Raises
        ------
        SourceError
            If there is no file; after everything else, if some could not be read to their end.
        """
        failures: list[str] = []
        record_basis(self._folder, self.name, self._basis)
        for file, first, entries in documents(self._path, _LISTS, failures):
            yield from self._part(file, first, entries)
        yield from self._consenting()
        if failures:
            raise SourceError("\n".join(failures))

    def _part(self, file: Path, first: int, entries: list[Any]) -> Iterator[RawBatch]:
        at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        lost: dict[str, list[Broken]] = {"messages": [], "customers": []}
        made = Mapped()
        for number, entry in enumerate(entries, first):
            record = contacts.is_record(entry)
            reason = contacts.wrong(entry) if record else messages.wrong(entry)
            broken = lost["customers" if record else "messages"]
            if isinstance(entry, Broken):
                broken.append(entry)
            elif reason:
                broken.append(Broken(number, reason, text(entry) or ""))
            elif record:
                contacts.put(entry, at, made)
            else:
                messages.put(entry, self._staff, made)
        self._note_consents(made.facts)
        made.customers = [row for row in made.customers if self._is_news(row)]
        for table, rows in vars(made).items():
            broken = lost.get(table, [])
            if rows or broken:
                yield RawBatch(table, as_table(table, rows), str(file), first, tuple(broken))

    def _is_news(self, row: dict[str, Any]) -> bool:
        """Return whether a row says more than that a customer exists, or says that first."""
        known = row["customer_id"] in self._seen
        self._seen.add(row["customer_id"])
        return not known or len(row) > 1

    def _note_consents(self, facts: list[dict[str, Any]]) -> None:
        for fact in facts:
            if fact["field"] == CONSENT:
                self._newest(fact["customer_id"], fact["recorded_at"], fact["value"] == "true")

    def _newest(self, person: str, at: datetime, agrees: bool) -> None:
        if person not in self._consents or self._consents[person][0] <= at:
            self._consents[person] = (at, agrees)

    def _consenting(self) -> Iterator[RawBatch]:
        """Yield what people said last about being recorded, here or in an earlier load."""
        people = list(self._consents)
        if not people:
            return
        asked = (pc.field("field") == CONSENT) & pc.field("customer_id").isin(people)
        stored = Store(Workspace(self._folder).store).read("facts", filter=asked)
        self._note_consents(stored.to_pylist())
        rows = [
            {"customer_id": person, "consent": agrees}
            for person, (_, agrees) in self._consents.items()
        ]
        yield RawBatch("customers", as_table("customers", rows), self._path)
