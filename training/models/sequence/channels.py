"""Side channels: what is known of items and events in a history beside which item it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.ids import IntArray
from training.interactions import Interactions
from training.models.ranking.items import levels_of
from training.models.sequence.settings import SequenceSettings

if TYPE_CHECKING:
    from features.store.reader import FeatureReader

ItemChannel = Literal["department", "category", "leaf", "brand", "price_band"]
EventChannel = Literal["value", "event_channel"]
Channel = Literal["position", ItemChannel, EventChannel]
OF_ITEMS: tuple[str, ...] = get_args(ItemChannel)
OF_EVENTS: tuple[str, ...] = get_args(EventChannel)
_BANDS = 5  # of prices, and of values that are no ratings
_RATINGS = 10  # so many different values at most are ratings, each a band of its own


@dataclass(frozen=True, eq=False)
class Side:
    """Numbers of what channels say, 0 where it is unknown; columns in the order of the channels.

    Parameters
    ----------
    items : ndarray of int, shape [n_items, channels of items]
    sizes : sequence of int
        How many numbers each channel but "position" has, 0 included.
    events : ndarray of int32, shape [events, channels of events], optional
        In the order of the interactions; None where no channel is of events.
    """

    items: NDArray[np.integer]
    sizes: Sequence[int]
    events: IntArray | None = None

    @classmethod
    def of(
        cls, channels: Sequence[str], interactions: Interactions, features: FeatureReader | None
    ) -> Side:
        """Read what ``channels`` say of all items and events of ``interactions``.

        Raises
        ------
        ValueError
            If a channel is read from features and there are none, or nothing is known in one.
        """
        told = [name for name in channels if name in OF_ITEMS]
        of_items = _of_items(told, interactions, features) if told else {}
        of_events = {name: _of_events(name, interactions) for name in channels if name in OF_EVENTS}
        found = of_items | of_events
        nothing = np.zeros((len(interactions.items), 0), dtype=np.int32)
        return cls(
            np.column_stack([nothing, *of_items.values()]),
            [int(found[name].max()) + 1 for name in channels if name in found],
            np.column_stack(list(of_events.values())) if of_events else None,
        )


def check_channels(model: SequenceSettings) -> None:
    """Refuse settings of channels that do not go together.

    Raises
    ------
    ValueError
        If a channel is named twice, ``heads`` do not divide ``channel_dimensions``, or attributes
        are to be predicted and there are none.
    """
    again = [name for name, count in Counter(model.channels).items() if count > 1]
    if again:
        raise ValueError(f"channels: expected each once, received {again} more than once")
    if model.channels and model.channel_dimensions % model.heads:
        raise ValueError(
            f"channel_dimensions: expected a multiple of heads={model.heads}, received "
            f"{model.channel_dimensions}"
        )
    if model.attribute_weight and not set(model.channels) & set(OF_ITEMS):
        raise ValueError(
            f"attribute_weight={model.attribute_weight}: there is no attribute of items to predict "
            f"in channels={model.channels}; name one of {', '.join(OF_ITEMS)}, or set it to 0"
        )


def _of_items(
    names: Sequence[str], interactions: Interactions, features: FeatureReader | None
) -> dict[str, IntArray]:
    if features is None:
        raise ValueError(
            f"channels: {', '.join(names)} are read from item features and there are none; run "
            "`python -m features workspace=<name>` first, or leave them out of channels"
        )
    frame = features.items(interactions.items.ids.tolist(), as_of=interactions.until)
    known = levels_of(frame)
    if "price_quantile" in frame and frame["price_quantile"].notna().any():
        known["price_band"] = _bands(frame["price_quantile"].to_numpy(dtype=np.float64))
    missing = [name for name in names if name not in known]
    if missing:
        raise ValueError(
            f"channels: no item has a known {' or '.join(missing)}; known of items here are: "
            f"{', '.join(known) or 'none'}"
        )
    return {name: known[name] for name in names}


def _of_events(name: str, interactions: Interactions) -> IntArray:
    """Give numbers to the values of events, or to the channels they came through."""
    column = "channel" if name == "event_channel" else name
    found = interactions.frame.get(column)
    if found is None or found.isna().all():
        raise ValueError(f"channels: {name}: no event has a {column}; leave it out of channels")
    if name == "event_channel":
        return _numbered(found)
    values = found.to_numpy(dtype=np.float64)
    return _numbered(found) if found.nunique() <= _RATINGS else _bands(_shares(values))


def _numbered(values: pd.Series[Any]) -> IntArray:
    """Give numbers to distinct values in their order, from 1; what is missing is 0."""
    codes, _ = pd.factorize(values, sort=True)
    return (codes + 1).astype(np.int32)


def _shares(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of known values that are smaller; NaN stays."""
    known = np.sort(values[~np.isnan(values)])
    return np.where(np.isnan(values), np.nan, np.searchsorted(known, values) / len(known))


def _bands(shares: NDArray[np.float64]) -> IntArray:
    """Cut 0..1 into fifths, numbered from 1; NaN is 0."""
    band = np.minimum(np.nan_to_num(shares * _BANDS), _BANDS - 1).astype(np.int32)
    return np.where(np.isnan(shares), 0, band + 1).astype(np.int32)
