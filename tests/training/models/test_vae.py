"""MultVAE: the contract, scores equal to what Keras computes, stopping, resuming, memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.contracts.recommender import RecommenderContract, checkerboard
from training.interactions import Interactions
from training.models import vae
from training.models.base import Recommender
from training.models.vae import MultVAE
from training.models.vae_layers import unit_rows

SMALL: dict[str, Any] = {
    "dimensions": 4, "hidden": 8, "batch_size": 8, "learning_rate": 0.02, "l2": 1e-5,
    "dropout": 0.3, "beta": 0.05,
}  # fmt: skip


class TestMultVAE(RecommenderContract):
    folds_in = True

    @classmethod
    def make(cls) -> Recommender:
        return MultVAE(epochs=30, patience=30, seed=1, **SMALL)

    def test_reports_what_was_held_out(self, fitted: MultVAE) -> None:
        found = fitted.diagnostics()
        assert 0.3 < found["validation_ndcg"] <= 1
        assert 1 <= found["best_epoch"] <= found["epochs"] <= 30
        curve = fitted.learning_curve()
        assert curve["epoch"].tolist() == list(range(1, 31))
        assert (curve["minutes"].diff().dropna() > 0).all()
        assert curve["ndcg@100"].max() == found["validation_ndcg"]
        assert curve["epoch"][curve["ndcg@100"].idxmax()] == found["best_epoch"]


def test_numpy_scores_equal_those_of_keras() -> None:
    from training.models.vae_keras import Network, _sparse

    data = checkerboard(8)
    model = MultVAE(epochs=1, **SMALL).fit(data)
    network = Network(model, 8)
    rows = data.csr("binary")[[1, 4]]
    noise = np.zeros((2, 4), dtype=np.float32)
    expected, mean, log_variance = network.read(_sparse(unit_rows(rows)), noise)
    assert mean.shape == log_variance.shape == (2, 4)
    state = network.arrays() | {"diagnostics": model._state["diagnostics"]}
    model._restore(state)
    found = model.scores(["c001", "c004"])
    np.testing.assert_allclose(found, np.asarray(expected), rtol=1e-4, atol=1e-6)


def test_stops_when_nothing_gets_better() -> None:
    model = MultVAE(epochs=50, patience=2, **SMALL | {"learning_rate": 1e-9}).fit(checkerboard())
    assert model.diagnostics()["epochs"] == 3
    assert model.diagnostics()["best_epoch"] == 1


def test_goes_on_where_a_killed_fit_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from training.models import vae_keras

    data, settings = checkerboard(), SMALL | {"epochs": 6, "patience": 6}
    whole = MultVAE(**settings).fit(data)
    orders, judged = vae_keras._dropped, []

    def killed(batch: Any, share: float, random: Any) -> Any:
        judged.append(share)
        if len(judged) == 3 * 3 + 1:  # three epochs of three batches are over
            raise KeyboardInterrupt
        return orders(batch, share, random)

    monkeypatch.setattr(vae_keras, "_dropped", killed)
    with pytest.raises(KeyboardInterrupt):
        MultVAE(checkpoints=str(tmp_path), **settings).fit(data)
    assert len(list(tmp_path.iterdir())) == 1
    again = MultVAE(checkpoints=str(tmp_path), **settings).fit(data)
    assert len(judged) == 3 * 3 + 1 + 3 * 3, "only the epochs that were missing"
    np.testing.assert_allclose(again.scores(["c000"]), whole.scores(["c000"]), rtol=1e-5)
    assert again.diagnostics() == whole.diagnostics()
    curve = again.learning_curve()
    assert curve["ndcg@100"].tolist() == whole.learning_curve()["ndcg@100"].tolist()
    assert (curve["minutes"].diff().dropna() > 0).all(), "minutes go on where they were"
    assert not list(tmp_path.iterdir()), "a finished fit leaves nothing behind"


def test_progress_belongs_to_one_fit(tmp_path: Path) -> None:
    from training.models.keras_fit import progress_file

    data = checkerboard(8)
    files = {
        progress_file(MultVAE(checkpoints=str(tmp_path)), data),
        progress_file(MultVAE(checkpoints=str(tmp_path), seed=1), data),
        progress_file(MultVAE(checkpoints=str(tmp_path)), checkerboard(10)),
        progress_file(MultVAE(checkpoints=str(tmp_path)), data, np.ones(1)),
    }
    assert len(files) == 4
    assert progress_file(MultVAE(), data) is None


def test_refuses_what_does_not_fit_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vae, "available_bytes", lambda: 4 * 24 * (2 * 6 * 10 + 4 * 8))
    MultVAE(hidden=10, batch_size=8)._refuse_too_large(24)
    with pytest.raises(MemoryError, match=r"over 24 items .* hidden to at most 10, .* model=als"):
        MultVAE(hidden=11, batch_size=8).fit(checkerboard())
    with pytest.raises(MemoryError, match="set batch_size lower"):
        MultVAE(hidden=11, batch_size=80).fit(checkerboard())


def test_one_item_each_leaves_nothing_to_hold_out() -> None:
    frame = checkerboard(6).frame.drop_duplicates("customer_id")
    model = MultVAE(epochs=3, patience=1, **SMALL).fit(Interactions.of(frame))
    found = model.diagnostics()
    assert np.isnan(found["validation_ndcg"])
    assert found["epochs"] == found["best_epoch"] == 3
    assert model.learning_curve().empty
