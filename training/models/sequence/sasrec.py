"""SASRec: a transformer over each customer's events in order, trained against all items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    validate_call,
)
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray
from training.interactions import Interactions
from training.models.base import Recommender
from training.models.sequence.channels import Channel, Side, check_channels
from training.models.sequence.histories import Histories, in_order, usual_places
from training.models.sequence.size import check_memory
from training.models.sequence.start import first_vectors, folder_of

if TYPE_CHECKING:
    from features.store.reader import FeatureReader
    from training.models.sequence.layers import Network

_PREFIX = "network."


class SASRec(Recommender):
    """Predict the next item from the last ones, in order (Kang and McAuley, ICDM 2018).

    Causal attention, norms before instead of after each part; the score of an item is the dot
    product of its vector with what the network makes of the customer's newest events. Trained to
    tell at every place of every history which item comes next: against all items (``softmax``),
    against drawn ones with logQ correction (``sampled``), or by gBCE (Petrov and Macdonald, RecSys
    2023). The last event of each customer is held out of training and decides when to stop.

    Histories given as counts have no order: what a known customer had when the model was fitted
    keeps its order, what came since follows it, and unknown customers' items are ordered by where
    in a history they usually are (:func:`training.models.sequence.histories.in_order`).

    Parameters
    ----------
    length : int
        So many of the newest events are looked at.
    dimensions, blocks, heads : int
        Length of the vectors; transformer blocks, and parts of a vector that attend separately.
    expansion : int
        Width of the network after attention, in vectors.
    dropout : float
        Share of values dropped while learning.
    loss : {"softmax", "sampled", "gbce"}
        What is learned against.
    negatives : int
        Items drawn a step, for ``sampled`` and ``gbce``.
    popularity : float
        ``sampled``: 0 draws all items alike, 1 as often as they were had.
    calibration : float
        t of ``gbce``.
    windows : {"all", "last"}
        Learn from whole histories, cut anew each epoch, or from the newest ``length`` events.
    items_from : {"random", "text"}
        First vectors of items; ``text``: from item features.
    channels : sequence of str
        What else decides which events are looked at, apart from the items (DIF-SR, see
        :mod:`training.models.sequence.decoupled`): of items, from features, ``department``,
        ``category``, ``leaf``, ``brand``, ``price_band``; of events ``value``, ``event_channel``;
        ``position`` takes places out of the items' vectors, as the paper does.
    channel_dimensions : int
        Length of a channel's vectors.
    attribute_weight : float
        Weight of telling the next item's channels as well; 0 leaves it out.
    batch_items : int
        About so many events a step.
    learning_rate, warmup, weight_decay, clip : float
        Of AdamW: highest rate, share of steps in which it rises before it falls along a cosine, L2
        decay of matrices, largest norm of a gradient.
    epochs, patience : int
        Passes at most, and epochs without a better nDCG@10 on held-out events before it stops.
    validation : bool
        Whether events are held out; without, all ``epochs`` are run.
    precision : {"bfloat16", "float32"}
        Of matrix products in training; scores are float32.
    threads : int
        Processor threads. Threads wait for each other at every product: where other work shares
        the cores, two take many times as long as one.
    checkpoints : str, optional
        Folder of checkpoints: a fit that was killed goes on where it was.
    seed : int
        Of everything random.

    Raises
    ------
    ValueError
        If ``heads`` do not divide ``dimensions``, or channels do not go together; from ``fit``, if
        nobody has two events, or nothing is known in a channel.
    MemoryError
        From ``fit``, if so many items do not fit in memory.
    """

    @validate_call
    def __init__(
        self,
        *,
        length: PositiveInt = 200,
        dimensions: PositiveInt = 128,
        blocks: PositiveInt = 2,
        heads: PositiveInt = 1,
        expansion: PositiveInt = 1,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.2,
        loss: Literal["softmax", "sampled", "gbce"] = "softmax",
        negatives: PositiveInt = 256,
        popularity: Annotated[float, Field(ge=0, le=1)] = 0.5,
        calibration: Annotated[float, Field(ge=0, le=1)] = 0.75,
        windows: Literal["last", "all"] = "all",
        items_from: Literal["random", "text"] = "random",
        channels: Sequence[Channel] = (),
        channel_dimensions: PositiveInt = 32,
        attribute_weight: NonNegativeFloat = 0.0,
        batch_items: PositiveInt = 2_048,
        learning_rate: PositiveFloat = 1e-3,
        warmup: Annotated[float, Field(ge=0, lt=1)] = 0.05,
        weight_decay: NonNegativeFloat = 0.01,
        clip: PositiveFloat = 1.0,
        epochs: PositiveInt = 30,
        patience: PositiveInt = 10,
        validation: bool = True,
        precision: Literal["bfloat16", "float32"] = "bfloat16",
        threads: PositiveInt = 1,
        checkpoints: str | None = None,
        seed: NonNegativeInt = 0,
    ) -> None:
        if dimensions % heads:
            raise ValueError(f"dimensions: expected a multiple of heads={heads}, got {dimensions}")
        self.length = length
        self.dimensions = dimensions
        self.blocks = blocks
        self.heads = heads
        self.expansion = expansion
        self.dropout = dropout
        self.loss = loss
        self.negatives = negatives
        self.popularity = popularity
        self.calibration = calibration
        self.windows = windows
        self.items_from = items_from
        self.channels: list[str] = list(channels)
        self.channel_dimensions = channel_dimensions
        self.attribute_weight = attribute_weight
        self.batch_items = batch_items
        self.learning_rate = learning_rate
        self.warmup = warmup
        self.weight_decay = weight_decay
        self.clip = clip
        self.epochs = epochs
        self.patience = patience
        self.validation = validation
        self.precision = precision
        self.threads = threads
        self.checkpoints = checkpoints
        self.seed = seed
        check_channels(self)

    def factors(
        self, numbers: IntArray, histories: csr_matrix
    ) -> tuple[FloatArray, FloatArray] | None:
        """Return what the network makes of each history, and the vectors of items.

        An item that nobody had and no text tells about is NaN.
        """
        from training.fitting import threads  # noqa: PLC0415  (loads PyTorch)
        from training.models.sequence.fit import vectors_of  # noqa: PLC0415

        ordered = in_order(
            numbers, histories, known=self._known, trained=self.histories, places=self._places
        )
        with threads(self.threads):
            vectors = vectors_of(self._network, ordered, self.length, self.batch_items)
        return vectors, self._items

    def diagnostics(self) -> dict[str, float]:
        """Return the best nDCG@10 on held-out events, its epoch, and epochs and minutes run."""
        if not len(self._curve):
            return {}
        best = self._curve[int(self._curve[:, 2].argmax())]
        return {
            "validation_ndcg@10": float(best[2]),
            "best_epoch": float(best[0]),
            "epochs": float(self._curve[-1, 0]),
            "minutes": float(self._curve[-1, 1]),
        }

    def learning_curve(self) -> pd.DataFrame:
        """Return ``epoch``, ``minutes`` and ``ndcg@10`` on held-out events, a row an epoch."""
        return pd.DataFrame(self._curve, columns=["epoch", "minutes", "ndcg@10"])

    def _fit(
        self, matrix: csr_matrix, interactions: Interactions, features: FeatureReader | None
    ) -> None:
        check_memory(self, matrix.shape[1])
        side = Side.of(self.channels, interactions, features)
        everything = Histories.of(interactions, side.events)
        if not (everything.lengths > 1).any():
            raise ValueError("SASRec: nobody has two events, so nothing comes next; use model=als")
        start = first_vectors(self, interactions, features)
        from training.models.sequence.fit import fit_network  # noqa: PLC0415  (loads PyTorch)

        folder = folder_of(self, interactions, side)
        fitted = fit_network(self, everything, start, side, folder)
        had = np.bincount(everything.items, minlength=matrix.shape[1]) > 0
        described = had if start is None else had | ~np.isnan(start).any(axis=1)
        newest = everything.last(self.length)
        self._restore(
            {_PREFIX + name: each for name, each in fitted.weights.items()}
            | {"curve": fitted.curve, "described": described}
            | {"events": newest.items, "starts": newest.starts}
            | ({} if newest.marks is None else {"marks": newest.marks})
            | {"places": usual_places(everything, matrix.shape[1])}
        )

    @cached_property
    def _network(self) -> Network:
        from training.models.sequence.fit import restored  # noqa: PLC0415  (loads PyTorch)

        named = self._state.items()
        return restored(
            self, {n.removeprefix(_PREFIX): each for n, each in named if n.startswith(_PREFIX)}
        )

    def _item_vectors(self) -> FloatArray:
        return self._items

    def _arrays(self) -> Mapping[str, NDArray[Any]]:
        return self._state

    def _restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._state = dict(arrays)
        self.__dict__.pop("_network", None)
        self._known = Histories(arrays["events"], arrays["starts"], arrays.get("marks"))
        self._places, self._curve = arrays["places"], arrays["curve"]
        self._items = arrays[_PREFIX + "items.weight"].copy()
        self._items[~arrays["described"]] = np.nan
