"""The chat side of a workspace, computed from the store and kept in DuckDB.

Whatever is computed here is computed room by room: what :mod:`insights.conversations.renewal` finds
changed in the store is computed again for the rooms it touches, and for no others.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import ibis
import pyarrow as pa
from ibis import _
from ibis.backends.duckdb import Backend
from ibis.expr.types import Table

from ingest.stitching.reading import one_person
from ingest.stitching.record import canonical_customer
from ingest.store import Store
from insights.conversations import messages, status
from insights.conversations.rows import conversations, turns
from insights.conversations.sessions import sessionize
from insights.conversations.steps import RESOLVED, steps
from insights.functions import epoch_us, json_text
from insights.settings import InsightSettings

MEMORY = "2GB"  # DuckDB writes what is larger to disk
UNCATEGORIZED = "uncategorized"


BY_ROOM = ("messages", "steps", "rows", "turns", "clocks", "resolves")


@dataclass(frozen=True)
class ChatTables:
    """What message reports are computed from, as Ibis tables over one embedded DuckDB.

    Attributes
    ----------
    connection : ibis.backends.duckdb.Backend
        Keeps the tables alive.
    people : mapping of str to str
        Customers who are counted under another one's id.
    sorted_texts : ibis Table, optional
        text_id, label: where texts belong, as far as they were classified.
    messages : ibis Table
        Every message in its conversation, see :mod:`insights.conversations.sessions`.
    steps, rows, turns, clocks : ibis Table
        Steps, conversations, customer turns, and turns as Chatwoot's ``waiting_since`` sees them.
    resolves : ibis Table
        conversation_id, at: each resolution once.
    changes : ibis Table
        Changes of state that are recorded as events.
    surveyed : ibis Table
        conversation_id, at: each survey that was sent.
    surveys : ibis Table
        Answers about a conversation: feedback_id, source, conversation_id, customer_id, rating, at.
    labels : ibis Table
        conversation_id, label.
    """

    connection: Backend
    people: Mapping[str, str]
    sorted_texts: Table | None
    messages: Table
    steps: Table
    rows: Table
    turns: Table
    clocks: Table
    resolves: Table
    changes: Table
    surveyed: Table
    surveys: Table
    labels: Table


def open_chats(
    store: Store, settings: InsightSettings, sorted_texts: pa.Table | None = None
) -> ChatTables:
    """Compute the chat tables of a store; some ten seconds a million messages on two cores.

    Parameters
    ----------
    store : Store
        Canonical tables of the workspace.
    settings : InsightSettings
        Gaps.
    sorted_texts : pyarrow.Table, optional
        text_id, label: gives a category to conversations that their source has none for.
    """
    spill = Path(tempfile.gettempdir()) / f"insights-{os.getpid()}"
    connection = ibis.duckdb.connect(threads=2, memory_limit=MEMORY, temp_directory=spill)
    connection.con.execute("SET TimeZone = 'UTC'")
    people = canonical_customer(store)
    changes = stored_changes(connection, store).cache()
    classes = None if sorted_texts is None else connection.create_table("sorted", sorted_texts)
    said = one_person(stored_messages(connection, store), people)
    found = by_room(said, changes, settings, classes)
    marks = _marks(found["messages"], changes)
    return ChatTables(
        connection=connection,
        people=people,
        sorted_texts=classes,
        changes=changes,
        surveyed=marks.filter(_.what == "surveyed").select("conversation_id", "at"),
        surveys=stored_surveys(connection, store, people).cache(),
        labels=marks.filter(_.what == "labeled").select("conversation_id", label="detail"),
        **found,
    )


def by_room(
    said: Table, changes: Table, settings: InsightSettings, sorted_texts: Table | None
) -> dict[str, Table]:
    """Compute the tables called :data:`BY_ROOM` of whole rooms.

    Parameters
    ----------
    said : ibis Table
        All messages of some rooms, as stored, under their customers' ids.
    changes : ibis Table
        Changes of state recorded as events, those of other rooms may be among them.
    settings : InsightSettings
        Gaps.
    sorted_texts : ibis Table, optional
        Where texts belong.
    """
    flat = messages.classify(said).cache()
    spoken = sessionize(flat, settings.sessions).cache()
    course = steps(spoken, changes).cache()
    rows = conversations(spoken, course, settings.sessions.active_gap_minutes)
    ends = course.filter(_.what.isin(RESOLVED)).select("conversation_id", "at").distinct()
    return {
        "messages": spoken,
        "steps": course,
        "rows": _categorized(rows, _marks(spoken, changes), course, sorted_texts).cache(),
        "turns": turns(course, "turn").cache(),
        "clocks": turns(course, "clock").cache(),
        "resolves": ends.cache(),
    }


def stored_messages(connection: Backend, store: Store) -> Table:
    """Return the messages of the store, as they are now."""
    return _stored(connection, store, "messages").select(*messages.COLUMNS)


def stored_changes(connection: Backend, store: Store) -> Table:
    """Return the changes of state among the store's events."""
    return status.changes(_stored(connection, store, "events").select(*status.COLUMNS))


def stored_surveys(connection: Backend, store: Store, people: Mapping[str, str]) -> Table:
    """Return the answers to surveys in the store."""
    feedback, events = (_stored(connection, store, name) for name in ("feedback", "events"))
    return one_person(_surveys(feedback, events), people)


def _stored(connection: Backend, store: Store, table: str) -> Table:
    connection.con.register(f"stored_{table}", store.dataset(table))
    return connection.table(f"stored_{table}")


def _marks(spoken: Table, changes: Table) -> Table:
    names = ("conversation_id", "at", "what", "detail")
    told = spoken.select(*names).union(changes.select(*names))
    return told.filter(_.what.isin(("surveyed", *status.MARKS))).distinct()


def _categorized(rows: Table, marks: Table, steps: Table, sorted_texts: Table | None) -> Table:
    """Add what conversations are about: what was recorded last, else what their first words say."""
    named = marks.filter(_.what == "categorized").group_by("conversation_id")
    last = named.agg(category=_.detail.argmax(_.at))
    joined = rows.left_join(last, "conversation_id").drop("conversation_id_right")
    if sorted_texts is not None:
        asked = steps.filter(_.what == "customer").group_by("conversation_id")
        first = asked.agg(text_id=_.message_id.argmin(_.at))
        guessed = first.inner_join(sorted_texts, "text_id").select("conversation_id", guess="label")
        joined = joined.left_join(guessed, "conversation_id").drop("conversation_id_right")
        joined = joined.mutate(category=ibis.coalesce(_.category, _.guess)).drop("guess")
    return joined.mutate(category=_.category.fill_null(UNCATEGORIZED))


def _surveys(feedback: Table, events: Table) -> Table:
    """Return ratings of conversations: feedback, and events where nothing was written."""
    told = feedback.filter((_.kind == "survey") & _.rating.notnull())
    rated = events.filter((_.kind == "conversation_rated") & _.value.between(1, 5))
    answers = _answers(told, "feedback_id", "rating").union(_answers(rated, "event_id", "value"))
    return answers.filter(_.conversation_id.notnull())


def _answers(rows: Table, key: str, rating: str) -> Table:
    return rows.select(
        "source",
        "customer_id",
        feedback_id=key,
        rating=rating,
        conversation_id=json_text(_.attributes, "$.conversation_id"),
        at=epoch_us(_.occurred_at),
    )
