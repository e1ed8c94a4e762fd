"""A small business whose answers are known: two tastes, music and garden, and a simulated item."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.sparse import csr_matrix

from ingest.schemas import canonical
from ingest.store import Store
from serving.batch.run import BatchSettings, run
from serving.catalog import Catalog
from serving.grounds import recent_customers
from serving.ranked import Facts
from serving.recommend import Engine
from training.interactions import Interactions
from training.models.base import Recommender
from training.models.fallback import WithFallback
from training.models.popular import RecentPopularity

UNTIL = datetime(2026, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 2, tzinfo=UTC)
ITEMS = {
    "m1": ("Guitar", "Music > Guitars"),
    "m2": ("Guitar strings", "Music > Guitars > Strings"),
    "m3": ("Piano", "Music > Keys"),
    "m4": ("Metronome", "Music"),
    "g1": ("Spade", "Garden > Tools"),
    "g2": ("Rake", "Garden > Tools"),
    "g3": ("Rose", "Garden > Plants"),
    "x1": (None, None),
}
# a purchase of somebody unknown, as it is posted
EVENT = {
    "event_id": "p1",
    "customer_id": "newcomer",
    "kind": "purchase",
    "item_id": "g1",
    "occurred_at": "2026-03-02T10:00:00Z",
}
FACTS = Facts("7", "together", UNTIL, ("purchase",))


class Together(Recommender):
    """Scores an item by how often it was bought by those who bought the customer's items."""

    def _fit(self, matrix: csr_matrix, interactions: Interactions, features: object) -> None:
        binary = (matrix > 0).astype(np.float32)
        self._weights = np.asarray((binary.T @ binary).todense(), dtype=np.float32)
        np.fill_diagonal(self._weights, 0)

    def _score(self, numbers: np.ndarray, histories: csr_matrix, features: object) -> np.ndarray:
        scores = np.asarray(histories @ self._weights, dtype=np.float32)
        scores[np.diff(histories.indptr) == 0] = np.nan
        return np.where(scores > 0, scores, np.nan).astype(np.float32)

    def _arrays(self) -> dict[str, np.ndarray]:
        return {"weights": self._weights}

    def _restore(self, arrays: dict[str, np.ndarray]) -> None:
        self._weights = arrays["weights"]


def rows(table: str, entries: list[dict[str, object]]) -> pa.Table:
    """Return canonical rows; columns left out are null."""
    schema = canonical(table).schema
    return pa.Table.from_pylist([{"source": "test", **entry} for entry in entries], schema=schema)


def purchase(number: int, customer: str, item: str, days_before: float) -> dict[str, object]:
    time = UNTIL - timedelta(days=days_before)
    return {
        "event_id": f"e{number}",
        "customer_id": customer,
        "kind": "purchase",
        "item_id": item,
        "occurred_at": time,
        "available_at": time,
    }


def fill(store: Store) -> None:
    """Load the small business."""
    store.add(
        "items",
        rows(
            "items",
            [
                {"item_id": key, "title": title, "category": category}
                for key, (title, category) in ITEMS.items()
            ],
        ),
    )
    rng = np.random.default_rng(3)
    events = []
    for n in range(40):
        taste = ["m1", "m2", "m3", "m4"] if n % 2 else ["g1", "g2", "g3"]
        for item in rng.choice(taste, 2, replace=False):
            events.append(purchase(len(events), f"c{n:02d}", str(item), int(rng.integers(1, 60))))
    events.append(purchase(len(events), "c01", "x1", 5))
    store.add("events", rows("events", events))
    store.add("customers", rows("customers", [{"customer_id": f"c{n:02d}"} for n in range(42)]))


def make_engine(store: Store, model: Recommender, at: datetime = NOW) -> Engine:
    return Engine(
        model=model,
        facts=FACTS,
        catalog=Catalog.from_store(store, tuple(model.items.ids)),
        recent=recent_customers(store, model.items, FACTS.kinds, UNTIL),
        at=at,
    )


def bought(store: Store, customer: str) -> set[str]:
    events = store.read("events").to_pandas()
    return set(events.loc[events["customer_id"] == customer, "item_id"])


def frame(table: pa.Table) -> pd.DataFrame:
    return table.to_pandas()


def batch_once(root: Path, pause: float) -> None:
    """Run the batch over the small business below ``root``, slowly where a test kills it."""
    store = Store(root / "shop" / "store")
    interactions = Interactions.from_store(store, kinds=["purchase"], before=UNTIL)
    model = WithFallback(primary=Together(), fallback=RecentPopularity(days=28)).fit(interactions)
    engine = make_engine(store, model)
    answer = engine.recommend

    def slow(*arguments: Any) -> pa.Table:
        time.sleep(pause)
        return answer(*arguments)

    engine.recommend = slow  # type: ignore[method-assign]
    settings = BatchSettings(
        workspace="shop", data_dir=root, k=3, part_size=4, at=NOW, progress=False
    )
    run(settings, load=lambda *_: engine)


def big_shop(store: Store, customers: int, items: int) -> None:
    """Load a shop of halls and shelves whose customers mostly stay in one hall."""
    shelves = [{"item_id": f"i{n:03d}", "title": f"Thing {n}"} for n in range(items)]
    for n, item in enumerate(shelves):
        item["category"] = f"Hall {n % 4} > Shelf {n % 8}"
    store.add("items", rows("items", list(shelves)))
    rng = np.random.default_rng(5)
    events = []
    for customer in range(customers):
        weights = np.where(np.arange(items) % 4 == customer % 4, 8.0, 1.0)
        chosen = rng.choice(items, 9, replace=True, p=weights / weights.sum())
        for item in chosen.tolist():
            days = float(rng.integers(1, 90))
            events.append(purchase(len(events), f"k{customer:03d}", f"i{item:03d}", days))
    store.add("events", rows("events", events))


def wait_until_ready(client: Any, seconds: float = 10) -> None:
    """Ask until the champion is loaded."""
    end = time.monotonic() + seconds
    while client.get("/ready").status_code != 200:
        assert time.monotonic() < end, client.get("/ready").text
        time.sleep(0.01)
