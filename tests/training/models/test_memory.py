"""Dense models refuse before they allocate, and name what to use instead."""

from __future__ import annotations

import pytest

from tests.contracts.recommender import checkerboard
from training.models import ease, ease_features, edlae, linear
from training.models.base import Recommender
from training.models.ease import EASE
from training.models.edlae import EDLAE
from training.models.ensemble import Ensemble
from training.models.fallback import WithFallback
from training.models.item_knn import ItemKNN
from training.models.popular import RecentPopularity
from training.models.rp3beta import RP3Beta
from training.models.slim import SLIM

DENSE = [
    EASE(),
    EDLAE(),
    Ensemble(parts={"ease": EASE(), "popular": RecentPopularity()}),
    WithFallback(primary=EDLAE(), fallback=RecentPopularity()),
]


@pytest.fixture
def short_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave 1,200 bytes, and fail if a square is made all the same."""

    def made(*_: object) -> None:
        raise AssertionError("the square was allocated")

    monkeypatch.setattr(linear, "available_bytes", lambda: 1_200)
    for module in (ease, edlae, ease_features):
        monkeypatch.setattr(module, "gram", made)


@pytest.mark.usefixtures("short_of_memory")
@pytest.mark.parametrize("model", DENSE, ids=lambda model: type(model).__name__)
def test_a_square_that_does_not_fit_is_refused_before_it_is_made(model: Recommender) -> None:
    with pytest.raises(MemoryError, match=r"over 24 items needs .* or use model=als or "):
        model.fit(checkerboard())


@pytest.mark.usefixtures("short_of_memory")
@pytest.mark.parametrize("model", [SLIM(neighbors=5), ItemKNN(neighbors=5), RP3Beta(neighbors=5)])
def test_models_of_few_neighbors_keep_few_weights(model: Recommender) -> None:
    """These are the alternatives: a bounded number of weights an item, whatever the catalog."""
    fitted = model.fit(checkerboard())
    arrays = fitted._arrays()
    assert len(arrays["data"]) <= 5 * len(fitted.items)
    assert all(array.ndim == 1 for array in arrays.values())
