"""What is measured, on how many messages, and where it is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

from hydra.utils import get_method
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt

from insights.report import Report
from insights.settings import InsightSettings
from training.report import Row

Measure = Callable[["Bench"], Iterator[Row]]


class Bench(BaseModel):
    """The part ``bench`` of a configuration, and the report that is measured.

    Parameters
    ----------
    folder : Path
        Keeps drawn and imported messages from one run to the next.
    kept : Path
        File of the rows.
    data : Path, optional
        Folder of the public data sets, for what is measured on real messages.
    sizes : tuple of int
        Numbers of simulated messages, the smallest first.
    seed : int
        Of everything that is drawn.
    rounds : int
        How often one warm question is asked; its median counts.
    posts : int
        Messages that are posted to the running server.
    weeks : int
        Quiet weeks in which alerts would be false.
    only : tuple of str
        Names of the measurements to do; none for all of them.
    measures : dict of str
        By name, the path of a function that yields rows.
    report : Report
        What is written, as ``report=weekly`` has it.
    insights : InsightSettings
        Gaps, hours and promises.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path
    kept: Path
    data: Path | None = None
    sizes: Annotated[tuple[PositiveInt, ...], Field(min_length=1)]
    seed: NonNegativeInt = 7
    rounds: PositiveInt = 3
    posts: PositiveInt = 5
    weeks: PositiveInt = 50
    only: tuple[str, ...] = ()
    measures: dict[str, str]
    report: Report
    insights: InsightSettings

    def chosen(self) -> dict[str, Measure]:
        """Return the measurements to do, by name.

        Raises
        ------
        ValueError
            If a name is not known, or there is no function at a path.
        """
        unknown = [name for name in self.only if name not in self.measures]
        if unknown:
            raise ValueError(
                f"bench.only: expected some of {', '.join(self.measures)}, got {', '.join(unknown)}"
            )
        found: dict[str, Measure] = {}
        for name in self.only or self.measures:
            try:
                found[name] = get_method(self.measures[name])
            except (ImportError, ValueError) as error:
                raise ValueError(f"bench.measures.{name}: {error}") from error
        return found

    @property
    def command(self) -> list[str]:
        """Settings of ``python -m insights`` that cut conversations as here."""
        named: Any = ",".join(self.insights.sessions.sources)
        return [f"sessions.sources=[{named}]"]


def told(size: int) -> str:
    """Return a number of simulated messages in words, as the dataset of a row.

    Examples
    --------
    >>> told(1_000_000), told(250_000)
    ('1M messages, simulated', '250k messages, simulated')
    """
    for unit, name in ((1_000_000, "M"), (1_000, "k")):
        if size % unit == 0:
            return f"{size // unit}{name} messages, simulated"
    return f"{size:,} messages, simulated"
