"""Small batches of concurrent questions, answered by one worker thread.

While the worker answers one batch, the questions that arrive wait together and form the next. One
lonely question is answered at once; eight at the same time share one matrix product, or one
durable commit. Who was answered in company usually asks again at once, so the next batch waits for
as many questions as there were, two milliseconds at most.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")
R = TypeVar("R")


class Batcher(Generic[Q, A]):
    """Answer questions in batches, in the order they came.

    Parameters
    ----------
    work : callable
        Takes the questions of one batch and returns one answer, or one exception, for each.
        Runs in the worker thread.
    max_size : int
        Most questions in one batch.
    name : str
        Name of the worker thread.
    linger : float
        Seconds a batch waits at most for those who were answered in company.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Q]], Sequence[A | Exception]],
        *,
        max_size: int,
        name: str,
        linger: float = 0.002,
    ) -> None:
        self._work = work
        self._max_size = max_size
        self._linger = linger
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._waiting: deque[tuple[Q, asyncio.Future[A]]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._expected = 1  # questions that were under way when the last batch was answered
        self._answered = -math.inf  # when that was, on the loop's clock
        self._arrived = asyncio.Event()  # as many are waiting as are expected

    async def ask(self, question: Q) -> A:
        """Return the answer to one question, or raise its exception."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[A] = loop.create_future()
        self._waiting.append((question, answer))
        if len(self._waiting) >= self._expected:
            self._arrived.set()
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._drain(loop))
        return await answer

    async def run(self, function: Callable[[], R]) -> R:
        """Run one function in the worker thread, between two batches."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, function)

    async def close(self) -> None:
        """Answer what waits, then stop the worker."""
        if self._task is not None and not self._task.done():
            await self._task
        self._pool.shutdown(wait=True)

    async def _drain(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._waiting:
            await self._gather(loop)
            size = min(self._max_size, len(self._waiting))
            batch = [self._waiting.popleft() for _ in range(size)]
            try:
                answers = await loop.run_in_executor(
                    self._pool, self._work, [question for question, _ in batch]
                )
            except Exception as error:
                answers = [error] * size
            for (_, future), answer in zip(batch, answers, strict=True):
                if future.cancelled():
                    continue
                if isinstance(answer, Exception):
                    future.set_exception(answer)
                else:
                    future.set_result(answer)
            self._expected = min(self._max_size, size + len(self._waiting))
            self._answered = loop.time()

    async def _gather(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wait a moment for those who were answered just now, if they were several."""
        lately = loop.time() - self._answered <= self._linger
        if not lately or len(self._waiting) >= self._expected:
            return
        self._arrived.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._arrived.wait(), self._linger)
