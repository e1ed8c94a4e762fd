"""MLflow on a real PostgreSQL server: a run is logged, read, promoted and served from there."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text

from tests.training.conftest import Bench
from training.registry import Registry, load_champion
from training.runner import run
from training.tracking.log import log_result, tracked_run
from training.tracking.store import VARIABLE, TrackingStore


def test_a_run_is_kept_on_the_server(
    own_bench: Bench, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, postgres)
    monkeypatch.setenv("MLFLOW_SQLALCHEMYSTORE_POOLCLASS", "NullPool")
    store = TrackingStore(own_bench.folder / "elsewhere")
    result = run(own_bench.plan("model=popular", "task=again", name="popular"))
    with tracked_run(store, result.plan) as run_id:
        log_result(store, result, run_id)
    found = store.client().get_run(run_id)
    assert found.info.status == "FINISHED"
    assert found.data.metrics["recall_at_20"] == pytest.approx(result.value)
    engine = create_engine(postgres.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        kept = connection.scalar(
            text("SELECT count(*) FROM metrics WHERE run_uuid = :run"), {"run": run_id}
        )
    engine.dispose()
    assert kept
    assert not (store.folder / "mlflow.db").exists()
    files = [file.read_bytes() for file in store.folder.rglob("*") if file.is_file()]
    assert files
    assert not any(b"p%40ss" in content for content in files)
    output = found.outputs.model_outputs[0]
    Registry("shop", store).promote(f"models:/{output.model_id}")
    served = load_champion("shop", store).model.recommend(["c001"], 3, exclude_seen=False)
    expected = result.model.recommend(["c001"], 3, exclude_seen=False)
    assert served["item_id"].tolist() == expected["item_id"].tolist()


def test_a_password_in_a_setting_is_refused(postgres: str) -> None:
    with pytest.raises(ValueError, match=f"tracking.uri: expected a URL without.*{VARIABLE}"):
        TrackingStore(uri=postgres)
