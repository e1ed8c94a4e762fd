"""Columns of the four feature tables, declared once: files, Feast views and the reader follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

NUMBER = pa.float32()
TEXT = pa.string()
NUMBERS = pa.list_(pa.float32())
TEXTS = pa.list_(pa.string())
TIME = pa.timestamp("us", tz="UTC")

VECTOR_LENGTH = 64
TIME_COLUMN = "event_timestamp"


@dataclass(frozen=True)
class FeatureTable:
    """One feature table: one row per entity and as-of time.

    Attributes
    ----------
    name : str
        Name of the table, its file and its Feast view.
    key : str
        Join key: ``customer_id`` or ``item_id``.
    columns : Mapping[str, pyarrow.DataType]
        Feature columns in order, without key and time.
    about : str
        One sentence for the registry.
    """

    name: str
    key: str
    columns: Mapping[str, pa.DataType]
    about: str

    @property
    def schema(self) -> pa.Schema:
        """Arrow schema: key, as-of time, then the features (all nullable: missing is null)."""
        head = [
            pa.field(self.key, TEXT, nullable=False),
            pa.field(TIME_COLUMN, TIME, nullable=False),
        ]
        return pa.schema([*head, *(pa.field(name, kind) for name, kind in self.columns.items())])

    def conform(self, rows: pa.Table) -> pa.Table:
        """Return ``rows`` with exactly this table's columns, order and types, sorted by key.

        Raises
        ------
        ValueError
            If a column is missing.
        """
        missing = [name for name in self.schema.names if name not in rows.column_names]
        if missing:
            raise ValueError(
                f"feature table {self.name!r}: expected columns {self.schema.names}, "
                f"received {rows.column_names}; missing {missing}"
            )
        return rows.select(self.schema.names).cast(self.schema).sort_by(self.key)


def _columns(
    numbers: Sequence[str] = (),
    texts: Sequence[str] = (),
    lists_of_numbers: Sequence[str] = (),
    lists_of_texts: Sequence[str] = (),
) -> dict[str, pa.DataType]:
    kinds = ((numbers, NUMBER), (texts, TEXT), (lists_of_numbers, NUMBERS), (lists_of_texts, TEXTS))
    return {name: kind for names, kind in kinds for name in names}


CUSTOMER_BEHAVIOR = FeatureTable(
    "customer_behavior",
    "customer_id",
    _columns(
        numbers=(
            "recency_days",
            "tenure_days",
            "purchases_7d",
            "purchases_28d",
            "purchases_90d",
            "purchases",
            "spend_28d",
            "spend",
            "sessions_28d",
            "mean_price",
            "active_days",
            "repeat_days",
            "price_level",
        ),
        lists_of_texts=("category_names", "brand_names"),
        lists_of_numbers=("category_shares", "brand_shares"),
    ),
    "What a customer did: recency, counts, spend, sessions, category and brand shares.",
)
CUSTOMER_TEXT = FeatureTable(
    "customer_text",
    "customer_id",
    _columns(
        numbers=("texts", "mood", "mood_trend", "simulated_share"),
        lists_of_numbers=("topic_shares",),
        lists_of_texts=("keywords",),
    ),
    "What a customer wrote: mood and its trend, topics, keywords, share of simulated texts.",
)
CUSTOMER_PROFILE = FeatureTable(
    "customer_profile",
    "customer_id",
    _columns(
        lists_of_numbers=(
            "behavior_vector",
            "sentiment_vector",
            "topic_vector",
            "profile_vector",
            "deep_vector",
        ),
        lists_of_texts=("interests",),
        texts=("price_band", "stage", "mood_label"),
    ),
    "The fused profile: vectors in item space and the traits people read.",
)
ITEM_FACTS = FeatureTable(
    "item_facts",
    "item_id",
    _columns(
        texts=("category", "brand"),
        numbers=(
            "price",
            "price_quantile",
            "purchases_7d",
            "purchases_28d",
            "purchases",
            "customers_28d",
            "repeat_rate",
            "text_count",
            "sentiment",
        ),
        lists_of_numbers=("topic_shares", "item_vector"),
        lists_of_texts=("keywords",),
    ),
    "What is known about an item: price, sales, repeats, what is said about it, its vector.",
)

TABLES = {
    table.name: table for table in (CUSTOMER_BEHAVIOR, CUSTOMER_TEXT, CUSTOMER_PROFILE, ITEM_FACTS)
}

# Feature services: name -> {table: columns, or None for all of them}.
SERVICES: Mapping[str, Mapping[str, Sequence[str] | None]] = {
    "ranker_v1": {"customer_behavior": None, "customer_text": None, "customer_profile": None},
    "ranker_items_v1": {"item_facts": None},
    "profile_v1": {
        "customer_behavior": (
            "recency_days",
            "tenure_days",
            "purchases_28d",
            "purchases",
            "spend",
            "mean_price",
            "category_names",
            "category_shares",
            "brand_names",
            "brand_shares",
        ),
        "customer_text": ("texts", "mood", "mood_trend", "keywords", "simulated_share"),
        "customer_profile": ("interests", "price_band", "stage", "mood_label"),
    },
}


def service_columns(service: str) -> dict[str, pa.DataType]:
    """Return the columns of a feature service with their types, in order.

    Raises
    ------
    ValueError
        If the service is unknown; the message lists the known ones.
    """
    if service not in SERVICES:
        raise ValueError(
            f"feature service {service!r} is unknown; expected one of {list(SERVICES)}"
        )
    columns: dict[str, pa.DataType] = {}
    for name, chosen in SERVICES[service].items():
        table = TABLES[name].columns
        columns.update({column: table[column] for column in (chosen or table)})
    return columns


def service_key(service: str) -> str:
    """Return the join key of a feature service: ``customer_id`` or ``item_id``."""
    service_columns(service)
    return TABLES[next(iter(SERVICES[service]))].key
