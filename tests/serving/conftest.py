"""Fixtures of the serving tests: the small business of ``shop.py``."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.store import Store
from serving.recommend import Engine
from tests.serving.shop import UNTIL, Together, fill, make_engine
from training.interactions import Interactions
from training.models.base import Recommender
from training.models.fallback import WithFallback
from training.models.popular import RecentPopularity


@pytest.fixture
def store(tmp_path: Path) -> Store:
    found = Store(tmp_path / "data" / "shop" / "store")
    fill(found)
    return found


@pytest.fixture
def model(store: Store) -> Recommender:
    interactions = Interactions.from_store(store, kinds=["purchase"], before=UNTIL)
    return WithFallback(primary=Together(), fallback=RecentPopularity(days=28)).fit(interactions)


@pytest.fixture
def engine(store: Store, model: Recommender) -> Engine:
    return make_engine(store, model)
