"""Chat tables that follow the store: only rooms in which something happened are computed again.

A message never changes but for being recalled, so whatever the store and the tables do not have in
common is new, recalled or erased. Its room, a conversation as its source tells it, is taken out of
the tables and computed again as a whole: sessions, turns and resolutions never cross a room.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

import pyarrow as pa
from ibis import _
from ibis.expr.types import Table

from ingest.stitching.reading import one_person
from ingest.store import Store
from insights.conversations.tables import (
    BY_ROOM,
    ChatTables,
    by_room,
    stored_changes,
    stored_messages,
    stored_surveys,
)
from insights.settings import InsightSettings

_NUMBERS = count()
FOLLOWED = ("messages", "events", "feedback")


def renew(
    chats: ChatTables, store: Store, settings: InsightSettings, changed: Iterable[str]
) -> int:
    """Bring chat tables up to date with the store, in place.

    Parameters
    ----------
    chats : ChatTables
        As computed earlier from the same store, with the same settings and the same joined
        customers.
    store : Store
        Canonical tables of the workspace.
    settings : InsightSettings
        Gaps.
    changed : iterable of str
        Which of :data:`FOLLOWED` have a new version.

    Returns
    -------
    int
        Messages that were computed again. If this raises, the tables are of no use any more.
    """
    changed, connection = set(changed), chats.connection
    said = stored_messages(connection, store)
    rooms = _changed_rooms(chats, said) if "messages" in changed else set()
    if "events" in changed:
        now = stored_changes(connection, store)
        rooms |= _changed_conversations(chats, now)
        connection.insert(_named(chats.changes), now, overwrite=True)
    if changed & {"events", "feedback"}:
        answers = stored_surveys(connection, store, chats.people)
        connection.insert(_named(chats.surveys), answers, overwrite=True)
    return _replaced(chats, said, settings, rooms) if rooms else 0


def _changed_rooms(chats: ChatTables, said: Table) -> set[str]:
    """Return the rooms of messages that were added, recalled or erased."""
    kept = chats.messages.select("message_id", "room", "recalled")
    now = said.select("message_id", "recalled", room="conversation_id")
    keys = ["message_id", "recalled"]
    both = now.anti_join(kept, keys).select("room").union(kept.anti_join(now, keys).select("room"))
    return _names(both)


def _changed_conversations(chats: ChatTables, now: Table) -> set[str]:
    """Return the rooms of changes of state that were added or erased, as far as they are known."""
    kept = chats.changes
    both = now.anti_join(kept, "message_id").union(kept.anti_join(now, "message_id"))
    told = both.select("conversation_id").distinct()
    return _names(chats.messages.semi_join(told, "conversation_id").select("room"))


def _names(rooms: Table) -> set[str]:
    return set(rooms.distinct().to_pyarrow()["room"].to_pylist())


def _replaced(chats: ChatTables, said: Table, settings: InsightSettings, rooms: set[str]) -> int:
    """Compute some rooms again; return how many messages they hold."""
    connection = chats.connection
    touched = connection.create_table(
        f"touched_{next(_NUMBERS)}", pa.table({"room": sorted(rooms)}), temp=True
    )
    told = said.filter(_.conversation_id.isin(touched.room))
    found = by_room(one_person(told, chats.people), chats.changes, settings, chats.sorted_texts)
    gone = chats.messages.semi_join(touched, "room").select("conversation_id").distinct().cache()
    for name in BY_ROOM:
        kept = _named(getattr(chats, name))
        among = f'IN (SELECT conversation_id FROM "{_named(gone)}")'  # noqa: S608 (names of ours)
        connection.con.execute(f'DELETE FROM "{kept}" WHERE conversation_id {among}')  # noqa: S608
        connection.insert(kept, found[name])
    connection.drop_table(_named(touched))
    return int(found["messages"].count().to_pandas())


def _named(table: Table) -> str:
    name: str = table.op().name
    return name
