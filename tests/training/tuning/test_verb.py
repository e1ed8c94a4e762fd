"""``python -m training.tune`` on a shop: what it keeps, refuses, resumes and never looks at."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pyarrow as pa
import pytest
import yaml
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from features.store.files import stamp, state_file, write_text
from ingest.store import Store
from tests.training.conftest import CONF, Bench
from training import verb as training_verb
from training.plan import Plan, PlanError
from training.runner import forget, prepare
from training.tune import gathered
from training.tuning import measure as measuring_module
from training.tuning.measure import Answer, Job, measuring
from training.tuning.table import Found
from training.tuning.verb import features_read, tune
from training.tuning.winners import refuse_seen, tuned

ROOT = CONF.parent


def configs(bench: Bench, models: str, *overrides: str) -> dict[str, DictConfig]:
    with initialize_config_dir(str(CONF), version_base=None):
        return {
            name: compose("tune", [*bench.arguments(*overrides), f"model={name}"])
            for name in models.split(",")
        }


def tuned_on(bench: Bench, models: str, *overrides: str) -> dict[str, Found]:
    forget()
    return {
        each.model: each
        for each in tune(configs(bench, models, "trials=3", "windows=1", *overrides))
    }


def winner(bench: Bench, model: str) -> dict[str, Any]:
    path = bench.data / "shop" / "tuned" / "discover" / f"{model}.yaml"
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    return found


def runs_of(bench: Bench, role: str) -> list[Any]:
    client, experiment = bench.store.client(), bench.store.experiment("shop", "discover")
    return list(client.search_runs([experiment], f"tags.role = '{role}'"))


def test_every_model_gets_the_same_budget_and_every_trial_a_run(
    own_bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    found = tuned_on(own_bench, "ease,popular", "trials=5")
    assert [len(each.tried) for each in found.values()] == [5, 5]
    parent, *others = runs_of(own_bench, "tuning")
    assert not others
    assert parent.info.status == "FINISHED"
    best = max(each.best.outcome.value for each in found.values() if each.best)
    assert parent.data.metrics["recall_at_20"] == pytest.approx(best)
    trials = runs_of(own_bench, "trial")
    assert len(trials) == 10
    assert {run.data.tags["mlflow.parentRunId"] for run in trials} == {parent.info.run_id}
    assert {run.data.tags["state"] for run in trials} <= {"complete", "pruned"}
    assert all("model.regularization" in r.data.params for r in trials
               if r.data.tags["model"] == "ease")  # fmt: skip
    files = [f.path for f in own_bench.store.client().list_artifacts(parent.info.run_id)]
    assert {"tuning.md", "history.png", "importance_ease.png"} <= set(files)
    told = capsys.readouterr().out
    assert "Budget of each model: 5 trials, at most 1,800 s, 1 at a time" in told
    assert told.count("| 5 of 5 |") == 2
    rows = orjson.loads((own_bench.data / "reports" / "shop-tuning.json").read_bytes())
    assert {row["model"] for row in rows} == {"ease", "popular"}
    assert all(row["value"] >= row["reference"] for row in rows)


def test_a_call_that_is_repeated_measures_nothing_again(
    own_bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = tuned_on(own_bench, "ease")
    jobs: list[int] = []
    real = measuring_module.measure

    def counted(job: measuring_module.Job) -> measuring_module.Answer:
        jobs.append(job.place)
        return real(job)

    monkeypatch.setattr(measuring_module, "measure", counted)
    again = tuned_on(own_bench, "ease")
    assert again["ease"].tried == first["ease"].tried
    assert jobs == []
    assert len(tuned_on(own_bench, "ease", "trials=4")["ease"].tried) == 4
    assert jobs
    assert len(runs_of(own_bench, "tuning")) == 1
    assert len(runs_of(own_bench, "trial")) == 4


def test_trials_on_other_features_are_not_known(own_bench: Bench) -> None:
    plan = own_bench.plan("model=ials_features")
    data = replace(measuring_module.tuning_of(plan, 1), profiled=True)
    newest = data.splits[0].cutoff
    assert newest is not None
    for moment, state in ((newest, "first"), (newest + timedelta(days=1), "later")):
        write_text(state, state_file(data.workspace, moment))
    assert features_read(plan, data) == {stamp(newest): "first"}
    write_text("second", state_file(data.workspace, newest))
    assert features_read(plan, data) == {stamp(newest): "second"}
    assert features_read(own_bench.plan("model=ease"), data) == {}
    assert features_read(plan, replace(data, profiled=False)) == {}


def with_another_future(bench: Bench, moment: pd.Timestamp) -> None:
    """Replace what happens from ``moment`` on: every customer buys the same few items, often."""
    store = Store(bench.data / "shop" / "store")
    table = store.read("events")
    frame = table.to_pandas()
    late = frame["occurred_at"] >= moment
    frame.loc[late, "item_id"] = [f"i{n % 3:02d}" for n in range(int(late.sum()))]
    more = frame[late].assign(event_id=[f"more{n}" for n in range(int(late.sum()))])
    changed = pd.concat([frame, more], ignore_index=True)
    bench.data.joinpath("shop").rename(bench.data / "old")
    Store(bench.data / "shop" / "store").add(
        "events", pa.Table.from_pandas(changed, schema=table.schema, preserve_index=False)
    )


def test_what_happens_after_the_tuning_windows_changes_nothing(
    own_bench: Bench, tmp_path: Path
) -> None:
    cutoff = "split.cutoff=2024-04-10"
    models = "ease,item_knn"
    before = tuned_on(own_bench, models, cutoff, "windows=2", "trials=2")
    test = prepare(own_bench.plan(cutoff)).splits[0].hash
    with_another_future(own_bench, pd.Timestamp("2024-04-10", tz="UTC"))
    after = tuned_on(own_bench, models, cutoff, "windows=2", "trials=2")
    assert prepare(own_bench.plan(cutoff)).splits[0].hash != test
    for model in models.split(","):
        ours, theirs = before[model].tried, after[model].tried
        assert [each.settings for each in ours] == [each.settings for each in theirs]
        values = [[(w.value, w.low, w.high, w.n) for w in each.outcome.windows] for each in ours]
        others = [[(w.value, w.low, w.high, w.n) for w in each.outcome.windows] for each in theirs]
        assert values == others


def test_what_was_found_is_one_setting_away(own_bench: Bench) -> None:
    found = tuned_on(own_bench, "ease")["ease"]
    assert found.best is not None
    file = winner(own_bench, "ease")
    assert file["settings"] == found.best.settings
    assert file["until"] == "2024-04-10T00:00:00+00:00"
    config = own_bench.config("model=ease", "tuned=true", "tracking.bundle=false")
    value = training_verb.train(config, "ease tuned=true", "ease")
    assert value > 0
    run = runs_of(own_bench, "model")[0]
    kept = float(run.data.params["model.regularization"])
    assert kept == pytest.approx(found.best.settings["regularization"])
    by_hand = own_bench.config(
        "model=ease", "tracking.bundle=false", f"model.regularization={kept}"
    )
    assert training_verb.train(by_hand, "ease") == value


def test_a_setting_that_is_given_stays(own_bench: Bench) -> None:
    tuned_on(own_bench, "edlae")
    config = own_bench.config("model=edlae", "tuned=true", "model.dropout=0.25")
    found = tuned(config, "edlae", ["model.dropout=0.25"])
    assert found.model.dropout == 0.25
    assert found.model.regularization == winner(own_bench, "edlae")["settings"]["regularization"]
    plain = own_bench.config("model=edlae")
    assert tuned(plain, "edlae") is plain


def test_a_sweep_may_hold_models_that_nobody_tuned(own_bench: Bench) -> None:
    tuned_on(own_bench, "ease")
    known = tuned(own_bench.config("model=ease", "tuned=known"), "ease")
    assert known.model.regularization == winner(own_bench, "ease")["settings"]["regularization"]
    untouched = own_bench.config("model=popular", "tuned=known")
    assert tuned(untouched, "popular") is untouched


def test_tuned_settings_are_not_judged_on_what_they_saw(own_bench: Bench) -> None:
    tuned_on(own_bench, "ease", "split.cutoff=2024-04-10")

    def judge(*overrides: str, without: str = "nothing") -> None:
        arguments = own_bench.arguments("model=ease", "tuned=true", *overrides)
        with initialize_config_dir(str(CONF), version_base=None):
            config = compose("training", [a for a in arguments if not a.startswith(without)])
        plan = Plan.of(tuned(config, "ease"))
        refuse_seen(plan, prepare(plan))

    judge("split.cutoff=2024-04-10")
    judge("split.cutoff=2024-04-10", "data.profiles=off")
    judge("split.cutoff=2024-04-11", "split.window_days=15")
    with pytest.raises(ValueError, match="tuned on what was known before 2024-04-10T00:00"):
        judge("split.cutoff=2024-04-09")
    with pytest.raises(ValueError, match="split leave-last-1 is no test of it"):
        judge("split=leave_last_out", without="split.")


def test_tuned_needs_something_tuned(own_bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        training_verb.train(own_bench.config("model=als", "tuned=true"), "als", "als")
    assert end.value.code == 2
    assert "run: python -m training.tune model=als workspace=shop" in capsys.readouterr().err
    with pytest.raises(PlanError, match="expected true, false or known, received 'yes please'"):
        tuned(own_bench.config("tuned='yes please'"), "als")
    folder = own_bench.data / "shop" / "tuned" / "discover"
    folder.mkdir(parents=True)
    (folder / "als.yaml").write_text("settings: {alfa: 1}\nmetric: m\nuntil: u\ntest_hash: h\n")
    with pytest.raises(PlanError, match="als has no setting 'alfa'"):
        tuned(own_bench.config("tuned=true"), "als")


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["trials=none"], "trials: expected a whole number from 1"),
        (["+search.ease.alpha={low:1.0,high:2.0}"], "search.ease.alpha: no parameter 'alpha'"),
        (["+search.ease.regularization={low:0.0,log:false}"], "greater than 0"),
        (["model.regularization=0.5"], "lies outside what may be tried"),
        (["metric=recall@7"], "metric: expected one of"),
    ],
)
def test_wrong_settings_end_with_2_before_any_work(
    own_bench: Bench, capsys: pytest.CaptureFixture[str], overrides: list[str], expected: str
) -> None:
    with pytest.raises(SystemExit) as end:
        tune(configs(own_bench, "ease", *overrides))
    assert end.value.code == 2
    assert expected in capsys.readouterr().err
    assert not (own_bench.data / "shop" / "tuned").exists()


def test_a_model_that_always_fails_ends_with_1_and_lets_the_others_be_tuned(
    own_bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        tuned_on(own_bench, "content,popular", "trials=2")
    assert end.value.code == 1
    shown = capsys.readouterr()
    assert "every trial failed: content" in shown.err
    assert "| content | failed | – | – | 2 of 2 | 0 | 2 |" in shown.out
    assert winner(own_bench, "popular")["trials"] == 2
    assert runs_of(own_bench, "tuning")[0].info.status == "FAILED"
    assert "python -m features" in runs_of(own_bench, "trial")[0].data.tags.get("error", "") or any(
        "python -m features" in run.data.tags.get("error", "")
        for run in runs_of(own_bench, "trial")
    )


def test_too_many_windows_for_the_data_end_with_1(
    own_bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        tuned_on(own_bench, "popular", "windows=9")
    assert end.value.code == 1
    assert "to learn from" in capsys.readouterr().err


def test_several_models_are_gathered_from_the_arguments() -> None:
    assert gathered(["model=a,b", "trials=3"]) == ["trials=3", "models=[a,b]", "model=a"]
    assert gathered(["model=a", "model=b"]) == ["models=[a,b]", "model=a"]
    assert gathered(["trials=3"]) == ["trials=3"]


def call(bench: Bench, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "training.tune", *arguments, *bench.arguments()]


@pytest.mark.slow
def test_a_killed_call_goes_on_where_it_stopped(
    own_bench: Bench, blank_store: Path, tmp_path: Path
) -> None:
    rules = ["model=ease,edlae", "trials=6", "processes=2"]
    database = own_bench.data / "shop" / "tuned" / "studies.db"
    first = subprocess.Popen(
        call(own_bench, *rules), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    while first.poll() is None and not (database.exists() and _finished(database)):
        time.sleep(0.05)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    done = subprocess.run(
        call(own_bench, *rules), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("| 6 of 6 |") == 2
    assert len(runs_of(own_bench, "tuning")) == 1
    trials = runs_of(own_bench, "trial")
    assert len(trials) == 12
    assert {run.info.status for run in trials} == {"FINISHED"}
    forget()
    (tmp_path / "other").mkdir()
    other = Bench(tmp_path / "other", blank_store)
    whole = tuned_on(other, "ease,edlae", "trials=6", "windows=2", "processes=2")
    for model, each in whole.items():
        assert each.best is not None
        assert winner(own_bench, model)["settings"] == each.best.settings


def _finished(database: Path) -> bool:
    import sqlite3

    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        try:
            query = "select count(*) from trials where state = 'COMPLETE'"
            return bool(connection.execute(query).fetchone()[0] >= 2)
        except sqlite3.OperationalError:
            return False


@pytest.mark.slow
def test_from_the_command_line(own_bench: Bench) -> None:
    done = subprocess.run(
        [*call(own_bench, "model=popular", "trials=3"), "experiment_name=mine"],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env=os.environ | {"COLUMNS": "100"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "| popular |" in done.stdout
    path = own_bench.data / "shop" / "tuned" / "discover" / "popular.yaml"
    assert "# Use: python -m training model=popular tuned=true workspace=shop" in path.read_text()
    wrong = subprocess.run(
        call(own_bench, "model=popular,magic"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert wrong.returncode == 2
    assert "magic" in wrong.stderr


@pytest.mark.slow
def test_processes_answer_as_one_does_and_say_when_one_ends_early(own_bench: Bench) -> None:
    config = Plan.of(configs(own_bench, "popular")["popular"]).config
    jobs = [Job(config, "popular", 2, place) for place in (0, 1)]
    wrong = Job({**config, "metric": "magic"}, "popular", 2, 0)
    forget()
    with measuring(1, 1) as alone, measuring(2, 1) as together:
        ours, theirs = alone([*jobs, wrong]), together([*jobs, wrong])
    assert [_plain(each) for each in ours] == [_plain(each) for each in theirs]
    assert "metric: expected one of" in str(theirs[2])
    with measuring(2, 1) as together, pytest.raises(MemoryError, match="processes=1"):
        together([Job(_Deadly(), "popular", 2, 0)])


def _plain(answer: Answer) -> object:
    """Leave out how long it took."""
    return answer if isinstance(answer, str) else (answer.value, answer.low, answer.high, answer.n)


class _Deadly(dict):  # type: ignore[type-arg]
    """Ends the process that unpacks it, as a system short of memory does."""

    def __reduce__(self) -> tuple[object, ...]:
        return os._exit, (1,)
