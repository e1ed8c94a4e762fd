"""New customers, first clicks and new items: who is taken away, what is shown, what is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
import yaml

from features.profile.fusion import WeightedFusion
from tests.training.conftest import CONF, Bench
from tests.training.shop import DAYS, KINDS, START, KnownFeatures, interactions
from training import verb
from training.coldstart.measure import measure
from training.coldstart.newcomers import new_items_of, newcomers_of
from training.coldstart.readers import UnacquaintedReader
from training.coldstart.settings import ColdStart
from training.data import Prepared
from training.evaluate import evaluate
from training.interactions import Interactions
from training.models.ease import EASE
from training.models.ials_features import IALSWithFeatures
from training.models.popular import RecentPopularity
from training.plan import PlanError
from training.report import Row, read_rows
from training.runner import forget
from training.splits import GlobalTemporal, LeaveLastOut, Split

CUTOFF = START + timedelta(days=DAYS - 40)


@pytest.fixture(scope="module")
def data() -> Interactions:
    return interactions()


@pytest.fixture(scope="module")
def split(data: Interactions) -> Split:
    return GlobalTemporal(cutoff=CUTOFF, window_days=40).splits(data)[0]


def test_newcomers_lose_their_past_and_show_their_first_items(
    data: Interactions, split: Split
) -> None:
    new = newcomers_of(split, data, share=0.25, clicks=3, seed=1)
    gone = set(new.clicks)
    assert gone
    assert not gone & set(new.split.train.customers.ids)
    assert set(new.split.test["customer_id"]) == gone
    after = data.frame[data.frame["occurred_at"] >= pd.Timestamp(CUTOFF)]
    for customer, shown in new.clicks.items():
        items = after.loc[after["customer_id"] == customer, "item_id"].drop_duplicates().tolist()
        assert shown == items[:3]
        relevant = new.split.test.loc[new.split.test["customer_id"] == customer, "item_id"]
        assert set(relevant) == set(items[3:])
    assert new.first(1) == {customer: items[:1] for customer, items in new.clicks.items()}
    assert not any(new.first(0).values())


def test_draws_are_repeatable_and_shares_are_kept(data: Interactions, split: Split) -> None:
    draws = [newcomers_of(split, data, share=0.3, clicks=2, seed=n).clicks for n in (0, 0, 1)]
    assert draws[0] == draws[1]
    assert set(draws[0]) != set(draws[2])
    more = newcomers_of(split, data, share=0.6, clicks=2, seed=0)
    assert len(draws[0]) == pytest.approx(len(more.clicks) / 2, abs=1)


def test_new_items_are_known_by_name_alone(split: Split) -> None:
    among, whole = new_items_of(split, share=0.25, seed=0)
    new = set(among.catalog.ids)
    assert len(new) == round(0.25 * len(split.catalog))
    assert not new & set(among.train.frame["item_id"])
    assert new <= set(among.train.items.ids)
    assert set(among.test["item_id"]) <= new
    assert len(whole.catalog) == len(split.catalog)
    assert among.hash != whole.hash


def test_what_cannot_be_asked_is_refused(data: Interactions, split: Split) -> None:
    with pytest.raises(ValueError, match="more than 40 items in the window"):
        newcomers_of(split, data, share=0.5, clicks=40, seed=0)
    timeless = LeaveLastOut().splits(data)[0]
    with pytest.raises(ValueError, match="use split=global_temporal"):
        newcomers_of(timeless, data, share=0.5, clicks=1, seed=0)
    nothing = replace(split, test=split.test.head(0))
    with pytest.raises(ValueError, match="raise item_share"):
        new_items_of(nothing, share=0.1, seed=0)


def test_clicks_replace_what_was_learned(data: Interactions, split: Split) -> None:
    """Customers are told apart by one click of their kind, whatever kind they had before."""
    model = EASE(regularization=5).fit(split.train)
    customers = split.test["customer_id"].unique()
    own = {c: [f"i{(int(c[1:]) % KINDS) * 12:02d}"] for c in customers}
    other = {c: [f"i{((int(c[1:]) + 1) % KINDS) * 12:02d}", "unknown"] for c in customers}
    right = evaluate(model, split, "again", 10, clicks=own).summary["recall@10"]
    wrong = evaluate(model, split, "again", 10, clicks=other).summary["recall@10"]
    none = evaluate(model, split, "again", 10, clicks={}).summary["recall@10"]
    assert right.low > wrong.high
    assert none.value == 0


class Wordy(KnownFeatures):
    """Customers whose behavior says something else than their texts."""

    def customers(
        self, ids: Sequence[str], as_of: Any = None, service: str = "ranker_v1"
    ) -> pd.DataFrame:
        found = super().customers(ids, as_of, service)
        turned = [np.roll(each, 1) for each in found["behavior_vector"]]
        found["behavior_vector"] = turned
        found["profile_vector"] = turned
        return found


def test_readers_forget_what_follows_from_events() -> None:
    known = cast("Any", Wordy())
    reader = UnacquaintedReader(
        known,
        customers={"c001"},
        items={"i05"},
        fusion=WeightedFusion(alpha=0.6, beta=0.4, gamma=0),
    )
    found = reader.customers(["c000", "c001"])
    assert np.isnan(found.loc["c001", "recency_days"])
    assert found.loc["c001", "behavior_vector"] is None
    assert found.loc["c001", "mood"] == 0.5
    assert found.loc["c001", "profile_vector"].tolist() == [0, 1, 0, 0]
    pd.testing.assert_frame_equal(found.head(1), known.customers(["c000"]), check_dtype=False)
    items = reader.items(["i05", "i06"])
    assert np.isnan(items.loc["i05", "sentiment"])
    assert items.loc["i05", "topic_shares"] is None
    assert items.loc["i05", "category"] == "kind 0 > half 1"
    assert items.loc["i06", "sentiment"] == 0.1
    unchanged = reader.customers(["c000"])
    pd.testing.assert_frame_equal(unchanged, known.customers(["c000"]))


def test_a_newcomer_without_texts_has_no_profile() -> None:
    class Silent(KnownFeatures):
        def customers(
            self, ids: Sequence[str], as_of: Any = None, service: str = "ranker_v1"
        ) -> pd.DataFrame:
            found = super().customers(ids, as_of, service)
            for name in ("sentiment_vector", "topic_vector"):
                found[name] = None
            return found

    reader = UnacquaintedReader(cast("Any", Silent()), customers={"c001"})
    assert reader.customers(["c001"]).loc["c001", "profile_vector"] is None


class Shop:
    """A prepared shop with features that follow from ids."""

    def __init__(self, bench: Bench, *overrides: str) -> None:
        self.plan = bench.plan("split.window_days=40", *overrides)
        made = self.plan.data.prepare(self.plan.splitter)
        moment = made.splits[0].cutoff
        assert moment is not None
        reader = cast("Any", KnownFeatures())
        self.prepared: Prepared = replace(made, profiled=True, readers={moment: reader})

    def measure(self, **settings: Any) -> list[Row]:
        return measure(self.plan, self.prepared, ColdStart(**settings))


def recalls(rows: Sequence[Row], metric: str = "recall@20") -> dict[str, float]:
    return {row.protocol.split(",")[0]: row.value for row in rows if row.metric == metric}


def test_a_model_that_reads_features_serves_every_stratum(bench: Bench) -> None:
    shop = Shop(
        bench, "model=ials_features", "model.dimensions=8", "model.regularization=0.02",
        "model.unobserved=0.1", "k=[5]", "metric=recall@5",
    )  # fmt: skip
    assert isinstance(shop.plan.model, IALSWithFeatures)
    rows = shop.measure(share=0.4, clicks=(1, 3))
    found, answered = recalls(rows, "recall@5"), recalls(rows, "answered")
    assert list(found) == [
        "nothing known", "profile alone", "1 click", "profile and 1 click",
        "3 clicks", "profile and 3 clicks", "new items among themselves", "new items among all",
    ]  # fmt: skip
    assert answered["nothing known"] == 0
    assert {answered[name] for name in found if name != "nothing known"} == {1}
    assert found["profile alone"] > 1.3 * found["nothing known"]
    assert found["3 clicks"] > found["nothing known"]
    assert found["new items among themselves"] > 0.5
    gains = recalls(rows, "recall@5 over nothing known")
    worth = recalls(rows, "recall@5 over no profile")
    assert list(gains) == [name for name in found if name != "nothing known" and "new" not in name]
    assert list(worth) == [name for name in found if name.startswith("profile")]
    for name, gain in gains.items():
        assert gain == pytest.approx(found[name] - found["nothing known"])
    assert worth["profile alone"] == gains["profile alone"]
    assert worth["profile and 3 clicks"] == pytest.approx(
        found["profile and 3 clicks"] - found["3 clicks"]
    )
    alone = next(
        row
        for row in rows
        if row.protocol.startswith("profile alone") and row.metric == "recall@5 over no profile"
    )
    assert alone.low is not None
    assert 0 < alone.low < alone.value


def test_other_models_start_with_clicks_and_are_helped_out_for_new_items(bench: Bench) -> None:
    rows = Shop(bench, "model=ease", "model.regularization=5").measure(clicks=(2,), share=0.4)
    found, answered = recalls(rows), recalls(rows, "answered")
    assert list(found) == [
        "nothing known", "2 clicks", "new items among themselves", "new items among all",
    ]  # fmt: skip
    assert answered["nothing known"] == 0
    assert answered["2 clicks"] == 1
    assert answered["new items among themselves"] == 0


def test_events_alone_are_enough(bench: Bench) -> None:
    shop = Shop(bench, "model=popular")
    shop.prepared = replace(shop.prepared, profiled=False)
    assert isinstance(shop.plan.model, RecentPopularity)
    found = recalls(shop.measure(clicks=(1,)), "answered")
    assert found["nothing known"] == 1


def test_one_command_keeps_the_rows(own_bench: Bench) -> None:
    forget()
    config = own_bench.config(
        "model=ease", "model.regularization=5", "tracking.bundle=false", "split.window_days=40",
        "cold_start={clicks:[1],share:0.4}",
    )  # fmt: skip
    value = verb.train(config, "ease")
    rows = read_rows(own_bench.data / "reports" / "shop.json")
    protocols = {row["protocol"].split(",")[0] for row in rows}
    assert {"discover", "nothing known", "1 click", "new items among all"} <= protocols
    usual = {r["metric"]: r["value"] for r in rows if r["protocol"].startswith("discover")}
    assert usual["recall@20"] == value
    client = own_bench.store.client()
    run = client.search_runs([own_bench.store.experiment("shop", "discover")])[0]
    clicked = next(r for r in rows if r["protocol"][:7] == "1 click" and r["metric"] == "recall@20")
    assert run.data.metrics["1 click/recall_at_20"] == clicked["value"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"share": 0}, "cold_start.share: .* greater than 0, received 0"),
        ({"clicks": []}, "cold_start.clicks"),
        ({"people": 3}, "cold_start.people: Extra inputs"),
    ],
)
def test_wrong_settings_are_refused_by_name(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(PlanError, match=message):
        ColdStart.of({"cold_start": wrong})
    assert ColdStart.of({}) is None


def test_the_preset_shows_the_defaults() -> None:
    document = yaml.safe_load((CONF / "experiment" / "cold_start.yaml").read_text())
    assert ColdStart.of(document) == ColdStart()
