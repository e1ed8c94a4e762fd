"""Which purchases are written about: a weighted draw that looks at one purchase at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ingest.sources.base import SourceError
from ingest.sources.simulation.grammar import generator
from ingest.sources.simulation.people import Person, meet
from ingest.sources.simulation.products import Product, describe
from ingest.sources.simulation.reviews import Occasion
from ingest.store import Store

_COLUMNS = ("event_id", "customer_id", "item_id", "occurred_at")
_DESCRIBED = pc.field("title").is_valid() | pc.field("category").is_valid()


@dataclass(frozen=True)
class Bought:
    """One purchase of a known customer and a describable item."""

    event_id: str
    person: Person
    product: Product
    occurred_at: datetime


def draw(store: Store, seed: int, count: int, kinds: tuple[str, ...]) -> Iterator[Bought]:
    """Yield up to ``count`` purchases in the order of their draw.

    Whether a purchase is drawn depends on its id, its customer's talkativeness and the seed: never
    on what that customer does later.

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
    events = store.read("events", list(_COLUMNS), pc.field("kind").isin(list(kinds)))
    items = store.read("items", ["item_id", "title", "category"], _DESCRIBED)
    spoken = events.filter(pc.is_in(events["item_id"], value_set=items["item_id"]))
    if spoken.num_rows == 0:
        raise SourceError(
            f"simulated: expected events of kind {', '.join(kinds)} about items with a title or "
            f"category in the store, received {events.num_rows} events and {items.num_rows} such "
            "items. Load a data set into this workspace first, or set `kinds`"
        )
    people = {name: meet(seed, name) for name in pc.unique(spoken["customer_id"]).to_pylist()}
    drawn = spoken.take(_order(spoken, people, seed)[:count])
    things = _things(items.filter(pc.is_in(items["item_id"], value_set=drawn["item_id"])))
    for event, customer, item, occurred_at in zip(
        *(drawn[name].to_pylist() for name in _COLUMNS), strict=True
    ):
        product = things[item]
        if product is not None:
            yield Bought(event, people[customer], product, occurred_at)


def _order(events: pa.Table, people: Mapping[str, Person], seed: int) -> npt.NDArray[np.intp]:
    """Return row numbers in the order of a weighted draw without replacement.

    A row's key is u ** (1 / w), with u uniform from its id and w its customer's talkativeness: the
    n largest keys are the sample (Efraimidis and Spirakis, 2006).
    """
    customers = events["customer_id"].combine_chunks().dictionary_encode()
    talk = np.array([people[name].talk for name in customers.dictionary.to_pylist()])
    numbers = customers.indices.to_numpy(zero_copy_only=False)
    # pandas' hash is the same everywhere: the draw must not change with how the store finds keys.
    ids = np.asarray(events["event_id"].to_numpy(), dtype=object)
    hashes = pd.util.hash_array(ids, categorize=False)
    mixed = _mix(hashes ^ np.uint64(generator(seed, "draw").getrandbits(64)))
    keys = np.log((mixed.astype(np.float64) + 1) / 2**64) / talk[numbers]
    order: npt.NDArray[np.intp] = np.lexsort((hashes, -keys))
    return order


def _mix(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Scramble 64-bit numbers (the finalizer of splitmix64; Steele, Lea and Flood, 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _things(items: pa.Table) -> dict[str, Product | None]:
    columns = (items[name].to_pylist() for name in ("item_id", "title", "category"))
    rows = zip(*columns, strict=True)
    return {item: describe(item, title, category) for item, title, category in rows}


def occasion(bought: Bought, seed: int, *, chat: bool) -> Occasion:
    """Return when and by whom a purchase is written about: strictly after it.

    Reviews come some days later (median 1.5), questions and complaints within hours (median 9).
    """
    rng = generator(seed, "delay", bought.event_id)
    hours = rng.lognormvariate(2.2 if chat else 3.6, 1.0)
    delay = timedelta(seconds=round(min(max(hours, 0.3), 24 * 40) * 3600))
    return Occasion(
        seed, bought.event_id, bought.person, bought.product, bought.occurred_at + delay
    )
