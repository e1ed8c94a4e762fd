"""iALS with features: what is known of customers and items is where their factors start from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, validate_call
from scipy.sparse import csr_matrix, hstack
from threadpoolctl import threadpool_limits

from training.ids import FloatArray, IntArray
from training.interactions import Interactions
from training.models.blocks import changed_rows
from training.models.ials import IALS
from training.models.irspack_parts import IALSTrainer
from training.models.memory import available_bytes
from training.models.question import Question
from training.models.side_information import CustomerColumns, Vector, item_columns
from training.models.strangers import LooksUpStrangers
from training.models.weighting import Weighting, weighted
from training.topk import TopK, top_of_factors

if TYPE_CHECKING:
    from features.store.reader import FeatureReader

_SQUARES = 3  # matrices [traits, traits] at the same time: Gram, its root, and room to work


class IALSWithFeatures(LooksUpStrangers, IALS):
    """Score as iALS does; factors are drawn to what features say instead of to zero.

    The penalty of a vector is its squared distance to the prior: its features times a matrix that
    is learned along, a ridge regression of the vectors on the features in every round (as in the
    regression-based latent factors of Agarwal and Chen 2009, in closed form between the rounds of
    iALS). Who has no history has the vector that the features say, an item that nobody had yet
    likewise; with every event the vector moves from there to where the events pull it.

    Histories that are new, of known customers and of unknown ones, are folded in without learning
    again: the vector is solved for exactly, from the same prior.

    Parameters
    ----------
    dimensions : int
        Length of the vectors.
    regularization : float
        Penalty of the distance between a vector and its prior.
    customer_smoothing : float, optional
        Ridge penalty of the weights of profiles, in mean penalties of a customer's vector; every
        feature has unit length. None leaves profiles out.
    item_smoothing : float, optional
        The same for the weights of item features.
    vector : {"profile_vector", "behavior_vector", "sentiment_vector", "topic_vector", \
"deep_vector"}
        Which vector of the profile; topic shares are always used.
    frequency_power, unobserved, epochs, initial_deviation, weighting, threads, seed
        As in :class:`~training.models.ials.IALS`.
    solver : {"cg", "cholesky"}
        Three steps of conjugate gradients, or exact.

    Raises
    ------
    ValueError
        From ``fit``, if no features are given.
    MemoryError
        From ``fit``, before it starts, if a regression on so many item features would not fit.
    """

    beside = "profile"  # the prior

    @validate_call
    def __init__(
        self,
        *,
        dimensions: PositiveInt = 128,
        regularization: PositiveFloat = 0.002,
        customer_smoothing: PositiveFloat | None = 1.0,
        item_smoothing: PositiveFloat | None = 1.0,
        vector: Vector = "profile_vector",
        frequency_power: NonNegativeFloat = 1.0,
        unobserved: PositiveFloat = 1.0,
        epochs: PositiveInt = 16,
        solver: Literal["cg", "cholesky"] = "cg",
        initial_deviation: PositiveFloat = 0.1,
        weighting: Weighting = "binary",
        threads: PositiveInt = 2,
        seed: NonNegativeInt = 0,
    ) -> None:
        super().__init__(
            dimensions=dimensions,
            regularization=regularization,
            frequency_power=frequency_power,
            unobserved=unobserved,
            epochs=epochs,
            solver=solver,
            initial_deviation=initial_deviation,
            weighting=weighting,
            threads=threads,
            seed=seed,
        )
        self.customer_smoothing = customer_smoothing
        self.item_smoothing = item_smoothing
        self.vector = vector

    def factors(
        self, numbers: IntArray, histories: csr_matrix
    ) -> tuple[FloatArray, FloatArray] | None:
        """Return trained factors, folded in from the prior where the history has changed."""
        known = numbers >= 0
        customers = np.full((len(numbers), self.dimensions), np.nan, dtype=np.float32)
        customers[known] = self._customers[numbers[known]]
        changed = changed_rows(self.histories, numbers, histories)
        if changed.size:
            profiles = self._profiles[numbers[changed]] * known[changed, None]
            customers[changed] = self._vectors(profiles.astype(np.float32), histories[changed])
        return customers, self._items

    def _top_of_strangers(self, asked: Question, features: FeatureReader) -> TopK:
        profiles = self._columns.read(list(asked.customers), None, features)
        vectors = self._vectors(profiles, asked.histories)
        items = self._prepared(self._items, asked.columns)
        return asked.in_items(top_of_factors(vectors, items, asked.k, asked.excluded))

    def _fit(
        self, matrix: csr_matrix, interactions: Interactions, features: FeatureReader | None
    ) -> None:
        if features is None:
            raise ValueError(
                "ials_features: this model reads features and there are none; run "
                "`python -m features workspace=<name>` first, or use model=ials"
            )
        moment = interactions.until
        self._columns, self._profiles = CustomerColumns.of(
            interactions.customers.ids.tolist(), moment, features, self.vector
        )
        parts = item_columns(interactions.items.ids.tolist(), moment, features)
        traits = hstack([parts[0], csr_matrix(parts[1])], format="csr", dtype=np.float32)
        _refuse_too_large(traits.shape[1])
        active = np.flatnonzero(np.diff(matrix.indptr)).astype(np.int32)
        self._members = np.unique(matrix.indices).astype(np.int32)
        self._learn(weighted(matrix[active][:, self._members], self.weighting), active, traits)
        self._place(active, traits)

    def _learn(self, values: csr_matrix, active: IntArray, traits: csr_matrix) -> None:
        """Alternate over the customers and items that have any history."""
        self._penalties = (
            self._penalty(self.customer_smoothing, np.diff(values.indptr), values.shape[1]),
            self._penalty(self.item_smoothing, np.bincount(values.indices), values.shape[0]),
        )
        profiles = self._mean_for_silent(self._profiles[active])
        wide = traits if self.item_smoothing is not None else traits[:, :0]
        with threadpool_limits(1, user_api="blas"):
            self._trainer = IALSTrainer(
                self._objective(), values, self._asked(profiles), wide[self._members]
            )
            for _ in range(self.epochs):
                self._trainer.step(self._steps(self.solver))
            loss = self._trainer.compute_loss(self._steps(self.solver))
        self._loss = float(loss) / max(values.nnz, 1)

    def _place(self, active: IntArray, traits: csr_matrix) -> None:
        """Give everybody and every item a vector: learned, or what the features say."""
        nothing = csr_matrix((len(self._profiles), traits.shape[0]), dtype=np.float32)
        self._customers = self._vectors(self._profiles, nothing)
        self._customers[active] = self._trainer.user
        self._items = np.full((traits.shape[0], self.dimensions), np.nan, dtype=np.float32)
        if self.item_smoothing is not None:
            described = np.diff(traits.indptr) > 0
            self._items[described] = traits[described] @ self._trainer.item_feature_weight
        self._items[self._members] = self._trainer.item

    def _penalty(self, smoothing: float | None, events: NDArray[np.integer], others: int) -> float:
        """Return the ridge penalty of a side whose rows have ``events``; ``smoothing`` scales."""
        mean = float(((events + self.unobserved * others) ** self.frequency_power).mean())
        return (smoothing or 1.0) * self.regularization * mean

    def _objective(self) -> Any:
        customers, items = self._penalties
        builder = self._settings().set_lambda_user_feature(customers)
        return builder.set_lambda_item_feature(items).build()

    def _asked(self, profiles: FloatArray) -> FloatArray:
        """Return the columns the model looks at: none where profiles are left out."""
        width = profiles.shape[1] if self.customer_smoothing is not None else 0
        return np.ascontiguousarray(profiles[:, :width], dtype=np.float32)

    def _mean_for_silent(self, profiles: FloatArray) -> FloatArray:
        """Return ``profiles`` with the constant alone where nothing is known: a mean customer."""
        found = profiles.copy()
        found[~profiles.any(axis=1), 0] = self._columns.scale[0]
        return found

    def _vectors(self, profiles: FloatArray, histories: csr_matrix) -> FloatArray:
        """Return the vectors of ``profiles`` [n, width] and ``histories`` [n, n_items].

        Without any history it is what the profile says; who has neither gets NaN.
        """
        values = weighted(histories[:, self._members], self.weighting)
        silent = np.diff(values.indptr) == 0
        whole = self._asked(self._mean_for_silent(profiles))
        found: FloatArray = self._trainer.transform_user_feature(whole)
        if not silent.all():
            heard = np.flatnonzero(~silent)
            found[heard] = self._trainer.transform_user_with_feature(
                values[heard], whole[heard], self._steps("cholesky")
            )
        nothing = silent & (~profiles.any(axis=1) | (self.customer_smoothing is None))
        found[nothing] = np.nan
        return found

    def _arrays(self) -> Mapping[str, NDArray[Any]]:
        return {
            **super()._arrays(),
            "members": self._members,
            "profiles": self._profiles,
            "center": self._columns.center,
            "scale": self._columns.scale,
            "weights": self._trainer.user_feature_weight,
            "penalties": np.array(self._penalties),
        }

    def _restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._customers, self._items = arrays["customers"], arrays["items"]
        self._loss = float(arrays["loss"][0])
        self._members, self._profiles = arrays["members"], arrays["profiles"]
        self._columns = CustomerColumns(self.vector, arrays["center"], arrays["scale"])
        customers, items = arrays["penalties"].tolist()
        self._penalties = customers, items
        nobody = csr_matrix((0, len(self._members)), dtype=np.float32)
        width, unknown = len(arrays["weights"]), np.zeros((len(self._members), 0), np.float32)
        profiles = np.zeros((0, width), dtype=np.float32)
        self._trainer = IALSTrainer(self._objective(), nobody, profiles, unknown)
        self._trainer.user_feature_weight = arrays["weights"]
        self._trainer.item = self._items[self._members]


def _refuse_too_large(traits: int) -> None:
    needed, available = 4 * _SQUARES * traits**2, available_bytes()
    if needed > available:
        raise MemoryError(
            f"iALS with features: {traits:,} item features need {needed / 1e9:.1f} GB, available "
            f"are {available / 1e9:.1f} GB; set item_smoothing to null, or use model=ials"
        )
