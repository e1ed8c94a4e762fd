"""Read features: point-in-time from files, or the current values from the online store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

import pandas as pd
import pyarrow as pa

from features.store.catalog import is_applied
from features.store.config import repo_config
from features.store.feast_api import EntityKey, FeatureService, FeatureStore, FeatureView, Value
from features.store.files import checked_time
from features.store.frames import arrow_frame, convert, frame
from features.store.schema import (
    NUMBER,
    NUMBERS,
    SERVICES,
    TEXT,
    TIME_COLUMN,
    service_columns,
    service_key,
)
from ingest.stitching.record import canonical_customer
from ingest.store import Store
from ingest.workspace import Workspace


class FeatureReader:
    """Features of customers and items of one workspace; keep one per process.

    Both ways of reading give the same frame: one row per id in the order asked, numbers as
    float32, vectors as float32 arrays, lists of names as lists. What is missing is NaN in number
    columns and None in all others; an unknown id is a row of missing values.

    Parameters
    ----------
    workspace : Workspace
        Features must have been made: ``python -m features workspace=<name>``.

    Raises
    ------
    FileNotFoundError
        If the workspace has no features.

    Examples
    --------
    >>> reader = FeatureReader(Workspace.named("demo"))  # doctest: +SKIP
    >>> reader.customers(["17", "900"], as_of=datetime(2017, 11, 1, tzinfo=UTC))  # doctest: +SKIP
    """

    def __init__(self, workspace: Workspace) -> None:
        if not is_applied(workspace):
            raise FileNotFoundError(
                f"workspace {workspace.name!r} has no features in {workspace.features}; "
                f"run: python -m features workspace={workspace.name}"
            )
        self.workspace = workspace
        self._services: dict[str, FeatureService] = {}
        self._views: dict[str, FeatureView] = {}

    @cached_property
    def store(self) -> FeatureStore:
        """The open Feast store."""
        return FeatureStore(config=repo_config(self.workspace))

    @cached_property
    def people(self) -> dict[str, str]:
        """Customer -> the id under which a joined customer's features are kept."""
        return canonical_customer(Store(self.workspace.store))

    def customers(
        self, ids: Sequence[str], as_of: datetime | None = None, service: str = "ranker_v1"
    ) -> pd.DataFrame:
        """Return features of customers, index ``customer_id`` in the order asked.

        Parameters
        ----------
        ids : Sequence[str]
            Customer ids; repeats are allowed.
        as_of : datetime, optional
            Given: the newest snapshot that is not later (point-in-time join over the feature
            files). None: the online store.
        service : str
            Feature service over customers.

        Raises
        ------
        ValueError
            If the service is unknown or not about customers, or the time has no zone.
        """
        found = self._read(
            "customer_id", [self.people.get(one, one) for one in ids], as_of, service
        )
        return found.set_index(pd.Index(list(ids), name="customer_id")) if self.people else found

    def items(
        self, ids: Sequence[str], as_of: datetime | None = None, service: str = "ranker_items_v1"
    ) -> pd.DataFrame:
        """Return features of items, index ``item_id``; arguments as in :meth:`customers`.

        The online store holds only the items most acted on; others are rows of missing values.
        """
        return self._read("item_id", ids, as_of, service)

    def customer_online(self, customer_id: str, service: str = "ranker_v1") -> dict[str, Any]:
        """Return the current features of one customer, read straight from the online store.

        Values are as in :meth:`customers`: float (NaN if missing), str, array, list or None.
        """
        _check_key(service, "customer_id")
        named = Value(string_val=self.people.get(customer_id, customer_id))
        key = EntityKey(join_keys=["customer_id"], entity_values=[named])
        found: dict[str, Any] = {}
        for name, columns in SERVICES[service].items():
            read = self.store.provider.online_read(
                self.store.config, self._view(name), [key], list(columns) if columns else None
            )
            found.update(read[0][1] or {})
        return {
            name: convert(_plain(found.get(name), kind), kind)
            for name, kind in service_columns(service).items()
        }

    def _read(
        self, key: str, ids: Sequence[str], as_of: datetime | None, service: str
    ) -> pd.DataFrame:
        _check_key(service, key)
        kinds = service_columns(service)
        asked = list(ids)
        unique = list(dict.fromkeys(asked))
        if not unique:
            return frame(key, [], {name: [] for name in kinds}, kinds)
        if as_of is None:
            found = frame(key, unique, self._online(service, key, unique), kinds)
        else:
            found = arrow_frame(key, self._offline(service, key, unique, as_of), kinds)
        return found.loc[asked] if asked != list(found.index) else found

    def _online(self, service: str, key: str, ids: list[str]) -> dict[str, list[Any]]:
        response = self.store.get_online_features(
            features=self._service(service), entity_rows={key: ids}
        )
        return response.to_dict()  # type: ignore[no-any-return]

    def _offline(self, service: str, key: str, ids: list[str], as_of: datetime) -> pa.Table:
        moment = pd.Timestamp(checked_time(as_of))
        asked = pd.DataFrame({key: ids, TIME_COLUMN: moment})
        job = self.store.get_historical_features(entity_df=asked, features=self._service(service))
        return job.to_arrow()

    def _view(self, name: str) -> FeatureView:
        if name not in self._views:
            self._views[name] = self.store.get_feature_view(name)
        return self._views[name]

    def _service(self, name: str) -> FeatureService:
        if name not in self._services:
            self._services[name] = self.store.get_feature_service(name)
        return self._services[name]


def _plain(value: Value | None, kind: pa.DataType) -> Any:
    """Return a stored value as plain Python, None if there is none."""
    if value is None or value.WhichOneof("val") in (None, "null_val"):
        return None
    if kind == NUMBER:
        return value.float_val
    if kind == TEXT:
        return value.string_val
    return (value.float_list_val if kind == NUMBERS else value.string_list_val).val


def _check_key(service: str, key: str) -> None:
    if service_key(service) != key:
        raise ValueError(
            f"feature service {service!r} is keyed by {service_key(service)!r}, expected {key!r}"
        )
