"""``python -m training`` from the outside: runs, sweeps, refusals, help."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import open_dict

from tests.training.conftest import CONF, Bench
from training import verb
from training.plan import Plan
from training.runner import forget
from training.tracking import sweep

ROOT = CONF.parent


def call(bench: Bench, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "training", *arguments, *bench.arguments()]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_run_is_tracked_and_reported(own_bench: Bench) -> None:
    forget()
    value = verb.train(own_bench.config("model=popular", "tracking.bundle=false"), "popular")
    rows = orjson.loads((own_bench.data / "reports" / "shop.json").read_bytes())
    assert {row["metric"]: row["value"] for row in rows}["recall@20"] == value
    client = own_bench.store.client()
    experiment = own_bench.store.experiment("shop", "discover")
    assert [run.info.run_name for run in client.search_runs([experiment])] == ["popular"]


def test_wrong_settings_end_with_2_and_a_sentence(
    own_bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        verb.train(own_bench.config("model=als", "model.dimensions=-3"), "als")
    assert end.value.code == 2
    assert "error: model: dimensions: Input should be greater than 0" in capsys.readouterr().err
    assert not (own_bench.tracking / "artifacts").exists()


def test_a_failing_model_ends_with_1(own_bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    forget()
    with pytest.raises(SystemExit) as end:
        verb.train(own_bench.config("model=content"), "content")
    assert end.value.code == 1
    assert "python -m features" in capsys.readouterr().err


def test_in_a_sweep_a_failing_model_lets_the_others_go_on(
    own_bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    forget()
    callback = sweep.SweepCallback()
    callback.on_multirun_start(own_bench.config())
    assert verb.train(own_bench.config("model=popular", "tracking.bundle=false"), "popular") > 0
    failed = verb.train(own_bench.config("model=content", "tracking.bundle=false"), "content")
    assert failed != failed  # noqa: PLR0124  (NaN)
    running = sweep.current()
    assert running is not None
    assert [result.plan.model_name for _, result in running.results] == ["popular"]
    assert "content" in running.failures[0]
    with pytest.raises(SystemExit):
        verb.train(own_bench.config("model=als", "model.seed=-1"), "als")
    with pytest.raises(SystemExit) as end:
        callback.on_multirun_end(own_bench.config())
    assert end.value.code == 1
    assert "error: content: " in capsys.readouterr().err
    experiment = own_bench.store.experiment("shop", "discover")
    runs = own_bench.store.client().search_runs([experiment], "tags.role = 'sweep'")
    assert [run.info.status for run in runs] == ["FAILED"]


@pytest.mark.slow
def test_a_sweep_from_the_command_line(own_bench: Bench) -> None:
    done = call(own_bench, "-m", "model=popular,ease", "task=again", "tracking.bundle=false")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("| ease | again |") + done.stderr.count("| ease | again |") == 1
    client = own_bench.store.client()
    runs = client.search_runs([own_bench.store.experiment("shop", "again")])
    parents = [run for run in runs if run.data.tags["role"] == "sweep"]
    children = [run for run in runs if run.data.tags["role"] == "model"]
    assert len(parents) == 1
    assert {run.data.tags["sweep"] for run in children} == {parents[0].info.run_id}
    assert {run.data.tags["mlflow.parentRunId"] for run in children} == {parents[0].info.run_id}


@pytest.mark.parametrize("wrong", ["modle=als", "model.dimension=3", "model=magic"])
def test_unknown_keys_are_refused_by_name(bench: Bench, wrong: str) -> None:
    done = call(bench, wrong)
    assert done.returncode != 0
    assert wrong.partition("=")[0].rpartition(".")[2] in done.stderr or "magic" in done.stderr


def test_help_shows_examples_without_loading_frameworks() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "training", "--help"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert "python -m training -m model=popular,als,ease,item_knn" in done.stdout
    loaded = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines()}
    assert not loaded & {"mlflow", "tensorflow", "lightgbm", "implicit", "feast", "pandas", "torch"}


OTHERS = ("text_benchmark", "benchmark_insights")  # the latter is of python -m insights
OF_RECOMMENDERS = [
    path for path in sorted((CONF / "experiment").glob("*.yaml")) if path.stem not in OTHERS
]


@pytest.mark.parametrize("path", OF_RECOMMENDERS, ids=lambda p: p.stem)
def test_every_experiment_can_be_planned(path: Path) -> None:
    with initialize_config_dir(str(CONF), version_base=None):
        config = compose("training", [f"experiment={path.stem}"], return_hydra_config=True)
        params = config.hydra.sweeper.params or {}  # one run, where nothing is swept
    with open_dict(config):
        config.pop("hydra")
    assert Plan.of(config).experiment == path.stem
    for key, choice in [(k, one) for k, many in params.items() for one in str(many).split(",")]:
        GlobalHydra.instance().clear()
        with initialize_config_dir(str(CONF), version_base=None):
            one = compose("training", [f"experiment={path.stem}", f"{key}={choice}"])
        assert Plan.of(one, choice).model_name == choice
