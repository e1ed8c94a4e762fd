"""Profile cards from feature rows; the route over a real feature store."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from fastapi.testclient import TestClient

from features.store.files import join_parts, write_part
from features.store.schema import NUMBER, NUMBERS, TABLES, TEXT, VECTOR_LENGTH
from ingest.workspace import Workspace
from serving.api.app import create_app
from serving.api.settings import ApiSettings
from serving.errors import UnknownCustomerError
from serving.profiles import LazyFeatures, card
from serving.recommend import Engine
from tests.serving.shop import wait_until_ready

NOTHING = {"purchases": math.nan, "interests": None, "simulated_share": math.nan}


def reader(values: Mapping[str, Any]) -> Any:
    return lambda customer, service: values


def test_a_card_keeps_what_is_known_and_pairs_names_with_shares() -> None:
    values = {
        "purchases": np.float32(3.0),
        "mood": float("nan"),
        "stage": "loyal",
        "category_names": ["Cheese", "Milk"],
        "category_shares": np.array([0.75, 0.25], dtype=np.float32),
        "simulated_share": np.float32(0.25),
        "profile_vector": np.ones(3, dtype=np.float32),
    }
    found = card(reader(values), "c1", vectors=True)
    assert found.traits["purchases"] == 3.0
    assert found.traits["categories"][0] == {"name": "Cheese", "share": 0.75}
    assert "mood" not in found.traits
    assert found.message == "25% of the texts behind this profile are simulated."
    assert found.vectors == {"profile_vector": [1.0, 1.0, 1.0]}


def test_a_customer_nothing_is_known_about_has_no_card() -> None:
    with pytest.raises(UnknownCustomerError, match="No profile is kept for the customer 'c9'"):
        card(reader(NOTHING), "c9", vectors=False)


def test_a_profile_without_simulated_texts_says_nothing_of_them() -> None:
    found = card(reader({**NOTHING, "purchases": 1.0}), "c1", vectors=False)
    assert found.simulated_share == 0
    assert found.message is None
    assert found.vectors is None


def made(table: str) -> pa.Table:
    declared = TABLES[table]
    columns: dict[str, Any] = {declared.key: ["c00"], "event_timestamp": [AS_OF]}
    for column, kind in declared.columns.items():
        if kind == NUMBER:
            columns[column] = [0.5]
        elif kind == TEXT:
            columns[column] = [f"some {column}"]
        elif kind == NUMBERS:
            columns[column] = [[0.5] * (VECTOR_LENGTH if column.endswith("vector") else 2)]
        else:
            columns[column] = [["one", "two"]]
    return pa.table(columns, schema=declared.schema)


AS_OF = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.slow
def test_the_route_reads_the_online_store(engine: Engine, tmp_path: Path) -> None:
    from features.store.materialize import materialize
    from features.store.registry import apply

    workspace = Workspace.named("shop", tmp_path / "data")
    for table in TABLES:
        write_part(workspace, table, AS_OF, made(table))
    join_parts(workspace, [AS_OF])
    materialize(workspace, AS_OF, store=apply(workspace))
    settings = ApiSettings(workspace="shop", data_dir=tmp_path / "data")
    with TestClient(create_app(settings, load=lambda *_: engine)) as client:
        wait_until_ready(client)
        found = client.get("/v1/customers/c00/profile?vectors=true").json()
        assert found["traits"]["stage"] == "some stage"
        assert found["traits"]["categories"][0] == {"name": "one", "share": 0.5}
        assert found["simulated"] is True
        assert len(found["vectors"]["profile_vector"]) == VECTOR_LENGTH
        answer = client.get("/v1/customers/nobody/profile")
        assert answer.status_code == 404
        assert "python -m features" in answer.json()["todo"]
    assert LazyFeatures(workspace).open_if_there()
    assert not LazyFeatures(Workspace.named("other", tmp_path)).open_if_there()
