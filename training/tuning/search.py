"""Search for the settings of one model: a study that a kill interrupts and does not change.

Trials are asked for in rounds of as many as are measured at a time, and told in the order of their
numbers. The sampler of each trial is seeded with the number of the trial, so that a search is a
function of its seed and of what was measured: the same call gives the same trials, in one go or
resumed. Trial 0 is the model as it is configured.
"""

from __future__ import annotations

import logging
import sqlite3
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from training.tuning.measure import Answer, Job, Measure, Measured, with_threads
from training.tuning.outcome import Journal, Outcome, Tried
from training.tuning.settings import Budget
from training.tuning.space import Space

if TYPE_CHECKING:
    from collections.abc import Callable

    from optuna import Study, Trial
    from optuna.trial import FrozenTrial

_log = logging.getLogger(__name__)
_RANDOM = 8  # trials drawn at random before the estimator has something to go by
_PRUNING = 4  # complete trials before one is pruned
_EXPLAINABLE = 5  # complete trials before the importance of parameters is estimated
_WINDOW, _SECONDS, _ERROR, RUN = "window {}", "seconds", "error", "run"


@contextmanager
def study_in(path: Path, name: str, *, least: bool = False) -> Iterator[Study]:
    """Open the study ``name`` in the SQLite database ``path``, creating either where needed.

    ``least`` looks for the smallest value, as of errors, instead of the largest.
    """
    import optuna  # noqa: PLC0415  (takes a second)

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    path.parent.mkdir(parents=True, exist_ok=True)
    options = {"creator": partial(_connect, path)}
    storage = optuna.storages.RDBStorage(f"sqlite:///{path}", engine_kwargs=options)
    try:
        yield optuna.create_study(
            storage=storage,
            study_name=name,
            direction="minimize" if least else "maximize",
            load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(n_startup_trials=_PRUNING),
        )
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _connect(path: Path) -> sqlite3.Connection:
    """Open a database that a kill cannot harm and that does not wait for the disk at each step."""
    connection = sqlite3.connect(path, timeout=60, check_same_thread=False)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = normal")
    return connection


@dataclass(frozen=True)
class Search:
    """The search for one model.

    Parameters
    ----------
    study : Study
    space : Space
    budget : Budget
    config : dict
        Configuration of the experiment; trials replace parts of its ``model``.
    model : str
        Name of the model.
    """

    study: Study
    space: Space
    budget: Budget
    config: Mapping[str, Any]
    model: str

    def run(
        self, measure: Measure, journal: Journal, told: Callable[[Outcome], None]
    ) -> list[Tried]:
        """Try until the budget is spent; ``told`` hears of each trial."""
        if not self.study.get_trials(deepcopy=False):
            self.study.enqueue_trial(self.space.defaults())
        while batch := self._batch(journal):
            started = perf_counter()
            outcomes = self._measured(batch, measure)
            for trial, outcome in zip(batch, outcomes, strict=True):
                journal.end(trial.user_attrs[RUN], trial.number, dict(trial.params), outcome)
                self._tell(trial, outcome)
                told(outcome)
            self._spend(perf_counter() - started)
        return self.tried()

    @property
    def seconds(self) -> float:
        """Wall-clock time spent so far, in earlier processes too."""
        return float(self.study.user_attrs.get(_SECONDS, 0.0))

    def tried(self) -> list[Tried]:
        """Return the trials that the budget holds, in their order."""
        found = self.study.get_trials(deepcopy=False)[: self.budget.trials]
        return [
            Tried(each.number, dict(each.params), _outcome(each))
            for each in found
            if each.state.is_finished()
        ]

    def importances(self) -> dict[str, float]:
        """Return the share of each parameter in what makes good trials good (PED-ANOVA).

        Empty for few trials. Source: Watanabe, Bansal and Hutter 2023, "PED-ANOVA: Efficiently
        Quantifying Hyperparameter Importance in Arbitrary Subspaces".
        """
        from optuna.importance import get_param_importances  # noqa: PLC0415

        complete = [each for each in self.tried() if each.outcome.state == "complete"]
        if len(complete) < _EXPLAINABLE:
            return {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that all trials are alike good
            return dict(get_param_importances(self.study))

    def _batch(self, journal: Journal) -> list[Trial]:
        """Return the trials of the next round, those that a kill left open first."""
        from optuna.trial import TrialState  # noqa: PLC0415

        trials = self.study.get_trials(deepcopy=False)
        running = [each for each in trials if each.state == TrialState.RUNNING]
        asked = [each.number for each in trials if each.state != TrialState.WAITING]
        capped = self.budget.seconds is not None and self.seconds >= self.budget.seconds
        if not running and (capped or len(asked) >= self.budget.trials):
            return []
        batch = [self._draw(each.number, each._trial_id) for each in running]
        first = running[0].number if running else len(asked)
        round_ends = (first // self.budget.processes + 1) * self.budget.processes
        batch += [self._draw(n) for n in range(len(asked), min(round_ends, self.budget.trials))]
        for trial in batch:
            if RUN not in trial.user_attrs:
                trial.set_user_attr(RUN, journal.begin(trial.number, dict(trial.params)))
        return batch

    def _draw(self, number: int, known: int | None = None) -> Trial:
        """Ask for the settings of a trial, or take up the one that storage knows as ``known``."""
        from optuna import Trial  # noqa: PLC0415
        from optuna.samplers import TPESampler  # noqa: PLC0415

        seed = int(np.random.SeedSequence([self.budget.seed, number]).generate_state(1)[0])
        self.study.sampler = TPESampler(seed=seed, n_startup_trials=_RANDOM)
        trial = self.study.ask() if known is None else Trial(self.study, known)
        for name, domain in self.space.parameters.items():
            domain.suggest(trial, name)
        return trial

    def _measured(self, batch: Sequence[Trial], measure: Measure) -> list[Outcome]:
        """Measure window by window; a trial that fails or is pruned is spared the next."""
        found: dict[int, list[Measured]] = {trial.number: [] for trial in batch}
        ended: dict[int, Outcome] = {}
        for place in range(self.budget.windows):
            open_ = [trial for trial in batch if trial.number not in ended]
            for trial, answer in self._answers(open_, place, measure):
                if isinstance(answer, str):
                    _log.warning("%s, trial %d failed: %s", self.model, trial.number, answer)
                    trial.set_user_attr(_ERROR, answer)
                    ended[trial.number] = Outcome("failed", found[trial.number], answer)
                    continue
                found[trial.number].append(answer)
                self._report(trial, found[trial.number])
                if place + 1 < self.budget.windows and trial.should_prune():
                    ended[trial.number] = Outcome("pruned", found[trial.number])
        return [ended.get(t.number, Outcome("complete", found[t.number])) for t in batch]

    def _answers(
        self, trials: Sequence[Trial], place: int, measure: Measure
    ) -> Iterator[tuple[Trial, Answer]]:
        """Measure the trials that nobody has measured on this window, now or before a kill."""
        known = {trial.number: self._known(trial, place) for trial in trials}
        todo = [trial for trial in trials if known[trial.number] is None]
        fresh = dict(
            zip((t.number for t in todo), measure([self._job(t, place) for t in todo]), strict=True)
        )
        for trial in trials:
            answer = known[trial.number]
            yield trial, fresh[trial.number] if answer is None else answer

    def _known(self, trial: Trial, place: int) -> Measured | None:
        """Return what this trial, or an earlier one of equal settings, has on a window."""
        name = _WINDOW.format(place)
        if name in trial.user_attrs:
            return Measured(**trial.user_attrs[name])
        for earlier in self.study.get_trials(deepcopy=False)[: trial.number]:
            if earlier.params == trial.params and name in earlier.user_attrs:
                return Measured(**earlier.user_attrs[name])
        return None

    def _job(self, trial: Trial, place: int) -> Job:
        settings = self.space.with_settings(trial.params)
        config = {**self.config, "model": with_threads(settings, self.budget.threads)}
        return Job(config, self.model, self.budget.windows, place)

    def _report(self, trial: Trial, found: Sequence[Measured]) -> None:
        """Keep the value of a window, and the mean so far for the pruner."""
        place = len(found) - 1
        if _WINDOW.format(place) not in trial.user_attrs:
            trial.set_user_attr(_WINDOW.format(place), asdict(found[-1]))
        if place not in trial.storage.get_trial(trial._trial_id).intermediate_values:
            trial.report(sum(each.value for each in found) / len(found), place)

    def _tell(self, trial: Trial, outcome: Outcome) -> None:
        from optuna.trial import TrialState  # noqa: PLC0415

        states = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED,
                  "failed": TrialState.FAIL}  # fmt: skip
        value = outcome.value if outcome.state == "complete" else None
        self.study.tell(trial, value, state=states[outcome.state])

    def _spend(self, seconds: float) -> None:
        self.study.set_user_attr(_SECONDS, self.seconds + seconds)


def _outcome(trial: FrozenTrial) -> Outcome:
    """Read what became of a trial of an earlier process."""
    windows: list[Measured] = []
    while (name := _WINDOW.format(len(windows))) in trial.user_attrs:
        windows.append(Measured(**trial.user_attrs[name]))
    state = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}[trial.state.name]
    return Outcome(state, windows, str(trial.user_attrs.get(_ERROR, "")))
