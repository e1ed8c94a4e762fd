"""Make the rows of each view from the tables that findings are counted on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyarrow as pa
from ibis import _
from ibis.expr.types import Table

from features.text.pii.mask import mask
from features.text.pii.shown import shown
from insights.conversations.messages import SPOKEN
from insights.filters import Filters
from insights.functions import minutes
from insights.listing import listed
from insights.splits import moments
from insights.tables import Tables
from insights.views.daily import daily_metrics
from insights.views.dictionary import TEXT, VIEWS, View

_FREE = "text"  # what people wrote; other texts are names


@dataclass(frozen=True)
class Made:
    """The rows of a view, and what was left out of it.

    Attributes
    ----------
    rows : pyarrow.Table
        In the columns and the order of the dictionary.
    left_out : tuple of str
        Findings that could not be counted, with the reason.
    """

    rows: pa.Table
    left_out: tuple[str, ...] = ()


def make(name: str, tables: Tables, filters: Filters, *, unmasked: bool = False) -> Made:
    """Return one view.

    Parameters
    ----------
    name : str
        One of :data:`~insights.views.dictionary.VIEWS`.
    tables : Tables
        Records of one business.
    filters : Filters
        Which conversations; everything else is theirs. The end of the range is "now".
    unmasked : bool
        Leave personal data in texts and names.

    Raises
    ------
    ValueError
        If conversations cannot be filtered as asked.
    """
    left_out: tuple[str, ...] = ()
    if name == "daily_metrics":
        rows, left_out = daily_metrics(tables, filters)
    else:
        rows = moments(_MADE[name](tables, filters)).to_pyarrow()
    return Made(_fitted(rows, VIEWS[name], unmasked=unmasked), left_out)


def _conversations(tables: Tables, filters: Filters) -> Table:
    rows = listed(tables, filters)
    return rows.mutate(agents=_.agents.join(";"), labels=_.labels.join(";"))


def _messages(tables: Tables, filters: Filters) -> Table:
    chats = tables.chats
    stored = chats.connection.table("stored_messages").select("message_id", "kind", "text")
    said = chats.messages.filter(_.what.isin(SPOKEN)).rename(sender="what")
    chosen = listed(tables, filters).select("conversation_id")
    rows = said.semi_join(chosen, "conversation_id").inner_join(stored, "message_id")
    return rows.mutate(simulated=_.source.startswith("simulated"))


def _sessions(tables: Tables, filters: Filters) -> Table:
    chats = tables.chats
    chosen = listed(tables, filters).select("conversation_id")
    rooms = chats.messages.group_by("conversation_id").agg(room=_.room.min())
    cut = chats.rows.filter(_.gap_minutes.notnull()).semi_join(chosen, "conversation_id")
    return cut.inner_join(rooms, "conversation_id").mutate(
        session_id=_.conversation_id,
        started_at=_.first_at,
        ended_at=_.last_at,
        duration_minutes=minutes(_.last_at - _.first_at),
        active_minutes=minutes(_.active),
    )


_MADE: Mapping[str, Callable[[Tables, Filters], Table]] = {
    "conversations": _conversations,
    "messages": _messages,
    "sessions": _sessions,
}


def _fitted(rows: pa.Table, view: View, *, unmasked: bool) -> pa.Table:
    """Return the columns of the dictionary in its order, ordered, masked."""
    kept = rows.select(view.schema.names).cast(view.schema)
    kept = kept.sort_by([(column, "ascending") for column in view.order])
    if unmasked:
        return kept
    for place, column in enumerate(view.columns):
        if column.type == TEXT and not column.name.endswith("_id"):
            hide = mask if column.name == _FREE else shown
            kept = kept.set_column(place, column.name, _masked(kept[column.name], hide))
    return kept


def _masked(texts: pa.ChunkedArray, hide: Callable[[str], str]) -> pa.Array:
    """Mask each different text once."""
    coded = texts.combine_chunks().dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.combine_chunks()
    words = [None if word is None else hide(word) for word in coded.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(coded.indices, pa.array(words, TEXT)).cast(TEXT)
