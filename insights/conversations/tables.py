"""The chat side of a workspace, computed once for each version of the store and kept in DuckDB."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import ibis
from ibis import _
from ibis.backends.duckdb import Backend
from ibis.expr.types import Table

from ingest.stitching.reading import one_person
from ingest.stitching.record import canonical_customer
from ingest.store import Store
from insights.conversations import messages as said
from insights.conversations import status
from insights.conversations.rows import conversations, turns
from insights.conversations.sessions import sessionize
from insights.conversations.steps import RESOLVED, steps
from insights.functions import epoch_us, json_text
from insights.settings import InsightSettings

MEMORY = "2GB"  # DuckDB writes what is larger to disk
UNCATEGORIZED = "uncategorized"


@dataclass(frozen=True)
class ChatTables:
    """What message reports are computed from, as Ibis tables over one embedded DuckDB.

    Attributes
    ----------
    connection : ibis.backends.duckdb.Backend
        Keeps the tables alive.
    messages : ibis Table
        Every message in its conversation, see :mod:`insights.conversations.sessions`.
    steps, rows, turns, clocks : ibis Table
        Steps, conversations, customer turns, and turns as Chatwoot's ``waiting_since`` sees them.
    resolves : ibis Table
        conversation_id, at: each resolution once.
    surveyed : ibis Table
        conversation_id, at: each survey that was sent.
    surveys : ibis Table
        Answers about a conversation: feedback_id, source, conversation_id, customer_id, rating, at.
    labels : ibis Table
        conversation_id, label.
    """

    connection: Backend
    messages: Table
    steps: Table
    rows: Table
    turns: Table
    clocks: Table
    resolves: Table
    surveyed: Table
    surveys: Table
    labels: Table


def open_chats(store: Store, settings: InsightSettings) -> ChatTables:
    """Compute the chat tables of a store; some ten seconds a million messages on two cores."""
    spill = Path(tempfile.gettempdir()) / f"insights-{os.getpid()}"
    connection = ibis.duckdb.connect(threads=2, memory_limit=MEMORY, temp_directory=spill)
    connection.con.execute("SET TimeZone = 'UTC'")
    stored = {name: _stored(connection, store, name) for name in ("messages", "events", "feedback")}
    people = canonical_customer(store)
    flat = said.classify(one_person(stored["messages"].select(*said.COLUMNS), people)).cache()
    spoken = sessionize(flat, settings.sessions).cache()
    changes = status.changes(stored["events"].select(*status.COLUMNS)).cache()
    course = steps(spoken, changes).cache()
    marks = _marks(spoken, changes).cache()
    rows = conversations(spoken, course, settings.sessions.active_gap_minutes)
    return ChatTables(
        connection=connection,
        messages=spoken,
        steps=course,
        rows=_categorized(rows, marks).cache(),
        turns=turns(course, "turn").cache(),
        clocks=turns(course, "clock").cache(),
        resolves=course.filter(_.what.isin(RESOLVED))
        .select("conversation_id", "at")
        .distinct()
        .cache(),
        surveyed=marks.filter(_.what == "surveyed").select("conversation_id", "at"),
        surveys=one_person(_surveys(stored["feedback"], stored["events"]), people).cache(),
        labels=marks.filter(_.what == "labeled").select("conversation_id", label="detail"),
    )


def _stored(connection: Backend, store: Store, table: str) -> Table:
    connection.con.register(f"stored_{table}", store.dataset(table))
    return connection.table(f"stored_{table}")


def _marks(messages: Table, changes: Table) -> Table:
    names = ("conversation_id", "at", "what", "detail")
    told = messages.select(*names).union(changes.select(*names))
    return told.filter(_.what.isin(("surveyed", *status.MARKS))).distinct()


def _categorized(rows: Table, marks: Table) -> Table:
    named = marks.filter(_.what == "categorized").group_by("conversation_id")
    last = named.agg(category=_.detail.argmax(_.at))
    joined = rows.left_join(last, "conversation_id").drop("conversation_id_right")
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
