"""A search is a function of its seed, whatever interrupts it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from training.tuning import search as module
from training.tuning.domains import Settings
from training.tuning.measure import Answer, Job, Measured, with_threads
from training.tuning.outcome import Outcome, Tried, best_of
from training.tuning.search import Search, study_in
from training.tuning.settings import Budget
from training.tuning.space import Space

MODEL = {
    "_target_": "training.models.edlae.EDLAE",
    "dropout": 0.5,
    "regularization": 1.0,
    "threads": 2,
}
SPACE = Space.of(
    "edlae",
    MODEL,
    {
        "dropout": {"low": 0.1, "high": 0.9},
        "regularization": {"low": 0.1, "high": 10_000.0, "log": True},
    },
)


def hill(model: dict[str, Any], place: int) -> float:
    """Highest where the penalty is 100; dropout matters a little; later windows lie lower."""
    distance = abs(math.log10(model["regularization"]) - 2)
    return 1.0 - 0.2 * distance - 0.01 * float(model["dropout"]) - 0.1 * place


class Hill:
    """Measures the hill and remembers what it was asked; may be cut off like a killed process."""

    def __init__(self, patience: float = math.inf) -> None:
        self.jobs: list[Job] = []
        self.patience = patience

    def __call__(self, jobs: Sequence[Job]) -> Sequence[Answer]:
        found = []
        for job in jobs:
            if len(self.jobs) >= self.patience:
                raise KeyboardInterrupt
            self.jobs.append(job)
            value = hill(job.config["model"], job.place)
            found.append(Measured(value, value - 0.1, value + 0.1, 10, 2.0))
        return found


class Notes:
    """A journal on paper."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.ended: dict[int, Outcome] = {}

    def begin(self, number: int, settings: Settings) -> str:
        self.begun.append(number)
        return f"record {number}"

    def end(self, record: str, number: int, settings: Settings, found: Outcome) -> None:
        assert record == f"record {number}"
        self.ended[number] = found


def searched(
    folder: Path,
    measure: Callable[[Sequence[Job]], Sequence[Answer]] | None = None,
    notes: Notes | None = None,
    space: Space = SPACE,
    **budget: Any,
) -> list[Tried]:
    chosen = Budget(**({"trials": 12, "windows": 1} | budget))
    with study_in(folder / "studies.db", "one") as study:
        search = Search(study, space, chosen, {"task": "discover"}, "edlae")
        return search.run(measure or Hill(), notes or Notes(), lambda outcome: None)


def test_the_first_trial_is_the_default_and_the_best_is_better(tmp_path: Path) -> None:
    notes = Notes()
    tried = searched(tmp_path, notes=notes, trials=20)
    assert tried[0].settings == {"dropout": 0.5, "regularization": 1.0}
    assert [each.number for each in tried] == list(range(20)) == notes.begun
    best = best_of(tried, "recall@20")
    assert best is not None
    assert best.outcome.value > tried[0].outcome.value + 0.2
    assert abs(math.log10(float(best.settings["regularization"] or 0)) - 2) < 0.5
    assert notes.ended[best.number].value == best.outcome.value


def test_equal_seeds_give_equal_searches_and_others_do_not(tmp_path: Path) -> None:
    first, again, other = (
        searched(tmp_path / name, seed=seed) for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert first == again
    assert [each.settings for each in first[1:]] != [each.settings for each in other[1:]]


@pytest.mark.parametrize(("processes", "patience"), [(1, 0), (1, 9), (3, 4), (3, 13)])
def test_a_kill_changes_nothing(tmp_path: Path, processes: int, patience: int) -> None:
    rules = {"trials": 11, "windows": 2, "processes": processes}
    whole = searched(tmp_path / "whole", **rules)
    with pytest.raises(KeyboardInterrupt):
        searched(tmp_path / "cut", Hill(patience), **rules)
    rest = Hill()
    resumed = searched(tmp_path / "cut", rest, **rules)
    assert resumed == whole
    done = sum(len(each.outcome.windows) for each in whole)
    answered = patience // processes * processes  # an unanswered round is measured again
    assert done - patience <= len(rest.jobs) <= done - answered + processes


def test_more_trials_continue_a_search(tmp_path: Path) -> None:
    short = searched(tmp_path, trials=5)
    rest = Hill()
    assert searched(tmp_path, rest, trials=9)[:5] == short
    assert len(rest.jobs) == 4
    assert searched(tmp_path, Hill(0), trials=5) == short  # nothing to measure, and equal budgets


def test_a_poor_trial_is_spared_the_later_windows(tmp_path: Path) -> None:
    measure = Hill()
    tried = searched(tmp_path, measure, trials=20, windows=3)
    pruned = [each for each in tried if each.outcome.state == "pruned"]
    complete = [each for each in tried if each.outcome.state == "complete"]
    assert len(pruned) + len(complete) == 20
    assert pruned
    assert all(len(each.outcome.windows) < 3 for each in pruned)
    assert all(len(each.outcome.windows) == 3 for each in complete)
    assert len(measure.jobs) == sum(len(each.outcome.windows) for each in tried)
    best = best_of(tried, "recall@20")
    assert best is not None
    assert best.outcome.state == "complete"
    assert best.outcome.value == pytest.approx(hill(MODEL | best.settings, 1))
    assert best.outcome.seconds == 6.0


def test_equal_settings_are_measured_once(tmp_path: Path) -> None:
    model = {"_target_": "training.models.rp3beta.RP3Beta", "weighting": "binary"}
    space = Space.of("rp3beta", model, {"weighting": {"choices": ["binary", "count"]}})
    asked: list[str] = []

    def measure(jobs: Sequence[Job]) -> Sequence[Answer]:
        asked.extend(job.config["model"]["weighting"] for job in jobs)
        return [Measured(0.5, 0.4, 0.6, 10, 1.0)] * len(jobs)

    tried = searched(tmp_path, measure, space=space, trials=8)
    assert len(tried) == 8
    assert sorted(asked) == ["binary", "count"]


def test_a_failing_trial_counts_and_cannot_win(tmp_path: Path) -> None:
    def measure(jobs: Sequence[Job]) -> Sequence[Answer]:
        weak = [job.config["model"]["regularization"] < 50 for job in jobs]
        good = Measured(0.5, 0.4, 0.6, 10, 1.0)
        return ["ArithmeticError: singular" if bad else good for bad in weak]

    notes = Notes()
    tried = searched(tmp_path, measure, notes, trials=10)
    assert tried[0].outcome == Outcome("failed", [], "ArithmeticError: singular")
    assert math.isnan(tried[0].outcome.value)
    assert notes.ended[0].state == "failed"
    best = best_of(tried, "recall@20")
    assert best is not None
    assert float(best.settings["regularization"] or 0) >= 50
    assert len(tried) == 10
    assert best_of(tried[:1], "recall@20") is None


def test_no_trial_starts_after_the_time_is_spent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = itertools.count(step=10)  # each look at it is ten seconds later
    monkeypatch.setattr(module, "perf_counter", lambda: float(next(clock)))
    assert len(searched(tmp_path, seconds=25)) == 3
    assert len(searched(tmp_path, Hill(0), seconds=25)) == 3  # the time of both calls counts
    assert len(searched(tmp_path, seconds=45)) == 5


def test_what_decides_is_told_apart_from_what_does_not(tmp_path: Path) -> None:
    with study_in(tmp_path / "studies.db", "one") as study:
        search = Search(study, SPACE, Budget(trials=25, windows=1), {}, "edlae")
        search.run(Hill(), Notes(), lambda outcome: None)
        shares = search.importances()
        assert shares["regularization"] > 2 * shares["dropout"]
        assert sum(shares.values()) == pytest.approx(1)
        few = Search(study, SPACE, Budget(trials=3, windows=1), {}, "edlae")
        assert few.importances() == {}


def test_trials_get_their_settings_and_no_more_threads_than_their_share(tmp_path: Path) -> None:
    measure = Hill()
    searched(tmp_path, measure, trials=1)
    job = measure.jobs[0]
    assert job.config["task"] == "discover"
    assert job.config["model"] == MODEL | {"threads": min(2, Budget().threads)}
    nested = with_threads({"threads": 1, "sources": {"ease": {"threads": 8, "b": 3}}}, 2)
    assert nested == {"threads": 1, "sources": {"ease": {"threads": 2, "b": 3}}}


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"trials": 0}, "trials: expected a whole number from 1, received 0"),
        ({"windows": 1.5}, "windows: expected a whole number"),
        ({"processes": True}, "processes: expected a whole number"),
        ({"seed": -1}, "seed: expected a whole number from 0"),
        ({"seconds": 0}, "seconds: expected a positive number or null"),
        ({"seconds": "long"}, "seconds: expected a positive number or null"),
    ],
)
def test_a_budget_is_checked(wrong: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        Budget(**wrong)
