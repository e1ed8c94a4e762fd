"""What gave to a score: terms sum to it, and the table is the same for every model."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.shop import KnownFeatures, interactions
from training.explanations import COLUMNS, GROUNDS, explain, explained
from training.models.als import ALS
from training.models.base import Recommender
from training.models.bpr import BPR
from training.models.content import Content
from training.models.ease import EASE
from training.models.ease_features import EASEWithFeatures
from training.models.edlae import EDLAE
from training.models.ensemble import Ensemble
from training.models.fallback import WithFallback
from training.models.frequency import OwnFrequency
from training.models.ials import IALS
from training.models.item_knn import ItemKNN
from training.models.popular import RecentPopularity
from training.models.ranker import Ranker
from training.models.reranking.mmr import MMR
from training.models.rp3beta import RP3Beta
from training.models.slim import SLIM

SHOP = interactions()
ADDITIVE: dict[str, Recommender] = {
    "ease": EASE(regularization=10, max_items=40),
    "edlae": EDLAE(regularization=10, max_items=40),
    "slim": SLIM(l2=5, l1=0.1, positive=False),
    "item_knn": ItemKNN(neighbors=20),
    "item_knn log": ItemKNN(neighbors=20, weighting="log"),
    "rp3beta": RP3Beta(alpha=0.7, weighting="count"),
    "als": ALS(dimensions=8, alpha=3.0, regularization=0.1),
    "als count": ALS(dimensions=8, alpha=1.0, weighting="count"),
    "ials": IALS(dimensions=8, epochs=4, threads=1, frequency_power=0.5, unobserved=0.3),
    "ials count": IALS(dimensions=8, epochs=4, threads=1, weighting="log"),
}


def small_ranker() -> Ranker:
    return Ranker(
        sources={"ease": EASE(regularization=10), "popular": RecentPopularity()},
        windows=1, window_days=20, trees=8, candidates=20,
    )  # fmt: skip


@pytest.mark.parametrize("name", ADDITIVE)
def test_terms_of_the_history_sum_to_the_score(name: str) -> None:
    """Of a history that the model has not seen, whole and repeated items among it."""
    model = ADDITIVE[name].fit(SHOP)
    history = model.histories[[3]].copy()
    history.data[::3] = 4
    items = np.arange(0, 48, 5, dtype=np.int32)
    scores = np.nan_to_num(model.scores(["nobody"], histories=history)[0, items])
    found = explained(model, "nobody", items, history)
    assert found.by_item.shape == (history.nnz, len(items))
    np.testing.assert_allclose(found.score, scores, rtol=2e-4, atol=2e-5)
    assert set(found.causes[scores > 0.01]) <= set(history.indices)


def test_the_profile_is_told_apart_from_the_history() -> None:
    model = EASEWithFeatures(regularization=10, new_below=0).fit(SHOP, KnownFeatures())
    items = np.arange(48, dtype=np.int32)
    for customer in ("c003", "c010"):
        found = explained(model, customer, items)
        np.testing.assert_allclose(found.score, model.scores([customer])[0], atol=1e-5)
        kind = int(customer[1:]) % 4
        own = found.grounds["profile"].reshape(4, 12).mean(axis=1)
        assert own.argmax() == kind


def test_new_items_are_explained_by_what_is_alike() -> None:
    usual = int(np.median(np.bincount(SHOP.csr("binary").indices)))
    model = EASEWithFeatures(regularization=10, new_below=usual).fit(SHOP, KnownFeatures())
    new = np.asarray(model._arrays()["new"])
    assert 0 < len(new) < 48
    found = explained(model, "nobody", new, model.histories[[3]])
    scores = model.scores(["nobody"], histories=model.histories[[3]])[0, new]
    np.testing.assert_allclose(found.score, scores, atol=1e-4)
    assert (np.abs(found.by_item).sum(axis=0) > 0).any()


def test_the_groups_of_a_ranker_sum_to_its_score() -> None:
    ranker = small_ranker().fit(SHOP, KnownFeatures())
    best = ranker.top(["c003", "c004"], 5)[0]
    for row, customer in enumerate(["c003", "c004"]):
        found = explained(ranker, customer, best.items[row])
        np.testing.assert_allclose(found.score, best.scores[row], rtol=1e-4, atol=1e-4)
        assert (found.causes >= 0).all()  # the first part that can tell names an item
    unknown = explained(ranker, "c003", ranker.histories[3].indices[:2])
    assert np.isnan(unknown.score).all()  # what was had is no candidate


def test_one_table_for_all_models() -> None:
    parts: dict[str, Recommender] = {"ease": EASE(regularization=10), "sold": RecentPopularity()}
    models: list[Recommender] = [
        WithFallback(primary=MMR(primary=EASE(regularization=10)), fallback=RecentPopularity()),
        RecentPopularity(),
        Content(),
        BPR(dimensions=4),
        Ensemble(parts=parts),
        small_ranker(),
    ]
    leading = ["similar", "popularity", "profile", "similar", "similar", None]
    for model, ground in zip(models, leading, strict=True):
        model.fit(SHOP, KnownFeatures())
        listed = model.recommend(["c007", "c003"], 4)
        table = explain(model, listed, causes=2)
        assert tuple(table.columns) == COLUMNS
        assert set(table["ground"]) <= set(GROUNDS)
        assert list(dict.fromkeys(table["customer_id"])) == ["c007", "c003"]
        assert ground is None or ground in set(table["ground"])
        pairs = table.groupby(["customer_id", "item_id"], sort=False)["contribution"].sum()
        assert list(pairs.index) == list(zip(listed["customer_id"], listed["item_id"], strict=True))
        scorer = getattr(model, "primary", model)
        scorer = getattr(scorer, "primary", scorer)
        if not isinstance(model, Ensemble):  # its lists rank unseen items only
            scores = scorer.scores(["c007", "c003"])
            numbers = model.items.numbers(listed["item_id"].to_numpy())
            row = np.repeat([0, 1], 4)
            np.testing.assert_allclose(pairs, scores[row, numbers], rtol=1e-3, atol=1e-4)


def test_because_of_names_items_of_the_history_and_sums_the_others() -> None:
    model = EASE(regularization=10).fit(SHOP)
    listed = model.recommend(["c003"], 1)
    table = explain(model, listed, causes=2)
    weights = np.asarray(model._arrays()["weights"])
    had, item = model.histories[3].indices, model.items.numbers(listed["item_id"].to_numpy())[0]
    given = weights[had, item]
    strongest = had[np.argsort(-np.abs(given), kind="stable")[:2]]
    assert set(table["cause"].dropna()) == set(model.items.ids[strongest])
    rest = table[table["cause"].isna()]["contribution"].item()
    others = ~np.isin(had, strongest)
    assert rest == pytest.approx(given[others].sum(), rel=1e-4)
    assert table["contribution"].sum() == pytest.approx(listed["score"].item(), rel=1e-4)


def test_histories_that_are_given_are_explained() -> None:
    model = EASE(regularization=10).fit(SHOP)
    histories = model.histories[[5, 6]]
    listed = model.recommend(["x", "y"], 2, histories=histories)
    table = explain(model, listed, histories=histories, causes=100)
    for row, customer in enumerate(["x", "y"]):
        causes = set(table[table["customer_id"] == customer]["cause"].dropna())
        assert causes <= set(model.items.ids[histories[row].indices])


def test_what_the_fallback_gave_is_left_out_and_who_cannot_tell_says_so() -> None:
    model = WithFallback(primary=EASE(regularization=10), fallback=RecentPopularity()).fit(SHOP)
    assert explain(model, model.recommend(["nobody"], 3)).empty
    with pytest.raises(NotImplementedError, match="OwnFrequency is no sum"):
        OwnFrequency().contributions(model.histories[[0]], np.zeros(1, dtype=np.int32))
