"""The content model: nearness to the profile, also of customers who never bought."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import pandas as pd
import pytest

from tests.contracts.recommender import RecommenderContract
from tests.training.shop import ITEMS, KINDS, KnownFeatures, interactions
from training.interactions import Interactions
from training.models.base import Recommender, load_recommender
from training.models.content import Content

READER = cast("Any", KnownFeatures())


class Parity(KnownFeatures):
    """Vectors of the checkerboard: customers and items point at their own parity."""

    def customers(self, ids: Any, as_of: Any = None, service: str = "") -> pd.DataFrame:
        """Return the profile."""
        return pd.DataFrame({"profile_vector": _parity(ids)}, index=list(ids))

    def items(self, ids: Any, as_of: Any = None, service: str = "") -> pd.DataFrame:
        """Return what the items are like."""
        return pd.DataFrame({"item_vector": _parity(ids)}, index=list(ids))


def _parity(ids: Any) -> list[np.ndarray]:
    return list(np.eye(2, dtype=np.float32)[[int(each[1:]) % 2 for each in ids]])


class TestContent(RecommenderContract):
    features: ClassVar[Any] = Parity()

    @classmethod
    def make(cls) -> Recommender:
        return Content()


@pytest.fixture(scope="module")
def data() -> Interactions:
    return interactions()


@pytest.fixture(scope="module")
def fitted(data: Interactions) -> Content:
    return cast("Content", Content().fit(data, READER))


def kinds_of(items: pd.Series) -> set[int]:  # type: ignore[type-arg]
    return {int(item[1:]) // (ITEMS // KINDS) for item in items}


def test_recommends_items_of_the_customers_kind(fitted: Content) -> None:
    table = fitted.recommend(["c002"], 5, exclude_seen=False)
    assert kinds_of(table["item_id"]) == {2}


def test_a_stranger_is_answered_from_the_profile(fitted: Content) -> None:
    assert fitted.recommend(["c901"], 5).empty  # no features, nothing known
    table = fitted.recommend(["c000", "c901"], 5, exclude_seen=False, features=READER)
    stranger = table[table["customer_id"] == "c901"]
    assert kinds_of(stranger["item_id"]) == {901 % KINDS}
    assert len(table) == 10


def test_a_stranger_gets_candidates_only_and_nothing_seen(fitted: Content) -> None:
    items = ["i00", "i13", "i14", "no such item"]
    history = fitted.histories[:1].copy() * 0
    history = history.tolil()
    history[0, 13] = 1
    table = fitted.recommend(
        ["c901"], 3, candidates=items, histories=history.tocsr(), features=READER
    )
    assert table["item_id"].tolist() == ["i14", "i00"]


def test_weights_fuse_the_three_vectors(data: Interactions) -> None:
    class Disagreeing(KnownFeatures):
        def customers(self, ids: Any, as_of: Any = None, service: str = "ranker_v1") -> Any:
            found = super().customers(ids, as_of, service)
            found["sentiment_vector"] = [np.eye(KINDS, dtype=np.float32)[3]] * len(found)
            return found

    reader = cast("Any", Disagreeing())
    by_behavior = Content(weights=[0.8, 0.2, 0.0]).fit(data, reader)
    by_mood = Content(weights=[0.2, 0.8, 0.0]).fit(data, reader)
    assert kinds_of(by_behavior.recommend(["c001"], 3, exclude_seen=False)["item_id"]) == {1}
    assert kinds_of(by_mood.recommend(["c001"], 3, exclude_seen=False)["item_id"]) == {3}


def test_weights_must_sum_to_one() -> None:
    with pytest.raises(ValueError, match="must be 1"):
        Content(weights=[0.5, 0.2, 0.1])


def test_silence_cannot_be_scored(data: Interactions) -> None:
    class Silent(KnownFeatures):
        def customers(self, ids: Any, as_of: Any = None, service: str = "ranker_v1") -> Any:
            found = super().customers(ids, as_of, service)
            found["profile_vector"] = [
                None if each == "c000" else np.zeros(KINDS, dtype=np.float32) for each in ids
            ]
            return found

    model = Content().fit(data, cast("Any", Silent()))
    assert model.recommend(["c000", "c001"], 3).empty


def test_without_profiles_it_says_what_to_do(data: Interactions) -> None:
    with pytest.raises(ValueError, match="python -m features"):
        Content().fit(data)

    class NoVectors(KnownFeatures):
        def items(self, ids: Any, as_of: Any = None, service: str = "ranker_items_v1") -> Any:
            return super().items(ids, as_of, service).drop(columns="item_vector")

    with pytest.raises(ValueError, match="vectors of one length"):
        Content().fit(data, cast("Any", NoVectors()))


def test_profiles_are_read_as_of_the_end_of_training(data: Interactions) -> None:
    reader = KnownFeatures()
    early = data.before(data.until - timedelta(days=30))
    Content().fit(early, cast("Any", reader))
    assert set(reader.asked) == {early.until}


def test_similar_items_and_saving(fitted: Content, tmp_path: Path) -> None:
    near = fitted.similar_items(["i00"], 5)
    assert kinds_of(near["similar_item_id"]) == {0}
    fitted.save(tmp_path / "content")
    again = load_recommender(tmp_path / "content")
    pd.testing.assert_frame_equal(again.recommend(["c005"], 5), fitted.recommend(["c005"], 5))
