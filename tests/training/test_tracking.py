"""What an MLflow run holds, and what a sweep adds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.training.conftest import Bench, ranker_settings
from training.metrics import Interval
from training.registry import NoChampionError, Registry, load_champion
from training.runner import Result, run
from training.tracking import names, plots, sweep, table
from training.tracking.log import log_result, plan_of_run, tracked_run
from training.tracking.store import TrackingStore


@pytest.fixture(scope="module")
def results(bench: Bench) -> list[Result]:
    """Popularity, EASE and a ranker on the same split."""
    plans = [
        bench.plan("model=popular", "task=again", name="popular"),
        bench.plan("model=ease", "task=again", name="ease"),
        bench.plan(*ranker_settings(), "task=again", name="ranker"),
    ]
    return [run(plan) for plan in plans]


@pytest.fixture(scope="module")
def logged(bench: Bench, results: list[Result]) -> str:
    """Run id of the logged ranker."""
    with tracked_run(bench.store, results[2].plan) as run_id:
        log_result(bench.store, results[2], run_id)
    return run_id


def test_a_run_holds_settings_metrics_tags_and_files(
    bench: Bench, results: list[Result], logged: str
) -> None:
    client = bench.store.client()
    found = client.get_run(logged)
    ranker = results[2]
    assert found.info.status == "FINISHED"
    assert found.data.params["model.trees"] == "5"
    assert found.data.params["model.sources.als.dimensions"] == "32"
    assert found.data.metrics["recall_at_20"] == pytest.approx(ranker.value)
    assert found.data.metrics["low/recall_at_20"] <= found.data.metrics["high/recall_at_20"]
    assert found.data.metrics["warm/recall_at_20"] > 0
    assert {"seconds/fit", "memory/peak_mb", "fit/examples"} <= set(found.data.metrics)
    tags = found.data.tags
    assert (tags["model"], tags["task"], tags["workspace"]) == ("ranker", "again", "shop")
    assert tags["split_hash"] == ranker.evaluation.split_hash
    assert tags["data_versions"] == '{"events":1}'
    files = {f.path for f in client.list_artifacts(logged)}
    assert {"config.json", "customers.parquet", "importance.json", "plots"} <= files
    drawn = {f.path for f in client.list_artifacts(logged, "plots")}
    kinds = ("strata", "list_length", "importance", "calibration")
    assert drawn == {f"plots/{n}.png" for n in kinds}
    assert {d.tags[0].value for d in found.inputs.dataset_inputs} == {"training", "evaluation"}
    values = pd.read_parquet(client.download_artifacts(logged, "customers.parquet"))
    assert values["recall@20"].mean() == pytest.approx(ranker.value)


def test_the_plan_of_a_run_can_be_built_again(
    bench: Bench, results: list[Result], logged: str
) -> None:
    client = bench.store.client()
    again = plan_of_run(client, client.get_run(logged))
    assert again.model_key == results[2].plan.model_key
    assert again.data_key == results[2].plan.data_key


def test_the_logged_bundle_answers_through_mlflow(
    bench: Bench, results: list[Result], logged: str
) -> None:
    mlflow = bench.store.connect()
    output = bench.store.client().get_run(logged).outputs.model_outputs[0]
    model = mlflow.pyfunc.load_model(f"models:/{output.model_id}")
    asked = pd.DataFrame({"customer_id": ["c001", "nobody"]})
    answer = model.predict(asked, params={"k": 3})
    expected = results[2].model.recommend(["c001", "nobody"], 3, exclude_seen=False)
    pd.testing.assert_frame_equal(answer, expected)


def test_a_failing_run_ends_failed(bench: Bench, results: list[Result]) -> None:
    def fail() -> None:
        with tracked_run(bench.store, results[0].plan) as run_id:
            seen.append(run_id)
            raise ValueError("no luck")

    seen: list[str] = []
    with pytest.raises(ValueError, match="no luck"):
        fail()
    assert bench.store.client().get_run(seen[0]).info.status == "FAILED"


def test_experiments_keep_artifacts_beside_the_database(tmp_path: Path) -> None:
    store = TrackingStore(tmp_path / "runs")
    number = store.experiment("shop", "again")
    assert store.experiment("shop", "again") == number
    found = store.client().get_experiment(number)
    assert found.name == "shop/again"
    assert found.tags["mlflow.note.content"].startswith("Models of workspace shop, task again.")
    assert found.artifact_location == (tmp_path / "runs/artifacts/shop/again").as_uri()
    assert (tmp_path / "runs" / "mlflow.db").exists()


def test_comparison_has_a_row_a_model_and_paired_differences(results: list[Result]) -> None:
    found = table.comparison(results)
    assert found["recall@20"].is_monotonic_decreasing
    by_model = found.set_index("model")
    assert np.isnan(by_model.loc["popular", "over popularity"])
    difference = by_model.loc["ease", "over popularity"]
    assert difference == pytest.approx(
        by_model.loc["ease", "recall@20"] - by_model.loc["popular", "recall@20"]
    )
    assert by_model.loc["ease", "over popularity low"] < difference
    shown = table.readable(found, ["recall@20", "no such metric"])
    text = table.markdown(shown)
    assert text.count("\n") == 5
    assert "[" in shown.set_index("model").loc["ease", "over popularity"]


def test_a_sweep_logs_table_and_plot_to_its_parent(bench: Bench, results: list[Result]) -> None:
    callback = sweep.SweepCallback()
    callback.on_multirun_start(bench.config())
    running = sweep.current()
    assert running is not None
    parent = running.parent(bench.store, results[0].plan)
    assert running.parent(bench.store, results[1].plan) == parent
    running.results += [(parent, result) for result in results[:2]]
    callback.on_multirun_end(bench.config())
    assert sweep.current() is None
    client = bench.store.client()
    found = client.get_run(parent)
    assert found.info.status == "FINISHED"
    assert found.data.tags["best_model"] == "ease"
    files = {f.path for f in client.list_artifacts(parent)}
    drawn = {f"{name}.png" for name in ("comparison", "coverage", "training_time", "lift")}
    assert files == drawn | {f"comparison.{kind}" for kind in ("csv", "md", "html")} | {"lift.csv"}


def test_a_sweep_without_jobs_logs_nothing() -> None:
    callback = sweep.SweepCallback()
    callback.on_multirun_start({})  # type: ignore[arg-type]
    callback.on_multirun_end({})  # type: ignore[arg-type]
    callback.on_multirun_end({})  # type: ignore[arg-type]
    assert sweep.current() is None


def test_plots_draw_what_was_measured(results: list[Result]) -> None:
    found = results[0].evaluation
    axes = plots.by_stratum(found, "recall@20").axes[0]
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels[0] == f"all (n = {len(found.customers)})"
    assert len(plots.by_rank(found).axes[0].lines) == 2
    owners = {"a": "topic", "b": "similar", "c": "similar"}
    axes = plots.importance({"a": 3.0, "b": 1.0, "c": 0.0}, owners).axes[0]
    assert sorted(bar.get_width() for bar in axes.patches) == [0.25, 0.75]
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels == ["b (similar)", "a (topic)"]  # nothing of what gave nothing
    compared = table.comparison(results)
    assert plots.compare(compared, "recall@20").axes[0].get_title()
    axes = plots.against(compared, "recall@20", "fit_seconds", "Seconds to fit", log=True).axes[0]
    assert axes.get_xscale() == "log"
    names = sorted(axes.texts, key=lambda text: text.get_position()[1])
    assert {text.get_text() for text in names} == {"popular", "ease", "ranker"}
    assert np.diff([text.get_position()[1] for text in names]).min() > 0.1  # not over each other
    value = compared.set_index("model")["recall@20"]
    assert [value[text.get_text()] for text in names] == sorted(value)
    points = axes.containers[0].lines[0].get_xydata()
    assert sorted(points[:, 1]) == pytest.approx(sorted(compared["recall@20"]))


def test_of_two_popularities_the_one_called_so_is_the_reference(results: list[Result]) -> None:
    popular = next(each for each in results if each.plan.model_name == "popular")
    week = replace(popular, plan=replace(popular.plan, model_name="popular_7"))
    found = table.comparison([week, *results]).set_index("model")
    assert found.loc["popular_7", "over popularity"] == 0
    assert np.isnan(found.loc["popular", "over popularity"])


def test_models_are_compared_with_the_run_that_is_named(results: list[Result]) -> None:
    named = [replace(each, plan=replace(each.plan, against="ease")) for each in results]
    found = table.comparison(named).set_index("model")
    assert np.isnan(found.loc["ease", "over ease"])
    for name in ("popular", "ranker"):
        gap = found.loc[name, "recall@20"] - found.loc["ease", "recall@20"]
        assert found.loc[name, "over ease"] == pytest.approx(gap)
        assert found.loc[name, "over ease low"] <= gap <= found.loc[name, "over ease high"]
    assert "over ease" in table.readable(found.reset_index(), ["recall@20"])
    axes = plots.gains(found.reset_index(), "recall@20", "over ease").axes[0]
    assert {text.get_text() for text in axes.get_yticklabels()} == {"popular", "ranker"}
    assert "over ease" not in table.comparison(results)
    tuned = replace(named[1], plan=replace(named[1].plan, model_name="ease tuned=known"))
    assert table.is_named(tuned, "ease")
    assert not table.is_named(tuned, "eas")


def test_the_curve_of_a_loss_is_best_at_its_lowest() -> None:
    curve = pd.DataFrame({"epoch": [1, 2, 3], "minutes": [0.1, 0.2, 0.3], "loss": [3.0, 1.0, 2.0]})
    axes = plots.learning(curve).axes[0]
    assert axes.get_ylabel() == "loss"
    assert axes.lines[1].get_label() == "epoch 2: 1.0000"
    better = plots.learning(curve.rename(columns={"loss": "ndcg@100"})).axes[0]
    assert better.lines[1].get_label() == "epoch 1: 3.0000"


def test_lifts_are_paired_differences_by_stratum(results: list[Result]) -> None:
    gains = table.lifts(results)
    assert set(gains["model"]) == {"ease", "ranker"}
    ease = gains[gains["model"] == "ease"].set_index("stratum")
    strata = {name: found["recall@20"] for name, found in results[1].evaluation.strata.items()}
    assert ease["customers"].to_dict() == {name: each.n for name, each in strata.items()}
    popular = results[0].evaluation.strata
    for name, each in strata.items():
        expected = each.value - popular[name]["recall@20"].value
        assert ease.loc[name, "value"] == pytest.approx(expected)
        assert ease.loc[name, "low"] <= ease.loc[name, "value"] <= ease.loc[name, "high"]
    axes = plots.lift(gains, "recall@20").axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == list(
        dict.fromkeys(gains["model"])
    )[::-1]
    assert table.lifts(results[1:]).empty


@pytest.mark.parametrize(
    ("value", "low", "high", "signed", "text"),
    [
        (0.5, 0.4, 0.6, False, "0.5000 [0.4000, 0.6000]"),
        (0.5, float("nan"), float("nan"), False, "0.5000"),
        (0.01, -0.01, 0.03, True, "+0.0100 [-0.0100, +0.0300]"),
        (float("nan"), 0, 0, False, "–"),
    ],
)
def test_intervals_as_text(value: float, low: float, high: float, signed: bool, text: str) -> None:
    assert table.interval_text(value, low, high, signed=signed) == text


def test_settings_are_flattened_for_mlflow() -> None:
    flat = names.flattened({"model": {"a": 1, "empty": {}, "b": {"c@": [1, 2]}}})
    assert flat == {"model.a": "1", "model.empty": "{}", "model.b.c_": "[1, 2]"}


def test_commit_is_read_from_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "_ROOT", tmp_path)
    assert names.commit() == ""
    git = tmp_path / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "packed-refs").write_text("# pack\nabc refs/heads/main\n")
    assert names.commit() == "abc"
    (git / "refs" / "heads" / "main").write_text("def\n")
    assert names.commit() == "def"
    (git / "HEAD").write_text("0123\n")
    assert names.commit() == "0123"


@pytest.mark.parametrize("relative", [False, True])
def test_commit_of_a_worktree_is_that_of_its_own_branch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, relative: bool
) -> None:
    tree, git = tmp_path / "tree", tmp_path / "whole" / ".git"
    own = git / "worktrees" / "tree"
    for folder in (tree, own, git / "refs" / "heads"):
        folder.mkdir(parents=True)
    place = "../whole/.git/worktrees/tree" if relative else str(own)
    (tree / ".git").write_text(f"gitdir: {place}\n")
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (own / "HEAD").write_text("ref: refs/heads/side\n")
    (own / "commondir").write_text("../..\n")
    (git / "refs" / "heads" / "main").write_text("abc\n")
    (git / "refs" / "heads" / "side").write_text("def\n")
    monkeypatch.setattr(names, "_ROOT", tree)
    assert names.commit() == "def"
    (git / "refs" / "heads" / "side").unlink()
    (git / "packed-refs").write_text("012 refs/heads/side\n")
    assert names.commit() == "012"


def test_without_champion_the_error_says_what_to_do(bench: Bench) -> None:
    assert Registry("nowhere", bench.store).champion() is None
    with pytest.raises(NoChampionError, match=r"python -m training\.promote"):
        load_champion("nowhere", bench.store)
    with pytest.raises(NoChampionError, match="no champion"):
        Registry("nowhere", bench.store).rollback()


def test_an_interval_needs_no_ends(results: list[Result]) -> None:
    named = names.metrics_named(results[0])
    assert "coverage_at_20" in named
    assert "low/coverage_at_20" not in named
    assert not any(np.isnan(value) for value in named.values())
    assert isinstance(Interval(1.0, 1.0, 1.0, 1), Interval)
    typed: Any = named
    assert all(isinstance(value, float) for value in typed.values())


def test_names_keep_only_marks_that_mlflow_takes() -> None:
    assert names.plain("ranker, groups/recall@20 (all)") == "ranker groups/recall_at_20 all"
    assert len(names.plain("n" * 300)) == 250
