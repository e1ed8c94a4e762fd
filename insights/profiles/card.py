"""The profile card of one customer: who they are, who said so, and what they care about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from ingest.lookup import rows_of
from ingest.schemas import TIME
from ingest.store import Store
from insights.profiles.happenings import Happening, happenings
from insights.profiles.interests import Interest, interests
from insights.profiles.person import Added, check_known, person, same_customer
from insights.profiles.statements import Entry, entries, quoted_entries, stored
from insights.profiles.talks import conversations, talks
from insights.tables import Tables

_LATEST = 20


@dataclass(frozen=True, slots=True)
class Card:
    """What is known about one customer, personal data as it is.

    Attributes
    ----------
    customer_id : str
        Under which the customer is counted.
    ids : tuple of str
        All ids that are counted under it, itself first.
    at : datetime
        As of when conversations and interests are counted (UTC).
    name, avatar, source : str or None
        What stands in the field, else what the record or the event of adding them says.
    record : mapping of str to str
        What else the customer's record says, such as ``age``; it cannot be edited.
    added : tuple of Added
        Everybody who added the customer as a contact, the first one first.
    fields : tuple of Entry
        What stands of each field, and what waits below it.
    first_contact_at, last_contact_at : datetime or None
        First adding or message, last message or adding.
    conversations, messages : int
        Conversations as ``volume`` counts them, and the public messages in them.
    minutes : float
        Active minutes of the conversations, not capped.
    interests : tuple of Interest
        The strongest first.
    happenings : tuple of Happening
        The newest first, 20 at most.
    simulated : bool
        Whether anything on the card was simulated.
    """

    customer_id: str
    ids: tuple[str, ...]
    at: datetime
    name: str | None
    avatar: str | None
    source: str | None
    record: Mapping[str, str]
    added: tuple[Added, ...]
    fields: tuple[Entry, ...]
    first_contact_at: datetime | None
    last_contact_at: datetime | None
    conversations: int
    messages: int
    minutes: float
    interests: tuple[Interest, ...]
    happenings: tuple[Happening, ...]
    simulated: bool

    def value(self, field: str) -> str | None:
        """Return what stands in a field, the first where there are several."""
        return next((one.values[0].value for one in self.fields if one.field == field), None)


def card(tables: Tables, customer: str, at: datetime) -> Card:
    """Return the profile card of a customer.

    Facts and edits are shown as they are now, however new; conversations and interests as of
    ``at``.

    Parameters
    ----------
    tables : Tables
        The workspace.
    customer : str
        Any id of the customer.
    at : datetime
        With a time zone.

    Raises
    ------
    NoCustomerError
        If nothing is stored about them.
    """
    store = Store(tables.workspace.store)
    counted, ids = same_customer(store, customer)
    check_known(store, ids)
    events = _events(store, ids, at)
    who = person(store, events, ids)
    fields = quoted_entries(store, entries(stored(store, ids), counted))
    rows = conversations(tables, ids, at)
    spoken, settings = talks(tables, ids, rows), tables.settings.interests
    met = [one.at for one in who.added]
    return Card(
        customer_id=counted,
        ids=ids,
        at=at,
        name=_standing(fields, "name") or who.name,
        avatar=_standing(fields, "avatar") or who.avatar,
        source=who.source,
        record=who.record,
        added=who.added,
        fields=fields,
        first_contact_at=min((*met, *(row["first_at"] for row in rows)), default=None),
        last_contact_at=max((*met, *(row["last_at"] for row in rows)), default=None),
        conversations=len(rows),
        messages=sum(row["messages"] for row in rows),
        minutes=sum(row["active"] for row in rows),
        interests=interests(store, ids, events, spoken, settings=settings, at=at),
        happenings=happenings(events)[:_LATEST],
        simulated=any(row["simulated"] for row in rows) or _simulated(fields),
    )


def _standing(fields: tuple[Entry, ...], name: str) -> str | None:
    return next((one.values[0].value for one in fields if one.field == name), None)


def _simulated(fields: tuple[Entry, ...]) -> bool:
    said = (one for entry in fields for one in (*entry.values, *entry.suggestions))
    return any(one.source.startswith("simulated") for one in said)


def _events(store: Store, ids: tuple[str, ...], at: datetime) -> pa.Table:
    return rows_of(store, "events", ids).filter(pc.field("available_at") < pa.scalar(at, TIME))
