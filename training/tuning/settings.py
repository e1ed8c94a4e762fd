"""How much a search may cost: the same for every model that is compared."""

from __future__ import annotations

import os
from dataclasses import dataclass

from omegaconf import DictConfig

from training.plan import PlanError

_WHOLE = {"trials": 1, "windows": 1, "processes": 1, "seed": 0}  # and the least each may be


@dataclass(frozen=True)
class Budget:
    """What each model gets.

    Parameters
    ----------
    trials : int
        Settings measured, those that were pruned or failed included; the first are the defaults.
    seconds : float or None
        No further trial starts after this much wall-clock time; None for no limit.
    windows : int
        Tuning windows a setting is measured on; after each but the last it may be pruned.
    processes : int
        Settings measured at the same time. Equal numbers give equal searches.
    seed : int
        Of the search. That of a model is a setting of the model.

    Raises
    ------
    PlanError
        Naming the setting, what was expected and what was received.
    """

    trials: int = 20
    seconds: float | None = None
    windows: int = 2
    processes: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in _WHOLE.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise PlanError(f"{name}: expected a whole number from {least}, received {value!r}")
        if self.seconds is not None:
            number = isinstance(self.seconds, int | float) and not isinstance(self.seconds, bool)
            if not number or self.seconds <= 0:
                raise PlanError(
                    f"seconds: expected a positive number or null, received {self.seconds!r}"
                )

    @classmethod
    def of(cls, config: DictConfig) -> Budget:
        """Read the budget from the configuration of ``python -m training.tune``."""
        return cls(**{name: config[name] for name in cls.__dataclass_fields__})

    @property
    def threads(self) -> int:
        """Cores that each process may use, so that processes do not take them from each other."""
        return max(1, (os.cpu_count() or 1) // self.processes)
