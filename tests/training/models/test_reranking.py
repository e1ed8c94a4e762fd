"""Lists chosen anew: by hand, against brute force, through the configuration and on disk."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hydra.utils import instantiate
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from omegaconf import OmegaConf
from pydantic import ValidationError
from scipy.sparse import csr_matrix

from tests.contracts.recommender import SIZE, RecommenderContract
from tests.training.conftest import CONF, Bench, ranker_settings
from tests.training.shop import ITEMS, KINDS, KnownFeatures, interactions
from training.ids import FloatArray, IntArray
from training.interactions import Interactions
from training.models.als import ALS
from training.models.base import Recommender, load_recommender
from training.models.ease import EASE
from training.models.fallback import WithFallback
from training.models.latent import decomposed, item_vectors
from training.models.popular import RecentPopularity
from training.models.ranker import Ranker
from training.models.reranking.base import Reranked, scorer_of
from training.models.reranking.calibrated import Calibrated
from training.models.reranking.greedy import relevance_of
from training.models.reranking.mmr import MMR
from training.plan import PlanError
from training.runner import forget, run
from training.tastes import codes_of, tastes_of

CATEGORIES = pd.Series({f"i{i:03d}": f"Kind {i % 3} > Shelf {i % 5}" for i in range(SIZE)})
SHOP_CATEGORIES = pd.Series({f"i{i:02d}": f"Kind {i // (ITEMS // KINDS)}" for i in range(ITEMS)})


class Given(Recommender):
    """Knows scores and vectors instead of learning them; both customers had the first items."""

    def __init__(self, *, scores: FloatArray, vectors: FloatArray | None = None) -> None:
        self.scores_given, self.vectors = scores, vectors

    def parameters(self) -> dict[str, Any]:
        return {"scores": self.scores_given, "vectors": self.vectors}

    def _fit(self, matrix: csr_matrix, interactions: Interactions, features: Any) -> None:
        del matrix, interactions, features

    def _score(self, numbers: IntArray, histories: csr_matrix, features: Any) -> FloatArray:
        del histories, features
        return self.scores_given[numbers].astype(np.float32)

    def _item_vectors(self) -> FloatArray | None:
        return self.vectors

    def _arrays(self) -> Mapping[str, NDArray[Any]]:
        return {}

    def _restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        del arrays


def shelf(n_customers: int, n_items: int, had: int = 2) -> Interactions:
    """Every customer had the first ``had`` items; the others are in the shop all the same."""
    rows = [(f"c{c:02d}", f"i{i:02d}") for c in range(n_customers) for i in range(had)]
    rows += [("other", f"i{i:02d}") for i in range(n_items)]
    frame = pd.DataFrame(rows, columns=["customer_id", "item_id"])
    frame["occurred_at"] = pd.Timestamp("2024-01-01", tz="UTC")
    return Interactions.of(frame)


class TestMMR(RecommenderContract):
    folds_in = True

    @classmethod
    def make(cls) -> Recommender:
        return MMR(primary=EASE(regularization=10), weight=0.3)

    def test_candidates_keep_the_order_of_the_full_ranking(self, fitted: Recommender) -> None:
        pytest.skip("by design the list depends on what else it could hold")


class TestCalibrated(RecommenderContract):
    folds_in = True

    @classmethod
    def make(cls) -> Recommender:
        return Calibrated(primary=EASE(regularization=10), weight=0.3).know(CATEGORIES)

    def test_candidates_keep_the_order_of_the_full_ranking(self, fitted: Recommender) -> None:
        pytest.skip("by design the list depends on what else it could hold")


def test_mmr_by_hand() -> None:
    """Items 2 and 3 are twins, item 4 is another: the second twin has to wait."""
    scores = np.array([[np.nan, np.nan, 1.0, 0.9, 0.5, 0.0]])
    vectors = np.array([[1, 0], [1, 0], [2, 0], [3, 0], [0, 1], [0, 5]], dtype=np.float32)
    shop = shelf(0, 6)
    model = MMR(primary=Given(scores=scores, vectors=vectors), weight=0.5).fit(shop)
    table = model.recommend(["other"], 4, exclude_seen=False)
    assert table["item_id"].tolist() == ["i02", "i04", "i03", "i05"]
    np.testing.assert_allclose(table["score"], [0.5, 0.25, 0.45 - 0.5, -0.5], atol=1e-6)


def test_calibration_by_hand() -> None:
    """Half of the history is of each kind, so the list takes turns; equals go by item id."""
    scores = np.zeros((1, 8))
    kinds = pd.Series({f"i{i:02d}": "tea" if i in (0, 2, 3, 4) else "rice" for i in range(8)})
    model = Calibrated(primary=Given(scores=scores), weight=1).know(kinds)
    table = model.fit(shelf(0, 8)).recommend(["other"], 4, exclude_seen=False)
    assert table["item_id"].tolist() == ["i00", "i01", "i02", "i05"]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.2, 0.5, 0.9]), st.integers(3, 9))
def test_mmr_equals_brute_force(seed: int, weight: float, wide: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(3, 12)).astype(np.float32)
    vectors = rng.normal(size=(12, 3)).astype(np.float32)
    model = MMR(primary=Given(scores=scores, vectors=vectors), weight=weight, candidates=wide)
    items = model.fit(shelf(2, 12)).top(["c00", "c01", "other"], 5, exclude_seen=False)[0].items
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    for row, chosen in zip(scores, items, strict=True):
        pool = np.argsort(-row)[: max(wide, 5)]
        relevance = (row - row[pool].min()) / (row[pool].max() - row[pool].min())
        for place, item in enumerate(chosen):
            before = chosen[:place]
            worth = {
                i: (1 - weight) * relevance[i]
                - weight * max([0.0, *(float(unit[i] @ unit[j]) for j in before)])
                for i in pool
                if i not in before
            }
            assert worth[item] == pytest.approx(max(worth.values()), abs=1e-5)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.2, 0.5, 1.0]))
def test_calibration_equals_brute_force(seed: int, weight: float) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(3, 14)).astype(np.float32)
    codes = rng.integers(0, 4, size=14)
    names = pd.Series({f"i{i:02d}": f"{codes[i]}" for i in range(14)})
    model = Calibrated(primary=Given(scores=scores), weight=weight, candidates=10).know(names)
    items = model.fit(shelf(2, 14, 5)).top(["c00", "c01"], 4, exclude_seen=False)[0].items
    wanted = np.bincount(codes[:5], minlength=4) / 5
    for row, chosen in zip(scores, items, strict=False):
        pool = np.argsort(-row)[:10]
        relevance = (row - row[pool].min()) / (row[pool].max() - row[pool].min())

        def worth(listed: list[int], relevance: FloatArray = relevance) -> float:
            held = np.bincount(codes[listed], minlength=4) / len(listed)
            there = wanted > 0
            ratio = wanted[there] / (0.99 * held[there] + 0.01 * wanted[there])
            divergence = float(wanted[there] @ np.log(ratio))
            return (1 - weight) * float(relevance[listed].sum()) - weight * divergence

        for place in range(4):
            before = chosen[:place].tolist()
            others = [worth([*before, i]) for i in pool.tolist() if i not in before]
            assert worth(chosen[: place + 1].tolist()) == pytest.approx(max(others), abs=1e-5)


@pytest.mark.parametrize("kind", [MMR, Calibrated])
def test_weight_0_keeps_the_order_of_the_primary(kind: type[Reranked]) -> None:
    shop = interactions()
    ids = shop.customers.ids.tolist()
    plain = EASE(regularization=10).fit(shop)
    same = kind(primary=plain, weight=0).know(SHOP_CATEGORIES).around()
    np.testing.assert_array_equal(same.top(ids, 10)[0].items, plain.top(ids, 10)[0].items)
    assert same.until == plain.until


def test_variety_grows_and_divergence_falls_with_the_weight() -> None:
    """By definition of what is maximized, over lists chosen from all there is."""
    shop = interactions()
    ids = shop.customers.ids.tolist()
    plain = ALS(dimensions=8).fit(shop)
    codes = codes_of(SHOP_CATEGORIES, shop.items)
    kinds, tastes = [], tastes_of(plain.histories, codes).toarray()
    distances = []
    for weight in (0.0, 0.6, 1.0):
        varied = MMR(primary=plain, weight=weight, similarity="category").know(SHOP_CATEGORIES)
        lists = codes[varied.around().top(ids, 8, exclude_seen=False)[0].items]
        kinds.append(np.mean([len(set(row)) for row in lists.tolist()]))
        like = Calibrated(primary=plain, weight=weight).know(SHOP_CATEGORIES).around()
        lists = codes[like.top(ids, 8, exclude_seen=False)[0].items]
        held = np.stack([np.bincount(row, minlength=KINDS) for row in lists]) / 8
        distances.append(np.abs(held - tastes).sum(axis=1).mean())
    assert kinds[0] < kinds[1] <= kinds[2] == KINDS
    assert distances[0] > distances[1] >= distances[2]


def test_who_has_no_history_keeps_the_order() -> None:
    model = Calibrated(primary=RecentPopularity(), weight=1).know(SHOP_CATEGORIES)
    plain = RecentPopularity().fit(interactions()).recommend(["nobody"], 5)
    ids = model.fit(interactions()).recommend(["nobody"], 5)["item_id"]
    assert model.categories is not None
    # without a history nothing is wanted: relevance counts 0, and all are equal
    assert ids.tolist() == sorted(ids)
    model = Calibrated(primary=RecentPopularity(), weight=0.9).know(SHOP_CATEGORIES)
    ids = model.fit(interactions()).recommend(["nobody"], 5)["item_id"]
    assert ids.tolist() == plain["item_id"].tolist()


def test_what_a_ranker_says_of_its_lists_goes_with_the_items() -> None:
    ranker = Ranker(
        sources={"ease": EASE(regularization=10), "als": ALS(dimensions=4)},
        windows=1, window_days=20, trees=5, task="again",
    )  # fmt: skip
    ranker.fit(interactions(), KnownFeatures())
    ids = ranker.customers.ids[:5].tolist()
    full = ranker.top(ids, 48, exclude_seen=False)[0]
    some = MMR(primary=ranker, weight=0.5).around().top(ids, 5, exclude_seen=False)[0]
    assert full.parts is not None
    assert some.parts is not None
    for row, items in enumerate(some.items):
        places = [full.items[row].tolist().index(item) for item in items.tolist()]
        for name, values in full.parts.items():
            np.testing.assert_array_equal(some.parts[name][row], values[row, places])


def test_it_is_saved_with_what_it_knows(tmp_path: Path) -> None:
    shop = interactions()
    inner = Calibrated(primary=EASE(regularization=10), weight=0.5).know(SHOP_CATEGORIES)
    model = WithFallback(primary=inner, fallback=RecentPopularity()).fit(shop)
    model.save(tmp_path / "model")
    loaded = load_recommender(tmp_path / "model")
    ids = [*shop.customers.ids, "nobody"]
    pd.testing.assert_frame_equal(loaded.recommend(ids, 6), model.recommend(ids, 6))
    assert isinstance(scorer_of(loaded), EASE)


def test_without_categories_it_says_what_to_do() -> None:
    with pytest.raises(ValueError, match="use similarity=factors"):
        MMR(primary=RecentPopularity(), similarity="category").fit(interactions())
    with pytest.raises(ValueError, match="rerank=mmr"):
        Calibrated(primary=RecentPopularity()).know(None).fit(interactions())


def test_vectors_of_a_model_without_factors_find_the_kinds() -> None:
    vectors = item_vectors(EASE(regularization=10).fit(interactions()))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    alike = vectors @ vectors.T
    kind = np.arange(ITEMS) // (ITEMS // KINDS)
    same = kind[:, None] == kind
    assert alike[same].mean() > alike[~same].mean() + 0.2
    histories = interactions().csr()
    np.testing.assert_array_equal(decomposed(histories, 4), decomposed(histories, 4))
    assert decomposed(histories[:, :1], 4).shape == (1, 1)


def test_relevance_of_equal_and_missing_scores() -> None:
    found = relevance_of(np.array([[2.0, 2.0, np.nan], [np.nan] * 3, [4.0, 1.0, 2.0]]))
    np.testing.assert_allclose(found, [[1, 1, np.nan], [np.nan] * 3, [1, 0, 1 / 3]])


def test_leading_levels_and_unknown_categories() -> None:
    items = interactions().items
    paths = pd.Series({"i00": "Tea > Green", "i01": "Tea > Black > Assam", "i02": "Rice", "x": "?"})
    assert codes_of(paths, items, levels=1)[:4].tolist() == [1, 1, 0, -1]
    assert codes_of(paths, items)[:4].tolist() == [2, 1, 0, -1]
    assert set(codes_of(None, items)) == {-1}
    history = csr_matrix(np.array([[3.0, 1, 1, 5], [0, 0, 0, 2], [0, 0, 0, 0]]))
    shares = tastes_of(history, np.array([1, 1, 0, -1], dtype=np.int32)).toarray()
    np.testing.assert_allclose(shares, [[1 / 3, 2 / 3], [0, 0], [0, 0]])


@pytest.mark.parametrize("name", ["mmr", "calibrated"])
def test_every_choice_can_be_made(name: str) -> None:
    document = OmegaConf.load(CONF / "rerank" / f"{name}.yaml")
    model = instantiate(document, primary=EASE(), _convert_="all")
    assert isinstance(model, Reranked)
    assert isinstance(model.primary, EASE)
    with pytest.raises(ValidationError, match="weight"):
        type(model)(primary=EASE(), weight=1.5)


def test_an_experiment_reranks_what_it_evaluates(bench: Bench) -> None:
    forget()
    plain = run(bench.plan("model=ease"))
    result = run(bench.plan("model=ease", "rerank=mmr", "rerank.weight=0.9"))
    assert isinstance(result.model, WithFallback)
    assert isinstance(result.model.primary, MMR)
    assert result.model.primary.weight == 0.9
    assert result.plan.model_key != plain.plan.model_key
    assert result.plan.data_key == plain.plan.data_key
    assert result.value != plain.value
    with pytest.raises(PlanError, match="rerank: weight"):
        bench.plan("model=ease", "rerank=mmr", "rerank.weight=7")
    assert bench.plan(*ranker_settings(), "rerank=mmr").model.parameters()["candidates"] == 100
