"""What becomes of trials, and where it is shown while a search goes on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from training.metrics import is_error
from training.tuning.domains import Settings
from training.tuning.measure import Measured


class Journal(Protocol):
    """Where trials are shown while the search goes on."""

    def begin(self, number: int, settings: Settings) -> str:
        """Open the record of a trial and return its id."""
        ...

    def end(self, record: str, number: int, settings: Settings, found: Outcome) -> None:
        """Close the record of a trial, also one that an earlier process opened."""
        ...


@dataclass(frozen=True)
class Outcome:
    """What became of a trial: ``complete``, ``pruned`` or ``failed``, with what was measured."""

    state: str
    windows: Sequence[Measured]
    error: str = ""

    @property
    def value(self) -> float:
        """Mean over the windows that were measured; NaN without any."""
        values = [each.value for each in self.windows]
        return sum(values) / len(values) if values else math.nan

    @property
    def seconds(self) -> float:
        """Time spent on all of them."""
        return sum(each.seconds for each in self.windows)


@dataclass(frozen=True)
class Tried:
    """One trial of the past."""

    number: int
    settings: Settings
    outcome: Outcome


def best_of(tried: Sequence[Tried], metric: str) -> Tried | None:
    """Return the best complete trial, the earliest of equals; None without any.

    The best has the largest value, or the smallest of errors such as rmse.
    """
    complete = [each for each in tried if each.outcome.state == "complete"]
    choose = min if is_error(metric) else max
    return choose(complete, key=lambda each: each.outcome.value, default=None)
