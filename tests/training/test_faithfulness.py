"""Deletion tests: a sum is faithful by construction, reasons by lot are not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tests.training.shop import KnownFeatures, interactions
from tests.training.test_explanations import small_ranker
from training.faithfulness import MEASURES, of_history
from training.group_faithfulness import of_groups
from training.ids import FloatArray, IntArray
from training.models.base import Recommender
from training.models.ease import EASE
from training.models.ials import IALS
from training.models.item_knn import ItemKNN

SHOP = interactions()
CUSTOMERS = SHOP.customers.ids[:40].tolist()


def by_lot(history: csr_matrix, items: IntArray) -> FloatArray:
    rng = np.random.default_rng(history.nnz)
    return rng.random((history.nnz, len(items))).astype(np.float32)


@pytest.mark.parametrize("model", [EASE(regularization=10), ItemKNN(neighbors=30)])
def test_a_sum_is_perfectly_faithful_and_reasons_by_lot_are_not(model: Recommender) -> None:
    model.fit(SHOP)
    found = of_history(model, CUSTOMERS, model.contributions, others=100)
    rows = found.rows
    assert len(rows) == 5 * len(CUSTOMERS)
    np.testing.assert_allclose(rows["error"], 0, atol=1e-4)
    assert (rows["first"] == 1).all()
    assert (rows["without"] >= rows["without_other"]).all()
    assert (rows["only"] <= rows["only_other"] + 1e-6).all()
    measured = found.intervals()
    assert list(measured) == list(MEASURES)
    assert measured["comprehensiveness over chance"].low > 0
    assert measured["sufficiency over chance"].low > 0
    assert measured["comprehensiveness"].n == len(CUSTOMERS)
    lot = of_history(model, CUSTOMERS, by_lot, others=100, sized=False).intervals()
    span = lot["comprehensiveness over chance"]
    assert span.low < 0 < span.high
    assert lot["named first"].high < 0.2
    assert lot["error"].n == 0


def test_the_fall_is_what_was_claimed_by_hand() -> None:
    """One customer: the rows of the test, recomputed from the weights."""
    model = EASE(regularization=10).fit(SHOP)
    found = of_history(model, ["c003"], model.contributions, k=1, others=100).rows.iloc[0]
    weights = np.asarray(model._arrays()["weights"])
    had = model.histories[3].indices
    item = model.top(["c003"], 1)[0].items[0, 0]
    spread = model.scores(["c003"])[0].std()
    given = np.sort(weights[had, item])[::-1] / spread
    assert found["without"] == pytest.approx(given[0], rel=1e-3)
    assert found["without_other"] == pytest.approx(given[1:].mean(), rel=1e-3)
    assert found["only"] == pytest.approx(given.sum() - given[0], rel=1e-3)
    assert found["only_other"] == pytest.approx((given.sum() - given[1:]).mean(), rel=1e-3)


def test_factors_are_folded_in_so_the_named_item_matters() -> None:
    """Terms of a folded-in score are exact, but other terms change with the history."""
    model = IALS(dimensions=8, epochs=5, threads=1).fit(SHOP)
    found = of_history(model, CUSTOMERS, model.contributions, folded_in=True).intervals()
    assert found["comprehensiveness over chance"].low > 0
    assert found["named first"].value > 0.6


def test_who_had_too_little_is_no_case() -> None:
    model = EASE(regularization=10).fit(SHOP)
    few = of_history(model, CUSTOMERS[:2], model.contributions, k=1, others=1)
    assert len(few.rows) == 2
    model.histories = csr_matrix(model.histories.shape, dtype=np.float32)
    with pytest.raises(ValueError, match="no customer has two items"):
        of_history(model, CUSTOMERS[:2], model.contributions)


def test_the_groups_that_a_ranker_names_move_its_score() -> None:
    ranker = small_ranker().fit(SHOP, KnownFeatures())
    named = of_groups(ranker, CUSTOMERS, draws=5).intervals()
    assert named["comprehensiveness over chance"].low > 0
    assert named["named first"].value > 0.5
    lot = of_groups(ranker, CUSTOMERS, draws=5, shuffled=True).intervals()
    assert lot["comprehensiveness over chance"].value < named["comprehensiveness over chance"].low
    assert lot["named first"].value < named["named first"].value
