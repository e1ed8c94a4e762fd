"""What every recommender must do. A model's test inherits this and says how to make the model."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

from training.interactions import Interactions
from training.models.base import Recommender, load_recommender

SIZE = 24
START = datetime(2024, 1, 1, tzinfo=UTC)


def checkerboard(size: int = SIZE) -> Interactions:
    """Customer u has the items of their own parity, but for item u + 2 (or u - size + 2).

    Every customer of one parity likes the same items, so the item left out is the right answer:
    it is the only unseen item that anybody alike has.
    """
    rows = []
    for customer in range(size):
        for item in range(customer % 2, size, 2):
            if item != missing_of(customer, size):
                at = START + timedelta(hours=customer * size + item)
                rows.append((f"c{customer:03d}", f"i{item:03d}", at, 4.0 + item % 2))
    frame = pd.DataFrame(rows, columns=["customer_id", "item_id", "occurred_at", "value"])
    return Interactions.of(frame)


def missing_of(customer: int, size: int = SIZE) -> int:
    """Number of the item that was left out for ``customer``."""
    return (customer + 2) % size


class RecommenderContract:
    """Inherit, and define ``make``; change the flags for what a model cannot do by design."""

    personal: ClassVar[bool] = True  # ranks the left-out item first
    finds_new: ClassVar[bool] = True  # scores items the customer never had
    folds_in: ClassVar[bool] = False  # uses histories of unknown customers
    features: ClassVar[Any] = None  # what a model that reads features is fitted with

    @classmethod
    def make(cls) -> Recommender:
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def interactions(cls) -> Interactions:
        return checkerboard()

    @pytest.fixture(scope="class")
    @classmethod
    def fitted(cls, interactions: Interactions) -> Recommender:
        return cls.make().fit(interactions, cls.features)

    def test_result_has_the_promised_columns(self, fitted: Recommender) -> None:
        table = fitted.recommend(["c001", "c000"], 3, exclude_seen=False)
        assert list(table.columns) == ["customer_id", "item_id", "score", "rank", "origin"]
        assert table["score"].dtype == np.float32
        assert table["rank"].dtype == np.int32
        assert table["customer_id"].drop_duplicates().tolist() == ["c001", "c000"]
        for _, rows in table.groupby("customer_id"):
            assert rows["rank"].tolist() == list(range(1, len(rows) + 1))
            assert (np.diff(rows["score"]) <= 0).all()
            assert rows["item_id"].is_unique

    def test_finds_the_item_that_was_left_out(self, fitted: Recommender) -> None:
        if not (self.personal and self.finds_new):
            pytest.skip("by design this model does not find new items from those alike")
        table = fitted.recommend([f"c{u:03d}" for u in range(SIZE)], 1)
        assert table["item_id"].tolist() == [f"i{missing_of(u):03d}" for u in range(SIZE)]

    def test_seen_items_are_left_out_when_asked(self, fitted: Recommender) -> None:
        seen = set(fitted.items.ids[fitted.histories[0].indices])
        assert not seen & set(fitted.recommend(["c000"], SIZE)["item_id"])
        assert seen & set(fitted.recommend(["c000"], SIZE, exclude_seen=False)["item_id"])

    def test_only_candidates_are_recommended(self, fitted: Recommender) -> None:
        asked = ["i002", "i003", "i004", "no such item"]
        table = fitted.recommend(["c000", "c001"], SIZE, exclude_seen=False, candidates=asked)
        assert set(table["item_id"]) <= {"i002", "i003", "i004"}
        assert len(table)
        assert fitted.recommend(["c000"], 3, candidates=["no such item"]).empty

    def test_candidates_keep_the_order_of_the_full_ranking(self, fitted: Recommender) -> None:
        full = fitted.recommend(["c005"], SIZE, exclude_seen=False)["item_id"]
        asked = [f"i{i:03d}" for i in range(0, SIZE, 3)]
        part = fitted.recommend(["c005"], SIZE, exclude_seen=False, candidates=asked)["item_id"]
        assert part.tolist() == [item for item in full if item in asked]

    def test_one_by_one_equals_all_at_once(self, fitted: Recommender) -> None:
        customers = [f"c{u:03d}" for u in range(8)]
        together = fitted.recommend(customers, 5, exclude_seen=False)
        alone = pd.concat([fitted.recommend([c], 5, exclude_seen=False) for c in customers])
        assert together["customer_id"].drop_duplicates().tolist() == customers
        assert together["item_id"].tolist() == alone["item_id"].tolist()
        np.testing.assert_allclose(together["score"], alone["score"], rtol=1e-4, atol=1e-5)

    def test_asking_for_more_than_there_is(self, fitted: Recommender) -> None:
        table = fitted.recommend(["c000"], 10 * SIZE, exclude_seen=False)
        assert 0 < len(table) <= SIZE
        assert table["score"].notna().all()

    def test_unknown_customers_without_history(self, fitted: Recommender) -> None:
        table = fitted.recommend(["nobody", "c000"], 2, exclude_seen=False)
        assert "c000" in set(table["customer_id"])
        if self.personal:
            assert "nobody" not in set(table["customer_id"])

    def test_new_histories_are_used(self, fitted: Recommender) -> None:
        if not self.folds_in:
            pytest.skip("by design this model does not use histories it was not fitted on")
        table = fitted.recommend(["nobody"], 1, histories=fitted.histories[6])
        assert table["item_id"].tolist() == [f"i{missing_of(6):03d}"]

    def test_histories_decide_what_was_seen(self, fitted: Recommender) -> None:
        history = fitted.histories[[0]].tolil()
        history[0, missing_of(0)] = 1
        found = fitted.recommend(["c000"], SIZE, histories=history.tocsr())["item_id"]
        assert f"i{missing_of(0):03d}" not in set(found)

    def test_wrong_histories_and_k_are_refused(self, fitted: Recommender) -> None:
        with pytest.raises(ValueError, match="expected shape"):
            fitted.recommend(["c000"], 2, histories=fitted.histories)
        with pytest.raises(ValueError, match="at least 1"):
            fitted.recommend(["c000"], 0)

    def test_nobody_asked(self, fitted: Recommender) -> None:
        assert fitted.recommend([], 3).empty

    def test_fitting_twice_gives_the_same(
        self, fitted: Recommender, interactions: Interactions
    ) -> None:
        customers = interactions.customers.ids.tolist()
        model = self.make().fit(interactions, self.features)
        again = model.recommend(customers, 5, exclude_seen=False)
        assert again["customer_id"].drop_duplicates().tolist() == customers
        pd.testing.assert_frame_equal(again, fitted.recommend(customers, 5, exclude_seen=False))

    def test_saving_and_loading_gives_the_same(self, fitted: Recommender, tmp_path: Path) -> None:
        fitted.save(tmp_path / "model")
        loaded = load_recommender(tmp_path / "model")
        assert type(loaded) is type(fitted)
        assert loaded.until == fitted.until
        customers = [*fitted.customers.ids, "nobody"]
        before = fitted.recommend(customers, 5, exclude_seen=False)
        assert set(fitted.customers.ids) <= set(before["customer_id"])
        after = loaded.recommend(customers, 5, exclude_seen=False)
        pd.testing.assert_frame_equal(after, before)
        pd.testing.assert_frame_equal(
            loaded.similar_items(["i003"], 4), fitted.similar_items(["i003"], 4)
        )

    def test_similar_items_leave_out_the_item_itself(self, fitted: Recommender) -> None:
        table = fitted.similar_items(["i004", "i007"], 3)
        assert list(table.columns) == ["item_id", "similar_item_id", "score", "rank"]
        assert (table["item_id"] != table["similar_item_id"]).all()
        with pytest.raises(KeyError, match="no such item"):
            fitted.similar_items(["no such item"], 3)

    def test_scores_have_a_number_for_each_item(self, fitted: Recommender) -> None:
        scores = fitted.scores(["c000", "nobody"])
        assert scores.shape == (2, SIZE)
        assert scores.dtype == np.float32
        assert np.isfinite(scores[0]).any()
