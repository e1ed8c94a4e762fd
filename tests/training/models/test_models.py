"""Every plain model keeps the contract, and what is special about each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf
from pydantic import ValidationError
from scipy.sparse import csr_matrix

from tests.contracts.recommender import SIZE, RecommenderContract, checkerboard, missing_of
from training.interactions import Interactions
from training.models import linear
from training.models.als import ALS
from training.models.base import Recommender
from training.models.bpr import BPR
from training.models.ease import EASE
from training.models.fallback import WithFallback
from training.models.frequency import OwnFrequency
from training.models.item_knn import ItemKNN
from training.models.popular import RecentPopularity

CONF = Path(__file__).parents[3] / "conf"
NOW = datetime(2024, 3, 1, tzinfo=UTC)


def days_ago(*rows: tuple[str, str, float]) -> Interactions:
    frame = pd.DataFrame(rows, columns=["customer_id", "item_id", "days"])
    frame["occurred_at"] = [NOW - timedelta(days=d) for d in frame.pop("days")]
    return Interactions.of(frame, until=NOW)


class TestRecentPopularity(RecommenderContract):
    personal = False

    @classmethod
    def make(cls) -> Recommender:
        return RecentPopularity()

    def test_counts_distinct_customers_of_the_window(self) -> None:
        data = days_ago(
            ("a", "old", 40), ("b", "old", 41), ("c", "old", 42),
            ("a", "often", 1), ("a", "often", 2), ("a", "often", 3),
            ("a", "wide", 28), ("b", "wide", 5),
        )  # fmt: skip
        best = RecentPopularity(days=28).fit(data).recommend(["x"], 3)
        assert best["item_id"].tolist() == ["wide", "often", "old"]


class TestOwnFrequency(RecommenderContract):
    finds_new = False

    @classmethod
    def make(cls) -> Recommender:
        return OwnFrequency()

    def test_count_then_recency_then_popularity(self) -> None:
        data = days_ago(
            ("a", "twice", 50), ("a", "twice", 60), ("a", "lately", 1), ("a", "before", 30),
            ("a", "before-popular", 30), ("b", "before-popular", 30),
        )  # fmt: skip
        best = OwnFrequency().fit(data).recommend(["a"], 9, exclude_seen=False)
        assert best["item_id"].tolist() == ["twice", "lately", "before-popular", "before"]

    def test_a_new_event_is_the_most_recent(self) -> None:
        model = OwnFrequency().fit(days_ago(("a", "x", 1), ("a", "y", 50), ("b", "z", 2)))
        history = model.histories[[0]].tolil()
        history[0, 2] = 1
        best = model.recommend(["a"], 3, exclude_seen=False, histories=history.tocsr())
        assert best["item_id"].tolist() == ["z", "x", "y"]


class TestItemKNN(RecommenderContract):
    folds_in = True
    similarity: ClassVar[Literal["bm25", "cosine", "tfidf"]] = "bm25"

    @classmethod
    def make(cls) -> Recommender:
        return ItemKNN(similarity=cls.similarity, neighbors=30)


class TestCosine(TestItemKNN):
    similarity = "cosine"


class TestTFIDF(TestItemKNN):
    similarity = "tfidf"


class TestALS(RecommenderContract):
    folds_in = True

    @classmethod
    def make(cls) -> Recommender:
        return ALS(dimensions=2, iterations=20, alpha=10, seed=3)

    def test_folding_in_a_trained_history_is_close_to_its_factors(
        self, fitted: Recommender
    ) -> None:
        trained = fitted.scores(["c006"])
        folded = fitted.scores(["nobody"], histories=fitted.histories[[6]])
        np.testing.assert_allclose(folded, trained, atol=0.05)

    @pytest.mark.parametrize("weighting", ["count", "binary", "log"])
    def test_weightings_agree_on_binary_data(self, weighting: str) -> None:
        model = ALS(dimensions=2, alpha=10, weighting=weighting).fit(checkerboard())  # type: ignore[arg-type]
        assert model.recommend(["c000"], 1)["item_id"].tolist() == ["i002"]


class TestBPR(RecommenderContract):
    @classmethod
    def make(cls) -> Recommender:
        return BPR(dimensions=8, iterations=400, learning_rate=0.1, regularization=0.001, seed=1)


class TestEASE(RecommenderContract):
    folds_in = True

    @classmethod
    def make(cls) -> Recommender:
        return EASE(regularization=5.0)

    def test_equals_the_closed_form(self, fitted: EASE) -> None:
        x = (fitted.histories.toarray() > 0).astype(np.float64)
        p = np.linalg.inv(x.T @ x + 5.0 * np.eye(SIZE))
        expected = p / -np.diag(p)
        np.fill_diagonal(expected, 0)
        np.testing.assert_allclose(fitted._arrays()["weights"], expected, atol=1e-5)

    def test_bands_do_not_change_the_weights(self, monkeypatch: pytest.MonkeyPatch) -> None:
        whole = EASE(regularization=5.0).fit(checkerboard())._arrays()["weights"]
        monkeypatch.setattr(linear, "_GRAM_ROWS", 7)
        bands = EASE(regularization=5.0).fit(checkerboard())._arrays()["weights"]
        np.testing.assert_allclose(bands, whole, atol=1e-6)

    def test_items_outside_the_most_popular_are_not_scored(self) -> None:
        data = days_ago(("a", "x", 1), ("b", "x", 1), ("a", "y", 1), ("b", "y", 1), ("c", "z", 1))
        model = EASE(max_items=2, regularization=1.0).fit(data)
        assert np.isnan(model.scores(["a"])[0]).tolist() == [False, False, True]
        assert np.isnan(model.scores(["c"])).all()

    def test_refuses_what_does_not_fit_in_memory(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(linear, "available_bytes", lambda: 1200)
        with pytest.raises(MemoryError, match=r"max_items to at most 10, or use model=als"):
            EASE().fit(checkerboard())

    def test_an_inverse_that_fails_is_named(self) -> None:
        with pytest.raises(ArithmeticError, match="raise regularization"):
            linear.zero_diagonal_weights(np.array([[1, 2], [2, 1]], dtype=np.float32), "EASE")


class TestWithFallback(RecommenderContract):
    personal = True
    folds_in = True

    @classmethod
    def make(cls) -> Recommender:
        return WithFallback(primary=EASE(regularization=5.0), fallback=RecentPopularity())

    def test_unknown_customers_without_history(self, fitted: Recommender) -> None:
        table = fitted.recommend(["nobody", "c000"], 2)
        assert table["origin"].tolist() == ["fallback", "fallback", "model", "model"]

    def test_fills_only_what_is_left_over(self) -> None:
        data = days_ago(
            ("a", "x", 1), ("b", "x", 1), ("a", "y", 1), ("b", "y", 1), ("c", "y", 1),
            ("c", "z", 1), ("d", "z", 1), ("d", "w", 1),
        )  # fmt: skip
        model = WithFallback(primary=OwnFrequency(), fallback=RecentPopularity()).fit(data)
        table = model.recommend(["a"], 4, exclude_seen=False)
        assert table["item_id"].tolist() == ["y", "x", "z", "w"]
        assert table["origin"].tolist() == ["model", "model", "fallback", "fallback"]

    def test_parts_share_what_they_were_trained_on(
        self, fitted: Recommender, tmp_path: Path
    ) -> None:
        fitted.save(tmp_path)
        assert not (tmp_path / "parts" / "primary" / "ids.json").exists()
        loaded = WithFallback.load(tmp_path)
        assert isinstance(loaded, WithFallback)
        assert loaded.primary.histories is loaded.histories
        assert loaded.diagnostics() == {}


@pytest.mark.parametrize("path", sorted((CONF / "model").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_model_can_be_configured(path: Path) -> None:
    if path.stem in {"blend", "content", "ease_features", "ensemble", "ials_features", "ranker"}:
        pytest.skip("tested beside its own model")
    document = OmegaConf.load(path)
    model = instantiate(document)
    assert isinstance(model, Recommender)
    assert set(document) - {"_target_"} == set(model.parameters()), "yaml names every parameter"
    defaults = type(model)().parameters()
    if path.stem not in {"ncf_rating", "popular_7"}:  # a second use of a model
        assert model.parameters() == defaults, "yaml shows the defaults"


def test_wrong_parameters_are_refused_before_work() -> None:
    with pytest.raises(ValidationError):
        ALS(dimensions=0)
    with pytest.raises(ValidationError):
        ItemKNN(b=2.0)
    with pytest.raises(ValidationError):
        EASE(max_item=3)  # type: ignore[call-arg]


def test_models_that_rank_predict_no_ratings() -> None:
    with pytest.raises(NotImplementedError, match="predicts no ratings"):
        RecentPopularity().fit(checkerboard()).predict(["c000"], ["i000"])


def test_scores_follow_new_histories_of_known_customers() -> None:
    model = EASE(regularization=5.0).fit(checkerboard())
    history = csr_matrix(model.histories[[1]])
    table = model.recommend(["c000"], 1, histories=history)
    assert table["item_id"].tolist() == [f"i{missing_of(1):03d}"]
