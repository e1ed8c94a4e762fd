"""iALS with features: the contract, the equations it solves, and what has no history."""

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
from training.models import ials_features
from training.models.base import Recommender
from training.models.ials import IALS
from training.models.ials_features import IALSWithFeatures
from training.models.side_information import CustomerColumns, item_columns
from training.runner import _reads_features

CONF = Path(__file__).parents[3] / "conf"
READER = cast("Any", KnownFeatures())
NEW = {f"i{kind * ITEMS // KINDS + place:02d}" for kind in range(KINDS) for place in (3, 8)}


def kinds_of(items: pd.Series[str]) -> set[int]:
    return {int(item[1:]) // (ITEMS // KINDS) for item in items}


def small(**settings: Any) -> IALSWithFeatures:
    given = {"dimensions": 6, "epochs": 30, "unobserved": 0.1, "regularization": 0.02, "threads": 1}
    return IALSWithFeatures(**(given | settings))


class TestIALSWithFeatures(RecommenderContract):
    folds_in = True
    features = READER

    @classmethod
    def make(cls) -> Recommender:
        return small(
            dimensions=4, epochs=40, regularization=0.01,
            customer_smoothing=20.0, item_smoothing=20.0,
        )  # fmt: skip


@pytest.fixture(scope="module")
def shop() -> Interactions:
    """The shop, whose catalog also holds items nobody had, and one customer without history."""
    known = interactions()
    frame = known.frame[~known.frame["item_id"].isin(NEW)]
    everyone = IdMap.of([*known.customers.ids, "c902"])
    return Interactions.of(frame, until=known.until, items=known.items, customers=everyone)


@pytest.fixture(scope="module")
def fitted(shop: Interactions) -> IALSWithFeatures:
    return cast("IALSWithFeatures", small().fit(shop, READER))


def test_without_features_it_is_ials(shop: Interactions) -> None:
    """Items nobody had are no evidence here, so a catalog without them is compared."""
    data = Interactions.of(shop.frame, until=shop.until)
    plain = IALS(dimensions=6, epochs=5, unobserved=0.1, threads=1).fit(data)
    same = small(
        customer_smoothing=None, item_smoothing=None, epochs=5, regularization=0.002
    ).fit(data, READER)  # fmt: skip
    customers = data.customers.ids.tolist()
    np.testing.assert_allclose(same.scores(customers), plain.scores(customers), atol=1e-5)
    assert same.recommend(["c901"], 3, features=READER).empty


def test_weights_are_ridge_regressions_of_the_vectors(
    shop: Interactions, fitted: IALSWithFeatures
) -> None:
    """Each vector counts by its own penalty; the ridge is one mean penalty strong."""
    ids = shop.customers.ids.tolist()
    _, profiles = CustomerColumns.of(ids, shop.until, READER, "profile_vector")
    matrix = shop.csr("binary")
    active = np.flatnonzero(np.diff(matrix.indptr))
    members = np.unique(matrix.indices)
    penalty = 0.02 * (np.diff(matrix.indptr)[active] + 0.1 * len(members))
    x = profiles[active].astype(np.float64)
    left = (x * penalty[:, None]).T @ x + penalty.mean() * np.eye(x.shape[1])
    right = (x * penalty[:, None]).T @ fitted._customers[active]
    found = fitted._trainer.user_feature_weight
    np.testing.assert_allclose(found, np.linalg.solve(left, right), atol=1e-4)
    tags, vectors = item_columns(shop.items.ids.tolist(), shop.until, READER)
    traits = np.hstack([tags.toarray(), vectors])
    new = shop.items.numbers(sorted(NEW))
    said = traits[new] @ fitted._trainer.item_feature_weight
    np.testing.assert_allclose(fitted._items[new], said, atol=1e-5)


def test_folding_in_starts_from_the_prior(shop: Interactions, fitted: IALSWithFeatures) -> None:
    members = np.unique(shop.csr().indices)
    items = fitted._items[members].astype(np.float64)
    profile = fitted._columns.read(["c901"], None, READER)
    prior = (profile @ fitted._trainer.user_feature_weight)[0].astype(np.float64)
    history = csr_matrix(([np.float32(1)], ([0], [members[5]])), shape=(1, ITEMS))
    penalty = 0.02 * (1 + 0.1 * len(items))
    left = np.outer(items[5], items[5]) + 0.1 * items.T @ items + penalty * np.eye(6)
    expected = fitted._items @ np.linalg.solve(left, items[5] + penalty * prior)
    found = fitted.recommend(
        ["c901"], ITEMS, histories=history, features=READER, exclude_seen=False
    ).set_index("item_id")["score"]  # fmt: skip
    np.testing.assert_allclose(found[shop.items.ids.tolist()], expected, atol=1e-4)


def test_items_nobody_had_are_ranked_by_their_features(fitted: IALSWithFeatures) -> None:
    table = fitted.recommend(["c002", "c003"], 2, candidates=sorted(NEW))
    assert kinds_of(table[table["customer_id"] == "c002"]["item_id"]) == {2}
    assert kinds_of(table[table["customer_id"] == "c003"]["item_id"]) == {3}
    assert {"i03", "i08"} <= set(fitted.similar_items(["i01"], 11)["similar_item_id"])


def test_customers_without_history_are_ranked_by_their_profile(fitted: IALSWithFeatures) -> None:
    assert fitted.recommend(["c901"], 5).empty
    table = fitted.recommend(["c000", "c901"], 5, exclude_seen=False, features=READER)
    assert kinds_of(table[table["customer_id"] == "c901"]["item_id"]) == {901 % KINDS}
    assert kinds_of(fitted.recommend(["c902"], 5)["item_id"]) == {902 % KINDS}


def test_clicks_move_a_customer_away_from_the_profile(fitted: IALSWithFeatures) -> None:
    clicks = csr_matrix((np.ones(6, np.float32), ([0] * 6, [36, 37, 38, 40, 41, 42])), (1, ITEMS))
    table = fitted.recommend(["c901"], 4, histories=clicks, features=READER)
    assert kinds_of(table["item_id"]) == {3}
    known = fitted.recommend(["c000"], 4, histories=clicks)
    assert kinds_of(known["item_id"]) == {3}


def test_a_loaded_model_folds_in_alike(fitted: IALSWithFeatures, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    loaded = IALSWithFeatures.load(tmp_path)
    histories = fitted.histories[[6, 6]]
    asked = {"histories": histories, "features": READER}
    pd.testing.assert_frame_equal(
        loaded.recommend(["c901", "c003"], 5, **asked),
        fitted.recommend(["c901", "c003"], 5, **asked),
    )
    assert loaded.diagnostics() == fitted.diagnostics()


def test_features_are_needed_and_memory_is_guarded(
    shop: Interactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match=r"python -m features .* or use model=ials"):
        small().fit(shop)
    monkeypatch.setattr(ials_features, "available_bytes", lambda: 900)
    with pytest.raises(MemoryError, match="set item_smoothing to null, or use model=ials"):
        small().fit(shop, READER)


def test_the_configuration_shows_the_defaults() -> None:
    document = OmegaConf.load(CONF / "model" / "ials_features.yaml")
    model = instantiate(document)
    assert model.parameters() == IALSWithFeatures().parameters()
    assert set(document) - {"_target_"} == set(model.parameters())
    assert _reads_features(model)


def test_ials_leaves_out_what_nobody_had(shop: Interactions) -> None:
    model = IALS(dimensions=4, epochs=3, threads=1).fit(shop)
    assert np.isnan(model.scores(["c000"])[0, shop.items.numbers(sorted(NEW))]).all()
    assert np.isnan(model.scores(["c902"])).all()
    assert len(model.similar_items(["i00"], 3)) == 3
