"""Small batches of concurrent questions, answered by one worker thread.

While the worker answers one batch, the questions that arrive wait together and form the next. One
lonely question is answered at once; eight at the same time share one matrix product, or one
durable commit. Nothing waits for a clock.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
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
    """

    def __init__(
        self, work: Callable[[Sequence[Q]], Sequence[A | Exception]], *, max_size: int, name: str
    ) -> None:
        self._work = work
        self._max_size = max_size
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._waiting: deque[tuple[Q, asyncio.Future[A]]] = deque()
        self._task: asyncio.Task[None] | None = None

    async def ask(self, question: Q) -> A:
        """Return the answer to one question, or raise its exception."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[A] = loop.create_future()
        self._waiting.append((question, answer))
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
