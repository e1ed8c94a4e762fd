"""Canonical rows of a desk while its export is read: ids prefixed, tables filled, losses told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pyarrow as pa

from ingest.schemas import STRING, canonical
from ingest.sources.base import Broken, RawBatch
from ingest.sources.desks.values import cell, present

TABLES = ("customers", "messages", "events", "feedback")
BATCH_ROWS = 20_000
_SEEN = "first_seen_at"


class Rows:
    """Rows of one desk, given out as batches.

    Identifiers are prefixed by the name of the desk, so that two desks never share one; agents have
    a prefix of their own, because some desks number them beside customers.

    Parameters
    ----------
    name : str
        Name of the desk.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._rows: dict[str, list[dict[str, str | None]]] = {table: [] for table in TABLES}
        self._places: dict[str, list[int]] = {table: [] for table in TABLES}
        self._broken: list[Broken] = []
        self._passed: Counter[str] = Counter()
        self._notes: dict[str, None] = {}
        self._described: dict[str | None, dict[str, object]] = {}
        self.row = 1  # of the record that is read
        self._begun: dict[str, int] = {}

    def id(self, *parts: object) -> str | None:
        """Return an identifier, None if a part of it is missing."""
        if any(part in (None, "") for part in parts):
            return None
        return ":".join([self._name, *(str(part) for part in parts)])

    def agent(self, told: object) -> str | None:
        """Return the identifier of an agent."""
        return self.id("agent", told)

    def put(self, table: str, **columns: object) -> None:
        """Add a row of the record that is read; columns left out are missing."""
        self._rows[table].append({name: cell(value) for name, value in columns.items()})
        self._places[table].append(self.row)

    def customer(self, name: str | None, about: dict[str, object], at: str | None = None) -> None:
        """Add what is known of a customer, if a record tells more than all those before it.

        Parameters
        ----------
        name : str, optional
            Identifier.
        about : dict
            ``name``, ``email``, ``phone`` and whatever else the desk keeps.
        at : str, optional
            When the customer was first seen.
        """
        known = self._described.get(name, {})
        told = known | about | present(first_seen_at=at)
        if told != known or not known:
            self._described[name] = told
            attributes = {field: value for field, value in told.items() if field != _SEEN}
            seen = told.get(_SEEN)
            self.put(
                "customers", customer_id=name, attributes=attributes or None, first_seen_at=seen
            )

    def change(
        self,
        kind: str,
        *,
        key: object,
        conversation: str | None,
        customer: str | None,
        at: str | None,
        agent: str | None = None,
        **about: object,
    ) -> None:
        """Add a change of state: an event, or a line of the system where no customer is known.

        Parameters
        ----------
        kind : str
            One of the kinds of :mod:`insights.conversations.status`, or another of the same form.
        key : str
            What tells it from other changes of the conversation.
        conversation, customer, agent : str, optional
            Identifiers.
        at : str, optional
            When.
        **about : object
            What else is known: ``label``, ``category``, ``from_status``.
        """
        name = None if conversation is None else f"{conversation}:{key}"
        if customer is not None:
            attributes = present(conversation_id=conversation, **about)
            self.put(
                "events",
                event_id=name,
                customer_id=customer,
                kind=kind,
                agent_id=agent,
                occurred_at=at,
                attributes=attributes,
            )
            return
        self.put(
            "messages",
            message_id=name,
            conversation_id=conversation,
            agent_id=agent,
            sender_role="system",
            kind=kind,
            text=about.get("label", about.get("category")),
            occurred_at=at,
            raw=present(**about) or None,
        )

    def rating(
        self,
        *,
        key: object,
        conversation: str | None,
        customer: str | None,
        at: str | None,
        score: object,
        words: str | None,
        agent: str | None = None,
    ) -> None:
        """Add an answer to a survey, 1 to 5: feedback, or an event where nothing was written."""
        about = present(conversation_id=conversation, agent_id=agent)
        if words and words.strip():
            self.put(
                "feedback",
                feedback_id=key,
                customer_id=customer,
                kind="survey",
                text=words,
                rating=score,
                occurred_at=at,
                attributes=about,
            )
            return
        self.put(
            "events",
            event_id=key,
            customer_id=customer,
            kind="conversation_rated",
            agent_id=agent,
            value=score,
            occurred_at=at,
            attributes=about,
        )

    def recalled(self, message: str | None, conversation: str | None, at: str | None) -> None:
        """Add that a message was taken back; the message itself may be stored already."""
        self._amend("message_recalled", message, conversation, at, None)

    def edited(
        self, message: str | None, conversation: str | None, at: str | None, text: str | None
    ) -> None:
        """Add what a message says since it was edited."""
        self._amend("message_edited", message, conversation, at, text)

    def begin(self, row: int) -> None:
        """Begin with a record: what is added from here on may be taken back."""
        self.row = row
        self._begun = {table: len(rows) for table, rows in self._rows.items()}

    def take_back(self) -> None:
        """Forget what the record that is read has added."""
        for table, count in self._begun.items():
            del self._rows[table][count:]
            del self._places[table][count:]

    def refuse(self, reason: str, content: str) -> None:
        """Keep the record that is read aside, with the reason."""
        self._broken.append(Broken(self.row, reason, content))

    def skip(self, what: str) -> None:
        """Count a record that holds nothing to keep; the report says how many and what."""
        self._passed[what] += 1

    def note(self, sentence: str) -> None:
        """Tell something in the report, once."""
        self._notes[sentence] = None

    @property
    def full(self) -> bool:
        """Whether enough rows wait to be given out."""
        return sum(map(len, self._rows.values())) >= BATCH_ROWS

    def batches(self, file: str) -> Iterator[RawBatch]:
        """Yield the rows so far and forget them."""
        for table in TABLES:
            rows, places = self._rows[table], self._places[table]
            broken = tuple(self._broken) if table == "messages" else ()
            if rows or broken:
                yield RawBatch(
                    table, _typed(table, rows), file, broken=broken, numbers=tuple(places)
                )
            self._rows[table], self._places[table] = [], []
        self._broken = []

    def told(self) -> RawBatch:
        """Return an empty batch that carries the notes."""
        passed = [f"{count:,} x {what}" for what, count in sorted(self._passed.items())]
        notes = [*self._notes]
        if passed:
            notes.append(f"{self._name}: passed over, nothing to keep: {', '.join(passed)}")
        return RawBatch("messages", _typed("messages", []), self._name, notes=tuple(notes))

    def _amend(
        self,
        kind: str,
        message: str | None,
        conversation: str | None,
        at: str | None,
        text: str | None,
    ) -> None:
        mark = kind.removeprefix("message_") + (f":{at}" if text is not None else "")
        self.put(
            "messages",
            message_id=None if message is None else f"{message}:{mark}",
            conversation_id=conversation,
            sender_role="system",
            kind=kind,
            text=text,
            reply_to=message,
            occurred_at=at,
        )


def _typed(table: str, rows: list[dict[str, str | None]]) -> pa.Table:
    used = {name for row in rows for name in row} | {canonical(table).key}
    names = [name for name in canonical(table).schema.names if name in used]
    assert used <= set(names), used - set(names)  # noqa: S101 (a desk misspelled a column)
    return pa.table({name: pa.array([row.get(name) for row in rows], STRING) for name in names})
