"""What customers do toward the business other than to its goods (requirement P14)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from ibis.expr.types import BooleanValue, StringValue

from ingest.lookup import rows_of
from ingest.store import Store
from insights.profiles.interests import ACTS

LEAVING = (
    *("contact_deleted", "account_closed", "subscription_canceled"),
    *("left_group", "group_left", "consent_refused"),
)
_TO_GOODS = (*ACTS, "rate")
_STATES = "conversation_"  # of a conversation, whoever changed them


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that a customer did toward the business other than to its goods.

    Attributes
    ----------
    event_id, kind, source : str
        As stored, such as ``joined_group``, ``payment_sent`` or ``contact_deleted``.
    at : datetime
        When (UTC).
    agent_id, group_id : str or None
        Toward whom.
    value : float or None
        Such as an amount.
    """

    event_id: str
    kind: str
    source: str
    at: datetime
    agent_id: str | None
    group_id: str | None
    value: float | None

    @property
    def leaving(self) -> bool:
        """Whether the customer breaks something off by it."""
        return self.kind in LEAVING


def toward_staff(kind: StringValue) -> BooleanValue:
    """Return whether events of a kind are neither about goods nor states of a conversation."""
    return kind.notin(_TO_GOODS) & ~kind.startswith(_STATES)


def happenings(events: pa.Table) -> tuple[Happening, ...]:
    """Return what a customer did other than to goods, the newest first.

    Parameters
    ----------
    events : pyarrow.Table
        Rows of ``events`` of one customer.
    """
    kinds = pc.field("kind")
    rows = events.filter(~kinds.isin(list(_TO_GOODS)) & ~pc.starts_with(kinds, _STATES)).to_pylist()
    rows.sort(key=lambda row: (row["occurred_at"], row["event_id"]), reverse=True)
    return tuple(_happening(row) for row in rows)


def feed(
    store: Store, customers: Sequence[str], *, kinds: Sequence[str] = (), leaving: bool = False
) -> tuple[Happening, ...]:
    """Return everything some ids of one customer did toward staff, the newest first.

    Parameters
    ----------
    store : Store
        Canonical tables.
    customers : sequence of str
        All ids of the customer, at least one.
    kinds : sequence of str
        Keep these; empty for all.
    leaving : bool
        Keep only what breaks something off.
    """
    every = happenings(rows_of(store, "events", customers))
    kept = (one for one in every if not kinds or one.kind in kinds)
    return tuple(one for one in kept if one.leaving or not leaving)


def _happening(row: dict[str, Any]) -> Happening:
    names = ("event_id", "kind", "source", "agent_id", "group_id", "value")
    return Happening(at=row["occurred_at"], **{name: row[name] for name in names})
