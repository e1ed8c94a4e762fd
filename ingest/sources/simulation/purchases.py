"""Which purchases are written about: a weighted draw that looks at one purchase at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ingest.sources.base import SourceError
from ingest.sources.simulation.grammar import generator
from ingest.sources.simulation.people import Person, meet
from ingest.sources.simulation.products import Product, describe
from ingest.sources.simulation.reviews import Occasion
from ingest.store import Store

# A purchase's key is u ** (1 / w) with u uniform from its id and w the customer's talkativeness:
# the n largest keys are a weighted sample without replacement (Efraimidis and Spirakis, 2006).
_DRAW = """
SELECT event_id, customer_id, item_id, occurred_at
FROM purchases JOIN people USING (customer_id) JOIN things USING (item_id)
ORDER BY pow((md5_number_lower(? || ':' || event_id)::DOUBLE + 1) / 18446744073709551617.0,
    1 / talk) DESC, event_id
LIMIT ?
"""


@dataclass(frozen=True)
class Bought:
    """One purchase of a known customer and a describable item."""

    event_id: str
    person: Person
    product: Product
    occurred_at: datetime


def draw(store: Store, seed: int, count: int, kinds: tuple[str, ...]) -> Iterator[Bought]:
    """Yield up to ``count`` purchases in the order of their draw.

    Parameters
    ----------
    store : Store
        Loaded tables: events of ``kinds`` and items with titles or categories.
    seed : int
        Seed of the simulation.
    count : int
        Purchases wanted.
    kinds : tuple of str
        Kinds of events that count as having the product.

    Raises
    ------
    SourceError
        If the store holds no such events about described items.
    """
    wanted = pc.field("kind").isin(list(kinds)) & (pc.field("source") != "simulated")
    columns = ["event_id", "customer_id", "item_id", "occurred_at"]
    purchases = store.read("events", columns, wanted)
    people = {
        customer: meet(seed, customer) for customer in sorted(_unique(purchases, "customer_id"))
    }
    things = _things(store)
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("purchases", purchases)
        connection.register("people", _people(people))
        connection.register("things", pa.table({"item_id": pa.array(list(things), pa.string())}))
        drawn = connection.execute(_DRAW, [str(seed), count]).to_arrow_table().to_pylist()
    if not drawn:
        raise SourceError(
            f"simulated: expected events of kind {', '.join(kinds)} about items with a title or "
            f"category in the store, received {purchases.num_rows} events and {len(things)} such "
            "items. Load a data set into this workspace first, or set `kinds`"
        )
    for row in drawn:
        yield Bought(
            row["event_id"], people[row["customer_id"]], things[row["item_id"]], row["occurred_at"]
        )


def _unique(table: pa.Table, column: str) -> list[str]:
    values: list[str] = pc.unique(table[column]).to_pylist()
    return values


def _people(people: dict[str, Person]) -> pa.Table:
    talk = [person.talk for person in people.values()]
    return pa.table({"customer_id": pa.array(list(people), pa.string()), "talk": talk})


def _things(store: Store) -> dict[str, Product]:
    items = store.read("items", ["item_id", "title", "category"])
    columns = (items[name].to_pylist() for name in ("item_id", "title", "category"))
    described = (describe(*row) for row in zip(*columns, strict=True))
    return {product.item_id: product for product in described if product is not None}


def occasion(bought: Bought, seed: int, *, chat: bool) -> Occasion:
    """Return when and by whom a purchase is written about: strictly after it.

    Reviews come some days later (median 1.5), questions and complaints within hours (median 9).
    """
    rng = generator(seed, "delay", bought.event_id)
    hours = rng.lognormvariate(2.2 if chat else 3.6, 1.0)
    delay = timedelta(seconds=round(min(max(hours, 0.3), 24 * 40) * 3600))
    return Occasion(seed, bought.event_id, bought.person, bought.product, bought.occurred_at + delay)
