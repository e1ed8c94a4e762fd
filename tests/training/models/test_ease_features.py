"""EASE with features: the contract, the closed form, and what has no history."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf
from scipy.sparse import csr_matrix

from tests.contracts.recommender import RecommenderContract
from tests.training.shop import ITEMS, KINDS, KnownFeatures, interactions
from training.ids import IdMap
from training.interactions import Interactions
from training.models import linear
from training.models.base import Recommender
from training.models.ease import EASE
from training.models.ease_features import EASEWithFeatures
from training.models.fallback import WithFallback
from training.models.popular import RecentPopularity
from training.models.side_information import CustomerColumns, item_columns

CONF = Path(__file__).parents[3] / "conf"
READER = cast("Any", KnownFeatures())


def kinds_of(items: pd.Series[str]) -> set[int]:
    return {int(item[1:]) // (ITEMS // KINDS) for item in items}


class TestEASEWithFeatures(RecommenderContract):
    folds_in = True
    features = READER

    @classmethod
    def make(cls) -> Recommender:
        return EASEWithFeatures(regularization=5.0, item_weight=0.1, customer_weight=0.1)


@pytest.fixture(scope="module")
def shop() -> Interactions:
    """The shop, whose catalog also holds two items of each kind that nobody had yet."""
    known = interactions()
    new = {f"i{kind * ITEMS // KINDS + place:02d}" for kind in range(KINDS) for place in (3, 8)}
    frame = known.frame[~known.frame["item_id"].isin(new)]
    return Interactions.of(frame, until=known.until, items=known.items)


@pytest.fixture(scope="module")
def fitted(shop: Interactions) -> EASEWithFeatures:
    return EASEWithFeatures(
        regularization=5.0, item_weight=1.0, customer_weight=100.0, max_items=40
    ).fit(shop, READER)  # fmt: skip


def test_without_weights_it_is_ease(shop: Interactions) -> None:
    plain = EASE(regularization=5.0, max_items=40).fit(shop)
    same = EASEWithFeatures(
        regularization=5.0, max_items=40, item_weight=0, customer_weight=0
    ).fit(shop, READER)  # fmt: skip
    customers = shop.customers.ids.tolist()
    members = plain._arrays()["members"]
    np.testing.assert_allclose(
        same.scores(customers)[:, members], plain.scores(customers)[:, members], atol=1e-5
    )


@pytest.mark.parametrize("max_items", [40, 10])  # more items than features, and fewer
def test_equals_the_regression_it_stands_for(shop: Interactions, max_items: int) -> None:
    """Every column is a ridge regression on all others, over customers and features as rows."""
    model = EASEWithFeatures(
        regularization=4.0, max_items=max_items, item_weight=9.0, customer_weight=16.0
    ).fit(shop, READER)  # fmt: skip
    members = model._members
    tags, vectors = item_columns(shop.items.ids.tolist(), shop.until, READER)
    traits = np.hstack([tags.toarray(), vectors]).astype(np.float64)
    _, profiles = CustomerColumns.of(
        shop.customers.ids.tolist(), shop.until, READER, "profile_vector"
    )
    binary = shop.csr("binary").toarray()[:, members].astype(np.float64)
    whole = np.block(
        [
            [binary, 4 * profiles],
            [3 * traits[members].T, np.zeros((traits.shape[1], profiles.shape[1]))],
        ]
    )

    others = np.arange(whole.shape[1]) != 7
    x = whole * others
    expected = np.linalg.solve(x.T @ x + 4.0 * np.eye(x.shape[1]), x.T @ whole[:, 7])
    found = model._arrays()["weights"]
    np.testing.assert_allclose(found[: whole.shape[1], 7], expected, atol=1e-4)
    left = profiles.T @ profiles + 0.1 * np.eye(profiles.shape[1])
    np.testing.assert_allclose(
        found[whole.shape[1] :], np.linalg.solve(left, profiles.T @ binary), atol=1e-4
    )
    scores = model.scores(shop.customers.ids.tolist())
    left = traits[members].T @ traits[members] + 0.1 * np.eye(traits.shape[1])
    new = model._arrays()["new"]
    smoothed = scores[:, members] @ traits[members] @ np.linalg.solve(left, traits[new].T)
    np.testing.assert_allclose(scores[:, new], smoothed, atol=1e-4)


def test_items_nobody_had_are_ranked_by_their_features(
    shop: Interactions, fitted: EASEWithFeatures
) -> None:
    support = np.bincount(shop.csr().indices, minlength=len(shop.items))
    new = shop.items.ids[support == 0].tolist()
    assert len(new) == 2 * KINDS
    assert np.isnan(EASE(max_items=40).fit(shop).scores(["c002"])[0, support == 0]).all()
    table = fitted.recommend(["c002", "c003"], 2, candidates=new)
    assert kinds_of(table[table["customer_id"] == "c002"]["item_id"]) == {2}
    assert kinds_of(table[table["customer_id"] == "c003"]["item_id"]) == {3}


def test_a_history_alone_finds_new_items_of_its_kind(
    shop: Interactions, fitted: EASEWithFeatures
) -> None:
    support = np.bincount(shop.csr().indices, minlength=len(shop.items))
    new = shop.items.ids[support == 0].tolist()
    table = fitted.recommend(["nobody"], 2, candidates=new, histories=fitted.histories[[5]])
    assert kinds_of(table["item_id"]) == {1}


def test_customers_without_history_are_ranked_by_their_profile(
    shop: Interactions, fitted: EASEWithFeatures
) -> None:
    assert fitted.recommend(["c901"], 5).empty
    table = fitted.recommend(["c000", "c901"], 5, exclude_seen=False, features=READER)
    assert kinds_of(table[table["customer_id"] == "c901"]["item_id"]) == {901 % KINDS}
    assert len(table) == 10
    asked = ["i00", "i13", "i14", "no such item"]
    history = csr_matrix(([np.float32(1)], ([0], [13])), shape=(1, ITEMS))
    few = fitted.recommend(["c901"], 9, candidates=asked, histories=history, features=READER)
    assert few["item_id"].tolist() == ["i14", "i00"]


def test_customers_known_without_history_are_ranked_by_their_profile(shop: Interactions) -> None:
    everyone = IdMap.of([*shop.customers.ids, "c902"])
    data = Interactions.of(shop.frame, until=shop.until, items=shop.items, customers=everyone)
    model = EASEWithFeatures(regularization=5.0).fit(data, READER)
    assert kinds_of(model.recommend(["c902"], 5)["item_id"]) == {902 % KINDS}


def test_below_a_fallback_profiles_still_come_first(shop: Interactions) -> None:
    model = WithFallback(
        primary=EASEWithFeatures(regularization=5.0), fallback=RecentPopularity(days=28)
    ).fit(shop, READER)
    known = model.recommend(["c901"], 5, features=READER)
    assert set(known["origin"]) == {"model"}
    assert kinds_of(known["item_id"]) == {901 % KINDS}
    assert set(model.recommend(["c901"], 5)["origin"]) == {"fallback"}


def test_a_loaded_model_answers_strangers_alike(fitted: EASEWithFeatures, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    loaded = EASEWithFeatures.load(tmp_path)
    asked = ["c901", "c002"]
    pd.testing.assert_frame_equal(
        loaded.recommend(asked, 48, features=READER), fitted.recommend(asked, 48, features=READER)
    )


def test_columns_have_unit_length(shop: Interactions) -> None:
    tags, vectors = item_columns(shop.items.ids.tolist(), shop.until, READER)
    lengths = np.sqrt(np.asarray(tags.multiply(tags).sum(axis=0)).ravel())
    np.testing.assert_allclose(lengths, 1, rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=0), 1, rtol=1e-5)
    assert tags.shape[1] == KINDS + 2 * KINDS + 3  # kinds, their halves, and brands


def test_missing_features_are_zeros() -> None:
    class Poor(KnownFeatures):
        def items(self, ids: Any, as_of: Any = None, service: str = "ranker_items_v1") -> Any:
            found = super().items(ids, as_of, service)
            found.loc[found.index[0], ["category", "brand", "item_vector"]] = None
            return found

        def customers(self, ids: Any, as_of: Any = None, service: str = "ranker_v1") -> Any:
            found = super().customers(ids, as_of, service).astype(object)
            found.loc[found.index[0], ["profile_vector", "topic_shares"]] = None
            return found

    data = interactions()
    reader = cast("Any", Poor())
    tags, vectors = item_columns(data.items.ids.tolist(), data.until, reader)
    assert tags[[0]].nnz == 0
    assert not vectors[0].any()
    columns, profiles = CustomerColumns.of(
        data.customers.ids.tolist(), data.until, reader, "profile_vector"
    )
    assert not profiles[0].any()
    assert profiles[1].any()
    nothing = cast("Any", KnownFeatures())
    nothing.customers = lambda ids, **_: pd.DataFrame(index=list(ids))
    assert not columns.read(["c000"], None, nothing).any()


def test_features_are_needed_and_memory_is_guarded(
    shop: Interactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match=r"python -m features .* or use model=ease"):
        EASEWithFeatures().fit(shop)
    monkeypatch.setattr(linear, "available_bytes", lambda: 9_000)
    with pytest.raises(MemoryError, match=r"EASE with features over 40 items .* at most 20, or"):
        EASEWithFeatures().fit(shop, READER)


def test_the_configuration_shows_the_defaults() -> None:
    document = OmegaConf.load(CONF / "model" / "ease_features.yaml")
    model = instantiate(document)
    assert model.parameters() == EASEWithFeatures().parameters()
    assert set(document) - {"_target_"} == set(model.parameters())
