"""SASRec: the contract, order is learned, a killed fit goes on, too many items are refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as lightning
import torch
from pydantic import ValidationError

from tests.contracts.recommender import RecommenderContract, checkerboard
from tests.training.shop import KnownFeatures
from tests.training.shop import interactions as shop
from training.ids import IdMap
from training.interactions import Interactions
from training.models.base import Recommender
from training.models.fallback import WithFallback
from training.models.popular import RecentPopularity
from training.models.sequence import fit, size
from training.models.sequence.module import Curve, SequenceModule
from training.models.sequence.sasrec import SASRec
from training.tracking import plots

SMALL: dict[str, Any] = {
    "length": 12,
    "dimensions": 16,
    "blocks": 1,
    "batch_items": 64,
    "dropout": 0.0,
    "learning_rate": 0.01,
    "precision": "float32",
    "threads": 1,
}
START = datetime(2024, 1, 1, tzinfo=UTC)
ITEMS = 8


def rounds(customers: int = 24, events: int = 20) -> Interactions:
    """Everybody goes round the items, from their own start; the next item is always known."""
    rows = [
        (f"c{c:02d}", f"i{(c + n) % ITEMS}", START + timedelta(hours=n))
        for c in range(customers)
        for n in range(events)
    ]
    frame = pd.DataFrame(rows, columns=["customer_id", "item_id", "occurred_at"])
    return Interactions.of(frame)


class TestSASRec(RecommenderContract):
    folds_in = True

    @pytest.fixture(scope="class")
    @classmethod
    def interactions(cls) -> Interactions:
        """The checkerboard in random order: what comes next follows from those alike alone."""
        data = checkerboard()
        order = np.random.default_rng(0).permutation(len(data))
        times = np.sort(data.frame["occurred_at"].to_numpy())[order]
        return Interactions.of(data.frame.assign(occurred_at=times, available_at=times))

    @classmethod
    def make(cls) -> Recommender:
        return SASRec(**SMALL, epochs=20, validation=False, seed=1)


@pytest.mark.parametrize("loss", ["softmax", "sampled", "gbce"])
def test_what_comes_next_is_learned(loss: Literal["softmax", "sampled", "gbce"]) -> None:
    settings = SMALL | {"loss": loss, "negatives": 4, "epochs": 20, "learning_rate": 0.03}
    model = SASRec(**settings, patience=20, seed=2).fit(rounds())
    found = model.recommend([f"c{c:02d}" for c in range(24)], 1, exclude_seen=False)
    assert found["item_id"].tolist() == [f"i{(c + 20) % ITEMS}" for c in range(24)]
    assert model.diagnostics()["validation_ndcg@10"] > 0.9


def test_the_curve_tells_of_every_epoch_and_the_best_is_kept() -> None:
    model = SASRec(**SMALL, epochs=4, patience=4, seed=3).fit(rounds())
    curve = model.learning_curve()
    assert curve["epoch"].tolist() == [1, 2, 3, 4]
    assert (curve["minutes"].diff().dropna() > 0).all()
    found = model.diagnostics()
    assert found["validation_ndcg@10"] == curve["ndcg@10"].max()
    assert found["best_epoch"] == curve["epoch"][curve["ndcg@10"].idxmax()]
    assert found["epochs"] == 4


def test_it_stops_when_nothing_gets_better() -> None:
    settings = SMALL | {"learning_rate": 1e-12, "epochs": 20, "patience": 2}
    assert SASRec(**settings).fit(rounds(6, 6)).diagnostics()["epochs"] == 3


def test_without_validation_there_is_no_curve() -> None:
    model = SASRec(**SMALL, epochs=1, validation=False).fit(rounds(4, 4))
    assert model.diagnostics() == {}
    assert model.learning_curve().empty


class Killed(Curve):
    """Ends the process' work in the third epoch."""

    @property
    def state_key(self) -> str:
        """That of the curve, as which it is kept."""
        return Curve.__qualname__

    def on_train_epoch_start(self, trainer: lightning.Trainer, *_: object) -> None:
        if trainer.current_epoch == 2:
            raise KeyboardInterrupt


def test_a_killed_fit_goes_on_where_it_was_and_ends_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = SMALL | {"dropout": 0.2, "epochs": 4, "loss": "sampled", "negatives": 4}
    whole = SASRec(**settings).fit(rounds())
    steps: list[int] = []
    step = SequenceModule.training_step

    def counted(self: SequenceModule, batch: Any) -> torch.Tensor:
        steps.append(self.current_epoch)
        return step(self, batch)

    killed = SASRec(**settings, checkpoints=str(tmp_path))
    monkeypatch.setattr(fit, "Curve", Killed)
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        killed.fit(rounds())
    monkeypatch.setattr(fit, "Curve", Curve)
    monkeypatch.setattr(SequenceModule, "training_step", counted)
    resumed = SASRec(**settings, checkpoints=str(tmp_path)).fit(rounds())
    assert min(steps) == 2, "the first two epochs are not repeated"
    assert resumed.learning_curve()["epoch"].tolist() == [1, 2, 3, 4]
    customers = whole.customers.ids.tolist()
    np.testing.assert_array_equal(resumed.scores(customers), whole.scores(customers))


def test_other_data_or_settings_do_not_share_checkpoints(tmp_path: Path) -> None:
    for seed in (1, 2):
        SASRec(**SMALL, epochs=1, seed=seed, checkpoints=str(tmp_path)).fit(rounds(4, 4))
    SASRec(**SMALL, epochs=1, seed=1, checkpoints=str(tmp_path)).fit(rounds(5, 4))
    assert len(list(tmp_path.iterdir())) == 3


def test_items_start_from_their_texts() -> None:
    settings = SMALL | {"items_from": "text", "epochs": 1, "learning_rate": 1e-12}
    model = SASRec(**settings).fit(shop(), KnownFeatures())  # type: ignore[arg-type]
    close = model.similar_items(["i00"], 5)["similar_item_id"].tolist()
    kinds = KnownFeatures().items(["i00", *close])["item_vector"].map(np.argmax)
    assert len(set(kinds)) == 1, "items with the same text are alike before anything is learned"


def test_texts_are_asked_for_where_there_are_some() -> None:
    model = SASRec(**SMALL, items_from="text", epochs=1)
    with pytest.raises(ValueError, match="has no features; use random"):
        model.fit(rounds(4, 4))

    class Wordless(KnownFeatures):
        def items(self, *given: Any, **named: Any) -> pd.DataFrame:
            return super().items(*given, **named).assign(item_vector=None)

    with pytest.raises(ValueError, match="no item has a text vector"):
        model.fit(shop(), Wordless())  # type: ignore[arg-type]


def test_items_nobody_had_are_not_scored() -> None:
    data = rounds(6, 4)
    more = Interactions.of(data.frame, items=IdMap.of(["never", *data.items.ids]))
    model = SASRec(**SMALL, epochs=1, validation=False).fit(more)
    missing = np.isnan(model.scores(["c00"])[0])
    assert model.items.ids[missing].tolist() == ["never"]


def test_one_event_each_teaches_nothing() -> None:
    with pytest.raises(ValueError, match="nobody has two events"):
        SASRec().fit(rounds(4, 1))


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        ({}, r"model\.loss=sampled"),
        ({"loss": "sampled"}, r"model\.dimensions or model\.negatives"),
    ],
)
def test_refuses_what_does_not_fit_in_memory(
    settings: dict[str, Any], advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(size, "available_bytes", lambda: 1_000)
    with pytest.raises(MemoryError, match=rf"8 items need .* {advice}.* or use model=als"):
        SASRec(**settings).fit(rounds(8, 8))


def test_wrong_parameters_are_refused_before_work() -> None:
    with pytest.raises(ValidationError):
        SASRec(dropout=1.0)
    with pytest.raises(ValueError, match="multiple of heads=3"):
        SASRec(heads=3)


def test_the_curve_is_drawn_over_minutes_with_its_best_epoch() -> None:
    curve = pd.DataFrame({"epoch": [1, 2, 3], "minutes": [0.5, 1.0, 1.5], "ndcg@10": [1, 3, 2]})
    axes = plots.learning(curve.astype(float)).axes[0]
    drawn, best = axes.lines
    np.testing.assert_array_equal(drawn.get_xdata(), [0.5, 1.0, 1.5])
    np.testing.assert_array_equal([best.get_xdata(), best.get_ydata()], [[1.0], [3.0]])
    assert best.get_label() == "epoch 2: 3.0000"


def test_a_model_with_a_fallback_shows_its_own_curve() -> None:
    model = SASRec(**SMALL, epochs=2).fit(rounds(4, 4))
    behind = WithFallback(primary=model, fallback=RecentPopularity())
    pd.testing.assert_frame_equal(behind.learning_curve(), model.learning_curve())
    assert RecentPopularity().learning_curve().empty
