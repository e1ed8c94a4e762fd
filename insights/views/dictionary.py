"""The data dictionary: every view and column that BI tools see, declared once.

Files are made to fit it, comments in the DuckDB file and ``docs/reference.md`` are written from it.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

TEXT = pa.string()
NUMBER = pa.float64()
COUNT = pa.int64()
FLAG = pa.bool_()
TIME = pa.timestamp("us", tz="UTC")
KINDS = {TEXT: "text", NUMBER: "number", COUNT: "whole number", FLAG: "true or false", TIME: "UTC"}


@dataclass(frozen=True)
class Column:
    """One column: its name, its type, and what it says."""

    name: str
    type: pa.DataType
    about: str


@dataclass(frozen=True)
class View:
    """One table: its name, what a row is, and its columns; rows are ordered by ``order``."""

    name: str
    about: str
    columns: tuple[Column, ...]
    order: tuple[str, ...]

    @property
    def schema(self) -> pa.Schema:
        """Names and types."""
        return pa.schema([(column.name, column.type) for column in self.columns])


_WHERE = (
    Column("channel", TEXT, "where it was said; unknown where the source does not say"),
    Column("source", TEXT, "the system it was loaded from"),
    Column("customer_id", TEXT, "the customer, under the id of joined customers; never masked"),
    Column("agent", TEXT, "the person who replied last; nobody where none did"),
)
_SIMULATED = Column("simulated", FLAG, "whether it was made up by the simulation")

CONVERSATIONS = View(
    "conversations",
    "One conversation, or one session of a source without conversations; as `volume` counts them.",
    (
        Column("conversation_id", TEXT, "its id; of a session room, customer and first second"),
        *_WHERE,
        Column("agents", TEXT, "all people who replied, between semicolons"),
        Column("category", TEXT, "what it is about; uncategorized where nothing says so"),
        Column("labels", TEXT, "its labels, between semicolons"),
        Column("opened_at", TIME, "when it was opened"),
        Column("first_at", TIME, "its first public message"),
        Column("last_at", TIME, "its last public message"),
        Column("resolved_at", TIME, "when it was resolved first; empty if never"),
        Column("messages", COUNT, "public messages"),
        Column("reopens", COUNT, "how often it was opened again"),
        Column("duration_minutes", NUMBER, "from the first message to the last"),
        Column("first_response_minutes", NUMBER, "the first value of `first_response_time`"),
        Column("waiting_minutes", NUMBER, "age of the unanswered message; empty if none waits"),
        _SIMULATED,
    ),
    ("opened_at", "conversation_id"),
)
MESSAGES = View(
    "messages",
    "One public message: private notes, recalled ones, reactions and system lines are left out.",
    (
        Column("message_id", TEXT, "its id"),
        Column("conversation_id", TEXT, "a row of `conversations`"),
        Column("at", TIME, "when it was written"),
        Column("channel", TEXT, "where it was said"),
        Column("source", TEXT, "the system it was loaded from"),
        Column("customer_id", TEXT, "the customer of the message; never masked"),
        Column("agent_id", TEXT, "the agent who wrote it; never masked"),
        Column("sender", TEXT, "customer, human, bot, or aside (automations and campaigns)"),
        Column("kind", TEXT, "text, image, file and so on"),
        Column("text", TEXT, "what was written, personal data masked"),
        _SIMULATED,
    ),
    ("at", "message_id"),
)
SESSIONS = View(
    "sessions",
    "One session: what a source without conversations was cut into by silence.",
    (
        Column("session_id", TEXT, "its id, the conversation_id of the other views"),
        Column("room", TEXT, "the room or pair of people it was cut from"),
        *_WHERE,
        Column("started_at", TIME, "its first public message"),
        Column("ended_at", TIME, "its last public message"),
        Column("messages", COUNT, "public messages"),
        Column("duration_minutes", NUMBER, "from the first message to the last"),
        Column("active_minutes", NUMBER, "the same without longer pauses"),
        Column("gap_minutes", COUNT, "silence that cut it"),
        _SIMULATED,
    ),
    ("started_at", "session_id"),
)
DAILY_METRICS = View(
    "daily_metrics",
    "One number of one finding on one day, over everything or for one value of a dimension.",
    (
        Column("finding", TEXT, "name of the finding"),
        Column("family", TEXT, "corrected or chatwoot; empty where there is one definition"),
        Column("period", TEXT, "the local day, YYYY-MM-DD"),
        Column("dimension", TEXT, "what splits it: all, channel, agent or category"),
        Column("group", TEXT, "the value of the dimension; all where nothing splits it"),
        Column("series", TEXT, "the series of findings that have several; else empty"),
        Column("statistic", TEXT, "what the value is: mean, median, count or what is drawn"),
        Column("value", NUMBER, "the number; empty where nothing could be measured"),
        Column("count", COUNT, "records it was measured on"),
        Column("unit", TEXT, "unit of the value, but of count"),
        Column("simulated_share", NUMBER, "share of simulated records, 0 to 1"),
    ),
    ("finding", "family", "period", "dimension", "group", "series"),
)
VIEWS = {view.name: view for view in (CONVERSATIONS, MESSAGES, SESSIONS, DAILY_METRICS)}
