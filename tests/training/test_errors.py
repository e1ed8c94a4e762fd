"""Models of ratings compared and tuned by their errors, of which less is better."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from ingest.store import Store
from tests.training.conftest import Bench
from training import verb as training_verb
from training.comparison import compare, read_runs
from training.gate import GateError, judge
from training.metrics.errors import error_difference, error_of, error_sums
from training.plan import PlanError
from training.runner import forget, run
from training.tracking import table
from training.tuning.winners import tuned

ERRORS = ("rmse", "mse", "mae")


def sums(errors: dict[str, list[float]]) -> pd.DataFrame:
    names = [name for name, each in errors.items() for _ in each]
    values = np.array([value for each in errors.values() for value in each])
    return error_sums(np.array(names, dtype=object), np.zeros(len(values)), values)


def test_errors_of_sums_by_hand() -> None:
    found = sums({"ann": [3.0, -1.0], "bob": [np.nan, 2.0], "eve": [np.nan]})
    assert found["rated"].to_dict() == {"ann": 2.0, "bob": 1.0}
    assert error_of(found, "mse") == pytest.approx(14 / 3)
    assert error_of(found, "rmse") == pytest.approx((14 / 3) ** 0.5)
    assert error_of(found, "mae") == pytest.approx(2.0)


def test_the_difference_is_paired_and_its_sign_is_that_of_errors() -> None:
    rng = np.random.default_rng(0)
    noise = {f"c{n}": rng.normal(0, 1, 4).tolist() for n in range(60)}
    worse = {name: [1.1 * value for value in each] for name, each in noise.items()}
    for metric in ERRORS:
        good, bad = sums(noise), sums(worse)
        found = error_difference(good, bad, metric)
        assert found.value == pytest.approx(error_of(good, metric) - error_of(bad, metric))
        assert found.low <= found.value <= found.high < 0  # every resample is the better one's
        back = error_difference(bad, good, metric)
        assert (back.value, back.low) == pytest.approx((-found.value, -found.high))
        assert found.n == 60
    assert error_difference(good, good.drop(columns="rated"), "mae").n == 0
    assert error_difference(good, bad.rename(index=lambda name: f"other {name}"), "mae").n == 0


@pytest.fixture
def rated(own_bench: Bench) -> Bench:
    """The shop with ratings: each customer and each item strays from the mean, with noise."""
    store = Store(own_bench.data / "shop" / "store")
    events = store.read("events")
    frame = events.to_pandas()
    rng = np.random.default_rng(0)
    customers = frame["customer_id"].str[1:].astype(int) % 5 - 2
    items = frame["item_id"].str[1:].astype(int) % 3 - 1
    frame["value"] = 3.0 + 0.5 * customers + 0.4 * items + rng.normal(0, 0.3, len(frame))
    own_bench.data.joinpath("shop").rename(own_bench.data / "unrated")
    Store(own_bench.data / "shop" / "store").add(
        "events", pa.Table.from_pandas(frame, schema=events.schema, preserve_index=False)
    )
    forget()
    return own_bench


def test_a_sweep_by_rmse_lists_the_smallest_first(rated: Bench) -> None:
    stiff = ["model.customer_regularization=100", "model.item_regularization=100"]
    results = [
        run(rated.plan("model=bias", "metric=rmse", "task=again", *overrides, name=name))
        for name, overrides in (("stiff", stiff), ("free", []))
    ]
    compared = table.comparison(results)
    assert compared["model"].tolist() == ["free", "stiff"]
    assert compared["rmse"].is_monotonic_increasing
    row = compared.iloc[0]
    assert row["over next"] == pytest.approx(row["rmse"] - compared["rmse"].iloc[1])
    assert row["over next high"] < 0
    assert table.lifts(results).empty


def test_tuning_by_rmse_takes_the_smallest(rated: Bench) -> None:
    from tests.training.tuning.test_verb import tuned_on, winner

    found = tuned_on(rated, "bias", "metric=rmse", "trials=5", "windows=2")["bias"]
    complete = [each.outcome.value for each in found.tried if each.outcome.state == "complete"]
    assert len(found.tried) == 5
    assert found.best is not None
    assert found.best.outcome.value == min(complete) <= found.default
    assert winner(rated, "bias")["metric"] == "rmse"
    config = rated.config("model=bias", "metric=rmse", "tuned=known", "tracking.bundle=false")
    settings = tuned(config, "bias").model
    assert settings.item_regularization == found.best.settings["item_regularization"]
    assert training_verb.train(config, "bias", "bias") > 0


def test_runs_are_compared_by_rmse_and_the_gate_refuses_it(rated: Bench) -> None:
    config = rated.config("model=bias", "metric=rmse", "tracking.bundle=false")
    training_verb.train(config, "bias", "bias")
    stiff = rated.config(
        "model=bias", "metric=rmse", "tracking.bundle=false", "model.item_regularization=100"
    )
    training_verb.train(stiff, "stiff", "bias")
    client, experiment = rated.store.client(), rated.store.experiment("shop", "discover")
    runs = {each.data.tags["model"]: each for each in client.search_runs([experiment])}
    first, second = read_runs(rated.store, [runs[name].info.run_id for name in ("bias", "stiff")])
    found = compare(first, second, metric="rmse", resamples=200)
    assert found.differences["rmse"].high < 0
    assert set(found.strata) <= {"cold", "warm", "hot"}
    assert found.strata
    assert "Of errors less is better" in found.text
    assert "| rmse | " in found.text
    with pytest.raises(GateError, match=r"metric=rmse: .*expected a metric of lists"):
        judge(rated.store, "shop", "discover", metric="rmse")


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["model=als"], "metric=rmse: expected a model that predicts ratings, such as model=bias"),
        (["model=bias", "groups.attributes=[region]"], "since groups look at lists"),
    ],
)
def test_errors_need_ratings_and_no_lists(
    bench: Bench, overrides: list[str], expected: str
) -> None:
    with pytest.raises(PlanError, match=expected):
        bench.plan("metric=rmse", *overrides)


def test_seeds_average_errors_too(rated: Bench) -> None:
    plan = rated.plan("model=ncf_rating", "task=again", "metric=mae", "seeds=2", "model.epochs=1")
    found = run(plan).evaluation
    assert found.spread["mae"] > 0
    assert error_of(found.customers, "mae") == pytest.approx(found.main("mae").value)
