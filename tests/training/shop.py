"""A small shop whose customers come in four kinds, each with a kind of items of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from ingest.schemas import TABLES
from ingest.store import Store
from ingest.workspace import Workspace
from training.interactions import Interactions

KINDS, ITEMS, CUSTOMERS, DAYS = 4, 48, 80, 120
START = datetime(2024, 1, 1, tzinfo=UTC)


def purchases(customers: int = CUSTOMERS, seed: int = 0) -> pd.DataFrame:
    """Draw 25 purchases a customer over 120 days, nine in ten of their own kind."""
    rng = np.random.default_rng(seed)
    rows = []
    for customer in range(customers):
        for _ in range(25):
            own = rng.random() < 0.9
            kind = customer % KINDS if own else rng.integers(KINDS)
            item = int(kind) * (ITEMS // KINDS) + int(rng.integers(ITEMS // KINDS))
            at = START + timedelta(seconds=int(rng.random() * DAYS * 86_400))
            rows.append((f"c{customer:03d}", f"i{item:02d}", at))
    return pd.DataFrame(rows, columns=["customer_id", "item_id", "occurred_at"])


def interactions() -> Interactions:
    """Return the shop's purchases as of the end of its 120 days."""
    return Interactions.of(purchases(), until=START + timedelta(days=DAYS))


def workspace(folder: Path, name: str = "shop") -> Workspace:
    """Load the shop into the canonical tables below ``folder``."""
    place = Workspace.named(name, folder)
    frame = purchases()
    frame["available_at"] = frame["occurred_at"]
    frame["event_id"] = [f"e{n}" for n in range(len(frame))]
    frame["source"], frame["kind"] = "shop", "purchase"
    schema = TABLES["events"].schema
    columns = {name: frame.get(name) for name in schema.names}
    table = pa.table(
        {
            name: pa.nulls(len(frame), schema.field(name).type)
            if values is None
            else pa.array(values, schema.field(name).type)
            for name, values in columns.items()
        }
    )
    Store(place.store).add("events", table)
    return place


class KnownFeatures:
    """Stands in for the feature reader: facts that follow from the ids, as of any time.

    A customer's vectors point at their own kind; items have categories, prices and topics by kind.
    """

    def __init__(self) -> None:
        self.asked: list[datetime | None] = []

    def customers(
        self, ids: Sequence[str], as_of: datetime | None = None, service: str = "ranker_v1"
    ) -> pd.DataFrame:
        del service
        self.asked.append(as_of)
        vectors = [_one_hot(int(each[1:]) % KINDS) for each in ids]
        found = pd.DataFrame(
            {"recency_days": 1.0, "mood": 0.5, "texts": 2.0, "mean_price": 3.0}, index=list(ids)
        )
        for name in ("behavior_vector", "sentiment_vector", "topic_vector", "profile_vector"):
            found[name] = vectors
        found["topic_shares"] = vectors
        return found

    def items(
        self, ids: Sequence[str], as_of: datetime | None = None, service: str = "ranker_items_v1"
    ) -> pd.DataFrame:
        del service
        self.asked.append(as_of)
        numbers = [int(each[1:]) for each in ids]
        kinds = [number // (ITEMS // KINDS) for number in numbers]
        return pd.DataFrame(
            {
                "category": [
                    f"kind {kind} > half {n % 2}" for kind, n in zip(kinds, numbers, strict=True)
                ],
                "brand": [None if n % 5 == 0 else f"brand {n % 3}" for n in numbers],
                "price": [1.0 + n for n in numbers],
                "price_quantile": 0.5,
                "sentiment": 0.1,
                "text_count": 1.0,
                "item_vector": [_one_hot(kind) for kind in kinds],
                "topic_shares": [_one_hot(kind) for kind in kinds],
            },
            index=list(ids),
        )


def _one_hot(kind: int) -> np.ndarray:
    vector = np.zeros(KINDS, dtype=np.float32)
    vector[kind] = 1
    return vector
