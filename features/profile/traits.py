"""The traits people read: interests, price band, life-cycle stage, mood."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt

from features.behavior.tables import LEVELS

STAGES = ("lead", "new", "active", "loyal", "at_risk", "lost")
BANDS = ("low", "mid", "high")
MOODS = ("negative", "neutral", "positive")

_ENOUGH_TO_RANK = 20


class TraitRules(BaseModel):
    """Thresholds of the traits.

    Parameters
    ----------
    new_days : float
        A customer is new for so many days, and as long as there was only one day with an act.
    own_rhythm_days : int
        From so many active days on, a customer's own repeat interval is used, else the median of
        all customers.
    shortest_interval_days : float
        No repeat interval is taken to be shorter.
    at_risk_intervals, lost_intervals : float
        A customer is at risk, lost after a silence of so many repeat intervals.
    loyal_quantile : float
        Customers with more active days than this quantile of all are loyal.
    mood_threshold : float
        A mood beyond it is positive, below its negative is negative.
    interests : int
        Categories listed as interests.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    new_days: PositiveFloat = 30.0
    own_rhythm_days: PositiveInt = 4
    shortest_interval_days: PositiveFloat = 7.0
    at_risk_intervals: PositiveFloat = 3.0
    lost_intervals: PositiveFloat = 6.0
    loyal_quantile: Annotated[float, Field(gt=0, lt=1)] = 0.75
    mood_threshold: Annotated[float, Field(gt=0, lt=1)] = 0.2
    interests: PositiveInt = 5


def stages(behavior: pd.DataFrame, rules: TraitRules) -> list[str]:
    """Return the life-cycle stage of each customer; the first rule that applies decides.

    1. ``lead``: known, but never acted.
    2. ``lost`` / ``at_risk``: silent for more than ``lost_intervals`` / ``at_risk_intervals``
       repeat intervals. The interval is the customer's own mean pause between active days, given
       ``own_rhythm_days`` of them; else the median over customers; never below
       ``shortest_interval_days``.
    3. ``new``: one active day so far, or known for at most ``new_days``.
    4. ``loyal``: more active days than the ``loyal_quantile`` of all customers who acted.
    5. ``active``: everyone else.

    Parameters
    ----------
    behavior : pandas.DataFrame
        Columns recency_days, tenure_days, purchases, active_days, repeat_days.
    rules : TraitRules
        Thresholds.
    """
    acted = behavior["purchases"].fillna(0).to_numpy() > 0
    days = behavior["active_days"].fillna(0).to_numpy()
    pause = behavior["repeat_days"].to_numpy(dtype=np.float64)
    usual = float(np.nanmedian(pause)) if np.isfinite(pause).any() else rules.new_days
    own = (days >= rules.own_rhythm_days) & np.isfinite(pause)
    interval = np.maximum(np.where(own, pause, usual), rules.shortest_interval_days)
    silence = behavior["recency_days"].fillna(np.inf).to_numpy() / interval
    loyal_days = np.quantile(days[acted], rules.loyal_quantile) if acted.any() else np.inf
    chosen = np.select(
        [
            ~acted,
            silence > rules.lost_intervals,
            silence > rules.at_risk_intervals,
            (days <= 1) | (behavior["tenure_days"].to_numpy() <= rules.new_days),
            days > loyal_days,
        ],
        ["lead", "lost", "at_risk", "new", "loyal"],
        default="active",
    )
    return [str(stage) for stage in chosen]


def price_bands(price_level: npt.NDArray[np.floating]) -> list[str | None]:
    """Return ``low``, ``mid``, ``high`` by thirds of the customers' price levels.

    With fewer than 20 customers the level itself (0..1) is cut at thirds. Unknown stays None.
    """
    level = np.asarray(price_level, dtype=np.float64)
    known = np.isfinite(level)
    share = level.copy()
    if known.sum() >= _ENOUGH_TO_RANK:
        share[known] = pd.Series(level[known]).rank(method="average", pct=True).to_numpy()
    bands = [BANDS[int(np.clip(part * 3, 0, 2))] if np.isfinite(part) else None for part in share]
    return list(bands)


def mood_labels(mood: npt.NDArray[np.floating], threshold: float) -> list[str | None]:
    """Return ``negative``, ``neutral`` or ``positive``; None where nothing was written."""
    labels = np.select([mood <= -threshold, mood >= threshold], ["negative", "positive"], "neutral")
    return [
        str(label) if np.isfinite(value) else None
        for label, value in zip(labels, mood, strict=True)
    ]


def interests(
    category_names: Sequence[Sequence[str] | None],
    topic_words: Sequence[Sequence[str]],
    rules: TraitRules,
) -> list[list[str]]:
    """Return the largest leaf categories, then the words of what the customer writes about most.

    Parameters
    ----------
    category_names : Sequence
        Category paths by customer, largest share first.
    topic_words : Sequence
        Words by customer; empty where nothing was written.
    rules : TraitRules
        How many categories.
    """
    listed = []
    for names, words in zip(category_names, topic_words, strict=True):
        paths = list(names) if names is not None else []
        parents = {path.split(LEVELS)[0] for path in paths if LEVELS in path}
        leaves = [path.split(LEVELS)[-1] for path in paths if path not in parents]
        listed.append(list(dict.fromkeys([*leaves[: rules.interests], *words])))
    return listed
