"""The fusion ranker: contract, no look into the future, groups, reasons, controls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from omegaconf import OmegaConf
from pydantic import ValidationError

from tests.contracts.recommender import RecommenderContract
from tests.training.shop import DAYS, START, KnownFeatures, interactions
from training.evaluate import evaluate
from training.explanations import explain
from training.interactions import Interactions
from training.models.base import Recommender, load_recommender
from training.models.ease import EASE
from training.models.item_knn import ItemKNN
from training.models.popular import RecentPopularity
from training.models.ranker import Ranker
from training.models.ranking.candidates import choose, ranks_within
from training.models.ranking.groups import removed
from training.models.ranking.past import Past
from training.models.ranking.stage import in_order
from training.models.ranking.windows import windows_of
from training.splits import GlobalTemporal

CONF = Path(__file__).parents[2] / "conf"


def small(**settings: Any) -> Ranker:
    given: dict[str, Any] = {
        "sources": {"ease": EASE(regularization=5), "popular": RecentPopularity(days=28)},
        "trees": 20,
        "leaves": 7,
        "windows": 2,
        "window_days": 15,
        "candidates": 20,
    }
    return Ranker(**(given | settings))


@pytest.fixture(scope="module")
def data() -> Interactions:
    return interactions()


@pytest.fixture(scope="module")
def fitted(data: Interactions) -> Ranker:
    return cast("Ranker", small().fit(data, cast("Any", KnownFeatures())))


class TestRankerContract(RecommenderContract):
    personal = True
    folds_in = True

    @classmethod
    def make(cls) -> Recommender:
        sources = {"knn": ItemKNN(similarity="cosine", weighting="binary"), "ease": EASE()}
        return Ranker(
            sources=sources, task="again", trees=30, windows=2, window_days=8, candidates=24
        )

    @pytest.fixture(scope="class")
    @classmethod
    def interactions(cls) -> Interactions:
        """The checkerboard, with times drawn at random so that every window holds something."""
        frame = RecommenderContract_interactions()
        rng = np.random.default_rng(0)
        frame["occurred_at"] = [
            START + timedelta(hours=float(hour)) for hour in rng.uniform(0, 24 * 24, len(frame))
        ]
        return Interactions.of(frame)


def RecommenderContract_interactions() -> pd.DataFrame:  # noqa: N802
    from tests.contracts.recommender import checkerboard

    return checkerboard().frame[["customer_id", "item_id", "occurred_at", "value"]].copy()


def test_windows_end_before_what_they_label(data: Interactions) -> None:
    found = windows_of(data, 3, 20)
    assert [window.start for window in found] == [
        data.until - timedelta(days=d) for d in (20, 40, 60)
    ]
    for window in found:
        assert window.past.frame["occurred_at"].max() < pd.Timestamp(window.start)
        assert window.past.customers == data.customers
        assert window.past.items == data.items
        inside = data.frame["occurred_at"].between(
            window.start, window.start + timedelta(days=20), inclusive="left"
        )
        assert window.happened.nnz == len(
            data.frame[inside].drop_duplicates(["customer_id", "item_id"])
        )


def test_windows_with_hardly_any_past_are_left_out(data: Interactions) -> None:
    assert len(windows_of(data, 10, 20)) == 4  # of 120 days, 30 must lie before


def test_features_are_read_as_of_each_window_and_the_end(data: Interactions) -> None:
    reader = KnownFeatures()
    small().fit(data, cast("Any", reader))
    expected = {data.until - timedelta(days=d) for d in (0, 15, 30)}
    assert set(reader.asked) == expected


def test_scores_of_a_window_do_not_depend_on_what_happened_in_it(data: Interactions) -> None:
    """Planted leak: rows inside the window are changed; what is known before it stays."""
    start = data.until - timedelta(days=15)
    before = (data.frame["occurred_at"] < pd.Timestamp(start)).to_numpy()
    changed = data.frame.copy()
    changed.loc[~before, "item_id"] = "i00"
    other = Interactions.of(changed, until=data.until, customers=data.customers, items=data.items)
    past, altered = windows_of(data, 1, 15)[0].past, windows_of(other, 1, 15)[0].past
    pd.testing.assert_frame_equal(past.frame, altered.frame)


def test_past_sums_up_and_grows_with_new_events() -> None:
    frame = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b"],
            "item_id": ["x", "x", "y"],
            "occurred_at": [START, START + timedelta(days=10), START + timedelta(days=20)],
        }
    )
    data = Interactions.of(frame, until=START + timedelta(days=40))
    past = Past.of(data, data.csr())
    assert past.counts.tolist() == [2, 1]
    assert past.last.tolist() == [30, 20]
    assert past.first.tolist() == [40, 20]
    assert past.recent[0] == pytest.approx(0.5 + 2 ** (-4 / 3))
    history = data.csr().tolil()
    history[0, 1] = 1
    grown = past.rows(np.array([0, 1], dtype=np.int32), history.tocsr())
    assert grown.items.tolist() == [0, 1, 1]
    assert grown.counts.tolist() == [2, 1, 1]
    assert grown.last.tolist() == [30, 0, 20]
    unknown = past.rows(np.array([-1], dtype=np.int32), history.tocsr()[:1])
    assert unknown.counts.tolist() == [2, 1]
    assert grown.at(np.array([0, 0]), np.array([1, 0])).tolist() == [1, 0]
    assert past.take(np.array([1])).at(np.array([0]), np.array([0])).tolist() == [-1]


def test_candidates_are_the_union_of_the_sources() -> None:
    scores = {
        "a": np.array([[3, 2, 1, np.nan]], dtype=np.float32),
        "b": np.array([[0, 1, 2, 9]], dtype=np.float32),
    }
    found = choose(scores, 1, None)
    assert found.items.tolist() == [0, 3]
    assert found.ranks["a"].tolist() == [0, 1]  # what cannot be scored comes last
    assert found.ranks["b"].tolist() == [1, 0]


def test_ranks_restart_with_every_customer() -> None:
    rows = np.array([0, 0, 1, 1, 1])
    values = np.array([1, 2, 5, np.nan, 7], dtype=np.float32)
    assert ranks_within(rows, values).tolist() == [1, 0, 1, 2, 0]


def test_beats_popularity_where_customers_have_kinds(data: Interactions) -> None:
    split = GlobalTemporal(window_days=15).splits(data)[0]
    reader = cast("Any", KnownFeatures())
    ranker = evaluate(small(task="again").fit(split.train, reader), split, "again", 10)
    popular = evaluate(RecentPopularity().fit(split.train), split, "again", 10)
    assert ranker.minus(popular, "recall@10").low > 0.1


def test_task_again_keeps_what_was_had(data: Interactions) -> None:
    model = small(task="again").fit(data)
    table = model.recommend(["c000"], 10, exclude_seen=False)
    had = set(data.frame.loc[data.frame["customer_id"] == "c000", "item_id"])
    assert had & set(table["item_id"])


def test_online_history_equals_training_history(fitted: Ranker) -> None:
    numbers = np.arange(5, dtype=np.int32)
    customers = fitted.customers.ids[numbers].tolist()
    given = fitted.recommend(customers, 5, histories=fitted.histories[numbers].copy())
    pd.testing.assert_frame_equal(given, fitted.recommend(customers, 5))


def test_explains_scores_by_group(fitted: Ranker) -> None:
    best, _ = fitted.top(["c003", "c004"], 4)
    assert best.parts is not None
    groups = {"similar", "popularity", "behavior", "sentiment", "topic", "profile"}
    assert set(best.parts) == groups
    assert (best.items >= 0).all()
    total = fitted.booster.paths.base + sum(best.parts.values())
    np.testing.assert_allclose(total, best.scores, atol=1e-3)


def test_nothing_is_told_of_places_without_an_item(fitted: Ranker) -> None:
    best, _ = fitted.top(["c003", "nobody"], 4, candidates=["i00"])
    assert best.parts is not None
    for values in best.parts.values():
        np.testing.assert_array_equal(np.isnan(values), best.items < 0)
    assert (best.items[1] == -1).all()
    none, _ = fitted.top([], 4)
    assert none.items.shape == (0, 4)


class YoungFeatures(KnownFeatures):
    """Nothing is known before a time: every value is missing, as a feature store answers."""

    def __init__(self, since: datetime) -> None:
        super().__init__()
        self.since = since

    def customers(
        self, ids: Sequence[str], as_of: datetime | None = None, service: str = "ranker_v1"
    ) -> pd.DataFrame:
        return self._known(super().customers(ids, as_of, service), as_of)

    def items(
        self, ids: Sequence[str], as_of: datetime | None = None, service: str = "ranker_items_v1"
    ) -> pd.DataFrame:
        return self._known(super().items(ids, as_of, service), as_of)

    def _known(self, found: pd.DataFrame, as_of: datetime | None) -> pd.DataFrame:
        young = as_of is not None and as_of < self.since
        nothing = pd.DataFrame(None, found.index, found.columns, dtype=object)
        return nothing if young else found


def test_windows_before_the_first_profiles_teach_without_them(data: Interactions) -> None:
    windows = windows_of(data, 2, 15)
    reader = YoungFeatures(since=max(window.past.until for window in windows))
    model = small().fit(data, cast("Any", reader))
    assert isinstance(model, Ranker)
    assert {"sentiment", "topic", "profile"} <= set(model.booster.owners.values())
    assert (model.recommend(["c003"], 4)["origin"] == "model").all()


def test_columns_are_put_in_order_and_missing_ones_are_nan() -> None:
    matrix = np.array([[1, 2], [3, 4]], dtype=np.float32)
    found = in_order(matrix, ["a", "c"], ["c", "b", "a"])
    np.testing.assert_array_equal(found, [[2, np.nan, 1], [4, np.nan, 3]])
    assert in_order(matrix, ["a", "c"], ["a", "c"]) is matrix


def test_groups_can_be_left_out(data: Interactions) -> None:
    reader = cast("Any", KnownFeatures())
    model = small(without=["sentiment", "topic"], windows=1, trees=5).fit(data, reader)
    assert isinstance(model, Ranker)
    assert set(model.booster.owners.values()) == {"similar", "popularity", "behavior"}
    assert removed(["popularity"]) == {"popularity"}
    assert removed(["topic"]) == {"topic", "profile"}


def test_what_popularity_proposes_is_popular(data: Interactions, fitted: Ranker) -> None:
    owners = fitted.booster.owners
    expected = {"ease": "similar", "popular": "popularity", "my_categories": "behavior"}
    for source, group in expected.items():
        assert owners[f"{source}_score"] == owners[f"{source}_rank"] == group
    without = small(windows=1, trees=5, without=["popularity"]).fit(data).booster.owners
    assert {"ease_score", "ease_rank"} <= set(without)
    assert not {"popular_score", "popular_rank", "new_customers_28d"} & set(without)
    assert "popularity" not in without.values()


class SimilarPopularity(RecentPopularity):
    """Popularity under another group."""

    ground = "similar"


def test_the_group_of_a_score_changes_no_ranking(data: Interactions, fitted: Ranker) -> None:
    other = small(sources={"ease": EASE(regularization=5), "popular": SimilarPopularity(days=28)})
    other.fit(data, cast("Any", KnownFeatures()))
    assert other.booster.owners["popular_score"] == "similar"
    everybody = data.customers.ids.tolist()
    np.testing.assert_array_equal(other.scores(everybody), fitted.scores(everybody))


def test_a_recommendation_that_popularity_carries_is_explained_by_it(data: Interactions) -> None:
    model = small(without=["features"], task="again").fit(data)
    table = explain(model, model.recommend(["c003"], 4, exclude_seen=False))
    assert set(table["ground"]) == {"similar", "popularity", "base"}
    assert table.loc[table["ground"] == "popularity", "cause"].isna().all()


def test_scores_only_leaves_all_scores_and_nothing_else(data: Interactions) -> None:
    setting: Any = OmegaConf.load(CONF / "ablation" / "scores_only.yaml")
    reader = cast("Any", KnownFeatures())
    model = small(windows=1, trees=5, context=True, without=list(setting.without)).fit(data, reader)
    assert isinstance(model, Ranker)
    expected = {f"{source}_{kind}" for source in model.sources for kind in ("score", "rank")}
    assert set(model.booster.owners) == expected
    world = model._scorer.stage.world
    assert world.demographics is None
    assert world.promotions is None


def test_without_the_catalog_nothing_of_it_is_used(data: Interactions) -> None:
    reader = cast("Any", KnownFeatures())
    whole = small(windows=1, trees=5).fit(data, reader).booster.owners
    without = small(windows=1, trees=5, without=["catalog"]).fit(data, reader).booster.owners
    assert set(whole) - set(without) >= {
        "category_share", "brand_lift", "leaf_price_ratio", "item_price", "profile_vector_dot"
    }  # fmt: skip
    assert set(without) - set(whole) == set()
    assert {"customer_events", "recency_days", "mood", "topic_overlap", "ease_score"} <= set(
        without
    )
    assert "my_categories_score" in set(whole) - set(without)


def test_works_without_features(data: Interactions) -> None:
    model = small(windows=1, trees=5).fit(data)
    assert isinstance(model, Ranker)
    assert "item_price" not in model.booster.columns
    assert len(model.recommend(["c000"], 5)) == 5


def test_shuffled_profiles_change_features_and_survive_saving(
    data: Interactions, tmp_path: Any
) -> None:
    reader = cast("Any", KnownFeatures())
    model = small(windows=1, trees=10, shuffle_profiles=True).fit(data, reader)
    plain = small(windows=1, trees=10).fit(data, reader)
    assert isinstance(model, Ranker)
    assert isinstance(plain, Ranker)
    shares = {id(m): m.booster.importance()["behavior_vector_dot"] for m in (model, plain)}
    assert shares[id(model)] < shares[id(plain)]
    model.save(tmp_path / "shuffled")
    again = load_recommender(tmp_path / "shuffled")
    customers = data.customers.ids.tolist()
    pd.testing.assert_frame_equal(again.recommend(customers, 5), model.recommend(customers, 5))
    assert not again.recommend(customers, 5).equals(plain.recommend(customers, 5))


def test_too_little_data_is_refused() -> None:
    frame = pd.DataFrame({"customer_id": ["a"], "item_id": ["x"], "occurred_at": [START]})
    with pytest.raises(ValueError, match="none of the last 2 windows"):
        small().fit(Interactions.of(frame, until=START + timedelta(days=DAYS)))


@pytest.mark.parametrize(
    "wrong", [{"objective": "magic"}, {"negatives": 0}, {"without": ["weather"]}, {"sources": {}}]
)
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises((ValidationError, ValueError)):
        Ranker(**({"sources": {"popular": RecentPopularity()}} | wrong))


def test_measures_what_it_learned_from(fitted: Ranker) -> None:
    measured = fitted.diagnostics()
    assert measured["windows"] == 2
    assert 0 < measured["positives"] < measured["examples"]
