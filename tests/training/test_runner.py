"""One experiment without tracking: shared data, fresh models, refused settings."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.training.conftest import Bench
from training import memory, runner
from training.answers import warm_seconds
from training.data import StoreData
from training.models.ease import EASE
from training.models.fallback import WithFallback
from training.models.popular import RecentPopularity
from training.models.ranker import Ranker
from training.plan import Plan, PlanError
from training.splits import GlobalTemporal
from training.topk import TopK
from training.tracking.names import LATENCY, metrics_named


def test_data_is_read_once_for_plans_that_share_it(bench: Bench) -> None:
    runner.forget()
    first = runner.prepare(bench.plan("model=popular"))
    assert runner.prepare(bench.plan("model=ease", "task=again")) is first
    assert runner.prepare(bench.plan("model=ease", "split.window_days=10")) is not first


def test_a_run_measures_and_times(bench: Bench) -> None:
    found = runner.run(bench.plan("model=ease", "task=again"))
    assert found.value == found.evaluation.summary["recall@20"].value > 0.5
    assert found.fit_seconds > 0
    assert found.peak_mb > 10
    assert found.evaluation.k == (10, 20)
    assert isinstance(found.model, WithFallback)
    assert found.prepared.latest == datetime(2024, 4, 30, tzinfo=UTC)


class SlowStart(RecentPopularity):
    """Pays something with its first answer, as what reads features does; counts who is asked."""

    asked: ClassVar[list[list[str]]] = []

    def top(self, customers: Sequence[str], k: int, **given: Any) -> tuple[TopK, Any]:
        """Answer, late the first time."""
        self.asked.append(list(customers))
        time.sleep(0.5 if len(self.asked) == 1 else 0)
        return super().top(customers, k, **given)


def test_latency_is_that_of_a_model_that_has_answered_before(bench: Bench) -> None:
    plan = replace(bench.plan("model=popular"), model=SlowStart(days=28))
    found = runner.run(plan)
    named = metrics_named(found)
    assert named["seconds/rank"] > 0.5 > named[LATENCY] == found.warm_seconds > 0
    first, again = SlowStart.asked
    assert len(again) == 1_000  # whoever there is, as often as it takes
    counts = {customer: again.count(customer) for customer in first}
    assert sum(counts.values()) == 1_000
    assert max(counts.values()) - min(counts.values()) <= 1


def test_no_more_than_a_thousand_of_many_customers_are_asked_again(bench: Bench) -> None:
    plan = bench.plan("model=popular")
    prepared = runner.prepare(plan)
    split = prepared.splits[0]
    model = SlowStart(days=28).fit(split.train)
    many = [f"c{n}" for n in range(5_000)]
    warm_seconds(model, split, plan.task, 20, customers=many)
    assert SlowStart.asked[-1] == many[::5]


def test_plans_can_be_run_twice(bench: Bench) -> None:
    plan = bench.plan("model=ease")
    first, second = runner.run(plan), runner.run(plan)
    assert first.value == second.value
    assert first.model is not second.model
    assert not hasattr(plan.model, "histories")


def test_popularity_needs_no_fallback_and_null_gives_none(bench: Bench) -> None:
    assert isinstance(runner.run(bench.plan("model=popular")).model, RecentPopularity)
    assert isinstance(runner.run(bench.plan("model=ease", "fallback=null")).model, EASE)


def test_rolling_cutoffs_are_all_evaluated(bench: Bench) -> None:
    found = runner.run(bench.plan("model=popular", "split.rolling=3"))
    assert len({each.split for each in found.evaluations}) == 3
    assert found.model.until == found.prepared.splits[0].cutoff


def test_a_fresh_ranker_has_fresh_parts(bench: Bench) -> None:
    model = bench.plan("model=ranker").model
    copy = runner.fresh(model)
    assert isinstance(model, Ranker)
    assert isinstance(copy, Ranker)
    assert set(copy.sources) == set(model.sources)
    assert all(copy.sources[name] is not model.sources[name] for name in copy.sources)


def test_the_bundle_says_what_it_is(bench: Bench) -> None:
    found = runner.run(bench.plan("model=popular", name="popular"))
    bundle = runner.bundle_of(found, run_id="r1")
    assert (bundle.name, bundle.workspace, bundle.task) == ("popular", "shop", "discover")
    assert bundle.metrics["recall@20"] == found.value
    assert set(bundle.data_versions) == {"events"}
    assert bundle.feature_service is None
    assert "coverage@20" not in bundle.intervals
    assert bundle.trained_until == found.prepared.splits[0].cutoff


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["model.regularization=-1"], "regularization: Input should be greater than 0"),
        (["model.max_items=many"], "max_items.*received 'many'"),
        (["+model.lambda=3"], "lambda: Unexpected keyword argument"),
        (["task=guess"], "task: expected one of"),
        (["seeds=0"], "seeds: expected a positive whole number, received 0"),
        (["k=0"], "k: expected positive whole numbers"),
        (["k=[10]"], r"metric: expected one of .*received 'recall@20'"),
        (["model._target_=training.splits.FixedFold"], "model: "),
        (["model=null"], "model: expected a group choice"),
        (["data.kinds=[]"], "kinds"),
        (["task=???"], "settings without a value: task; give task="),
        (["model.max_items=${no_such}"], "no_such"),
        (["workspace=My Shop"], "expected lower-case"),
    ],
)
def test_wrong_settings_are_named(bench: Bench, overrides: list[str], message: str) -> None:
    if "model=null" in overrides:
        config = bench.config("model=ease")
        config.model = None
    else:
        config = bench.config("model=ease", *overrides)
    with pytest.raises(PlanError, match=message):
        Plan.of(config)


def test_keys_tell_models_and_data_apart(bench: Bench) -> None:
    ease, other = bench.plan("model=ease"), bench.plan("model=ease", "model.regularization=3")
    assert ease.data_key == other.data_key
    assert ease.model_key != other.model_key
    assert ease.model_key == bench.plan("model=ease", "split.window_days=9").model_key


def data(folder: Path, **settings: Any) -> StoreData:
    return StoreData(workspace="shop", kinds=["purchase"], data_dir=str(folder), **settings)


def test_profiles_are_refused_where_there_are_none(bench: Bench) -> None:
    with pytest.raises(FileNotFoundError, match="python -m features workspace=shop"):
        data(bench.data, profiles="required").prepare(GlobalTemporal())
    prepared = data(bench.data).prepare(GlobalTemporal())
    assert prepared.reader(datetime(2024, 3, 1, tzinfo=UTC)) is None
    assert prepared.categories is None


def test_data_can_be_narrowed(bench: Bench) -> None:
    splitter = GlobalTemporal(window_days=20)
    everything = data(bench.data).prepare(splitter).interactions
    some = data(bench.data, min_events=25).prepare(splitter).interactions
    assert len(some) == len(everything)  # all have 25
    with pytest.raises(ValueError, match="min_value"):
        data(bench.data, min_value=4).prepare(splitter)
    with pytest.raises(ValueError, match="no events of kind"):
        data(bench.data, sources=["elsewhere"]).prepare(splitter)


def test_peak_memory_is_of_the_work_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    memory.reset_peak()
    before = memory.peak_mb()
    block = bytearray(64 << 20)
    assert memory.peak_mb() > before + 32
    del block
    monkeypatch.setattr(memory, "_STATUS", Path("/no/such/file"))
    assert memory.peak_mb() > 10
