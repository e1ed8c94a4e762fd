"""Values that a parameter may take in a search: a range of numbers, or a few choices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from training.plan import PlanError

if TYPE_CHECKING:
    from optuna import Trial

Setting = bool | int | float | str | None
Settings = dict[str, Setting]


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``, both included; ``log`` searches their logarithms."""

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        bounds = (self.low, self.high)
        if any(isinstance(b, bool) or not isinstance(b, int | float) for b in bounds):
            raise PlanError(f"low and high: expected numbers, received {bounds}")
        if self.whole != isinstance(self.high, int):
            raise PlanError(
                f"low and high: expected two whole numbers or two with a point, received {bounds}"
            )
        if self.low >= self.high:
            raise PlanError(f"low: expected less than high, received {bounds}")
        if self.log and self.low <= 0:
            raise PlanError(f"low: expected a positive number where log is true, received {bounds}")

    @property
    def whole(self) -> bool:
        """Whether only whole numbers are tried."""
        return isinstance(self.low, int)

    @property
    def ends(self) -> tuple[Setting, ...]:
        """The most extreme values."""
        return (self.low, self.high)

    def holds(self, value: Any) -> bool:
        """Whether ``value`` is one that may be tried."""
        kinds = int if self.whole else (int, float)
        return (
            isinstance(value, kinds)
            and not isinstance(value, bool)
            and self.low <= value <= self.high
        )

    def suggest(self, trial: Trial, name: str) -> None:
        """Draw the value of ``name`` for ``trial``."""
        if self.whole:
            trial.suggest_int(name, int(self.low), int(self.high), log=self.log)
        else:
            trial.suggest_float(name, self.low, self.high, log=self.log)


@dataclass(frozen=True)
class Choices:
    """A few values without an order."""

    choices: tuple[Setting, ...]

    def __post_init__(self) -> None:
        plain = all(value is None or isinstance(value, bool | int | float | str)
                    for value in self.choices)  # fmt: skip
        if not plain or len(set(self.choices)) < 2:  # noqa: PLR2004
            raise PlanError(
                f"choices: expected two or more different texts or numbers, received {self.choices}"
            )

    @property
    def ends(self) -> tuple[Setting, ...]:
        """All of them."""
        return self.choices

    def holds(self, value: Any) -> bool:
        """Whether ``value`` is one that may be tried."""
        return value in self.choices

    def suggest(self, trial: Trial, name: str) -> None:
        """Draw the value of ``name`` for ``trial``."""
        trial.suggest_categorical(name, self.choices)
