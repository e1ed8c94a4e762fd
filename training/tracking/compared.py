"""Keep the comparison of two runs as an MLflow run of its own."""

from __future__ import annotations

import math
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.tracking.names import metric_name
from training.tracking.store import TrackingStore

if TYPE_CHECKING:
    from training.comparison import Comparison


def log_comparison(store: TrackingStore, found: Comparison) -> str:
    """Keep ``found`` as an MLflow run beside the two; return its id."""
    client, tags = store.client(), found.first.tags
    run = client.create_run(
        store.experiment(tags["workspace"], tags["task"]),
        run_name=" minus ".join(found.names),
        tags={
            "role": "comparison",
            "first": found.first.run_id,
            "second": found.second.run_id,
            **{name: tags[name] for name in ("workspace", "task", "split", "split_hash")},
        },
    )
    run_id = str(run.info.run_id)
    client.log_batch(run_id, metrics=_metrics_of(found))
    with tempfile.TemporaryDirectory() as folder:
        found.frame.to_csv(Path(folder) / "comparison.csv", index=False)
        (Path(folder) / "comparison.md").write_text(found.text, encoding="utf-8")
        client.log_artifacts(run_id, folder)
    client.set_terminated(run_id)
    return run_id


def _metrics_of(found: Comparison) -> list[Any]:
    """Name every difference and the ends of its interval for MLflow."""
    from mlflow.entities import Metric  # noqa: PLC0415

    named = {metric_name(name): each for name, each in found.differences.items()}
    parts = found.strata | found.splits
    named |= {f"{name}/{metric_name(found.metric)}": each for name, each in parts.items()}
    values = {
        f"difference/{end}{name}": value
        for name, each in named.items()
        for end, value in (("", each.value), ("low/", each.low), ("high/", each.high))
    }
    now = int(time.time() * 1000)
    return [Metric(key, value, now, 0) for key, value in values.items() if not math.isnan(value)]
