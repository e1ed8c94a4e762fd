"""How much personal data customers wrote: what a monitor of sensitive information shows."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.text.pii.recognize import KINDS

HITS = pa.schema(
    [
        ("kind", pa.string()),
        ("hits", pa.int64()),
        ("texts", pa.int64()),
        ("customers", pa.int64()),
    ]
)


def sensitive_hits(path: Path) -> pa.Table:
    """Return how often each kind of personal data was written, in how many texts, by how many.

    Parameters
    ----------
    path : Path
        ``entities.parquet``, from :func:`features.text.entities.table.write_entities`; it holds
        no values of personal data.

    Returns
    -------
    pyarrow.Table
        With the schema :data:`HITS`, one row for each kind in the order of
        :data:`features.text.pii.recognize.KINDS`, zeros where none was written.
    """
    rows = pq.read_table(
        path, columns=["kind", "text_id", "customer_id"], filters=pc.field("kind").isin(KINDS)
    )
    counted = rows.group_by("kind").aggregate(
        [([], "count_all"), ("text_id", "count_distinct"), ("customer_id", "count_distinct")]
    )
    known = {row["kind"]: row for row in counted.to_pylist()}
    named = {"hits": "count_all", "texts": "text_id_count_distinct",
             "customers": "customer_id_count_distinct"}  # fmt: skip
    told = [
        {"kind": kind, **{n: known[kind][c] if kind in known else 0 for n, c in named.items()}}
        for kind in KINDS
    ]
    return pa.Table.from_pylist(told, schema=HITS)
