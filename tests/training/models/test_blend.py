"""The configured blend: parts as configured alone, fused by rank, kept with their features."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pandas as pd

from tests.training.conftest import Bench
from tests.training.shop import KnownFeatures, interactions
from training.models.base import Recommender, load_recommender
from training.models.ease import EASE
from training.models.ensemble import Ensemble
from training.models.ials_features import IALSWithFeatures
from training.models.popular import RecentPopularity
from training.models.ranker import Ranker
from training.runner import _reads_features

READER = cast("Any", KnownFeatures())


def test_its_parts_are_the_models_as_configured_alone(own_bench: Bench) -> None:
    blend = own_bench.plan("model=blend").model
    assert isinstance(blend, Ensemble)
    assert blend.weights == {"ranker": 1.0, "ials_features": 0.5}
    for name, part in blend.parts.items():
        alone = own_bench.plan(f"model={name}").model
        assert type(part) is type(alone)
        assert _told(part) == _told(alone)
    assert _reads_features(blend)


def test_a_blend_is_kept_whole_and_lies_between_its_parts(tmp_path: Path) -> None:
    data = interactions()
    sources = {"ease": EASE(regularization=5), "popular": RecentPopularity(days=28)}
    ranker = Ranker(sources=sources, trees=20, leaves=7, windows=2, window_days=15, candidates=20)
    factors = IALSWithFeatures(dimensions=6, epochs=10, regularization=0.02, threads=1)
    blend = Ensemble(
        parts={"ranker": ranker, "ials_features": factors},
        weights={"ranker": 1.0, "ials_features": 0.5},
    ).fit(data, READER)
    customers = data.customers.ids.tolist()[:20]
    told = blend.recommend(customers, 5, features=READER)
    assert blend.diagnostics()["ranker_examples"] > 0
    blend.save(tmp_path)
    again = load_recommender(tmp_path).recommend(customers, 5, features=READER)
    pd.testing.assert_frame_equal(again, told)
    first = told.query("rank == 1")
    deep = {
        name: part.recommend(customers, 20, features=READER) for name, part in blend.parts.items()
    }
    by_either = pd.concat(deep.values()).groupby("customer_id")["item_id"].agg(set)
    pairs = zip(first["customer_id"], first["item_id"], strict=True)
    assert all(item in by_either[customer] for customer, item in pairs)
    assert told["item_id"].tolist() != deep["ranker"].query("rank <= 5")["item_id"].tolist()


def _told(model: Recommender) -> dict[str, Any]:
    """Return the parameters of a model, its own models by theirs."""
    return {
        name: {key: _told(part) if isinstance(part, Recommender) else part
               for key, part in value.items()} if isinstance(value, dict) else value
        for name, value in model.parameters().items()
    }  # fmt: skip
