"""A bundle is read back as it was written, or refused."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from tests.training.shop import interactions
from training.bundle import Bundle
from training.models.base import Recommender
from training.models.ease import EASE
from training.models.fallback import WithFallback
from training.models.popular import RecentPopularity
from training.models.state import StateError


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    model: Recommender = WithFallback(primary=EASE(), fallback=RecentPopularity())
    return Bundle(
        model=model.fit(interactions()),
        name="ease",
        workspace="shop",
        task="discover",
        metrics={"recall@20": 0.5, "coverage@20": 0.9},
        intervals={"recall@20": (0.4, 0.6)},
        split="global",
        split_hash="abc",
        feature_service="ranker_v1",
        data_versions={"events": 3},
        config={"model": {"max_items": 10}},
        run_id="r",
        commit="c",
        created_at=datetime(2024, 5, 1, tzinfo=UTC),
    )


def test_round_trip(bundle: Bundle, tmp_path: Path) -> None:
    bundle.save(tmp_path)
    again = Bundle.load(tmp_path)
    for name in Bundle.__dataclass_fields__:
        if name != "model":
            assert getattr(again, name) == getattr(bundle, name), name
    assert again.trained_until == bundle.model.until
    assert again.exclude_seen
    asked = ["c000", "nobody"]
    pd.testing.assert_frame_equal(again.model.recommend(asked, 5), bundle.model.recommend(asked, 5))


def test_what_is_no_bundle_is_refused(bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(StateError, match=r"bundle\.json: missing"):
        Bundle.load(tmp_path)
    bundle.save(tmp_path)
    path = tmp_path / "bundle.json"
    path.write_text(path.read_text().replace('"format": 1', '"format": 9'))
    with pytest.raises(StateError, match="format 1"):
        Bundle.load(tmp_path)
