"""A profile's current state: what the table of facts says once it is folded."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from ingest.facts import taken_back
from ingest.schemas import AUTHORITIES, TIME

_RANK = {authority: rank for rank, authority in enumerate(AUTHORITIES)}


def current_facts(facts: pa.Table, until: datetime | None = None) -> pa.Table:
    """Return the one fact that stands of each customer and field: the first of its standing facts.

    Parameters
    ----------
    facts : pyarrow.Table
        Rows of the canonical table ``facts``, in any order.
    until : datetime, optional
        Only rows recorded strictly before it count; all of them by default. With a time zone.

    Returns
    -------
    pyarrow.Table
        The same columns, sorted by customer and field.
    """
    ranked = standing_facts(facts, until)
    keys = list(zip(*(ranked[name].to_pylist() for name in ("customer_id", "field")), strict=True))
    first = [place for place, key in enumerate(keys) if place == 0 or keys[place - 1] != key]
    return ranked.take(pa.array(first, pa.int64()))


def standing_facts(facts: pa.Table, until: datetime | None = None) -> pa.Table:
    """Return every statement that was not taken back, of each customer and field the best first.

    What a person entered beats what another system says, that beats what was extracted from texts,
    and that beats what was inferred; of equals the newest comes first, then the surer. A row that
    retracts another takes it out and states nothing itself; a retraction that was retracted counts
    no more.

    Parameters
    ----------
    facts : pyarrow.Table
        Rows of the canonical table ``facts``, in any order.
    until : datetime, optional
        Only rows recorded strictly before it count; all of them by default. With a time zone.

    Returns
    -------
    pyarrow.Table
        The same columns, sorted by customer, field and rank.
    """
    if until is not None:
        facts = facts.filter(pc.field("recorded_at") < pa.scalar(until, TIME))
    gone = pa.array(sorted(taken_back(facts)), pa.string())
    stands = pc.and_(
        pc.is_null(facts["retracts"]), pc.invert(pc.is_in(facts["fact_id"], value_set=gone))
    )
    rows = facts.filter(stands)
    rank = pa.array([_RANK[name] for name in rows["authority"].to_pylist()], pa.int8())
    ranked = rows.append_column("rank", rank).sort_by(
        [
            ("customer_id", "ascending"),
            ("field", "ascending"),
            ("rank", "ascending"),
            ("recorded_at", "descending"),
            ("confidence", "descending"),
            ("fact_id", "ascending"),
        ]
    )
    return ranked.drop_columns(["rank"])
