"""Promises and what came of them: bins, errors, and the chances that rankers tell."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from tests.training.shop import START, KnownFeatures, interactions
from training.evaluate import evaluate
from training.interactions import Interactions
from training.metrics.calibration import expected_error, promises, reliability
from training.models.bias import Bias
from training.models.ease import EASE
from training.models.fallback import WithFallback
from training.models.popular import RecentPopularity
from training.models.ranker import Ranker
from training.splits import GlobalTemporal


def ranker(**settings: Any) -> Ranker:
    given = {"trees": 20, "leaves": 7, "windows": 2, "window_days": 15, "candidates": 20}
    return Ranker(sources={"ease": EASE(regularization=5)}, **(given | settings))


def test_bins_hold_equally_many_and_tell_what_came() -> None:
    told = np.array([0.1, 0.1, 0.2, 0.2, 0.8, 0.8, 0.9, 0.9])
    came = np.array([0, 0, 0, 1, 1, 1, 1, 0])
    found = reliability(promises(told, came), bins=2)
    assert found["n"].tolist() == [4, 4]
    assert found["predicted"].tolist() == pytest.approx([0.15, 0.85])
    assert found["observed"].tolist() == [0.25, 0.75]
    error = 1.96 * np.sqrt(0.25 * 0.75 / 4)
    assert found["low"].tolist() == pytest.approx([0.25 - error, 0.75 - error])
    assert found["high"].tolist() == pytest.approx([0.25 + error, 0.75 + error])
    assert expected_error(found) == pytest.approx(0.1)


def test_equal_predictions_share_a_bin_and_unknown_ones_are_left_out() -> None:
    found = reliability(promises(np.array([[0.3, 0.3], [0.3, np.nan]]), np.eye(2)))
    assert found["n"].tolist() == [3]
    assert found["observed"].tolist() == pytest.approx([1 / 3])
    assert reliability(pd.DataFrame()).empty
    assert np.isnan(expected_error(reliability(pd.DataFrame())))


def test_log_odds_of_thinned_examples_become_chances() -> None:
    scores = np.array([[0.0, np.log(4.0)]], dtype=np.float32)
    assert ranker(negatives=1.0).chances(scores) == pytest.approx(np.array([[0.5, 0.8]]))
    assert ranker(negatives=0.25).chances(scores) == pytest.approx(np.array([[0.2, 0.5]]))
    assert ranker(objective="lambdarank").chances(scores) is None
    assert EASE().chances(scores) is None


def test_an_evaluation_keeps_what_was_promised_and_not_what_a_fallback_said() -> None:
    data = interactions()
    split = GlobalTemporal(cutoff=data.until - timedelta(days=15), window_days=15).splits(data)[0]
    features = cast("Any", KnownFeatures())
    alone = ranker().fit(split.train, features)
    composed = WithFallback(primary=ranker(), fallback=RecentPopularity()).fit(
        split.train, features
    )
    ours = evaluate(alone, split, "again", 5, features, resamples=20)
    theirs = evaluate(composed, split, "again", 5, features, resamples=20)
    pd.testing.assert_frame_equal(ours.promised, theirs.promised)
    assert ours.promised["predicted"].between(0, 1).all()
    hits = ours.promised["observed"].sum()
    assert hits == pytest.approx((ours.customers["precision@5"] * 5).sum())
    assert evaluate(
        EASE(regularization=5).fit(split.train), split, "again", 5, resamples=20
    ).promised.empty


def test_ratings_are_promises_too() -> None:
    rng = np.random.default_rng(0)
    rows = [(c, i) for c in range(30) for i in range(12)]
    frame = pd.DataFrame(rows, columns=["customer_id", "item_id"]).astype(str)
    frame["value"] = np.clip(rng.integers(1, 4, len(frame)) + (frame.index % 12) / 6, 1, 5)
    frame["occurred_at"] = [START + timedelta(hours=float(h)) for h in rng.uniform(0, 900, 360)]
    data = Interactions.of(frame)
    split = GlobalTemporal(cutoff=data.until - timedelta(days=10), window_days=10).splits(data)[0]
    found = evaluate(Bias().fit(split.train), split, "again", 5, resamples=20)
    rated = found.promised
    assert len(rated) == split.test["value"].notna().sum()
    assert np.sqrt(((rated["predicted"] - rated["observed"]) ** 2).mean()) == pytest.approx(
        found.summary["rmse"].value
    )
