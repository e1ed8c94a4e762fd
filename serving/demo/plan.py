"""What the demo runs, in order: the same verbs a person would type."""

from __future__ import annotations

from pathlib import Path

from serving.demo.stages import HOUSE, Stage

WORKSPACE = "demo"
EXPERIMENT = "benchmark_completejourney"
DATA = HOUSE / "data"
FOLDER = DATA / WORKSPACE
REPORT = DATA / "reports" / f"{WORKSPACE}.json"
RECOMMENDATIONS = FOLDER / "recommendations" / "recommendations.parquet"
SUMMARY = DATA / "demo-summary.json"

_INGEST = ("ingest", "conf/ingest.yaml", "conf/source")
_FEATURES = ("features", "conf/features.yaml", "conf/text", "conf/behavior", "conf/profile")
_TRAINING = ("training", "conf/training.yaml", "conf/model", "conf/split", "conf/data")

_MODELS = "model=popular,item_knn,als,bpr,ease,ranker"  # ncf alone would take as long as five

_ONCE = (  # the newest cutoff of the benchmark alone
    f"workspace={WORKSPACE}",
    f"experiment_name={WORKSPACE}",
    "split.cutoff=2017-11-01",
    "tracking.bundle=true",
)

STAGES = (
    Stage("load orders", "ingest", ("source=completejourney",), _INGEST),
    Stage("load simulated texts", "ingest", ("source=simulated",), _INGEST),
    Stage("features", "features", ("features_preset=completejourney",), _FEATURES),
    Stage("training", "training", ("-m", f"experiment={EXPERIMENT}", *_ONCE, _MODELS), _TRAINING),
    Stage(
        "promotion",
        "training.promote",
        (f"workspace={WORKSPACE}",),
        ("conf/promote.yaml",),
        accepted=(0, 1),  # 1: no model is better than the champion, which stays
    ),
    Stage(
        "batch", "serving.batch", (f"workspace={WORKSPACE}", "k=10"), ("serving", "conf/batch.yaml")
    ),
)

OUTPUTS: dict[str, Path] = {
    "load orders": FOLDER / "store" / "events",
    "load simulated texts": FOLDER / "store" / "messages",
    "features": FOLDER / "features" / "registry.db",
    "training": REPORT,
    "promotion": HOUSE / "mlruns" / "mlflow.db",
    "batch": RECOMMENDATIONS,
}
