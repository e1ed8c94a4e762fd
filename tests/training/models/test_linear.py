"""iALS, RP3β, SLIM and EDLAE: the contract, and each against its formula or another program."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.sparse import csr_matrix
from sklearn.linear_model import ElasticNet

from tests.contracts.recommender import RecommenderContract, checkerboard
from training.interactions import Interactions
from training.models import linear, rp3beta
from training.models.base import Recommender
from training.models.ease import EASE
from training.models.edlae import EDLAE
from training.models.ials import IALS, Solver
from training.models.rp3beta import RP3Beta
from training.models.slim import SLIM


def uneven(size: int = 14) -> Interactions:
    """The checkerboard with other counts in each row and column."""
    data = checkerboard(size)
    frame = data.frame[data.customer_numbers % 3 + data.item_numbers % 4 > 1]
    return Interactions.of(frame)


class TestIALS(RecommenderContract):
    folds_in = True
    solver: ClassVar[Solver] = "cg"

    @classmethod
    def make(cls) -> Recommender:
        return IALS(
            dimensions=4,
            solver=cls.solver,
            block=2,
            epochs=40,
            unobserved=0.1,
            regularization=0.01,
            seed=3,
        )

    @pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
    def test_folding_in_solves_the_ridge_regression(self, power: float) -> None:
        fitted = IALS(
            dimensions=4, unobserved=0.1, regularization=0.01, frequency_power=power
        ).fit(checkerboard())  # fmt: skip
        items = fitted._arrays()["items"].astype(np.float64)
        had = np.flatnonzero(fitted.histories[[6]].toarray()[0])
        penalty = 0.01 * (len(had) + 0.1 * len(items)) ** power
        left = items[had].T @ items[had] + 0.1 * items.T @ items + penalty * np.eye(4)
        expected = items @ np.linalg.solve(left, items[had].sum(axis=0))
        found = fitted.scores(["nobody"], histories=fitted.histories[[6]])[0]
        np.testing.assert_allclose(found, expected, atol=1e-4)

    def test_trained_factors_are_close_to_folded_in_ones(self, fitted: IALS) -> None:
        folded = fitted.scores(["nobody"], histories=fitted.histories[[6]])
        np.testing.assert_allclose(folded, fitted.scores(["c006"]), atol=0.02)

    def test_a_loaded_model_folds_in_alike(self, fitted: IALS, tmp_path: Path) -> None:
        fitted.save(tmp_path)
        loaded = IALS.load(tmp_path)
        history = fitted.histories[[6]]
        np.testing.assert_allclose(
            loaded.scores(["nobody"], histories=history),
            fitted.scores(["nobody"], histories=history),
            atol=1e-6,
        )
        assert loaded.diagnostics() == fitted.diagnostics()

    def test_the_objective_falls_with_every_epoch(self) -> None:
        losses = [
            IALS(dimensions=4, epochs=epochs).fit(uneven()).diagnostics()["loss"]
            for epochs in (1, 2, 4, 16)
        ]
        assert losses == sorted(losses, reverse=True)
        assert losses[-1] < losses[0]

    def test_solvers_reach_the_same_objective(self) -> None:
        losses = [
            IALS(dimensions=4, block=2, epochs=60, solver=solver).fit(uneven()).diagnostics()
            for solver in ("ialspp", "cholesky", "cg")
        ]  # fmt: skip
        found = [loss["loss"] for loss in losses]
        assert max(found) - min(found) < 0.01 * max(found)

    @pytest.mark.parametrize("weighting", ["count", "binary", "log"])
    def test_weightings_agree_on_binary_data(self, weighting: str) -> None:
        model = IALS(dimensions=4, epochs=40, weighting=weighting).fit(checkerboard())  # type: ignore[arg-type]
        assert model.recommend(["c000"], 1)["item_id"].tolist() == ["i002"]


class TestIALSpp(TestIALS):
    solver = "ialspp"


class TestRP3Beta(RecommenderContract):
    folds_in = True

    @classmethod
    def make(cls) -> Recommender:
        return RP3Beta(neighbors=30)

    @pytest.mark.parametrize("alpha", [1.0, 0.6])
    def test_equals_three_steps_of_the_walk(self, alpha: float) -> None:
        data = uneven()
        model = RP3Beta(alpha=alpha, beta=0.3, neighbors=99, weighting="count").fit(data)
        counts = data.csr().toarray().astype(np.float64)
        counts[0, counts[0] > 0] = 3
        edges = np.where(counts > 0, counts**alpha, 0)
        model.fit_matrix(csr_matrix(counts, dtype=np.float32), data)
        to_customer = (edges / edges.sum(axis=0)).T
        to_item = edges / edges.sum(axis=1, keepdims=True)
        ends = edges @ to_customer @ to_item / counts.sum(axis=0) ** 0.3
        found = model.scores(data.customers.ids.tolist())
        np.testing.assert_allclose(np.nan_to_num(found), ends, rtol=1e-4, atol=1e-6)

    def test_equals_another_program(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            from irspack.recommenders.rp3 import RP3betaRecommender
        data = uneven()
        reference = RP3betaRecommender(data.csr(), alpha=1.0, beta=0.4).learn()
        found = RP3Beta(beta=0.4, neighbors=99).fit(data)._weights.toarray()
        np.testing.assert_allclose(found, reference.W.toarray(), rtol=1e-5)

    def test_small_bands_change_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        whole = RP3Beta(neighbors=4).fit(uneven())._weights.toarray()
        monkeypatch.setattr(rp3beta, "block_rows", lambda n: 3)
        bands = RP3Beta(neighbors=4).fit(uneven())._weights.toarray()
        np.testing.assert_array_equal(bands, whole)

    def test_keeps_only_so_many_items_a_step(self) -> None:
        model = RP3Beta(neighbors=3).fit(uneven())
        assert np.diff(model._arrays()["indptr"]).tolist() == [3] * 14

    def test_more_beta_recommends_less_popular_items(self) -> None:
        data = uneven()
        support = np.bincount(data.csr().indices, minlength=len(data.items))

        def mean_support(beta: float) -> float:
            table = RP3Beta(beta=beta).fit(data).recommend(
                data.customers.ids.tolist(), 3, exclude_seen=False
            )  # fmt: skip
            return float(support[data.items.numbers(table["item_id"].to_numpy())].mean())

        assert mean_support(0.9) < mean_support(0.0)


class TestSLIM(RecommenderContract):
    folds_in = True

    @classmethod
    def make(cls) -> Recommender:
        return SLIM(l2=1.0, l1=0.1, iterations=100, tolerance=1e-6)

    @pytest.mark.parametrize("positive", [True, False])
    def test_equals_the_elastic_net_of_another_program(self, positive: bool) -> None:
        data = uneven()
        model = SLIM(l2=2.0, l1=0.5, positive=positive, iterations=500, tolerance=1e-7).fit(data)
        x = data.csr("binary").toarray().astype(np.float64)
        n = len(x)
        reference = ElasticNet(
            alpha=2.5 / n, l1_ratio=0.5 / 2.5, positive=positive, fit_intercept=False,
            max_iter=5000, tol=1e-9,
        )  # fmt: skip
        expected = np.zeros((x.shape[1], x.shape[1]))
        for item in range(x.shape[1]):
            others = x.copy()
            others[:, item] = 0
            expected[:, item] = reference.fit(others, x[:, item]).coef_
        found = model._weights.toarray()
        np.testing.assert_allclose(found, expected, atol=1e-3)
        assert (found < 0).any() != positive

    def test_items_outside_the_most_popular_are_not_scored(self) -> None:
        model = SLIM(max_items=5, l2=1.0, l1=0.0).fit(uneven())
        assert np.isfinite(model.scores(["c000"])).sum() <= 5


class TestEDLAE(RecommenderContract):
    folds_in = True

    @classmethod
    def make(cls) -> Recommender:
        return EDLAE(regularization=5.0, dropout=0.3)

    def test_equals_another_program(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            from irspack.recommenders.edlae import EDLAERecommender
        data = uneven()
        reference = EDLAERecommender(data.csr("binary"), reg=3.0, dropout_p=0.4).learn()
        found = EDLAE(regularization=3.0, dropout=0.4).fit(data)._arrays()["weights"]
        np.testing.assert_allclose(found, np.asarray(reference.W), atol=1e-5)

    def test_without_dropout_it_is_ease(self) -> None:
        data = uneven()
        found = EDLAE(regularization=3.0, dropout=0.0).fit(data)._arrays()["weights"]
        expected = EASE(regularization=3.0).fit(data)._arrays()["weights"]
        np.testing.assert_allclose(found, expected, atol=1e-6)

    def test_refuses_what_does_not_fit_in_memory(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(linear, "available_bytes", lambda: 1200)
        with pytest.raises(MemoryError, match=r"EDLAE over 14 items .* max_items to at most 10"):
            EDLAE().fit(uneven())


@pytest.mark.parametrize(
    ("model", "wrong"),
    [
        (IALS, {"solver": "newton"}),
        (RP3Beta, {"beta": -1}),
        (SLIM, {"l2": 0}),
        (EDLAE, {"dropout": 1}),
    ],
)
def test_wrong_parameters_are_refused(model: type[Recommender], wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        model(**wrong)
