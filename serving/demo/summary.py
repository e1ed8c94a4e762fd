"""What came out of the demo: stages, rows, models with intervals, three customers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingest.store import Store
from ingest.workspace import Workspace
from serving.demo.stages import StageRun

TABLES = ("customers", "items", "events", "feedback", "messages")
WRITTEN = ("feedback", "messages")
METRICS = ("recall@20", "ndcg@20")
TRAITS = ("stage", "price_band", "mood_label", "interests", "purchases", "recency_days")


def summarize(
    stages: Sequence[StageRun], workspace: Workspace, report: Path, recommendations: Path
) -> dict[str, Any]:
    """Gather the summary from what the stages left behind.

    Parameters
    ----------
    stages : sequence of StageRun
        Outcomes, in order.
    workspace : Workspace
        The demo's data.
    report : Path
        Rows of the model comparison, as ``python -m training`` wrote them.
    recommendations : Path
        Output of the batch job.
    """
    ranked = pq.read_table(recommendations).to_pandas()
    return {
        **_counts(Store(workspace.store)),
        "stages": [asdict(run) for run in stages],
        "seconds": round(sum(run.seconds for run in stages if not run.skipped), 1),
        "peak_mb": max(run.peak_mb for run in stages),
        "models": models(report),
        "customers": examples(profiles_of(workspace, sorted(set(ranked["customer_id"]))), ranked),
    }


def _counts(store: Store) -> dict[str, dict[str, int]]:
    simulated = pc.field("source") == "simulated"
    return {
        "rows": {table: store.dataset(table).count_rows() for table in TABLES},
        "simulated_rows": {
            table: store.dataset(table).count_rows(filter=simulated) for table in WRITTEN
        },
    }


def models(report: Path) -> list[dict[str, Any]]:
    """Return the compared models, best first: metrics with intervals and seconds to fit."""
    found: dict[str, dict[str, Any]] = {}
    for row in orjson.loads(report.read_bytes()):
        if row["metric"] in METRICS:
            model = found.setdefault(row["model"], {"model": row["model"], "fit_s": row["seconds"]})
            model[row["metric"]] = [row["value"], row["low"], row["high"]]
    return sorted(found.values(), key=lambda model: -float(model[METRICS[0]][0]))


def profiles_of(workspace: Workspace, customers: Sequence[str]) -> pd.DataFrame:
    """Return the readable profiles of customers from the online store."""
    from features.store.reader import FeatureReader  # noqa: PLC0415  (imports Feast: seconds)

    return FeatureReader(workspace).customers(customers, service="profile_v1")


def examples(profiles: pd.DataFrame, ranked: pd.DataFrame, number: int = 3) -> list[dict[str, Any]]:
    """Return customers that differ in stage and mood, with profile and first recommendations."""
    spoken = profiles[profiles["simulated_share"].notna()]
    chosen = spoken.drop_duplicates(["stage", "mood_label"]).head(number)
    return [_example(str(who), row, ranked) for who, row in chosen.iterrows()]


def _example(customer: str, profile: pd.Series, ranked: pd.DataFrame) -> dict[str, Any]:
    rows = ranked[ranked["customer_id"] == customer].nsmallest(5, "rank")
    return {
        "customer_id": customer,
        "profile": {name: _plain(profile[name]) for name in TRAITS if name in profile},
        "simulated_share": _plain(profile["simulated_share"]),
        "recommendations": rows[["rank", "title", "reason"]].to_dict("records"),
    }


def _plain(value: object) -> object:
    if isinstance(value, list | tuple):
        return [str(part) for part in value]
    if isinstance(value, float) or hasattr(value, "dtype"):
        number = float(value)  # type: ignore[arg-type]
        return None if math.isnan(number) else round(number, 3)
    return value


def lines(summary: Mapping[str, Any]) -> list[str]:
    """Return what to open next, as lines of text."""
    first = summary["customers"][0]["customer_id"] if summary["customers"] else "1"
    base = "http://127.0.0.1:8080/v1"
    return [
        "make ui                              runs, comparison table and plots in MLflow",
        "make serve                           the online endpoint; its documentation at /docs",
        f"  curl '{base}/customers/{first}/recommendations?k=5'",
        f"  curl '{base}/customers/{first}/profile'",
        f"  curl -X POST {base}/recommendations -H 'content-type: application/json' "
        f"""-d '{{"customer_ids": ["{first}"], "k": 5}}'""",
        "python -m insights                   findings about the same customers",
    ]
