"""The tables of a workspace's alerts, the same in a file and on a server.

What happened is only ever added; of an incident the last of its states is kept beside its steps.
Moments are microseconds since 1970, truth is 0 or 1.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    MetaData,
    Table,
    UniqueConstraint,
)

from ingest.state.columns import Words, numbered
from ingest.state.database import StateDatabase
from ingest.workspace import Workspace

TABLES = MetaData()


def _text(name: str, *, key: bool = False) -> Column[Any]:
    return Column(name, Words, primary_key=key, nullable=False)


def _whole(name: str) -> Column[Any]:
    return Column(name, BigInteger, nullable=False)


def _of(name: str, table: Table) -> Column[Any]:
    return Column(name, Words, ForeignKey(table.c.id), nullable=False)


judged = Table("judged", TABLES, _text("rule", key=True), _whole("until"))
incidents = Table(
    "incidents",
    TABLES,
    _text("id", key=True),
    _text("rule"),
    _text("whose"),
    _text("owner"),
    _text("status"),
    _whole("opened_at"),
    _whole("last_at"),
    _text("body"),
    Index("by_rule", "rule", "whose", "opened_at"),
)
steps = Table(
    "steps",
    TABLES,
    numbered(),
    _of("incident", incidents),
    _whole("at"),
    _text("step"),
    Column("value", Double),
    UniqueConstraint("incident", "at", "step"),
)
acknowledgments = Table(
    "acknowledgments",
    TABLES,
    numbered(),
    _of("incident", incidents),
    _whole("at"),
    _text("author"),
    _text("note"),
    _whole("false_alarm"),
)
mutes = Table(
    "mutes",
    TABLES,
    numbered(),
    _of("incident", incidents),
    _text("rule"),
    _text("whose"),
    _whole("at"),
    _whole("until"),
    _text("author"),
    _text("note"),
)
notices = Table(
    "notices",
    TABLES,
    _text("id", key=True),
    _of("incident", incidents),
    _text("about"),
    _text("channel"),
    _whole("made_at"),
    _text("state"),
)
attempts = Table(
    "attempts",
    TABLES,
    numbered(),
    _of("notice", notices),
    _whole("at"),
    _whole("arrived"),
    _text("told"),
)


def alerts_of(workspace: Workspace) -> StateDatabase:
    """Return where the alerts of a workspace are kept."""
    return StateDatabase(workspace, TABLES)
