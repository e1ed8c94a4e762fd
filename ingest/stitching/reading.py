"""Tables read with joined customers under one id."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import pyarrow as pa
import pyarrow.compute as pc
from ibis import _
from ibis.expr.types import Table


def one_person(rows: Table, canonical: Mapping[str, str]) -> Table:
    """Return rows whose ``customer_id`` is that under which the customer is counted.

    Parameters
    ----------
    rows : ibis Table
        With a column ``customer_id``.
    canonical : mapping of str to str
        As :func:`~ingest.stitching.record.canonical_customer` returns it.
    """
    if not canonical:
        return rows
    known = pa.table({"customer_id": list(canonical), "canonical": list(canonical.values())})
    joined = rows.left_join(ibis.memtable(known), "customer_id")
    named = joined.mutate(customer_id=ibis.coalesce(_.canonical, _.customer_id))
    return named.select(rows.columns)


def under_one_id(customers: pa.ChunkedArray, canonical: Mapping[str, str]) -> pa.ChunkedArray:
    """Return a column of customer ids as :func:`one_person` does."""
    if not canonical:
        return customers
    place = pc.index_in(customers, value_set=pa.array(list(canonical)))
    return pc.coalesce(pa.array(list(canonical.values())).take(place), customers)
