"""Feast objects of one workspace: entities, push sources over feature files, views, services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import pyarrow as pa

from features.store.feast_api import (
    Array,
    Entity,
    FeatureService,
    FeatureView,
    Field,
    FileSource,
    Float32,
    PushSource,
    String,
    ValueType,
)
from features.store.files import view_file
from features.store.schema import (
    NUMBER,
    NUMBERS,
    SERVICES,
    TABLES,
    TEXT,
    TEXTS,
    TIME_COLUMN,
    FeatureTable,
)
from ingest.workspace import Workspace

_KINDS: Mapping[pa.DataType, object] = {
    NUMBER: Float32,
    TEXT: String,
    NUMBERS: Array(Float32),
    TEXTS: Array(String),
}


@dataclass(frozen=True)
class Definitions:
    """Every Feast object of a workspace, by name.

    Attributes
    ----------
    entities : Mapping[str, Entity]
        ``customer`` and ``item``.
    pushes : Mapping[str, PushSource]
        One push source a table; its batch source is the table's Parquet file.
    views : Mapping[str, FeatureView]
        One view a table.
    services : Mapping[str, FeatureService]
        One service a consumer.
    """

    entities: Mapping[str, Entity]
    pushes: Mapping[str, PushSource]
    views: Mapping[str, FeatureView]
    services: Mapping[str, FeatureService]

    def all(self) -> list[object]:
        """Return the objects in the order Feast wants to apply them."""
        sources = [push.batch_source for push in self.pushes.values()]
        groups = (self.entities, self.pushes, self.views, self.services)
        return [*sources, *(value for group in groups for value in group.values())]


def definitions(workspace: Workspace) -> Definitions:
    """Return the Feast objects of a workspace; nothing is read or written."""
    entities = {
        "customer": Entity(
            name="customer",
            join_keys=["customer_id"],
            value_type=ValueType.STRING,
            description="Someone who buys, rates, views or writes.",
        ),
        "item": Entity(
            name="item",
            join_keys=["item_id"],
            value_type=ValueType.STRING,
            description="Something that can be recommended.",
        ),
    }
    pushes = {name: _push(table, workspace) for name, table in TABLES.items()}
    views = {
        name: _view(table, entities[table.key.removesuffix("_id")], pushes[name])
        for name, table in TABLES.items()
    }
    services = {
        name: FeatureService(
            name=name,
            features=[
                views[table][list(chosen)] if chosen else views[table]
                for table, chosen in tables.items()
            ],
        )
        for name, tables in SERVICES.items()
    }
    return Definitions(entities, pushes, views, services)


def _push(table: FeatureTable, workspace: Workspace) -> PushSource:
    source = FileSource(
        name=f"{table.name}_file",
        path=str(view_file(workspace, table.name)),
        timestamp_field=TIME_COLUMN,
    )
    return PushSource(name=f"{table.name}_push", batch_source=source)


def _view(table: FeatureTable, entity: Entity, source: PushSource) -> FeatureView:
    fields = [Field(name=table.key, dtype=String)]
    fields += [Field(name=name, dtype=_KINDS[kind]) for name, kind in table.columns.items()]
    return FeatureView(
        name=table.name,
        entities=[entity],
        ttl=timedelta(0),
        schema=fields,
        source=source,
        description=table.about,
    )
