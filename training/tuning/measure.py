"""One setting on one tuning window, in this process or in several beside it."""

from __future__ import annotations

import logging
import math
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from omegaconf import OmegaConf

from ingest.runtime import prepare as prepare_process
from training.data import Prepared
from training.evaluate import evaluate
from training.plan import Plan
from training.runner import fit, prepare
from training.tuning.windows import tuning_data

_log = logging.getLogger(__name__)
_RESAMPLES = 500  # of the bootstrap: tells roughly how sure a trial is
_FAILURES = (ValueError, MemoryError, ArithmeticError, ImportError, OSError, LookupError)
_known: dict[int, tuple[Prepared, Prepared]] = {}  # by number of windows: data, its tuning data


@dataclass(frozen=True)
class Job:
    """A configuration of ``python -m training`` with a trial's settings, and the window to use."""

    config: Mapping[str, Any]
    model: str
    windows: int
    place: int


@dataclass(frozen=True)
class Measured:
    """The metric on one window with its 95 % interval over ``n`` customers, and what it cost."""

    value: float
    low: float
    high: float
    n: int
    seconds: float


Answer = Measured | str  # a text says why there is no value
Measure = Callable[[Sequence[Job]], Sequence[Answer]]


def tuning_of(plan: Plan, windows: int) -> Prepared:
    """Return the tuning data of ``plan``, made once a process for plans that share their data."""
    prepared = prepare(plan)
    if windows not in _known or _known[windows][0] is not prepared:
        _known.clear()
        _known[windows] = (prepared, tuning_data(prepared, plan.splitter, windows))
    return _known[windows][1]


def measure(job: Job) -> Answer:
    """Fit and judge; a model that fails answers with the reason."""
    started = perf_counter()
    try:
        plan = Plan.of(OmegaConf.create(dict(job.config)), job.model)
        data = tuning_of(plan, job.windows)
        split = data.splits[job.place]
        reader = data.reader(split.cutoff)
        model = fit(plan, data, split.train, split.cutoff)
        found = evaluate(model, split, plan.task, plan.k, reader, resamples=_RESAMPLES)
    except _FAILURES as error:
        _log.debug("failed", exc_info=True)
        return f"{type(error).__name__}: {error}"
    best = found.main(plan.metric)
    if math.isnan(best.value):
        return f"{plan.metric} is not a number on {split.name}"
    return Measured(best.value, best.low, best.high, best.n, perf_counter() - started)


def with_threads(config: Mapping[str, Any], most: int) -> dict[str, Any]:
    """Return the configuration of a model, and of its parts, with at most so many threads each."""
    found: dict[str, Any] = {}
    for name, value in config.items():
        if isinstance(value, Mapping):
            found[name] = with_threads(value, most)
        else:
            limited = name == "threads" and isinstance(value, int)
            found[name] = min(value, most) if limited else value
    return found


@contextmanager
def measuring(processes: int, threads: int) -> Iterator[Measure]:
    """Open what measures ``processes`` jobs at a time and answers in the order of the jobs.

    Each process uses ``threads`` threads where a library lets nobody choose.

    Raises
    ------
    MemoryError
        If a process was ended from outside, as a system short of memory does.
    """
    if processes == 1:
        yield lambda jobs: [measure(job) for job in jobs]
        return
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))  # for libraries that take every core
    context = multiprocessing.get_context("spawn")  # a fork would copy locks of BLAS
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_begin) as pool:

        def side_by_side(jobs: Sequence[Job]) -> Sequence[Answer]:
            try:
                return list(pool.map(measure, jobs))
            except BrokenProcessPool as error:
                raise MemoryError(
                    "a process that measured ended early, as it does when memory runs out; call "
                    "again with processes=1: what was measured is kept"
                ) from error

        yield side_by_side


def _begin() -> None:
    """Set up a process, which ends when the one that started it is gone, killed or not."""
    prepare_process()
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
