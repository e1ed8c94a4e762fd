"""What a query of one's own may read: canonical tables, and conversations as reports cut them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.dataset as ds
from ibis import _

from ingest.schemas import TABLES, canonical
from ingest.store import Store
from insights.splits import moments
from insights.tables import Tables

_AT = pa.timestamp("us", tz="UTC")
CONVERSATIONS = pa.schema(
    {
        "conversation_id": pa.string(),
        "channel": pa.string(),
        "source": pa.string(),
        "customer_id": pa.string(),
        "agent": pa.string(),
        "category": pa.string(),
        "opened_at": _AT,
        "first_at": _AT,
        "last_at": _AT,
        "human_at": _AT,
        "resolved_at": _AT,
        "messages": pa.int64(),
        "humans": pa.int64(),
        "bots": pa.int64(),
        "reopens": pa.int64(),
        "handed_off": pa.bool_(),
        "bot_resolved": pa.bool_(),
        "simulated": pa.bool_(),
    }
)
OFFERED = (*TABLES, "conversations")


def schema(name: str) -> pa.Schema:
    """Return the columns of a table that may be read.

    Raises
    ------
    KeyError
        If there is none of this name.
    """
    return CONVERSATIONS if name == "conversations" else canonical(name).schema


def contents(name: str, tables: Tables) -> pa.Table | ds.Dataset:
    """Return the rows of a table that may be read; times are moments in UTC."""
    if name != "conversations":
        return Store(tables.workspace.store).dataset(name)
    rows = moments(tables.chats.rows.select(*CONVERSATIONS.names))
    rows = rows.mutate(**{each: _[each].cast("int64") for each in ("messages", "humans", "bots")})
    return rows.mutate(reopens=_.reopens.cast("int64")).to_pyarrow().cast(CONVERSATIONS)


def versions(names: Sequence[str], tables: Tables) -> Mapping[str, int | None]:
    """Return the versions of the stored tables among these."""
    store = Store(tables.workspace.store)
    return {name: store.version(name) for name in names if name in TABLES}
