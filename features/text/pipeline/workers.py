"""Ask several analyzers about batches of texts, here or in other processes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.queues import Queue
from types import TracebackType
from typing import Self, TypeVar

import numpy as np
import pyarrow as pa

from features.text.base import Analyzer
from features.text.embedding.embed import WIDTH
from features.text.embedding.vectors import FloatArray, SharedVectors

SPAWN_FROM = 2500  # texts from which starting more processes pays

Answers = dict[str, pa.Table]
T = TypeVar("T")


@dataclass(frozen=True)
class Job:
    """What to find out.

    Parameters
    ----------
    texts : mapping of str to list of str
        By name of the analyzer, the texts to ask it about.
    known : list of str
        Texts whose vectors are known already.
    vectors : numpy.ndarray
        float32 [len(known), 512], those vectors.
    """

    texts: Mapping[str, list[str]]
    known: list[str] = field(default_factory=list)
    vectors: FloatArray = field(default_factory=lambda: np.zeros((0, WIDTH), dtype=np.float32))

    @property
    def size(self) -> int:
        """Distinct texts asked about, at least."""
        return max((len(texts) for texts in self.texts.values()), default=0)


class Team:
    """Analyzers that share sentence vectors, ready to do one job after another.

    Parameters
    ----------
    analyzers : sequence of Analyzer
        Asked in this order.
    shared : SharedVectors, optional
        What they take vectors from.
    """

    def __init__(self, analyzers: Sequence[Analyzer], shared: SharedVectors | None) -> None:
        self._analyzers = {analyzer.name: analyzer for analyzer in analyzers}
        self._shared = shared

    def do(self, job: Job) -> Answers:
        """Return one table an analyzer that was asked something."""
        if self._shared is not None:
            self._shared.remember(job.known, job.vectors)
        return {
            name: analyzer.analyze(job.texts[name])
            for name, analyzer in self._analyzers.items()
            if job.texts.get(name)
        }


class Workers:
    """Does jobs in this process, and in several once there is enough to do.

    Parameters
    ----------
    team : Team
        Copied to every process.
    count : int
        Most processes; with one, everything happens in this one.
    """

    def __init__(self, team: Team, count: int) -> None:
        self._team = team
        self._count = count
        self._asked = 0
        self._pool: ProcessPoolExecutor | None = None

    @property
    def processes(self) -> int:
        """How many processes work by now."""
        return 1 if self._pool is None else self._count

    def each(self, jobs: Iterable[tuple[T, Job]]) -> Iterator[tuple[T, Answers]]:
        """Do jobs and yield what each was given with, and its answers, in the order given.

        A few jobs more than there are processes wait at any time, so that nobody idles.
        """
        waiting: deque[tuple[T, Future[Answers]]] = deque()
        for given, job in jobs:
            waiting.append((given, self._submit(job)))
            if len(waiting) > (0 if self._pool is None else self._count + 1):
                first, answers = waiting.popleft()
                yield first, answers.result()
        for given, answers in waiting:
            yield given, answers.result()

    def _submit(self, job: Job) -> Future[Answers]:
        self._asked += job.size
        if self._pool is None and self._count > 1 and self._asked >= SPAWN_FROM:
            self._pool = _pool(self._team, self._count)
        if self._pool is not None:
            return self._pool.submit(_do, job)
        done: Future[Answers] = Future()
        done.set_result(self._team.do(job))
        return done

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


_employed: list[Team] = []


def _pool(team: Team, count: int) -> ProcessPoolExecutor:
    """Return a pool whose processes start side by side.

    The team reaches them by a queue: as an argument it would be written to each process in turn,
    and writing waits until that process has imported what it needs.
    """
    context = get_context("spawn")
    teams: Queue[Team] = context.Queue()
    for _ in range(count):
        teams.put(team)
    return ProcessPoolExecutor(count, mp_context=context, initializer=_employ, initargs=(teams,))


def _employ(teams: Queue[Team]) -> None:
    _employed.append(teams.get())


def _do(job: Job) -> Answers:
    return _employed[-1].do(job)
