"""The real models behind the use case: equal rankings batch and online, reasons from weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from ingest.store import Store
from serving.api.app import create_app
from serving.api.settings import ApiSettings
from serving.batch.run import BatchSettings, run
from serving.cases import Cases
from serving.contributions import by_customers, contributions_of
from serving.grounds import Case, Evidence, Ground, Grounds, Told
from tests.serving.shop import NOW, UNTIL, big_shop, make_engine, wait_until_ready
from training.interactions import Interactions
from training.models.als import ALS
from training.models.base import Recommender
from training.models.ease import EASE
from training.models.fallback import WithFallback
from training.models.item_knn import ItemKNN
from training.models.popular import RecentPopularity
from training.models.question import Question
from training.topk import TopK

MODELS = {
    "ease": lambda: EASE(regularization=10.0),
    "als": lambda: ALS(dimensions=8, iterations=5),
    "knn": lambda: ItemKNN(neighbors=10),
    "popular": lambda: RecentPopularity(days=28),
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Store, Interactions]:
    root = tmp_path_factory.mktemp("big") / "data"
    store = Store(root / "shop" / "store")
    big_shop(store, customers=200, items=80)
    return root, store, Interactions.from_store(store, kinds=["purchase"], before=UNTIL)


def fitted(name: str, interactions: Interactions) -> Recommender:
    model = WithFallback(primary=MODELS[name](), fallback=RecentPopularity(days=28))
    return model.fit(interactions)


@pytest.mark.parametrize("name", list(MODELS))
@pytest.mark.parametrize("category", [None, "Hall 1"])
def test_batch_and_online_give_the_same_ranking(
    shop: tuple[Path, Store, Interactions], name: str, category: str | None, tmp_path: Path
) -> None:
    root, store, interactions = shop
    engine = make_engine(store, fitted(name, interactions))
    output = tmp_path / "all.parquet"
    settings = BatchSettings(
        workspace="shop",
        data_dir=root,
        k=7,
        category=category,
        at=NOW,
        part_size=50,
        output=output,
        progress=False,
    )
    run(settings, load=lambda *_: engine)
    batch = pq.read_table(output).to_pandas()
    asked = list(dict.fromkeys(batch["customer_id"]))
    online: list[dict[str, object]] = []
    api = ApiSettings(workspace="shop", data_dir=root)
    with TestClient(create_app(api, load=lambda *_: engine)) as client:
        wait_until_ready(client)
        for customer in asked[:40]:
            query = {"k": 7} | ({"category": category} if category else {})
            answer = client.get(f"/v1/customers/{customer}/recommendations", params=query).json()
            online += [{"customer_id": customer, **item} for item in answer["items"]]
        body = {"customer_ids": asked[40:], "k": 7, "category": category}
        for answer in client.post("/v1/recommendations", json=body).json()["customers"]:
            online += [{"customer_id": answer["customer_id"], **i} for i in answer["items"]]
    both = pd.DataFrame(online)[list(batch.columns)]
    exact = [column for column in batch.columns if column != "score"]
    pd.testing.assert_frame_equal(batch[exact], both[exact], check_dtype=False)
    np.testing.assert_allclose(batch["score"], both["score"], rtol=1e-5)


def test_the_reason_of_ease_is_its_largest_weight(
    shop: tuple[Path, Store, Interactions],
) -> None:
    interactions = shop[2]
    model = EASE(regularization=10.0).fit(interactions)
    had = np.flatnonzero(np.asarray(model.histories[3].todense()).ravel()).astype(np.int32)
    items = np.arange(0, 80, 7, dtype=np.int32)
    spoke = contributions_of(WithFallback(primary=model, fallback=RecentPopularity()))
    assert spoke is not None
    weights = np.asarray(model._arrays()["weights"])
    np.testing.assert_allclose(spoke(had, items), weights[np.ix_(had, items)], rtol=1e-5)
    np.testing.assert_allclose(spoke(had[:1], items), weights[np.ix_(had[:1], items)], rtol=1e-5)


def test_the_reason_of_als_is_the_nearest_history_item(
    shop: tuple[Path, Store, Interactions],
) -> None:
    _, store, interactions = shop
    model = fitted("als", interactions)
    engine = make_engine(store, model)
    ranked = engine.rank(["k003"], 3)
    number = int(model.customers.numbers(["k003"])[0])
    had = model.histories[number].indices
    factors = model.factors(np.zeros(0, np.int32), csr_matrix((0, 80)))
    assert factors is not None
    unit = factors[1] / np.linalg.norm(factors[1], axis=1, keepdims=True)
    for place, item in enumerate(ranked.items[0]):
        nearest = had[np.argmax(unit[had] @ unit[item])]
        assert engine.catalog.titles[nearest] in ranked.reasons[0][place]


def test_an_item_of_the_same_title_is_no_reason(shop: tuple[Path, Store, Interactions]) -> None:
    _, store, interactions = shop
    model = EASE(regularization=10.0).fit(interactions)
    catalog = make_engine(store, model).catalog
    had = model.histories[3].indices
    weights = np.asarray(model._arrays()["weights"])[had]
    weights[:, had] = 0
    item = int(np.argmax(np.sort(weights, axis=0)[-2]))  # two items of the history speak for it
    second, first = had[np.argsort(weights[:, item])[-2:]]
    case = Case(
        items=np.array([item], dtype=np.int32),
        fallback=np.array([False]),
        had=had,
        counts=np.ones(len(had), dtype=np.float32),
        orders=[["similar"]],
        told=Told(),
    )

    def said(titles: tuple[str, ...]) -> Evidence:
        recent = np.zeros(len(titles), dtype=np.float32)
        return Grounds(model, replace(catalog, titles=titles), recent).evidence(case)[0]

    titles = np.array(catalog.titles, dtype=object)
    assert said(tuple(titles)) == Evidence(Ground.BECAUSE, catalog.titles[first])
    titles[first] = titles[item]
    assert said(tuple(titles)) == Evidence(Ground.BECAUSE, catalog.titles[second])
    titles[had] = titles[item]
    assert said(tuple(titles)) == Evidence(Ground.SUGGESTED)


def test_popularity_has_no_history_reason(shop: tuple[Path, Store, Interactions]) -> None:
    _, store, interactions = shop
    model = fitted("popular", interactions)
    assert contributions_of(model) is None
    ranked = make_engine(store, model).rank(["k003"], 5)
    assert not any(reason.startswith("Because") for reason in ranked.reasons[0])


def test_items_with_the_same_customers_have_cosine_one() -> None:
    histories = csr_matrix(np.array([[1, 2, 0], [3, 1, 0], [0, 0, 1]], dtype=np.float32))
    cosine = by_customers(histories)(np.array([0]), np.array([1, 2]))
    np.testing.assert_allclose(cosine, [[1.0, 0.0]])


class Fusion(RecentPopularity):
    """A model that explains itself: words first, or the profile, or nothing."""

    def __init__(self, *, groups: dict[str, float], sources: dict[str, Recommender]) -> None:
        super().__init__()
        self.groups = groups
        self.sources = sources

    def _top(self, asked: Question) -> tuple[TopK, NDArray[np.bool_]]:
        best, fallback = super()._top(asked)
        told = np.where(best.items < 0, np.nan, 1).astype(np.float32)
        return replace(best, parts={n: given * told for n, given in self.groups.items()}), fallback


INTERESTS = ["Shelf 0", "Shelf 1", "Shelf 2", "Shelf 3"]


class Reader:
    def customers(self, ids: list[str], service: str = "") -> pd.DataFrame:
        assert service == "profile_v1"
        row = {"keywords": ["delivery", "price", "x"], "interests": INTERESTS, "mood": 0.1}
        row["simulated_share"] = 0.5
        return pd.DataFrame([row] * len(ids), index=ids)


class Opened:
    opened = Reader()


def reasons_of(
    shop: tuple[Path, Store, Interactions], groups: dict[str, float], opened: bool = True
) -> list[str]:
    _, store, interactions = shop
    popular = RecentPopularity().fit(interactions)
    ease = EASE(regularization=10.0).fit(interactions)
    model = Fusion(groups=groups, sources={"popular": popular, "ease": ease})
    engine = make_engine(store, model.fit(interactions))
    engine._cases = Cases(Opened() if opened else None)  # type: ignore[arg-type]
    ranked = engine.rank(["k003", "nobody"], 6)
    assert ranked.fallback[1].all()
    return list(ranked.reasons[0])


def test_a_model_that_explains_itself_decides_what_is_said(
    shop: tuple[Path, Store, Interactions],
) -> None:
    words = reasons_of(shop, {"sentiment": 0.9, "similar": 0.5})
    assert set(words) == {"Fits what you wrote about delivery, price (from simulated data)."}
    profile = reasons_of(shop, {"profile": 0.9, "similar": 0.5})
    assert any(reason.startswith("Close to your interest in Shelf") for reason in profile)
    assert any(reason.startswith("Because you bought") for reason in profile)
    unsaid = reasons_of(shop, {"sentiment": -1.0, "similar": 0.5})
    assert all(reason.startswith(("Because you bought", "Suggested")) for reason in unsaid)
    silent = reasons_of(shop, {"topic": 0.9}, opened=False)
    assert set(silent) == {"Suggested by what you bought so far."}


def test_a_category_is_named_when_the_customer_often_buys_it(
    shop: tuple[Path, Store, Interactions],
) -> None:
    said = reasons_of(shop, {"behavior": 1.0})
    assert any(reason.startswith("You often buy Shelf") for reason in said)
