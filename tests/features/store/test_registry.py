"""Feast's registry on a real PostgreSQL server: the same rows, and only its place is remembered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import create_engine, text

from features.store.catalog import VARIABLE, is_applied, load_registry
from features.store.feast_api import FeatureStore
from features.store.materialize import materialize
from features.store.reader import FeatureReader
from features.store.registry import apply
from ingest.workspace import Workspace

LATE = datetime(2020, 1, 31, tzinfo=UTC)


def registered(url: str) -> set[str]:
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        names = connection.execute(text("SELECT project_id FROM feature_views")).scalars().all()
    engine.dispose()
    return set(names)


def materialized(workspace: Workspace, registry: str | None = None) -> None:
    store = apply(workspace, registry=registry)
    materialize(workspace, LATE, store=store)
    hang_up(store)


def hang_up(store: FeatureStore) -> None:
    """Close the connections that Feast keeps for as long as a process runs."""
    store.registry.write_engine.dispose()


def test_views_are_registered_on_a_server_and_read_from_it(
    tmp_path: Path, postgres: str, filled: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, postgres)
    read = {}
    for name, number in (("there", 1.0), ("beside", 2.0)):
        workspace = Workspace(tmp_path / name)
        filled(workspace, {LATE: {"c1": number}})
        materialized(workspace)
        assert is_applied(workspace)
        assert not (workspace.features / "registry.db").exists()
        assert "p%40ss" not in (workspace.features / "registry.json").read_text("utf-8")
        read[name] = FeatureReader(workspace)
    assert {"huaxiang_there", "huaxiang_beside"} <= registered(postgres)
    for name, number in (("there", 1.0), ("beside", 2.0)):
        assert read[name].customer_online("c1")["purchases"] == number
        offline = read[name].customers(["c1"], as_of=LATE)
        np.testing.assert_equal(offline["purchases"].iloc[0], number)
        hang_up(read[name].store)
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(
        ValueError, match=f"expected its URL in the environment variable {VARIABLE}"
    ):
        load_registry(Workspace(tmp_path / "there"))


def test_a_registry_can_be_brought_back_into_a_file(
    tmp_path: Path, postgres: str, filled: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, postgres)
    workspace = Workspace(tmp_path / "returning")
    filled(workspace, {LATE: {"c1": 3.0}})
    hang_up(apply(workspace))
    assert load_registry(workspace) == postgres
    materialized(workspace, "sqlite")
    assert load_registry(workspace) is None
    assert FeatureReader(workspace).customer_online("c1")["purchases"] == 3.0


def test_a_password_in_a_setting_is_refused(tmp_path: Path, postgres: str) -> None:
    with pytest.raises(ValueError, match=f"registry.url: expected a URL without.*{VARIABLE}"):
        apply(Workspace(tmp_path), registry=postgres)
    assert not is_applied(Workspace(tmp_path))
