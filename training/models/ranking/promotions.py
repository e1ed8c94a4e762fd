"""What is promoted, to whom, and what that did before: displays, mailers, campaigns with coupons.

**What is known when.** A week counts only once it has started; then all of it counts, because where
an item will stand on display is decided before the week begins. Weeks that are numbers start with
the first event that names them (``week`` in its attributes), weeks that are dates on that day. A
campaign counts for a customer once the customer received it, a redemption once it is known
(``available_at``), and the items of a campaign once somebody received it. Each training window sees
what was known at its own start, serving what was known when the model was fitted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.ids import FloatArray, IdMap, IntArray
from training.interactions import Interactions
from training.models.ranking.candidates import Candidates
from training.models.ranking.named import Arrays, below, under
from training.models.ranking.records import Campaigns, campaigns_behind

if TYPE_CHECKING:
    from features.store.reader import FeatureReader

_MOST = 64  # campaigns told apart: those received last
_WEEKS = 60  # weeks looked back
_LATELY = 4  # weeks in which a promotion is recent
_KINDS = ("display", "mailer")
Flags = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Promotions:
    """What is promoted as of one moment.

    Parameters
    ----------
    items : dict of str to ndarray float32 [n_items]
        Columns of items: stores with a display or a mailer in the week that runs, against the
        item's usual, and what promotions did to its sales. Empty where no weeks are known.
    included : ndarray uint8 [n_items, campaigns]
        Whether a campaign has a coupon for the item.
    received, running, redeemed : ndarray uint8 [n, campaigns]
        Whether the customer received the campaign, whether it has not ended, and how many coupons
        of it the customer redeemed (at most 255).
    answers : ndarray float32 [campaigns]
        Redeemed coupons of each campaign by customer who received it.
    """

    items: Mapping[str, FloatArray]
    included: Flags
    received: Flags
    running: Flags
    redeemed: Flags
    answers: FloatArray

    @classmethod
    def of(cls, interactions: Interactions, features: FeatureReader | None) -> Self | None:
        """Read what is known at ``interactions.until``; None where nothing was promoted yet."""
        told = campaigns_behind(features)
        if told is None:
            return None
        now = pd.Timestamp(interactions.until)
        weeks = _weeks(told, interactions, now)
        received = told.received[told.received["known_at"] < now]
        campaigns = _latest(received)
        if not weeks and not len(campaigns):
            return None
        redeemed = told.redeemed[told.redeemed["known_at"] < now]
        ended = received["ends_at"] + pd.Timedelta(days=1) <= now
        customers, items = interactions.customers, interactions.items
        got = _table(received, "customer_id", customers, campaigns)
        used = _table(redeemed, "customer_id", customers, campaigns)
        return cls(
            items=weeks,
            included=np.minimum(_table(told.items, "item_id", items, campaigns), 1),
            received=np.minimum(got, 1),
            running=np.minimum(_table(received[~ended], "customer_id", customers, campaigns), 1),
            redeemed=used,
            answers=_answers(redeemed, received, campaigns),
        )

    @property
    def lately(self) -> NDArray[np.bool_]:
        """Which items have a valid coupon, or were displayed or mailed in the last weeks, [n]."""
        valid = self.running.any(axis=0)
        found = np.asarray(self.included[:, valid].any(axis=1), dtype=np.bool_)
        weeks = self.items.get("promoted_weeks_ago")
        return found if weeks is None else found | (weeks < _LATELY)

    def take(self, numbers: IntArray) -> Promotions:
        """Return the rows ``numbers`` of customers; -1 gives one who received nothing."""

        def rows(flags: Flags) -> Flags:
            found = np.zeros((len(numbers), flags.shape[1]), dtype=np.uint8)
            found[numbers >= 0] = flags[numbers[numbers >= 0]]
            return found

        return replace(
            self,
            received=rows(self.received),
            running=rows(self.running),
            redeemed=rows(self.redeemed),
        )

    def columns(self, pairs: Candidates) -> dict[str, FloatArray]:
        """Return the columns of ``pairs``; their rows are rows of this."""
        found = {name: values[pairs.items] for name, values in self.items.items()}
        if not self.included.shape[1]:
            return found
        included = self.included[pairs.items]
        tables = {"received": self.received, "running": self.running, "redeemed": self.redeemed}
        for name, flags in tables.items():
            common = np.einsum("ij,ij->i", included, flags[pairs.rows], dtype=np.float32)
            found[f"coupons_{name}"] = common
        used = self.redeemed.sum(axis=1, dtype=np.float32)
        answered = (self.included * self.answers).max(axis=1, initial=0)
        return found | {
            "customer_redeemed": used[pairs.rows],
            "coupon_answers": answered[pairs.items].astype(np.float32),
        }

    def arrays(self) -> Arrays:
        """Return the state as named arrays."""
        flags = ("included", "received", "running", "redeemed", "answers")
        return {name: getattr(self, name) for name in flags} | under("items.", self.items)

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]]) -> Self | None:
        """Take over what :meth:`arrays` returned; None where there was nothing."""
        if not arrays:
            return None
        flags = {name: each for name, each in arrays.items() if not name.startswith("items.")}
        return cls(items=below(arrays, "items."), **flags)


def _weeks(told: Campaigns, interactions: Interactions, now: pd.Timestamp) -> dict[str, FloatArray]:
    """Return the columns of items that follow from the weeks that have started."""
    starts = pd.DatetimeIndex([each for each in told.starts if each < now][-_WEEKS:])
    if not len(starts):
        return {}
    shown = _shown(told.weeks, interactions.items, starts)
    any_ = shown.sum(axis=0) > 0
    week = starts.searchsorted(interactions.frame["occurred_at"], side="right") - 1
    inside = week >= 0
    flat = interactions.item_numbers[inside].astype(np.int64) * len(starts) + week[inside]
    sold = np.bincount(flat, minlength=any_.size).reshape(any_.shape)
    during, weeks = (sold * any_).sum(axis=1), any_.sum(axis=1)
    others = (sold.sum(axis=1) - during + 1) / (len(starts) - weeks + 1)
    found = {
        "promoted_sales_share": during / sold.sum(axis=1).clip(min=1),
        "promoted_sales_lift": np.log((during + 1) / (weeks + 1) / others),
        "promoted_weeks_ago": np.where(weeks > 0, any_[:, ::-1].argmax(axis=1), np.nan),
    }
    for kind, stores in zip(_KINDS, shown, strict=True):
        current, usual = stores[:, -1], stores.mean(axis=1)
        found[f"{kind}_stores"] = current
        found[f"{kind}_against_usual"] = np.log((current + 1) / (usual + 1))
    return {name: values.astype(np.float32) for name, values in found.items()}


def _shown(weeks: pd.DataFrame, items: IdMap, starts: pd.DatetimeIndex) -> FloatArray:
    """Return the stores that promote each item each week, float32 [2, n_items, weeks]."""
    numbers = items.numbers(weeks["item_id"].to_numpy(), missing="negative")
    places = starts.get_indexer(pd.DatetimeIndex(weeks["starts_at"]))
    known = (numbers >= 0) & (places >= 0)
    found = np.zeros((len(_KINDS), len(items), len(starts)), dtype=np.float32)
    for kind, column in enumerate(("displays", "mailers")):
        found[kind, numbers[known], places[known]] = weeks[column].to_numpy()[known]
    return found


def _latest(received: pd.DataFrame) -> pd.Index[str]:
    """Return the campaigns that were received last, in the order of their names."""
    first = received.groupby("campaign")["known_at"].min().sort_values(kind="stable")
    found: pd.Index[str] = pd.Index(sorted(first.index[-_MOST:]))
    return found


def _table(rows: pd.DataFrame, key: str, ids: IdMap, campaigns: pd.Index[str]) -> Flags:
    """Count the ``rows`` of each id and campaign, uint8 [ids, campaigns]."""
    numbers = ids.numbers(rows[key].to_numpy(), missing="negative")
    places = campaigns.get_indexer(pd.Index(rows["campaign"]))
    known = (numbers >= 0) & (places >= 0)
    flat = numbers[known].astype(np.int64) * len(campaigns) + places[known]
    counts = np.bincount(flat, minlength=len(ids) * len(campaigns))
    return counts.reshape(len(ids), len(campaigns)).clip(max=255).astype(np.uint8)


def _answers(
    redeemed: pd.DataFrame, received: pd.DataFrame, campaigns: pd.Index[str]
) -> FloatArray:
    """Return how many coupons of each campaign were redeemed by customer who received it."""
    counts = [campaigns.get_indexer(pd.Index(rows["campaign"])) for rows in (redeemed, received)]
    used, sent = (np.bincount(each[each >= 0], minlength=len(campaigns)) for each in counts)
    return (used / np.maximum(sent, 1)).astype(np.float32)
