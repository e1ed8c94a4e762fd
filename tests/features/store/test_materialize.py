"""The online store: complete, current, and the same after a kill."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from features.store.config import project_name, repo_config
from features.store.materialize import materialize, push, snapshot_rows
from features.store.online import OnlineStore, load_online, materialized, save_online
from features.store.reader import FeatureReader
from features.store.registry import apply
from features.store.schema import TABLES
from ingest.workspace import Workspace

LATE = datetime(2020, 1, 31, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[3]


def online_content(workspace: Workspace) -> list[tuple[object, ...]]:
    """Every cell of the embedded online store."""
    cells: list[tuple[object, ...]] = []
    with closing(sqlite3.connect(workspace.features / "online.db")) as connection:
        for name in TABLES:
            query = 'SELECT entity_key, feature_name, value, event_ts FROM "{}" ORDER BY 1, 2'
            cells += connection.execute(query.format(f"{project_name(workspace)}_{name}"))
    return cells


@pytest.fixture
def shop(tmp_path: Path, filled: Callable[..., None]) -> Workspace:
    """Forty customers and items, applied but not materialized."""
    workspace = Workspace(tmp_path / "shop")
    filled(workspace, {LATE: {f"c{n:02}": float(n) for n in range(40)}})
    apply(workspace)
    return workspace


def test_items_are_limited_to_the_most_acted_on(shop: Workspace) -> None:
    written: list[int] = []
    counts = materialize(shop, LATE, max_items=3, progress=written.append)
    assert counts == {
        "customer_behavior": 40,
        "customer_text": 40,
        "customer_profile": 40,
        "item_facts": 3,
    }
    assert sum(written) == 123
    assert materialized(shop) == LATE
    kept = FeatureReader(shop).items(["c39", "c37", "c36"])["purchases"]
    assert kept.tolist()[:2] == [39.0, 37.0]
    assert pd.isna(kept["c36"])


def test_customers_that_are_gone_leave_the_online_store(
    shop: Workspace, filled: Callable[..., None]
) -> None:
    materialize(shop, LATE)
    later = LATE + timedelta(days=30)
    filled(shop, {later: {"c01": 5.0}})
    materialize(shop, later)
    rows = FeatureReader(shop).customers(["c01", "c02"])
    assert rows.loc["c01", "purchases"] == 5.0
    assert rows.loc["c02"].isna().all()


def test_a_push_is_read_at_once(shop: Workspace, made_rows: Callable[..., pa.Table]) -> None:
    materialize(shop, LATE)
    rows = made_rows("customer_behavior", LATE, {"c01": 77.0}).to_pandas()
    push(shop, "customer_behavior", rows.drop(columns="event_timestamp"))
    assert FeatureReader(shop).customer_online("c01")["purchases"] == 77.0


def test_wrong_pushes_are_refused(shop: Workspace) -> None:
    with pytest.raises(ValueError, match="table 'moods' is unknown"):
        push(shop, "moods", pd.DataFrame())
    with pytest.raises(ValueError, match="missing columns"):
        push(shop, "customer_text", pd.DataFrame({"customer_id": ["c01"]}))


def test_a_snapshot_that_was_not_computed_cannot_be_materialized(shop: Workspace) -> None:
    with pytest.raises(ValueError, match="no feature row as of"):
        materialize(shop, LATE - timedelta(days=1))
    assert snapshot_rows(shop, "item_facts", LATE).num_rows == 40


@pytest.mark.slow
def test_killed_while_materializing_and_run_again(
    shop: Workspace, tmp_path: Path, filled: Callable[..., None]
) -> None:
    undisturbed = Workspace(tmp_path / "other" / "shop")
    filled(undisturbed, {LATE: {f"c{n:02}": float(n) for n in range(40)}})
    apply(undisturbed)
    materialize(undisturbed, LATE)

    script = textwrap.dedent(
        f"""
        import sys, time
        from datetime import datetime, UTC
        from pathlib import Path
        from features.store import materialize as module
        from ingest.workspace import Workspace
        module._CHUNK = 5
        def slowly(rows):
            print(rows, flush=True)
            time.sleep(0.2)
        module.materialize(
            Workspace(Path({str(shop.root)!r})), datetime(2020, 1, 31, tzinfo=UTC), progress=slowly
        )
        """
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout is not None
    for _ in range(10):  # ten chunks: the first table is whole, the second is not
        process.stdout.readline()
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait(timeout=30) == -signal.SIGKILL
    process.stdout.close()

    assert materialized(shop) is None
    assert 0 < len(online_content(shop)) < len(online_content(undisturbed))
    materialize(shop, LATE)
    assert online_content(shop) == online_content(undisturbed)
    assert materialized(shop) == LATE


def test_redis_is_a_matter_of_configuration(shop: Workspace) -> None:
    save_online(shop, OnlineStore(kind="redis", connection="localhost:6379,db=2"))
    assert load_online(shop).kind == "redis"
    config = repo_config(shop)
    assert config.online_store.type == "redis"
    assert config.online_store.connection_string == "localhost:6379,db=2"
    assert config.project == "huaxiang_shop"


@pytest.mark.parametrize(
    "choice", [{"kind": "redis"}, {"kind": "sqlite", "connection": "localhost:6379"}]
)
def test_an_online_store_needs_what_it_needs(choice: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="expected a connection for redis and none"):
        OnlineStore(**choice)


@pytest.mark.slow
def test_feasts_own_command_finds_the_same_definitions(shop: Workspace) -> None:
    environment = {
        **os.environ,
        "HUAXIANG_PROJECT": project_name(shop),
        "HUAXIANG_WORKSPACE": str(shop.root),
    }
    call = [sys.executable, "-W", "ignore", "-m", "feast.cli.cli", "-c", "features", "apply"]
    done = subprocess.run(
        call, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "No changes to registry" in done.stdout, done.stdout
