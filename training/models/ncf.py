"""Neural collaborative filtering in Keras: embeddings, a dot product or a small network, sigmoid.

Source e of the requirements states the intent (collaborative filtering, judged by MSE and MAE) in
code that does not run; this is what it means. Keras is needed to fit only: a fitted model scores
with NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
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
from training.models.ncf_layers import customer_layer, item_layer, upper_layers
from training.models.ncf_pairs import Pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from features.store.reader import FeatureReader

_PAIR_BYTES = 32 << 20  # most memory of one block of hidden activations
_BATCHES = 50  # an epoch at least, ...
_LEAST_BATCH = 64  # ... unless they would be smaller than this
_EPOCHS = 6  # over many pairs; over few, until ...
_SHOWN = 2_400_000  # ... so many pairs were shown


class NCF(Recommender):
    """Predict a customer's reaction to an item from their embeddings (He et al. 2017).

    ``dot``: sigmoid(customer . item + biases), the generalized matrix factorization. ``mlp``: a
    network over both embeddings in place of the dot product. Targets are 1 for what the customer
    had against sampled items they had not (``implicit``), or ratings scaled to 0..1
    (``rating``). A held-out share of the pairs decides when to stop and gives MSE and MAE, see
    :meth:`diagnostics`. Unknown customers are not scored.

    Parameters
    ----------
    interaction : {"dot", "mlp"}
        How two embeddings become one number.
    target : {"implicit", "rating"}
        What is predicted; ``rating`` needs values.
    dimensions : int
        Length of the embeddings.
    hidden : tuple of int
        Widths of the network of ``mlp``.
    negatives : int
        Sampled items a pair and epoch, for ``implicit``.
    l2 : float
        Penalty of the embeddings that a batch touches.
    dropout : float
        Share of the customer's embedding dropped while learning.
    learning_rate : float
        Of Adam.
    batch_size : int
        Observed pairs a batch at most, without their negatives; few pairs are cut into 50 batches.
    epochs : int, optional
        At most. None: 6, and where pairs are few, as many as it takes to show 2.4 million.
    patience : int
        Epochs without a better validation loss before it stops; the best weights are kept.
    validation : float
        Share of the pairs held out.
    seed : int
        Of everything random.
    """

    @validate_call
    def __init__(
        self,
        *,
        interaction: Literal["dot", "mlp"] = "dot",
        target: Literal["implicit", "rating"] = "implicit",
        dimensions: PositiveInt = 32,
        hidden: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (32, 16),
        negatives: PositiveInt = 4,
        l2: NonNegativeFloat = 1e-6,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
        learning_rate: PositiveFloat = 0.005,
        batch_size: PositiveInt = 8_192,
        epochs: PositiveInt | None = None,
        patience: PositiveInt = 2,
        validation: Annotated[float, Field(gt=0, lt=1)] = 0.05,
        seed: NonNegativeInt = 0,
    ) -> None:
        self.interaction = interaction
        self.target = target
        self.dimensions = dimensions
        self.hidden = hidden
        self.negatives = negatives
        self.l2 = l2
        self.dropout = dropout
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.epochs = epochs
        self.patience = patience
        self.validation = validation
        self.seed = seed
        self.predicts_ratings = target == "rating"

    def schedule(self, pairs: int) -> tuple[int, int]:
        """Return pairs a batch and epochs at most for so many observed pairs.

        The number of updates decides how far a network gets: where pairs are few, batches are
        smaller and epochs more, and where they are many, a fit takes no longer than ``epochs`` of
        whole batches.
        """
        batch = min(self.batch_size, max(_LEAST_BATCH, pairs // _BATCHES))
        return batch, self.epochs or max(_EPOCHS, math.ceil(_SHOWN / pairs))

    def factors(
        self, numbers: IntArray, histories: csr_matrix
    ) -> tuple[FloatArray, FloatArray] | None:
        """Return embeddings with the item's bias as last number, for ``dot``."""
        del histories
        if self.interaction != "dot":
            return None
        customers = np.ones((len(numbers), self.dimensions + 1), dtype=np.float32)
        customers[:, :-1] = self._state["customer"][numbers]  # -1 takes some row, muted below
        customers[numbers < 0] = np.nan
        return customers, self._items

    def predict(self, customers: Sequence[str], items: Sequence[str]) -> FloatArray:
        """Predict the target of each pair on its own scale, [n]; NaN where either is unknown."""
        rows = self.customers.numbers(customers, missing="negative")
        columns = self.items.numbers(items, missing="negative")
        known = (rows >= 0) & (columns >= 0)
        rows, columns = rows[known], columns[known]
        state = self._state
        if self.interaction == "dot":
            logits = (state["customer"][rows] * state["item"][columns]).sum(axis=1)
            logits += (
                state["item_bias"][columns, 0] + state["customer_bias"][rows, 0] + state["bias"]
            )
        else:
            logits = upper_layers(state, customer_layer(state, rows) + item_layer(state)[columns])
        low, high = state["scale"]
        predicted = np.full(len(known), np.nan, dtype=np.float32)
        predicted[known] = low + (high - low) / (1 + np.exp(-logits))
        return predicted

    def diagnostics(self) -> dict[str, float]:
        """Return MSE and MAE on the held-out pairs (in units of the target) and epochs run."""
        names = ("validation_mse", "validation_mae", "epochs")
        return dict(zip(names, self._state["diagnostics"].tolist(), strict=True))

    def learning_curve(self) -> pd.DataFrame:
        """Return ``epoch``, ``minutes`` and the ``loss`` of the held-out pairs, a row an epoch."""
        return pd.DataFrame(self._state["curve"], columns=["epoch", "minutes", "loss"])

    def _fit(
        self, matrix: csr_matrix, interactions: Interactions, features: FeatureReader | None
    ) -> None:
        del features
        from training.models.ncf_keras import fit_network  # noqa: PLC0415  (loads TensorFlow)

        rated = self.target == "rating"
        pairs = Pairs.of(
            interactions.csr("value") if rated else matrix,
            negatives=0 if rated else self.negatives,
            validation=self.validation,
            seed=self.seed,
        )
        weights, errors, curve = fit_network(self, pairs)
        width = pairs.scale[1] - pairs.scale[0]
        scale = np.array(pairs.scale, dtype=np.float32)
        diagnostics = np.array([errors[0] * width**2, errors[1] * width, errors[2]])
        self._restore(weights | {"scale": scale, "diagnostics": diagnostics, "curve": curve})

    def _score(
        self, numbers: IntArray, histories: csr_matrix, features: FeatureReader | None
    ) -> FloatArray:
        if self.interaction == "dot":
            return super()._score(numbers, histories, features)
        scores = np.full((len(numbers), len(self.items)), np.nan, dtype=np.float32)
        known = np.flatnonzero(numbers >= 0)
        step = max(1, _PAIR_BYTES // (4 * len(self.items) * self.hidden[0]))
        of_items = item_layer(self._state)
        for start in range(0, len(known), step):
            rows = known[start : start + step]
            of_customers = customer_layer(self._state, numbers[rows])
            scores[rows] = upper_layers(self._state, of_customers[:, None] + of_items[None])
        return scores

    def _item_vectors(self) -> FloatArray:
        return self._state["item"]

    def _arrays(self) -> Mapping[str, NDArray[Any]]:
        return self._state

    def _restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._state = dict(arrays)
        if self.interaction == "dot":
            self._items = np.append(arrays["item"], arrays["item_bias"], axis=1)
