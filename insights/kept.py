"""Records of a time and a selection: what filters mean for rows of any kind."""

from __future__ import annotations

from ibis.expr.types import Table

from insights.filters import Filters
from insights.judged import kept_judged
from insights.own_customers import kept_own
from insights.splits import spread
from insights.tables import Tables


def kept(rows: Table, tables: Tables, filters: Filters, whose: str) -> Table:
    """Return the rows that ``filters`` keep.

    Parameters
    ----------
    rows : ibis Table
        ``at`` (microseconds), and columns they can be filtered by.
    tables : Tables
        Where labels, segments, sentiments and customers of staff are looked up.
    filters : Filters
        Range and selection.
    whose : str
        What errors call the records, such as ``finding 'volume'``.

    Raises
    ------
    ValueError
        If the rows lack a column that is filtered by.
    FileNotFoundError
        If a sentiment is asked for and no text was judged yet.
    """
    if filters.segment and "customer_id" in rows.columns:
        rows = spread(rows, tables, ["segment"])
    missing = [name for name in filters.chosen if name not in rows.columns]
    if missing or (filters.label and "conversation_id" not in rows.columns):
        raise ValueError(
            f"{whose} cannot be filtered by {', '.join(missing or ['label'])}: "
            "its records have no such column"
        )
    if filters.label:
        rows = filters.labeled(rows, tables.chats.labels)
    rows = kept_judged(kept_own(rows, tables, filters), tables, filters)
    return filters.keep(rows)
