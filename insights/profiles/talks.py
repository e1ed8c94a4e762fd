"""Conversations of one customer: how many, since when, how long, and what they were about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from ibis import _

from ingest.store import Store
from insights.conversations.tables import UNCATEGORIZED
from insights.functions import MINUTE
from insights.profiles.interests import Kind, Talk
from insights.tables import Tables

_READ = ("conversation_id", "first_at", "last_at", "active", "messages", "category", "simulated")
Shares = Mapping[str, float]


def conversations(tables: Tables, ids: Sequence[str], at: datetime) -> list[dict[str, Any]]:
    """Return the conversations of a customer that began before a moment, the oldest first.

    They are those that ``volume`` counts. first_at and last_at are moments (UTC), active is in
    minutes.

    Parameters
    ----------
    tables : Tables
        Its chat tables are made only if there is any message of the customer.
    ids : sequence of str
        Of the customer, the one they are counted under first.
    at : datetime
        With a time zone.
    """
    wrote = pc.field("customer_id").isin(list(ids))
    if not Store(tables.workspace.store).dataset("messages").head(1, filter=wrote).num_rows:
        return []
    mine = tables.chats.rows.filter(_.customer_id == ids[0]).select(*_READ)
    rows = mine.order_by("first_at", "conversation_id").to_pyarrow().to_pylist()
    for row in rows:
        row |= {name: moment(row[name]) for name in ("first_at", "last_at")}
        row["active"] /= MINUTE
    return [row for row in rows if row["first_at"] < at]


def talks(
    tables: Tables, ids: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> tuple[Talk, ...]:
    """Return conversations with what they were about.

    A conversation is about the categories of the goods that the customer named in it, each by its
    share of the items that were meant. Where none was named it is about its own category, a topic;
    where it has none either, about nothing that is known.

    Parameters
    ----------
    tables : Tables
        The texts of its workspace were analyzed; else no goods are known to be named.
    ids : sequence of str
        Of the customer.
    rows : sequence of mappings
        As :func:`conversations` returns them.
    """
    named = _named(tables, ids, [row["conversation_id"] for row in rows])
    return tuple(
        Talk(row["last_at"], row["active"], _about(row, named.get(row["conversation_id"], {})))
        for row in rows
    )


def moment(at: int) -> datetime:
    """Return the moment that is so many microseconds after 1970."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)


def _about(row: Mapping[str, Any], named: Shares) -> tuple[tuple[Kind, str, float], ...]:
    if named:
        return tuple(("category", name, share) for name, share in sorted(named.items()))
    topic = row["category"]
    return () if topic in (None, UNCATEGORIZED) else (("topic", topic, 1.0),)


def _named(
    tables: Tables, ids: Sequence[str], conversation_ids: Sequence[str]
) -> dict[str, Shares]:
    """Return by conversation the share of each category among the goods that were named."""
    mentions = _mentions(tables, ids)
    if not mentions or not conversation_ids:
        return {}
    said = tables.chats.messages.filter(
        _.conversation_id.isin(list(conversation_ids)) & _.message_id.isin(sorted(mentions))
    )
    items: dict[str, list[str]] = defaultdict(list)
    for row in said.select("conversation_id", "message_id").to_pyarrow().to_pylist():
        items[row["conversation_id"]] += mentions[row["message_id"]]
    every = sorted({item for several in items.values() for item in several})
    paths = _paths(tables, every)
    return {name: _shares([paths[i] for i in of if i in paths]) for name, of in items.items()}


def _mentions(tables: Tables, ids: Sequence[str]) -> dict[str, list[str]]:
    """Return by text the items that a customer named; a name of several items stands for all."""
    file = tables.workspace.features / "text" / "entities.parquet"
    if not file.exists():
        return {}
    wanted = (pc.field("kind") == "product") & pc.field("customer_id").isin(list(ids))
    rows = pq.read_table(file, columns=["text_id", "value"], filters=wanted).to_pylist()
    found: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        found[row["text_id"]] += row["value"].split("|")
    return found


def _paths(tables: Tables, items: Sequence[str]) -> dict[str, str]:
    named = pa.array(items, pa.string())  # typed, if empty
    wanted = pc.field("item_id").isin(named) & pc.field("category").is_valid()
    rows = Store(tables.workspace.store).read("items", ["item_id", "category"], wanted)
    return dict(zip(*(rows[name].to_pylist() for name in rows.column_names), strict=True))


def _shares(paths: Sequence[str]) -> Shares:
    return {path: paths.count(path) / len(paths) for path in dict.fromkeys(paths)}
