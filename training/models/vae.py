"""MultVAE: a variational autoencoder of whole histories with a multinomial likelihood.

Keras is needed to fit only: a fitted model scores with NumPy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

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
from training.models.held_out import curve_of, hold_out
from training.models.memory import available_bytes
from training.models.vae_layers import encoded
from training.models.weighting import weighted

if TYPE_CHECKING:
    from features.store.reader import FeatureReader

_COPIES = 6  # weights, gradients, two moments of Adam, the best epoch, room to work
_TABLES = 4  # logits of a batch, their softmax and gradients


class MultVAE(Recommender):
    """Score an item by the logit that a decoder gives it for an encoded history.

    Mult-VAE of Liang, Krishnan, Hoffman and Jebara (2018, "Variational Autoencoders for
    Collaborative Filtering"): the binary history, at unit length and with a share of its entries
    dropped, becomes mean and spread of a code; a decoder turns a draw of the code into a
    multinomial distribution over all items. The loss is its negative log-likelihood plus ``beta``
    times the divergence of the code from a standard normal, annealed from 0. A fifth of the items
    of some customers is held out: learning stops where nDCG@100 of finding them no longer rises,
    and the best weights are kept.

    The encoder reads any history: of unknown customers and of known ones that grew. An empty one
    is not scored. The score is a dot product of the last hidden layer and weights of the item.

    Parameters
    ----------
    dimensions : int
        Length of the code.
    hidden : int
        Width of the hidden layer on either side.
    dropout : float
        Share of a history dropped while learning.
    beta : float
        Most weight of the divergence.
    anneal_epochs : int
        Epochs until it has that weight.
    l2 : float
        Penalty of all weights but biases.
    learning_rate, batch_size, epochs : float, int, int
        Of Adam; a batch counts customers.
    patience : int
        Epochs without a better nDCG before it stops.
    validation : float
        Share of the customers of whom something is held out.
    seed : int
        Of everything random.
    checkpoints : str, optional
        Folder for the state after every epoch: an equal call goes on where a killed one was.

    Raises
    ------
    MemoryError
        From ``fit``, before anything is allocated, if the network would not fit in memory.
    """

    @validate_call
    def __init__(
        self,
        *,
        dimensions: PositiveInt = 100,
        hidden: PositiveInt = 200,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.5,
        beta: NonNegativeFloat = 0.2,
        anneal_epochs: PositiveInt = 20,
        l2: NonNegativeFloat = 1e-3,
        learning_rate: PositiveFloat = 0.001,
        batch_size: PositiveInt = 256,
        epochs: PositiveInt = 60,
        patience: PositiveInt = 8,
        validation: Annotated[float, Field(gt=0, lt=1)] = 0.2,
        seed: NonNegativeInt = 0,
        checkpoints: str | None = None,
    ) -> None:
        self.dimensions = dimensions
        self.hidden = hidden
        self.dropout = dropout
        self.beta = beta
        self.anneal_epochs = anneal_epochs
        self.l2 = l2
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.epochs = epochs
        self.patience = patience
        self.validation = validation
        self.seed = seed
        self.checkpoints = checkpoints

    def factors(
        self, numbers: IntArray, histories: csr_matrix
    ) -> tuple[FloatArray, FloatArray] | None:
        """Return the last hidden layer of the histories, and the weights of the items."""
        del numbers
        customers = encoded(self._state, weighted(histories, "binary"))
        customers[np.diff(histories.indptr) == 0] = np.nan
        return customers, self._state["items"]

    def diagnostics(self) -> dict[str, float]:
        """Return nDCG@100 on what was held out (NaN: nothing was), the epoch kept, epochs run."""
        names = ("validation_ndcg", "best_epoch", "epochs")
        return dict(zip(names, self._state["diagnostics"].tolist(), strict=True))

    def learning_curve(self) -> pd.DataFrame:
        """Return ``epoch``, ``minutes`` and ``ndcg@100`` on what was held out, a row an epoch."""
        return curve_of(self._state["curve"])

    def _fit(
        self, matrix: csr_matrix, interactions: Interactions, features: FeatureReader | None
    ) -> None:
        del features
        self._refuse_too_large(matrix.shape[1])
        from training.models.keras_fit import progress_file  # noqa: PLC0415  (loads TensorFlow)
        from training.models.vae_keras import fit_network  # noqa: PLC0415

        learned, held_out = hold_out(weighted(matrix, "binary"), self.validation, self.seed)
        progress = progress_file(self, interactions)
        state, course = fit_network(self, learned, held_out, progress)
        curve, best = course.curve, course.best
        if progress is not None:
            progress.unlink()
        diagnostics = np.array([curve[best], best + 1, len(curve)], dtype=np.float64)
        self._restore(state | {"diagnostics": diagnostics, "curve": course.rows})

    def _refuse_too_large(self, n_items: int) -> None:
        available = available_bytes()
        per_width, beside = 4 * 2 * _COPIES * n_items, 4 * _TABLES * n_items * self.batch_size
        needed = per_width * self.hidden + beside
        if needed <= available:
            return
        fitting = (available - beside) // per_width
        smaller = f"set hidden to at most {fitting:,}" if fitting > 0 else "set batch_size lower"
        raise MemoryError(
            f"MultVAE over {n_items:,} items with hidden={self.hidden} needs {needed / 1e9:.1f} GB,"
            f" available are {available / 1e9:.1f} GB; {smaller}, leave out rare items with "
            "split.min_customers_per_item, or use model=als, whose memory grows with the data"
        )

    def _item_vectors(self) -> FloatArray:
        return self._state["items"][:, :-1]

    def _arrays(self) -> Mapping[str, NDArray[Any]]:
        return self._state

    def _restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._state = dict(arrays)
