"""Does a model serve all groups of customers alike: a metric by group, and its largest gap."""

from __future__ import annotations

import logging
import math
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import orjson
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from training.attributes import read_attributes
from training.metrics import Interval, bootstrap_intervals
from training.metrics.bootstrap import CONFIDENCE, RESAMPLES
from training.metrics.registry import Values

if TYPE_CHECKING:
    from mlflow.client import MlflowClient

    from training.data import Prepared
    from training.metrics.evaluation import Evaluation

_log = logging.getLogger(__name__)
GROUPS = "groups.json"  # what a run keeps
_SHUFFLES = 500


class GroupRules(BaseModel):
    """Which groups are compared, and how far apart they may be.

    Parameters
    ----------
    attributes : tuple of str
        Keys of the attributes in the table ``customers``, such as ``language`` or ``region``.
    min_size : int
        Groups with fewer customers are listed, not judged.
    limit : float
        Largest gap allowed, as a share of the best group's value: 0.2 is the four-fifths rule of
        the Uniform Guidelines on Employee Selection Procedures (1978).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    attributes: tuple[str, ...] = ()
    min_size: PositiveInt = 50
    limit: Annotated[float, Field(ge=0, le=1)] = 0.2


@dataclass(frozen=True)
class Group:
    """The customers who share a value of an attribute; not ``judged`` where they are too few."""

    name: str
    metric: Interval
    judged: bool


@dataclass(frozen=True)
class Gap:
    """How far apart the groups of one attribute are.

    Parameters
    ----------
    attribute, metric : str
    groups : tuple of Group
        Those judged first, the best before the others.
    difference : Interval
        Best minus worst of the groups judged; NaN where fewer than two are.
    share : float
        The difference as a share of the best group's value.
    by_chance : float
        What the largest difference stays below in 95 of 100 shuffles of who belongs where.
    limit : float
        Largest ``share`` allowed.
    """

    attribute: str
    metric: str
    groups: tuple[Group, ...]
    difference: Interval
    share: float
    by_chance: float
    limit: float

    @property
    def passed(self) -> bool:
        """Whether the gap is within the limit, or no larger than groups by lot would have."""
        return not (self.share > self.limit and self.difference.value > self.by_chance)

    @property
    def words(self) -> str:
        """The finding in a sentence."""
        judged = [group for group in self.groups if group.judged]
        few = len(self.groups) - len(judged)
        rest = f"; {few} groups too small to judge" if few else ""
        if len(judged) < 2:  # noqa: PLR2004
            return f"{self.metric} by {self.attribute}: nothing to compare{rest}"
        best, worst, d = judged[0], judged[-1], self.difference
        verdict = "within" if self.share <= self.limit else "past"
        chance = "" if d.value > self.by_chance else ", as groups by lot would be"
        return (
            f"{self.metric} by {self.attribute}: {best.name} {best.metric.value:.4f} "
            f"({best.metric.n:,} customers), {worst.name} {worst.metric.value:.4f} "
            f"({worst.metric.n:,}): {d.value:.4f} [{d.low:.4f}, {d.high:.4f}] apart, "
            f"{self.share:.0%} of the best, {verdict} the limit of {self.limit:.0%}{chance}{rest}"
        )

    @classmethod
    def of_dict(cls, found: dict[str, Any]) -> Gap:
        """Build from what ``dataclasses.asdict`` gave, with null for NaN."""

        def interval(ends: dict[str, Any]) -> Interval:
            known: dict[str, Any] = {k: math.nan if v is None else v for k, v in ends.items()}
            return Interval(**known)

        groups = tuple(
            Group(each["name"], interval(each["metric"]), each["judged"])
            for each in found["groups"]
        )
        numbers = {
            name: math.nan if found[name] is None else found[name]
            for name in ("share", "by_chance", "limit")
        }
        return cls(
            attribute=found["attribute"],
            metric=found["metric"],
            groups=groups,
            difference=interval(found["difference"]),
            **numbers,
        )


def gaps_of(
    found: Evaluation, prepared: Prepared, metric: str, rules: GroupRules, *, seed: int = 0
) -> list[Gap]:
    """Return the gap of every attribute, and warn of those past the limit.

    Raises
    ------
    ValueError
        If no customer has an attribute that is asked for.
    """
    if not rules.attributes:
        return []
    known = read_attributes(prepared, rules.attributes)
    values = found.customers[metric]
    gaps = [
        gap(values, known[name].reindex(values.index), rules=rules, seed=seed)
        for name in rules.attributes
    ]
    for each in gaps:
        _log.log(logging.INFO if each.passed else logging.WARNING, "%s", each.words)
    return gaps


def gap(values: pd.Series, names: pd.Series, *, rules: GroupRules, seed: int = 0) -> Gap:
    """Compare a metric by customer between the groups that ``names`` (same index) puts them in.

    Customers without a group or a value are left out. The intervals resample the customers of a
    group; that of the difference resamples those of the best and of the worst.
    """
    both = pd.DataFrame({"value": values, "name": names}).dropna()
    groups = sorted(
        (_group(str(name), each, rules.min_size, seed) for name, each in both.groupby("name")),
        key=lambda group: (not group.judged, -group.metric.value, group.name),
    )
    judged = [group.name for group in groups if group.judged]
    nothing = Interval(math.nan, math.nan, math.nan, 0)
    difference, share, by_chance = nothing, math.nan, math.nan
    if len(judged) > 1:
        of = {name: each.to_numpy() for name, each in both.groupby("name")["value"]}
        best, worst = of[judged[0]], of[judged[-1]]
        difference = _difference(best, worst, seed)
        share = difference.value / best.mean() if best.mean() > 0 else 0.0
        by_chance = _by_chance([of[name] for name in judged], seed)
    return Gap(
        attribute=str(names.name),
        metric=str(values.name),
        groups=tuple(groups),
        difference=difference,
        share=float(share),
        by_chance=by_chance,
        limit=rules.limit,
    )


def kept_gaps(client: MlflowClient, run_id: str) -> list[Gap]:
    """Return the gaps that a run kept; [] if it compared no groups."""
    if GROUPS not in {file.path for file in client.list_artifacts(run_id)}:
        return []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(client.download_artifacts(run_id, GROUPS, folder))
        return [Gap.of_dict(found) for found in orjson.loads(path.read_bytes())]


def write_gaps(folder: Path, gaps: Sequence[Gap]) -> None:
    """Write ``gaps``, if any, to where :func:`kept_gaps` looks for them."""
    if gaps:
        text = orjson.dumps([asdict(each) for each in gaps], option=orjson.OPT_INDENT_2)
        (folder / GROUPS).write_bytes(text)


def _group(name: str, rows: pd.DataFrame, min_size: int, seed: int) -> Group:
    metric = bootstrap_intervals(rows[["value"]], seed=seed)["value"]
    return Group(name, metric, judged=metric.n >= min_size)


def _difference(best: Values, worst: Values, seed: int) -> Interval:
    """Return the difference of two means with its interval, each group resampled by itself."""
    rng = np.random.default_rng(seed)
    found = np.array(
        [
            rng.choice(best, len(best)).mean() - rng.choice(worst, len(worst)).mean()
            for _ in range(RESAMPLES)
        ]
    )
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(found, [tail, 1 - tail])
    value = float(best.mean() - worst.mean())
    return Interval(value, float(low), float(high), len(best) + len(worst))


def _by_chance(groups: Sequence[Values], seed: int) -> float:
    """Return the 95 % quantile of the largest difference when customers are dealt out by lot."""
    rng = np.random.default_rng(seed)
    values, bounds = np.concatenate(groups), np.cumsum([0, *map(len, groups)])[:-1]
    sizes = np.array([len(each) for each in groups])
    means = np.array(
        [np.add.reduceat(rng.permutation(values), bounds) / sizes for _ in range(_SHUFFLES)]
    )
    return float(np.quantile(means.max(axis=1) - means.min(axis=1), CONFIDENCE))
