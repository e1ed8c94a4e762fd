"""The canonical tables as Ibis tables, reduced once to what behavior features need.

Nothing here is tied to an engine: :func:`prepare` takes Ibis tables of any backend. DuckDB over
the store's Arrow datasets is the embedded choice; on Spark the same expressions run over
``spark.read.format("delta")``. Times become whole epoch seconds, because comparing and subtracting
integers means the same in every engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
from ibis import _
from ibis.backends.duckdb import Backend
from ibis.expr.types import Table

from ingest.stitching.reading import one_person
from ingest.stitching.record import canonical_customer
from ingest.store import Store

DAY = 86_400
LEVELS = " > "

_EVENT_COLUMNS = (
    "customer_id",
    "item_id",
    "kind",
    "value",
    "quantity",
    "price",
    "occurred_at",
    "available_at",
)
_ITEM_COLUMNS = ("item_id", "category", "brand", "price")


@dataclass(frozen=True)
class BehaviorTables:
    """What behavior features are computed from; ids and names are numbered for quick grouping.

    Attributes
    ----------
    acts : ibis Table
        One row per act: customer, item, at, known (epoch seconds: happened, could have been
        known), price (unit price paid, nullable), spend (nullable).
    touches : ibis Table
        One row per event of any kind: customer, at, known.
    items : ibis Table
        item, item_id, category (full path), brand, listed_price, and the numbers of names:
        leaf (full path), top (first level), label (brand).
    customers : ibis Table
        customer, customer_id, first_seen (epoch seconds, nullable).
    names : ibis Table
        code, name: category levels and brands, numbered in the order of names.
    act : str or None
        The event kind that counts as the act; None when every event with an item does.
    """

    acts: Table
    touches: Table
    items: Table
    customers: Table
    names: Table
    act: str | None


def open_tables(store: Store, acts: Sequence[str]) -> tuple[Backend, BehaviorTables]:
    """Return an embedded DuckDB and the prepared tables of a store; keep the first while using."""
    connection = ibis.duckdb.connect()
    names = {
        "events": _EVENT_COLUMNS,
        "items": _ITEM_COLUMNS,
        "customers": ("customer_id", "first_seen_at"),
    }
    tables = {}
    for name, columns in names.items():
        connection.con.register(f"stored_{name}", store.dataset(name))
        tables[name] = connection.table(f"stored_{name}").select(*columns)
    people = canonical_customer(store)
    events, customers = (one_person(tables[name], people) for name in ("events", "customers"))
    return connection, prepare(events, tables["items"], customers, acts)


def prepare(
    events: Table, items: Table, customers: Table, preference: Sequence[str]
) -> BehaviorTables:
    """Reduce canonical tables to :class:`BehaviorTables`; each is computed once and kept.

    Parameters
    ----------
    events, items, customers : ibis Table
        Canonical tables.
    preference : Sequence[str]
        Event kinds that count as the act, first one present wins.
    """
    slim = _slim(events).cache()
    act = _present(slim, preference)
    acted = slim.filter(_.item_id.notnull() & (True if act is None else _.kind == act))
    people = _customers(slim, customers).cache()
    names = _names(items).cache()
    things = _items(acted, items, names).cache()
    numbered = acted.inner_join(people.select("customer_id", "customer"), "customer_id")
    acts = numbered.inner_join(things.select("item_id", "item"), "item_id")
    met = slim.inner_join(people.select("customer_id", "customer"), "customer_id")
    return BehaviorTables(
        acts=acts.select("customer", "item", "at", "known", "price", "spend").cache(),
        touches=met.select("customer", "at", "known").cache(),
        items=things,
        customers=people,
        names=names,
        act=act,
    )


def _slim(events: Table) -> Table:
    paid = (_.kind == "purchase").ifelse(
        ibis.coalesce(_.value, _.price * ibis.coalesce(_.quantity, 1.0)), ibis.null("float64")
    )
    return events.select(
        "customer_id",
        "item_id",
        "kind",
        price=_.price.nullif(0.0),  # what was free says nothing about prices
        spend=paid,
        at=_.occurred_at.epoch_seconds().cast("int64"),
        known=_.available_at.epoch_seconds().cast("int64"),
    )


def _customers(slim: Table, customers: Table) -> Table:
    listed = customers.select(
        "customer_id", first_seen=_.first_seen_at.epoch_seconds().cast("int64")
    )
    met = slim.select("customer_id").distinct().mutate(first_seen=ibis.null("int64"))
    merged = listed.union(met).group_by("customer_id").agg(first_seen=_.first_seen.min())
    return merged.mutate(customer=ibis.row_number())


def _items(acted: Table, items: Table, names: Table) -> Table:
    """Every item in the catalog or acted on, with the numbers of its category and brand."""
    known = acted.select("item_id").union(items.select("item_id")).distinct()
    rows = known.left_join(items, "item_id").drop("item_id_right")
    rows = rows.mutate(item=ibis.row_number(), first_level=_.category.split(LEVELS)[0])
    for column, code in (("category", "leaf"), ("first_level", "top"), ("brand", "label")):
        coded = names.select(**{code: "code", f"{code}_name": "name"})
        rows = rows.left_join(coded, rows[column] == coded[f"{code}_name"])
    return rows.select(
        "item", "item_id", "category", "brand", "leaf", "top", "label", listed_price=_.price
    )


def _names(items: Table) -> Table:
    paths = items.select(name=_.category).filter(_.name.notnull()).distinct()
    tops = paths.select(name=_.name.split(LEVELS)[0])
    brands = items.select(name=_.brand).filter(_.name.notnull())
    return (
        paths.union(tops, brands)
        .distinct()
        .mutate(code=ibis.row_number().over(ibis.window(order_by="name")))
    )


def _present(slim: Table, preference: Sequence[str]) -> str | None:
    kinds = slim.filter(_.item_id.notnull()).select("kind").distinct().to_pyarrow()
    present = set(kinds["kind"].to_pylist())
    return next((kind for kind in preference if kind in present), None)
