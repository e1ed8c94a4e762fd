"""The demo's summary: numbers come from what the stages left behind."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pytest

from ingest.schemas import canonical
from ingest.store import Store
from ingest.workspace import Workspace
from serving.demo import __main__ as demo
from serving.demo import summary
from serving.demo.stages import Stage, StageRun

RUN = StageRun("batch", "python -m serving.batch", False, 2.5, 300.0)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    found = Workspace.named("demo", tmp_path)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [
        {
            "feedback_id": f"f{n}",
            "source": source,
            "kind": "review",
            "text": "good",
            "occurred_at": at,
            "available_at": at,
        }
        for n, source in enumerate(["simulated", "simulated", "shop"])
    ]
    Store(found.store).add("feedback", pa.Table.from_pylist(rows, canonical("feedback").schema))
    return found


@pytest.fixture
def report(tmp_path: Path) -> Path:
    rows = [
        {"model": name, "metric": metric, "value": v, "low": v - 0.1, "high": v + 0.1, "seconds": 2}
        for name, v in (("popular", 0.2), ("ease", 0.4))
        for metric in ("recall@20", "ndcg@20", "coverage@20")
    ]
    path = tmp_path / "report.json"
    path.write_bytes(orjson.dumps(rows))
    return path


@pytest.fixture
def recommendations(tmp_path: Path) -> Path:
    path = tmp_path / "recommendations.parquet"
    rows = [(c, r, f"item {r}", "why not") for c in ("a", "b", "c") for r in (2, 1)]
    frame = pd.DataFrame(rows, columns=["customer_id", "rank", "title", "reason"])
    frame.to_parquet(path)
    return path


def profiles(customers: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "stage": ["loyal", "loyal", "new"],
            "mood_label": ["happy", "happy", "happy"],
            "interests": [["tea"], ["milk"], None],
            "purchases": np.array([3, 4, np.nan], dtype=np.float32),
            "simulated_share": [1.0, 1.0, 0.5],
        },
        index=pd.Index(customers, name="customer_id"),
    )


def test_models_are_ordered_and_keep_their_intervals(report: Path) -> None:
    found = summary.models(report)
    assert [model["model"] for model in found] == ["ease", "popular"]
    assert found[0]["recall@20"] == pytest.approx([0.4, 0.3, 0.5])
    assert "coverage@20" not in found[0]


def test_example_customers_differ(recommendations: Path) -> None:
    ranked = pd.read_parquet(recommendations)
    found = summary.examples(profiles(["a", "b", "c"]), ranked)
    assert [example["customer_id"] for example in found] == ["a", "c"]
    assert [row["rank"] for row in found[0]["recommendations"]] == [1, 2]
    assert found[0]["profile"]["interests"] == ["tea"]
    assert found[1]["profile"]["purchases"] is None


@pytest.fixture
def places(
    workspace: Workspace, report: Path, recommendations: Path, tmp_path: Path
) -> dict[str, object]:
    copy = Stage("copy", "json.tool", (str(report), str(tmp_path / "copy.json")), (str(report),))
    return {
        "STAGES": (copy,),
        "OUTPUTS": {"copy": tmp_path / "copy.json"},
        "FOLDER": workspace.root,
        "REPORT": report,
        "RECOMMENDATIONS": recommendations,
        "SUMMARY": tmp_path / "summary.json",
    }


def test_the_demo_prints_and_keeps_its_summary(
    places: dict[str, object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in places.items():
        monkeypatch.setattr(demo, name, value)
    monkeypatch.setattr(summary, "profiles_of", lambda _, customers: profiles(customers))
    monkeypatch.setenv("COLUMNS", "200")
    demo.main()
    kept = orjson.loads((tmp_path / "summary.json").read_bytes())
    assert kept["simulated_rows"] == {"feedback": 2, "messages": 0}
    assert kept["rows"]["feedback"] == 3
    shown = capsys.readouterr().out
    assert "100% of the texts behind it are simulated" in shown
    assert "make serve" in shown
    demo.main()
    assert "unchanged" in capsys.readouterr().out


def test_a_failed_stage_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Stage("broken", "json.tool", (str(tmp_path / "missing.json"),), ())
    monkeypatch.setattr(demo, "STAGES", (broken,))
    monkeypatch.setattr(demo, "OUTPUTS", {"broken": tmp_path / "nothing"})
    monkeypatch.setattr(demo, "FOLDER", tmp_path)
    with pytest.raises(SystemExit, match=r"Run that command by itself"):
        demo.main()
