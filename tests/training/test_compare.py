"""Comparing runs: known differences, what is kept, and what is refused."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.training.conftest import Bench
from training import compare as verb
from training.comparison import ComparisonError, Measured, compare, read_runs
from training.evaluate import Evaluation
from training.runner import forget, run
from training.tracking.compared import log_comparison
from training.tracking.log import log_result, tracked_run

TAGS = {"split_hash": "s1", "split": "global", "task": "again", "workspace": "shop"}


def measured(name: str, recall: list[float], ndcg: list[float]) -> Measured:
    frame = pd.DataFrame(
        {
            "stratum": ["cold", "hot"] * (len(recall) // 2),
            "history": 3,
            "relevant": 1,
            "recall@20": recall,
            "ndcg@20": ndcg,
        },
        index=pd.Index([f"c{n:03d}" for n in range(len(recall))], name="customer_id"),
    )
    return Measured(f"id-of-{name}", name, TAGS, frame)


def test_a_constant_gain_has_an_interval_without_width() -> None:
    values = np.random.default_rng(0).random(40)
    found = compare(
        measured("a", list(values + 0.1), list(values)), measured("b", list(values), list(values))
    )
    gain = found.differences["recall@20"]
    assert (gain.value, gain.low, gain.high) == pytest.approx((0.1, 0.1, 0.1))
    assert gain.n == 40
    assert found.differences["ndcg@20"].value == 0
    assert set(found.strata) == {"cold", "hot"}
    assert found.strata["hot"].n == 20
    assert "| recall@20 cold |" in found.text
    assert "+0.1000 [+0.1000, +0.1000]" in found.text


def test_strata_follow_the_history_and_what_nobody_measured_is_no_row() -> None:
    sides = [measured(name, [0.5] * 40, [0.5] * 40) for name in ("a", "b")]
    for side in sides:
        side.customers["diversity@20"] = np.nan
        side.customers["stratum"] = ["hot", "cold", "warm", "cold"] * 10
    found = compare(*sides)
    assert list(found.strata) == ["cold", "warm", "hot"]
    assert "nan" not in found.text
    assert "diversity" not in found.text


def test_the_interval_is_that_of_the_mean() -> None:
    """For n differences with deviation s the 95 % interval is about mean ± 1.96 s / √n."""
    noise = np.random.default_rng(1).normal(0.02, 0.1, 900)
    base = [0.5] * 900
    found = compare(measured("a", list(0.5 + noise), base), measured("b", base, base))
    gain = found.differences["recall@20"]
    half = 1.96 * noise.std() / 30
    assert gain.low == pytest.approx(noise.mean() - half, abs=0.0008)
    assert gain.high == pytest.approx(noise.mean() + half, abs=0.0008)


def test_swapping_the_runs_swaps_the_sign() -> None:
    rng = np.random.default_rng(2)
    a = measured("a", list(rng.random(30)), list(rng.random(30)))
    b = measured("a", list(rng.random(30)), list(rng.random(30)))
    there, back = compare(a, b).differences, compare(b, a).differences
    for name, gain in there.items():
        assert (gain.value, gain.low) == pytest.approx((-back[name].value, -back[name].high))


def test_equal_names_are_told_apart_by_run() -> None:
    first = measured("ease", [0.1, 0.2], [0.1, 0.2])
    second = replace(first, run_id="another-run")
    assert compare(first, second).names == ("ease (id-of-ea)", "ease (another-)")


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        ("split_hash", r"differ in split, .*a \(id-of-a\): global; b .* \(split_hash s1 and other"),
        ("task", "differ in task"),
        ("workspace", "differ in workspace"),
    ],
)
def test_runs_that_answered_another_question_are_refused(tag: str, message: str) -> None:
    first, second = (measured(name, [0.1, 0.2], [0.1, 0.2]) for name in "ab")
    with pytest.raises(ComparisonError, match=message):
        compare(first, replace(second, tags=TAGS | {tag: "other"}))


def test_an_unknown_metric_is_refused() -> None:
    first, second = (measured(name, [0.1, 0.2], [0.1, 0.2]) for name in "ab")
    with pytest.raises(ComparisonError, match=r"one of \['recall@20', 'ndcg@20'\], received 'x'"):
        compare(first, second, metric="x")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["run=a", "log=false", "run=1e9"], ["log=false", "run=['a','1e9']"]),
        (["run=[a,b]"], ["run=[a,b]"]),
        (["run=a"], ["run=['a']"]),
        (["--help"], ["--help"]),
    ],
)
def test_repeated_runs_are_gathered(given: list[str], expected: list[str]) -> None:
    assert verb.gathered(given) == expected


@pytest.fixture(scope="module")
def two(
    tmp_path_factory: pytest.TempPathFactory, blank_store: Path
) -> tuple[Bench, dict[str, str], dict[str, Evaluation]]:
    """Popularity and EASE on one split, logged."""
    forget()
    own_bench = Bench(tmp_path_factory.mktemp("compare"), blank_store)
    ids, found = {}, {}
    for name in ("popular", "ease"):
        plan = own_bench.plan(f"model={name}", "task=again", name=name)
        with tracked_run(own_bench.store, plan) as run_id:
            result = run(plan)
            log_result(own_bench.store, result, run_id, bundle=False)
        ids[name], found[name] = run_id, result.evaluation
    return own_bench, ids, found


Two = tuple[Bench, dict[str, str], dict[str, Evaluation]]


def test_logged_runs_compare_as_their_evaluations_do(two: Two) -> None:
    bench, ids, found = two
    ease, popular = read_runs(bench.store, [ids["ease"], ids["popular"]])
    compared = compare(ease, popular)
    expected = found["ease"].minus(found["popular"], "recall@20")
    gain = compared.differences["recall@20"]
    assert (gain.value, gain.low, gain.high, gain.n) == pytest.approx(
        (expected.value, expected.low, expected.high, expected.n)
    )
    run_id = log_comparison(bench.store, compared)
    kept = bench.store.client().get_run(run_id)
    assert kept.info.status == "FINISHED"
    assert kept.data.tags["role"] == "comparison"
    assert kept.data.metrics["difference/recall_at_20"] == pytest.approx(expected.value)
    assert kept.data.metrics["difference/low/recall_at_20"] == pytest.approx(expected.low)
    files = {file.path for file in bench.store.client().list_artifacts(run_id)}
    assert files == {"comparison.csv", "comparison.md"}
    with pytest.raises(ComparisonError, match="expected the artifact customers"):
        Measured.of(bench.store, run_id)


def test_the_command(
    two: Two, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bench, ids, _ = two

    def call(*arguments: str) -> int:
        folder = f"tracking.folder={bench.tracking}"
        monkeypatch.setattr(sys, "argv", ["compare", *arguments, folder])
        try:
            verb.call()
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    assert call(f"run={ids['ease']}", f"run={ids['popular']}") == 0
    told = capsys.readouterr().out
    assert "# ease minus popular" in told
    assert "kept as run " in told
    assert call(f"run={ids['ease']}", f"run={ids['popular']}", "log=false") == 0
    assert "kept" not in capsys.readouterr().out
    assert call(f"run={ids['ease']}") == 2
    assert "expected two or more different run ids" in capsys.readouterr().err
    assert call(f"run={ids['ease']}", "run=nothing") == 2
    assert "run 'nothing': not found" in capsys.readouterr().err
    assert Path(bench.tracking / "mlflow.db").exists()
