"""Several cutoffs and several seeds as one evaluation: known means and intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.training.conftest import Bench
from training.comparison import Measured, compare
from training.metrics import Interval, bootstrap_intervals
from training.metrics.evaluation import Evaluation, Task
from training.metrics.pooling import averaged, pooled
from training.report import rows_of
from training.runner import is_random, run
from training.splits import GlobalTemporal
from training.tracking.names import metrics_named
from training.tracking.table import comparison, readable


def evaluation(
    split: str, values: dict[str, float], coverage: float = 0.5, stratum: str = "hot"
) -> Evaluation:
    frame = pd.DataFrame(
        {"stratum": stratum, "history": 9, "relevant": 1, "recall@20": list(values.values())},
        index=pd.Index(list(values), name="customer_id"),
    )
    nan = float("nan")
    summary = bootstrap_intervals(frame[["recall@20"]]) | {
        "coverage@20": Interval(coverage, nan, nan, len(frame))
    }
    counts = {"customers": len(frame), "relevant": 2 * len(frame), "catalog": 7}
    return Evaluation(
        frame, summary, {}, Task.AGAIN, split, f"hash of {split}", (20,), counts, seconds=1.5
    )


def test_every_customer_counts_once_a_cutoff() -> None:
    new = evaluation("new", {"a": 1.0, "b": 0.0, "c": 1.0}, coverage=0.6)
    old = evaluation("old", {"a": 0.0}, coverage=0.2, stratum="cold")
    found = pooled([new, old])
    assert found.split == "new × 2"
    assert found.summary["recall@20"].value == pytest.approx(2 / 4)
    assert found.summary["recall@20"].n == 3
    assert found.summary["coverage@20"].value == pytest.approx(0.4)
    assert {name: each["recall@20"].value for name, each in found.strata.items()} == {
        "hot": pytest.approx(2 / 3),
        "cold": 0,
    }
    assert found.counts == {"customers": 4, "relevant": 8, "catalog": 7}
    assert found.seconds == 3.0
    assert found.split_hash != pooled([old, new]).split_hash
    assert pooled([new]) is new


def test_cutoffs_of_one_customer_are_drawn_together() -> None:
    """Repeating every customer at a second cutoff adds no information: the interval stays."""
    values = {f"c{n}": float(v) for n, v in enumerate(np.random.default_rng(0).random(200))}
    once, twice = evaluation("new", values), pooled([evaluation(s, values) for s in ("new", "old")])
    one, two = once.summary["recall@20"], twice.summary["recall@20"]
    assert (two.value, two.low, two.high) == pytest.approx((one.value, one.low, one.high))
    independent = pd.DataFrame({"recall@20": [*values.values()] * 2})
    naive = bootstrap_intervals(independent)["recall@20"]
    assert two.high - two.low == pytest.approx((naive.high - naive.low) * 2**0.5, rel=0.1)


def test_seeds_are_averaged_by_customer_and_their_spread_is_told() -> None:
    trials = [
        evaluation("new", {"a": 0.2, "b": 0.4}, coverage=0.4),
        evaluation("new", {"a": 0.4, "b": 0.8}, coverage=0.8),
    ]
    found = averaged(trials)
    assert found.customers["recall@20"].tolist() == pytest.approx([0.3, 0.6])
    assert found.customers["history"].tolist() == [9, 9]
    assert found.summary["recall@20"].value == pytest.approx(0.45)
    assert found.summary["coverage@20"].value == pytest.approx(0.6)
    assert found.spread["recall@20"] == pytest.approx(0.3 / 2**0.5)
    assert (found.seeds, found.split_hash) == (2, trials[0].split_hash)
    assert averaged(trials[:1]) is trials[0]


def test_runs_over_cutoffs_are_paired_cutoff_by_cutoff() -> None:
    tags = {"split_hash": "s", "split": "new × 2", "task": "again", "workspace": "shop"}

    def measured(name: str, gains: tuple[float, float]) -> Measured:
        base = {f"c{n}": n / 40 for n in range(40)}
        parts = [
            evaluation(split, {c: v + gain for c, v in base.items()})
            for split, gain in zip(("new", "old"), gains, strict=True)
        ]
        return Measured(f"id-of-{name}", name, tags, pooled(parts).customers)

    found = compare(measured("a", (0.3, 0.1)), measured("b", (0.0, 0.0)))
    whole = found.differences["recall@20"]
    assert (whole.value, whole.low, whole.high) == pytest.approx((0.2, 0.2, 0.2))
    assert whole.n == 40
    assert found.splits["new"].value == pytest.approx(0.3)
    assert found.splits["old"].value == pytest.approx(0.1)
    assert "| recall@20 old | 0.5875 | 0.4875 | +0.1000 [+0.1000, +0.1000] | 40 |" in found.text


def test_a_sweep_tells_each_cutoff_the_mean_and_the_spread(bench: Bench) -> None:
    names = ("popular", "als")
    plans = [
        bench.plan(f"model={n}", "split.rolling=2", "task=again", "seeds=2", name=n) for n in names
    ]
    popular, als = results = [run(plan) for plan in plans]
    assert (popular.evaluation.seeds, als.evaluation.seeds) == (1, 2)
    means = [each.summary["recall@20"].value for each in als.evaluations]
    sizes = [each.counts["customers"] for each in als.evaluations]
    assert als.value == pytest.approx(np.average(means, weights=sizes))
    named = metrics_named(als)
    assert named["recall_at_20"] == als.value
    assert named["sd/recall_at_20"] == als.evaluation.spread["recall@20"] > 0
    splits = [each.split for each in als.evaluations]
    assert [named[f"{split}/recall_at_20"] for split in splits] == means
    assert named[f"{splits[1]}/low/recall_at_20"] <= means[1]
    shown = readable(comparison(results), ["recall@20"])
    assert [f"at {split}" for split in splits] == [n for n in shown if n.startswith("at ")]
    assert shown.set_index("model")["sd of seeds"].to_dict() == {
        "popular": "–",
        "als": f"{als.evaluation.spread['recall@20']:.4f}",
    }
    over = comparison(results).set_index("model").loc["als", "over popularity"]
    assert over == pytest.approx(als.value - popular.value)
    rows = {row.protocol: row for row in rows_of(als) if row.metric == "recall@20"}
    assert [protocol.removeprefix("again, ") for protocol in rows] == [
        f"{splits[0]} × 2",
        *splits,
    ]
    assert all(row.seeds == 2 for row in rows.values())


def test_only_what_has_a_seed_is_random(bench: Bench) -> None:
    random = {
        name: is_random(bench.plan(f"model={name}").model)
        for name in ("popular", "ease", "als", "ensemble", "ranker")
    }
    assert random == {
        "popular": False, "ease": False, "als": True, "ensemble": True, "ranker": True
    }  # fmt: skip


def test_cutoffs_can_be_listed_in_any_order(bench: Bench) -> None:
    plan = bench.plan("model=popular", "split.cutoff=[2024-03-01,2024-04-01]")
    assert [each.split for each in run(plan).evaluations] == [
        "global-2024-04-01-20d",
        "global-2024-03-01-20d",
    ]


@pytest.mark.parametrize(
    ("cutoffs", "rolling"), [([], 1), (["2024-03-01"] * 2, 1), (["2024-03-01"], 2)]
)
def test_a_list_of_cutoffs_says_everything(cutoffs: list[str], rolling: int) -> None:
    with pytest.raises(ValueError, match="expected one or more different times and rolling=1"):
        GlobalTemporal(cutoff=cutoffs, rolling=rolling)  # type: ignore[arg-type]
