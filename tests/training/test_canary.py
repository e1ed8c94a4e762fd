"""A planted leak: the canary passes a feature that knows the past, and fails one that does not.

Two worlds share every event until the cutoff and differ in all that follows. Whatever is known at
the cutoff must be the same in both, so lists that differ come from a look into the future.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from tests.training.shop import DAYS, ITEMS, KINDS, START, KnownFeatures, purchases
from training.evaluate import evaluate
from training.interactions import Interactions
from training.metrics.evaluation import Evaluation
from training.models.ease import EASE
from training.models.popular import RecentPopularity
from training.models.ranker import Ranker
from training.splits import GlobalTemporal

CUTOFF = START + timedelta(days=DAYS - 20)
OF_A_KIND = ITEMS // KINDS


def world(shift: int) -> Interactions:
    """Return the shop; from the cutoff on, customers want the kind ``shift`` places further on."""
    frame = purchases()
    later = (frame["occurred_at"] >= pd.Timestamp(CUTOFF)).to_numpy()
    number = frame["item_id"].str[1:].astype(int)
    moved = ((number + shift * OF_A_KIND) % ITEMS).map("i{:02d}".format)
    frame["item_id"] = frame["item_id"].where(~later, moved)
    return Interactions.of(frame, until=START + timedelta(days=DAYS))


class Known(KnownFeatures):
    """What a customer had most of before the time that is asked about."""

    def __init__(self, data: Interactions) -> None:
        super().__init__()
        self.frame = data.frame.assign(kind=data.frame["item_id"].str[1:].astype(int) // OF_A_KIND)

    def customers(
        self, ids: Sequence[str], as_of: datetime | None = None, service: str = "ranker_v1"
    ) -> pd.DataFrame:
        """Return the shares of kinds as every vector of the profile."""
        found = super().customers(ids, as_of, service)
        rows = self.frame[self.seen(as_of or CUTOFF)]
        counts = pd.crosstab(rows["customer_id"], rows["kind"]).reindex(
            index=list(ids), columns=range(KINDS), fill_value=0
        )
        shares = counts.div(counts.sum(axis=1).clip(lower=1), axis=0)
        vectors = list(shares.to_numpy(dtype=np.float32))
        for name in ("behavior_vector", "profile_vector"):
            found[name] = vectors
        return found

    def seen(self, moment: datetime) -> pd.Series:
        """Which events the features are made of."""
        return self.frame["occurred_at"] < pd.Timestamp(moment)


class Leaking(Known):
    """The planted leak: a window that was turned around and reads what comes next."""

    def seen(self, moment: datetime) -> pd.Series:
        """Which events the features are made of."""
        until = pd.Timestamp(moment) + pd.Timedelta(days=20)
        return (self.frame["occurred_at"] >= pd.Timestamp(moment)) & (
            self.frame["occurred_at"] < until
        )


@cache
def answers(kind: type[Known], shift: int) -> tuple[pd.DataFrame, Evaluation]:
    """Fit in one world as of the cutoff; return the lists, and what they are worth there."""
    data = world(shift)
    split = GlobalTemporal(cutoff=CUTOFF.isoformat(), window_days=20).splits(data)[0]
    reader = cast("Any", kind(data))
    sources = {"ease": EASE(regularization=5), "popular": RecentPopularity(days=28)}
    model = Ranker(
        sources=sources, task="again", trees=30, leaves=7, windows=2, window_days=20, candidates=48
    ).fit(split.train, reader)
    asked = model.customers.ids.tolist()
    lists = model.recommend(asked, 10, exclude_seen=False, features=reader)
    return lists, evaluate(model, split, "again", 10, reader)


def same_lists(kind: type[Known]) -> bool:
    """The canary: whether what is recommended is the same whatever will happen."""
    (first, _), (second, _) = (answers(kind, shift) for shift in (0, 1))
    return first.equals(second)


def test_features_of_the_past_pass() -> None:
    assert same_lists(Known)


def test_a_leaking_feature_fails() -> None:
    assert not same_lists(Leaking)


@pytest.mark.parametrize(("kind", "knows"), [(Known, False), (Leaking, True)])
def test_only_a_leak_finds_what_nobody_could_know(kind: type[Known], knows: bool) -> None:
    """After the cutoff customers turn to another kind, which nothing before it tells."""
    recall = answers(kind, 1)[1].summary["recall@10"].value
    assert (recall > 2 * 10 / ITEMS) == knows
