"""What a new champion must not lose: any stratum of customers, coverage, speed, size, fairness.

A candidate that is better on the whole may be worse for some, show fewer items, or answer too
slowly to serve. Each guard holds one such figure of the candidate against the champion's, measured
on the same split, and against the worst value that is still allowed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

import pandas as pd
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    PositiveInt,
    ValidationError,
)

from ingest.told import reason
from training.tracking.names import LATENCY, SIZE, metric_name

Share = Annotated[float, Field(gt=0, le=1)]
Times = Annotated[float, Field(ge=1)]
STRATA = ("cold", "warm", "hot")
_GAP = re.compile(r"groups/(.+)/gap")  # the figure of a run: how far groups of customers are apart


class Limits(BaseModel):
    """How much a candidate may lose against the champion; None leaves a guard out.

    Parameters
    ----------
    stratum : float, optional
        Least share of the champion's metric among cold, warm and hot customers, each apart.
    least_customers : int
        Strata of fewer customers are told and not judged: chance would decide.
    coverage : float, optional
        Least share of the champion's coverage of the catalog.
    latency : float, optional
        Most times the champion's seconds to rank for 1,000 customers.
    quick : float
        Seconds for 1,000 customers that are always fast enough.
    size : float, optional
        Most times the champion's size.
    small : float
        Megabytes that are always small enough.
    gap : float, optional
        Most that the gap of the metric between groups of customers may grow, of every attribute
        whose gap both runs logged (``groups/<attribute>/gap``).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stratum: Share | None = 0.9
    least_customers: PositiveInt = 30
    coverage: Share | None = 0.9
    latency: Times | None = 3.0
    quick: NonNegativeFloat = 2.0
    size: Times | None = 3.0
    small: NonNegativeFloat = 500.0
    gap: NonNegativeFloat | None = 0.02

    @classmethod
    def of(cls, given: Any) -> Self:
        """Check what was configured.

        Raises
        ------
        ValueError
            Naming the limit, what was expected and what was received.
        """
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise ValueError(f"guards: {reason(error)}") from None


@dataclass(frozen=True, eq=False)
class Side:
    """One of the two models.

    Parameters
    ----------
    figures : mapping of str to float
        What its run logged, by MLflow name.
    customers : DataFrame
        ``stratum`` and a column a metric, by customer.
    """

    figures: Mapping[str, float]
    customers: pd.DataFrame


@dataclass(frozen=True)
class Guard:
    """One figure of the candidate beside the champion's.

    Parameters
    ----------
    name : str
        What is guarded, with its unit.
    candidate, champion : float
        NaN where a run did not measure it.
    limit : float
        The worst value allowed.
    at_most : bool
        Whether the limit lies above (seconds, size, gaps), not below (metrics).
    unjudged : str
        Why the guard is told and not judged; empty where it is judged.
    """

    name: str
    candidate: float
    champion: float
    limit: float
    at_most: bool = False
    unjudged: str = ""

    @property
    def held(self) -> bool:
        """Whether the candidate stays within the limit; a figure nobody measured does not."""
        if self.unjudged:
            return True
        within = self.candidate <= self.limit if self.at_most else self.candidate >= self.limit
        within = within or math.isclose(self.candidate, self.limit)
        return within and not math.isnan(self.champion)

    @property
    def outcome(self) -> str:
        """One word or two: held, past its limit, not measured, or why it is not judged."""
        if self.unjudged:
            return f"not judged: {self.unjudged}"
        if math.isnan(self.candidate) or math.isnan(self.champion):
            return "not measured: train again"
        return "held" if self.held else "past its limit"

    @property
    def words(self) -> str:
        """The guard as a sentence."""
        bound = "at most" if self.at_most else "at least"
        figures = f"{self.candidate:.4g} against {self.champion:.4g}, {bound} {self.limit:.4g}"
        return f"Guard {self.name}: {self.outcome} ({figures})."


def guards_of(candidate: Side, champion: Side, metric: str, limits: Limits) -> tuple[Guard, ...]:
    """Hold ``candidate`` against ``champion``; both measured ``metric`` on the same split."""
    return (
        *_strata(candidate, champion, metric, limits),
        *_figures(candidate, champion, metric, limits),
        *_gaps(candidate, champion, metric, limits),
    )


def table(guards: tuple[Guard, ...]) -> str:
    """Return the guards as a markdown table."""
    lines = ["| guard | candidate | champion | limit | outcome |", "|" + " --- |" * 5]
    for each in guards:
        bound = "≤" if each.at_most else "≥"
        figures = f"{each.candidate:.4g} | {each.champion:.4g} | {bound} {each.limit:.4g}"
        lines.append(f"| {each.name} | {figures} | {each.outcome} |")
    return "\n".join(lines) + "\n"


def _strata(candidate: Side, champion: Side, metric: str, limits: Limits) -> Iterator[Guard]:
    """Yield a guard a stratum that has customers."""
    if limits.stratum is None:
        return
    means, counts = [], []
    for side in (candidate, champion):
        groups = side.customers.groupby("stratum")[metric]
        means.append(groups.mean())
        counts.append(groups.size())
    for stratum in STRATA:
        if stratum in means[0] and stratum in means[1]:
            few = counts[0][stratum] < limits.least_customers
            yield Guard(
                name=f"{metric} of {stratum} customers",
                candidate=float(means[0][stratum]),
                champion=float(means[1][stratum]),
                limit=limits.stratum * float(means[1][stratum]),
                unjudged=f"only {counts[0][stratum]} customers" if few else "",
            )


def _figures(candidate: Side, champion: Side, metric: str, limits: Limits) -> Iterator[Guard]:
    """Yield the guards of coverage, latency and size."""

    def both(name: str) -> tuple[float, float]:
        return candidate.figures.get(name, math.nan), champion.figures.get(name, math.nan)

    if limits.coverage is not None:
        name = f"coverage@{metric.split('@')[1]}"
        found, known = both(metric_name(name))
        yield Guard(name, found, known, limits.coverage * known)
    for name, key, times, always in (
        ("seconds to rank for 1,000 customers", LATENCY, limits.latency, limits.quick),
        ("size of the model in MB", SIZE, limits.size, limits.small),
    ):
        if times is not None:
            found, known = both(key)
            yield Guard(name, found, known, max(times * known, always), at_most=True)


def _gaps(candidate: Side, champion: Side, metric: str, limits: Limits) -> Iterator[Guard]:
    """Yield a guard an attribute whose groups both runs compared."""
    if limits.gap is None:
        return
    for key, found in sorted(candidate.figures.items()):
        if (named := _GAP.fullmatch(key)) and key in champion.figures:
            known = champion.figures[key]
            name = f"gap of {metric} by {named[1]}"
            yield Guard(name, found, known, known + limits.gap, at_most=True)
