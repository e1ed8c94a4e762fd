"""Work done in a process of its own: how long it took and how much memory it held at most."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import ParamSpec, TypeVar

from training.memory import peak_mb

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Cost:
    """What a process took.

    Attributes
    ----------
    seconds : float
        From its start to its end, imports included.
    peak_mb : float
        Most memory of it and of the process that started it, in MB.
    """

    seconds: float
    peak_mb: float


def run(command: Sequence[str]) -> Cost:
    """Run ``python -m ...`` to its end.

    Raises
    ------
    ValueError
        If it fails; its last words are in the message.
    """
    start = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 (commands of ours)
        [sys.executable, "-m", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None  # noqa: S101 - it was asked for
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode:
        raise ValueError(f"python -m {' '.join(command)} failed: {said[-2000:].strip()}")
    return Cost(time.perf_counter() - start, peak_mb() + resident(used.ru_maxrss))


def resident(told: int) -> float:
    """Return megabytes of what the system tells: bytes on macOS, kibibytes elsewhere."""
    return told * (1 if sys.platform == "darwin" else 1024) / 1e6


def apart(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what ``work`` gives in a fresh process, so that its memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *args, **kwargs).result()
