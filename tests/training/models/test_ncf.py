"""Neural CF: the contract, both networks, ratings, and scores equal to what Keras computes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np
import pandas as pd
import pytest

from tests.contracts.recommender import RecommenderContract, checkerboard
from training.evaluate import evaluate
from training.interactions import Interactions
from training.models.base import Recommender
from training.models.ncf import NCF
from training.models.ncf_keras import _inputs, build_network
from training.models.ncf_pairs import Pairs
from training.splits import LeaveLastOut

SMALL = {"dimensions": 8, "batch_size": 64, "patience": 40, "learning_rate": 0.02, "dropout": 0.0}


@pytest.mark.slow
class TestDot(RecommenderContract):
    @classmethod
    def make(cls) -> Recommender:
        return NCF(epochs=40, seed=1, **SMALL)  # type: ignore[arg-type]

    def test_reports_errors_of_held_out_pairs(self, fitted: NCF) -> None:
        found = fitted.diagnostics()
        assert 0 < found["validation_mse"] < 0.25
        assert 0 < found["validation_mae"] < 0.5
        assert found["epochs"] == fitted.epochs
        curve = fitted.learning_curve()
        assert curve["epoch"].tolist() == list(range(1, fitted.epochs + 1))
        assert (curve["minutes"].diff().dropna() > 0).all()
        assert curve["loss"].iloc[-1] < curve["loss"].iloc[0]


@pytest.mark.slow
class TestMLP(TestDot):
    @classmethod
    def make(cls) -> Recommender:
        return NCF(interaction="mlp", hidden=(16, 8), epochs=60, seed=2, **SMALL)  # type: ignore[arg-type]


@pytest.mark.parametrize("interaction", ["dot", "mlp"])
def test_numpy_scores_equal_those_of_keras(
    interaction: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.models import ncf_keras

    networks = []

    def remember(model: NCF, pairs: Pairs) -> object:
        networks.append(build_network(model, pairs))
        return networks[0]

    monkeypatch.setattr(ncf_keras, "build_network", remember)
    data = checkerboard(8)
    model = NCF(interaction=interaction, epochs=2, batch_size=8, dimensions=4).fit(data)  # type: ignore[arg-type]
    pairs = Pairs.of(data.csr(), negatives=4, validation=0.1, seed=0)
    inputs, _ = _inputs(pairs.held_out)
    expected = np.asarray(networks[0](inputs))
    customers = data.customers.ids[pairs.held_out.customers]
    for place in range(5):
        items = data.items.ids[pairs.held_out.items[:, place]]
        found = model.predict(customers.tolist(), items.tolist())
        np.testing.assert_allclose(found, expected[:, place], rtol=1e-4)
    scores = model.scores(customers.tolist())
    at = scores[np.arange(len(customers)), pairs.held_out.items[:, 0]]
    order = np.argsort(expected[:, 0])
    by_customer = [model.predict([c], [model.items.ids[0]])[0] for c in customers]
    assert np.isfinite(at[order]).all()
    assert len(set(np.round(by_customer, 6))) > 1


@pytest.mark.slow
@pytest.mark.parametrize("interaction", ["dot", "mlp"])
def test_learns_ratings_on_their_own_scale(interaction: str) -> None:
    rng = np.random.default_rng(0)
    rows = [
        (f"c{c:02d}", f"i{i:02d}", 4.5 if (c + i) % 2 else 1.5)
        for c in range(30)
        for i in rng.permutation(30)[:20]
    ]
    frame = pd.DataFrame(rows, columns=["customer_id", "item_id", "value"])
    start = datetime(2024, 1, 1, tzinfo=UTC)
    frame["occurred_at"] = [start + timedelta(minutes=i) for i in range(len(frame))]
    split = LeaveLastOut().splits(Interactions.of(frame))[0]
    model = NCF(target="rating", interaction=interaction, epochs=80, seed=0, **SMALL)  # type: ignore[arg-type]
    found = evaluate(model.fit(split.train), split, "again", 5)
    assert found.summary["rmse"].value < 1.0
    assert found.summary["mae"].value < 0.9
    assert model.predicts_ratings
    assert np.isnan(model.predict(["nobody", "c00"], ["i00", "nothing"])).all()


def test_few_pairs_are_shown_often_and_many_as_often_as_one_asks() -> None:
    batch, epochs = NCF().schedule(5_500)
    assert batch == 110
    assert epochs * 5_500 >= 2_400_000 > (epochs - 1) * 5_500
    assert NCF().schedule(1_000_000) == (8_192, 6)
    assert NCF().schedule(300)[0] == 64
    assert NCF(batch_size=16, epochs=3).schedule(5_500) == (16, 3)


@pytest.mark.parametrize("interaction", ["dot", "mlp"])
def test_what_is_not_learned_yet_is_the_mean(interaction: Literal["dot", "mlp"]) -> None:
    frame = checkerboard(8).frame
    data = Interactions.of(frame.assign(value=np.where(np.arange(len(frame)) % 4 == 0, 1.0, 5.0)))
    model = NCF(
        target="rating", interaction=interaction, epochs=1, learning_rate=1e-9, validation=0.01
    ).fit(data)
    frame = data.frame
    found = model.predict(frame["customer_id"].tolist(), frame["item_id"].tolist())
    np.testing.assert_allclose(found, frame["value"].mean(), atol=0.1)


def test_penalties_do_not_decide_when_to_stop() -> None:
    data = Interactions.of(
        checkerboard(8).frame.assign(value=lambda f: np.arange(len(f)) % 5 + 1.0)
    )
    model = NCF(target="rating", epochs=3, l2=1.0, dimensions=4).fit(data)
    assert isinstance(model, NCF)
    width = 5.0 - 1.0
    best = model.learning_curve()["loss"].min()
    assert best == pytest.approx(model.diagnostics()["validation_mse"] / width**2, rel=1e-5)


def test_equal_ratings_teach_nothing() -> None:
    data = Interactions.of(checkerboard(6).frame.assign(value=3.0))
    with pytest.raises(ValueError, match=r"all ratings are 3\.0"):
        NCF(target="rating").fit(data)


def test_sampled_items_are_new_to_the_customer() -> None:
    data = checkerboard(12)
    matrix = data.csr()
    pairs = Pairs.of(matrix, negatives=3, validation=0.2, seed=0)
    epoch = pairs.epoch(np.random.default_rng(1))
    dense = matrix.toarray()
    assert (dense[epoch.customers, epoch.items[:, 0]] == 1).all()
    for place in range(1, 4):
        assert (dense[epoch.customers, epoch.items[:, place]] == 0).all()
    held, learned = (
        set(zip(part.customers.tolist(), part.items[:, 0].tolist(), strict=True))
        for part in (pairs.held_out, epoch)
    )
    assert not held & learned
    assert len(held) + len(learned) == matrix.nnz
