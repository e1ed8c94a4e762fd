"""What a study is, and what it finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from training.data import Prepared
    from training.plan import Plan
    from training.report import Row


@dataclass(frozen=True, eq=False)
class Findings:
    """What a study found.

    Parameters
    ----------
    value : float
        The one number the call returns.
    rows : sequence of Row
        Every measured value, for ``data/reports/<experiment>.json``.
    table : DataFrame
        The same for people: one line a case, values as text.
    figures : dict of str to Figure
        Plots by file name without ending.
    """

    value: float
    rows: Sequence[Row]
    table: pd.DataFrame
    figures: Mapping[str, Figure] = field(default_factory=dict)


@runtime_checkable
class Study(Protocol):
    """Anything that asks a question about the model of a plan."""

    def measure(self, plan: Plan, prepared: Prepared) -> Findings:
        """Fit what is needed on the newest split of ``prepared``, and measure."""
        ...
