"""Rank fusion: the contract, the paper's formula, and parts that abstain."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

from tests.contracts.recommender import RecommenderContract, checkerboard
from training.models import ensemble
from training.models.base import Recommender
from training.models.content import Content
from training.models.ease import EASE
from training.models.edlae import EDLAE
from training.models.ensemble import Ensemble
from training.models.fallback import WithFallback
from training.models.ials import IALS
from training.models.item_knn import ItemKNN
from training.models.popular import RecentPopularity
from training.runner import _reads_features

CONF = Path(__file__).parents[3] / "conf"


class TestEnsemble(RecommenderContract):
    folds_in = True

    @classmethod
    def make(cls) -> Recommender:
        return Ensemble(
            parts={
                "ease": EASE(regularization=5.0),
                "knn": ItemKNN(neighbors=30),
                "ials": IALS(dimensions=4, epochs=40, threads=1),
            }
        )

    def test_scores_are_sums_of_reciprocal_ranks(self, fitted: Ensemble) -> None:
        expected: dict[str, float] = {}
        for part in fitted.parts.values():
            for rank, item in enumerate(part.recommend(["c003"], 99)["item_id"], start=1):
                expected[item] = expected.get(item, 0.0) + 1 / (60 + rank)
        found = fitted.recommend(["c003"], 99).set_index("item_id")["score"].to_dict()
        assert found == pytest.approx(expected, rel=1e-5)

    def test_small_blocks_change_nothing(
        self, fitted: Ensemble, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        customers = fitted.customers.ids.tolist()
        whole = fitted.top(customers, 4)[0]
        monkeypatch.setattr(ensemble, "block_rows", lambda n: 5)
        blocks = fitted.top(customers, 4)[0]
        np.testing.assert_array_equal(blocks.items, whole.items)

    def test_parts_report_below_their_names(self, fitted: Ensemble) -> None:
        assert list(fitted.diagnostics()) == ["ials_loss"]


def test_weights_decide() -> None:
    parts = {"popular": RecentPopularity(), "ease": EASE(regularization=5.0)}
    alone = RecentPopularity().fit(checkerboard()).recommend(["c000"], 5)["item_id"].tolist()
    model = Ensemble(parts=parts, weights={"popular": 1.0, "ease": 0.0}).fit(checkerboard())
    assert model.recommend(["c000"], 5)["item_id"].tolist() == alone


def test_only_the_first_ranks_count() -> None:
    model = Ensemble(parts={"popular": RecentPopularity()}, depth=3).fit(checkerboard())
    assert len(model.recommend(["c000"], 9)) == 3


def test_a_part_that_cannot_serve_abstains() -> None:
    parts = {"ease": EASE(regularization=5.0), "popular": RecentPopularity()}
    model = Ensemble(parts=parts).fit(checkerboard())
    expected = RecentPopularity().fit(checkerboard()).recommend(["nobody"], 4)
    assert model.recommend(["nobody"], 4)["item_id"].tolist() == expected["item_id"].tolist()


def test_works_below_a_fallback_and_with_parts_that_have_one() -> None:
    part = WithFallback(primary=EASE(regularization=5.0), fallback=RecentPopularity())
    inner = Ensemble(parts={"a": part, "b": EDLAE(regularization=5.0)})
    model = WithFallback(primary=inner, fallback=RecentPopularity()).fit(checkerboard())
    assert len(model.recommend(["c000", "nobody"], 3)) == 6


def test_a_fallback_changes_no_ranking_of_the_parts() -> None:
    data = checkerboard()
    alone = Ensemble(
        parts={"ease": EASE(regularization=5.0), "popular": RecentPopularity()}, depth=4
    )
    model = WithFallback(primary=alone, fallback=RecentPopularity()).fit(data)
    customers = data.customers.ids.tolist()
    found = model.recommend(customers, 4)
    ours = found[found["origin"] == "model"].reset_index(drop=True)
    pd.testing.assert_frame_equal(ours, alone.recommend(customers, 4))
    assert len(ours) > len(customers)


def test_wrong_parts_and_weights_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one model"):
        Ensemble(parts={})
    with pytest.raises(ValueError, match=r"expected one for each of \['a'\], received \['b'\]"):
        Ensemble(parts={"a": EASE()}, weights={"b": 1.0})


def test_the_configuration_names_every_parameter() -> None:
    document = OmegaConf.load(CONF / "model" / "ensemble.yaml")
    model = instantiate(document, _convert_="all")
    assert isinstance(model, Ensemble)
    assert set(document) - {"_target_"} == set(model.parameters())
    assert all(isinstance(part, Recommender) for part in model.parts.values())


def test_serving_gives_features_to_parts_that_read_them() -> None:
    inner = Ensemble(parts={"ease": EASE(), "content": Content()})
    assert _reads_features(Ensemble(parts={"inner": inner}))
    assert not _reads_features(Ensemble(parts={"ease": EASE()}))
