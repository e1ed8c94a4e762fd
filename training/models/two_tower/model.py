"""Two towers whose vectors meet in a dot product: who the customer is, and what the item is.

Keras is needed to fit only: a fitted model scores with NumPy.
"""

from __future__ import annotations

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

from features.profile.fusion import Share, WeightedFusion
from training.ids import FloatArray, IntArray
from training.interactions import Interactions
from training.models.held_out import curve_of
from training.models.question import Question
from training.models.strangers import LooksUpStrangers
from training.models.two_tower.fusion import fused, means
from training.models.two_tower.goods import Content, Sales, microseconds
from training.models.two_tower.people import BLOCKS, Portraits, Scaling
from training.models.two_tower.windows import windows_of
from training.models.weighting import weighted
from training.topk import TopK, top_of_factors

if TYPE_CHECKING:
    from features.store.reader import FeatureReader

Part = Annotated[float, Field(ge=0, lt=1)]


class TwoTower(LooksUpStrangers):
    """Score an item by the dot product of a customer's and an item's vector, plus its own number.

    The customer tower turns behavior, sentiment and topics of the profile into three unit vectors
    and fuses them: ``weighted`` with fixed alpha, beta and gamma, where a missing block's weight
    goes to the others; ``gated`` with weights that a small network learns, for each customer from
    what the blocks say. The mean embedding of the items in the history is added. The item tower
    adds an embedding of the item, embeddings of its categories and brand, a network over its text
    vector, its topics and its recent sales, and a line in those sales.

    It learns from windows of time: what customers chose in one, from histories, profiles and sales
    as of its beginning, so that no feature has seen the choice. The loss is a softmax over the
    items of a batch, corrected by how often they come, without accidental hits (Yi et al. 2019,
    "Sampling-Bias-Corrected Neural Modeling for Large Corpus Item Recommendations"; Bengio and
    Senécal 2008, "Adaptive Importance Sampling"), with further items drawn evenly (Yang et al.
    2020). A share of histories and item embeddings is hidden while learning, so that profile and
    content learn to stand alone (Volkovs, Yu and Poutanen 2017, "DropoutNet"): customers without
    history but with a profile, and items without history but with content, are scored. The newest
    window is held out at first: learning stops where nDCG@100 of finding its choices no longer
    rises. Then all windows are learned anew, for as many epochs.

    Parameters
    ----------
    fusion : {"weighted", "gated"}
        How the three become one.
    alpha, beta, gamma : float
        Weights of behavior, sentiment and topics, for ``weighted``; they sum to 1.
    dimensions, hidden : int
        Length of the vectors; width of the layer inside each sub-tower, the gates and the item
        tower.
    dropout : float
        Share of these layers, and of a history, dropped while learning.
    cold : float
        Share of histories, of profiles, and of item embeddings, hidden while learning, so that each
        can stand alone (Volkovs, Yu and Poutanen, "DropoutNet", NIPS 2017).
    even_negatives : int
        Items drawn evenly beside those of the batch.
    windows : int
        Windows of equally many events; an equal part before them is history only.
    repeats : bool
        Whether what a customer had before counts as chosen again.
    l2 : float
        Penalty of all weights but biases.
    learning_rate, batch_size, epochs : float, int, int
        Of Adam; a batch counts customers of one window.
    patience : int
        Epochs without a better nDCG before it stops.
    seed : int
        Of everything random.
    checkpoints : str, optional
        Folder for the state after every epoch: an equal call goes on where a killed one was.

    Raises
    ------
    ValueError
        If the weights do not sum to 1; from ``fit``, if no window holds a choice.
    """

    @validate_call
    def __init__(
        self,
        *,
        fusion: Literal["weighted", "gated"] = "gated",
        alpha: Share = 0.6,
        beta: Share = 0.25,
        gamma: Share = 0.15,
        dimensions: PositiveInt = 32,
        hidden: PositiveInt = 32,
        dropout: Part = 0.5,
        cold: Part = 0.3,
        even_negatives: PositiveInt = 256,
        windows: PositiveInt = 6,
        repeats: bool = False,
        l2: NonNegativeFloat = 1e-4,
        learning_rate: PositiveFloat = 0.001,
        batch_size: PositiveInt = 128,
        epochs: PositiveInt = 30,
        patience: PositiveInt = 4,
        seed: NonNegativeInt = 0,
        checkpoints: str | None = None,
    ) -> None:
        weights = WeightedFusion(alpha=alpha, beta=beta, gamma=gamma)
        self.weights = weights if fusion == "weighted" else None
        self.fusion = fusion
        self.alpha = alpha
        self.beta = beta
        self.gamma = gamma
        self.dimensions = dimensions
        self.hidden = hidden
        self.dropout = dropout
        self.cold = cold
        self.even_negatives = even_negatives
        self.windows = windows
        self.repeats = repeats
        self.l2 = l2
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.epochs = epochs
        self.patience = patience
        self.seed = seed
        self.checkpoints = checkpoints

    def _top_of_strangers(self, asked: Question, features: FeatureReader) -> TopK:
        profiles, _ = self._fused(self._scaling.read(list(asked.customers), None, features))
        items = self._prepared(self._state["items"], asked.columns)
        vectors = self._vectors(profiles, asked.histories)
        return asked.in_items(top_of_factors(vectors, items, asked.k, asked.excluded))

    def factors(
        self, numbers: IntArray, histories: csr_matrix
    ) -> tuple[FloatArray, FloatArray] | None:
        """Return customers by profile and history, NaN for who has neither, and items."""
        profiles = self._state["profiles"][np.maximum(numbers, 0)]
        profiles[numbers < 0] = np.nan
        return self._vectors(profiles, histories), self._state["items"]

    def diagnostics(self) -> dict[str, float]:
        """Return nDCG@100 on the newest window, the best epoch, epochs tried, and mean shares.

        The shares are those of behavior, sentiment and topics in the profiles of all customers.
        """
        names = ("validation_ndcg", "best_epoch", "epochs", *(f"share_{name}" for name in BLOCKS))
        return dict(zip(names, self._state["diagnostics"].tolist(), strict=True))

    def learning_curve(self) -> pd.DataFrame:
        """Return ``epoch``, ``minutes`` and ``ndcg@100`` on the newest window, a row an epoch."""
        return curve_of(self._state["curve"])

    def _fit(
        self, matrix: csr_matrix, interactions: Interactions, features: FeatureReader | None
    ) -> None:
        from training.models.keras_fit import progress_file  # noqa: PLC0415  (loads TensorFlow)
        from training.models.two_tower.learning import Lesson, fit_network  # noqa: PLC0415

        ids, sales = interactions.customers.ids.tolist(), Sales(interactions)
        self._scaling, portraits = Scaling.of(ids, interactions.until, features)
        windows = windows_of(
            interactions, self.windows, sales, self._scaling, features, repeats=self.repeats
        )
        if not windows:
            raise ValueError(
                f"two_tower: none of {self.windows} windows holds a choice of something new; use "
                "fewer windows, more data, or repeats=true"
            )
        content = Content.of(interactions, features)
        trained = np.bincount(matrix.indices, minlength=matrix.shape[1]) > 0
        lesson = Lesson(windows, content, trained, self._scaling.edges)
        progress = progress_file(self, interactions, portraits.columns, content.columns)
        now = sales.until(microseconds(interactions.until))
        self._state, course = fit_network(self, lesson, now, progress)
        curve, best = course.curve, course.best
        profiles, shares = self._fused(portraits)
        mean = shares.sum(axis=0) / max(1, int(shares.any(axis=1).sum()))
        self._state["profiles"] = profiles
        self._state["curve"] = course.rows
        self._state["diagnostics"] = np.array([max(curve), best + 1, len(curve), *mean])

    def _fused(self, portraits: Portraits) -> tuple[FloatArray, FloatArray]:
        return fused(self._state, portraits, self._scaling.edges, self.weights)

    def _vectors(self, profiles: FloatArray, histories: csr_matrix) -> FloatArray:
        """Return profiles [n, d], NaN where there is none, plus histories, and a 1 behind."""
        found = np.ones((len(profiles), self.dimensions + 1), dtype=np.float32)
        found[:, :-1] = means(weighted(histories, "binary")) @ self._state["history"]
        found[:, :-1] += np.nan_to_num(profiles)
        found[np.isnan(profiles[:, 0]) & (np.diff(histories.indptr) == 0)] = np.nan
        return found

    def _item_vectors(self) -> FloatArray:
        found: FloatArray = np.nan_to_num(self._state["items"][:, :-1])
        return found

    def _arrays(self) -> Mapping[str, NDArray[Any]]:
        return self._state | self._scaling.arrays()

    def _restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._scaling = Scaling.restore(arrays)
        self._state = {k: v for k, v in arrays.items() if k not in self._scaling.arrays()}
