"""Public messages of staff, each searched once while the tables are open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import ibis
import pyarrow as pa

from insights.alerts.chats import spoken_by
from insights.tables import Tables

_SEEN = pa.schema([("message_id", pa.string())])


@dataclass
class _Search:
    """Which messages were searched already, and what was found."""

    hits: pa.Table
    seen: pa.Table = field(default_factory=_SEEN.empty_table)


def searched(
    tables: Tables, name: str, schema: pa.Schema, search: Callable[[pa.Table], pa.Table]
) -> pa.Table:
    """Return what a search found in all public messages of staff; only new ones are searched.

    Parameters
    ----------
    tables : Tables
        Records of one business.
    name : str
        Of the search.
    schema : pyarrow.Schema
        Of what is found.
    search : callable
        Gets messages (message_id, text) and returns what it found in them.
    """
    known: _Search = tables.lasting(name, lambda: _Search(schema.empty_table()))
    said = spoken_by("agent", tables).anti_join(ibis.memtable(known.seen), "message_id")
    fresh = tables.chats.connection.to_pyarrow(said)
    if fresh.num_rows:
        known.hits = pa.concat_tables([known.hits, search(fresh).cast(schema)])
        known.seen = pa.concat_tables([known.seen, fresh.select(["message_id"]).cast(_SEEN)])
    return known.hits
