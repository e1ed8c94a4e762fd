"""Messages that are taken back after they were stored.

Two rows say so: a copy of the message with ``recalled``, or a line of the system of the kind
:data:`RECALL` whose ``reply_to`` is the message and whose key is the message's key followed by
``:recalled``. The stored message is marked and keeps its text; reports, analyses and profiles leave
marked messages out. A line that comes before its message takes it back all the same.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from ingest.keys import hash_keys
from ingest.ledger import Ledger

RECALL = "message_recalled"
_SUFFIX = ":recalled"


def recall_key(message_id: str) -> str:
    """Return the key of the line that takes a message back."""
    return f"{message_id}{_SUFFIX}"


def taken_back(rows: pa.Table, ledger: Ledger) -> pa.ChunkedArray:
    """Return the keys of messages that these rows take back, or that were taken back before.

    Parameters
    ----------
    rows : pyarrow.Table
        Messages just stored, those that were known already too.
    ledger : Ledger
        Of the table ``messages``.
    """
    copies = rows.filter(rows["recalled"])["message_id"]
    told = pc.drop_null(rows.filter(pc.equal(rows["kind"], RECALL))["reply_to"])
    keys = rows["message_id"]
    lines = pc.binary_join_element_wise(keys, _SUFFIX, "")
    known = ledger.keys_near(hash_keys(lines))
    early = keys.slice(0, 0) if known is None else keys.filter(pc.is_in(lines, value_set=known))
    return pa.chunked_array([*copies.chunks, *told.chunks, *early.chunks], pa.string())


def marked(stored: pa.Table) -> pa.Table:
    """Return those of the stored messages that are not marked yet, marked."""
    rows = stored.filter(pc.invert(stored["recalled"]))
    place = rows.schema.get_field_index("recalled")
    marks = pa.array([True] * rows.num_rows, pa.bool_())
    return rows.set_column(place, rows.schema.field(place), marks)
