"""The gate: who may serve, why, and how to go back."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from tests.training.conftest import Bench
from tests.training.shop import START
from training import promote as verb
from training.gate import Duel, GateError, Verdict, judge
from training.guards import Limits
from training.metrics import Interval
from training.plan import Plan
from training.promotion import promote
from training.registry import Registry, load_champion
from training.runner import forget, run
from training.tracking.log import log_result, tracked_run


def log(bench: Bench, *plans: Plan, parent: str | None = None, bundle: bool = True) -> None:
    for plan in plans:
        with tracked_run(bench.store, plan, parent) as run_id:
            log_result(bench.store, run(plan), run_id, bundle=bundle)


def run_named(bench: Bench, model: str) -> str:
    store = bench.store
    runs = store.client().search_runs([store.experiment("shop", "again")])
    return next(run.info.run_id for run in runs if run.data.tags["model"] == model)


@pytest.fixture
def measured(own_bench: Bench) -> Bench:
    """Popularity and EASE, measured on the task that EASE is good at here."""
    forget()
    plans = [
        own_bench.plan(f"model={name}", "task=again", name=name) for name in ("popular", "ease")
    ]
    log(own_bench, *plans)
    return own_bench


def test_the_winner_is_refitted_on_everything_and_serves(measured: Bench) -> None:
    verdict = judge(measured.store, "shop", "again")
    assert verdict.passed
    assert verdict.model == "ease"
    assert "It is better than popular: +" in verdict.words
    version = promote(measured.store, verdict)
    bundle = load_champion("shop", measured.store)
    assert version.number == 1
    assert bundle.trained_until == START + pd.Timedelta(days=120)
    assert bundle.metrics["recall@20"] == pytest.approx(verdict.value)
    assert bundle.intervals["recall@20"][0] < verdict.value
    assert bundle.run_id == verdict.run_id
    assert bundle.task == "again"
    assert len(bundle.model.recommend(["c000", "nobody"], 5, exclude_seen=False)) == 10


def test_the_same_again_is_not_promoted_and_a_worse_one_neither(measured: Bench) -> None:
    promote(measured.store, judge(measured.store, "shop", "again"), refit=False)
    again = judge(measured.store, "shop", "again")
    assert again.stale
    assert not again.passed
    assert "the champion's data" in again.words
    worse = [
        measured.plan("model=popular", "task=again", name="popular"),
        measured.plan("model=ease", "model.max_items=25", "task=again", name="ease 25"),
    ]
    sweep = measured.store.client().create_run(measured.store.experiment("shop", "again"))
    log(measured, *worse, parent=sweep.info.run_id)
    verdict = judge(measured.store, "shop", "again")
    assert verdict.model == "ease 25"
    assert [duel.opponent for duel in verdict.duels][1].startswith("the champion (version 1, ease")
    assert not verdict.passed
    assert "not surely better than the champion" in verdict.words
    log(measured, measured.plan("model=item_knn", "task=again", name="tried alone"))
    again = judge(measured.store, "shop", "again")
    assert again.run_id == verdict.run_id, "what is no part of the sweep is no candidate"


def test_a_better_model_that_costs_too_much_is_not_promoted(measured: Bench) -> None:
    """EASE beats popularity as champion, and is larger."""
    store = measured.store
    popular = judge(store, "shop", "again", baseline="ease")
    run_id = run_named(measured, "popular")
    promote(store, replace(popular, run_id=run_id, model="popular"), refit=False)
    free = judge(store, "shop", "again")
    assert [guard.name for guard in free.guards][-1] == "size of the model in MB"
    assert free.passed
    assert "Guard coverage@20: held (" in free.words
    assert free.text.startswith("| guard | candidate | champion | limit | outcome |")
    slow = Limits(quick=0.0, latency=1.0, small=0.0, size=1.0)
    shut = judge(store, "shop", "again", limits=slow)
    assert all(duel.won for duel in shut.duels)
    assert not shut.passed
    assert "Guard size of the model in MB: past its limit (" in shut.words
    assert shut.words.endswith("Not promoted.")


def test_several_cutoffs_are_judged_together(own_bench: Bench) -> None:
    forget()
    chosen = {
        "popular": ["model=popular"],
        "ease": ["model=ease"],
        "ease 9": ["model=ease", "model.max_items=9"],
    }
    plans = [
        own_bench.plan(*settings, "task=again", "split.rolling=2", name=name)
        for name, settings in chosen.items()
    ]
    log(own_bench, *plans, bundle=False)
    first = judge(own_bench.store, "shop", "again")
    assert first.model == "ease"
    assert first.duels[0].difference.n == 80  # customers, however many cutoffs
    promote(own_bench.store, replace(first, run_id=run_named(own_bench, "ease 9"), model="ease 9"))
    again = judge(own_bench.store, "shop", "again")
    assert again.duels[1].opponent == "the champion (version 1, ease 9)"
    assert again.duels[1].won
    assert again.guards
    assert again.passed
    assert load_champion("shop", own_bench.store).split.endswith(" × 2")


def test_rollback_goes_one_champion_back(measured: Bench) -> None:
    verdict = judge(measured.store, "shop", "again")
    first = promote(measured.store, verdict, refit=False)
    second = promote(measured.store, verdict, refit=False)
    registry = Registry("shop", measured.store)
    now, before = registry.rollback()
    assert (now.number, before.number) == (second.number, first.number)
    champion = registry.champion()
    assert champion is not None
    assert champion.number == first.number
    with pytest.raises(LookupError, match="nothing to go back to"):
        registry.rollback()


def test_nothing_to_judge(own_bench: Bench) -> None:
    forget()
    with pytest.raises(GateError, match="no finished run of task 'again'"):
        judge(own_bench.store, "shop", "again")
    log(own_bench, own_bench.plan("model=ease", "task=again", name="ease"), bundle=False)
    with pytest.raises(GateError, match="no run of model 'popular'"):
        judge(own_bench.store, "shop", "again")


def test_without_a_bundle_only_a_refit_can_serve(own_bench: Bench) -> None:
    forget()
    plans = [own_bench.plan(f"model={n}", "task=again", name=n) for n in ("popular", "ease")]
    log(own_bench, *plans, bundle=False)
    with pytest.raises(GateError, match="refit=true"):
        promote(own_bench.store, judge(own_bench.store, "shop", "again"), refit=False)


def test_words_of_a_refresh() -> None:
    duel = Duel("popular", Interval(0.1, 0.05, 0.15, 10))
    verdict = Verdict("r", "ease", "shop", "again", "recall@20", 0.4, (duel,), refresh=True)
    assert verdict.passed
    assert "on newer data" in verdict.words
    assert verdict.words.endswith("Promoted.")


def test_the_command(
    measured: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def call(*overrides: str) -> int:
        folder = f"tracking.folder={measured.tracking}"
        arguments = ["promote", "workspace=shop", "task=again", folder, *overrides]
        monkeypatch.setattr(sys, "argv", arguments)
        try:
            verb.main()
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    assert call("rollback=true") == 2
    assert "no champion" in capsys.readouterr().err
    assert call("refit=false") == 0
    assert "version 1 of huaxiang-shop is champion" in capsys.readouterr().out
    assert call() == 1
    assert "Not promoted" in capsys.readouterr().out
    assert call("metric=ndcg@99") == 2
    assert call("guards.coverage=2") == 2
    assert "guards: coverage: Input should be less than or equal to 1" in capsys.readouterr().err
    assert Path(measured.tracking / "mlflow.db").exists()
