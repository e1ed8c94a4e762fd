"""Side channels: they decide where the network looks, and never what it sees there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
import yaml
from pydantic import ValidationError

from tests.contracts.recommender import RecommenderContract, checkerboard
from tests.training.models.sequence.test_sasrec import SMALL, rounds
from tests.training.shop import KnownFeatures
from tests.training.shop import interactions as shop
from training.ids import IdMap
from training.interactions import Interactions
from training.models.base import Recommender
from training.models.sequence.channels import Side
from training.models.sequence.sasrec import SASRec

GOLDEN = Path(__file__).parents[3] / "golden" / "training" / "sasrec.yaml"
START = datetime(2024, 1, 1, tzinfo=UTC)
TAUGHT, ASKED = 240, 40


class Shelves:
    """Stands in for the feature reader: the first letter of an item's id is its category."""

    def __init__(self, **changed: Any) -> None:
        self.changed = changed

    def items(self, ids: Sequence[str], as_of: datetime | None = None) -> pd.DataFrame:
        del as_of
        shelves = [each[0] if each[0] in "ab" else None for each in ids]
        frame = pd.DataFrame({"category": shelves, "brand": None}, index=list(ids))
        return frame.assign(**self.changed)


def interactions_of(rows: Sequence[Sequence[tuple[str, float]]], items: set[str]) -> Interactions:
    """Give each customer a row of items with values, an hour apart."""
    events = [
        (f"c{number:03d}", item, START + timedelta(hours=hour), value)
        for number, row in enumerate(rows)
        for hour, (item, value) in enumerate(row)
    ]
    columns = ["customer_id", "item_id", "occurred_at", "value"]
    return Interactions.of(pd.DataFrame(events, columns=columns), items=IdMap.of(sorted(items)))


def two_shelves() -> tuple[Interactions, list[str]]:
    """Everybody takes a thing from each of two shelves, asks on one, and gets what goes with it.

    One in four gets it at once. Who is to be answered asks with an item of their own: only its
    category tells where to look.
    """
    random = np.random.default_rng(0)
    rows, answers = [], []
    for number in range(TAUGHT + ASKED):
        things = {shelf: f"{shelf}{random.integers(2)}" for shelf in "ab"}
        shelf = str(random.choice(["a", "b"]))
        asked = f"{shelf} asks {number if number >= TAUGHT else number % 40}"
        row = [*map(str, random.permutation(list(things.values()))), asked]
        answers.append(f"with {things[shelf]}")
        if number < TAUGHT:
            row = [*row, answers[-1]] if number % 4 else [things[shelf], answers[-1]]
        rows.append([(item, np.nan) for item in row])
    items = {item for row in rows for item, _ in row}
    return interactions_of(rows, items), answers[TAUGHT:]


def right_answers(model: SASRec, data: Interactions, answers: list[str]) -> float:
    """Return how often the best item of those asked last is the right one."""
    asked = data.customers.ids[-len(answers) :].tolist()
    return float((model.recommend(asked, 1)["item_id"] == answers).mean())


LEARNING: dict[str, Any] = SMALL | {
    "length": 4, "epochs": 20, "learning_rate": 0.03, "validation": False, "batch_items": 64,
    "channel_dimensions": 8, "seed": 3,
}  # fmt: skip


def test_a_category_decides_what_no_item_can() -> None:
    data, answers = two_shelves()
    features: Any = Shelves()
    without = SASRec(**LEARNING).fit(data, features)
    by_shelf = SASRec(**LEARNING, channels=["position", "category"]).fit(data, features)
    assert right_answers(without, data, answers) < 0.7, "one of two, by chance"
    assert right_answers(by_shelf, data, answers) > 0.95


def test_the_value_of_an_event_decides() -> None:
    random = np.random.default_rng(1)
    rows, answers = [], []
    for number in range(TAUGHT + ASKED):
        liked, disliked = random.permutation(8)[:2]
        row = [(f"a{liked}", 5.0), (f"a{disliked}", 1.0)][:: random.choice([1, -1])]
        answers.append(f"with a{liked}")
        rows.append([*row, (answers[-1], np.nan)][: 3 if number < TAUGHT else 2])
    data = interactions_of(rows, {item for row in rows for item, _ in row})
    by_value = SASRec(**LEARNING, channels=["position", "value"]).fit(data)
    assert right_answers(by_value, data, answers[TAUGHT:]) > 0.95
    without = SASRec(**LEARNING, channels=["position"]).fit(data)
    assert right_answers(without, data, answers[TAUGHT:]) < 0.7


class TestSASRecWithChannels(RecommenderContract):
    folds_in = True
    features: ClassVar[Any] = KnownFeatures()

    @pytest.fixture(scope="class")
    @classmethod
    def interactions(cls) -> Interactions:
        data = checkerboard()
        order = np.random.default_rng(0).permutation(len(data))
        times = np.sort(data.frame["occurred_at"].to_numpy())[order]
        return Interactions.of(data.frame.assign(occurred_at=times, available_at=times))

    @classmethod
    def make(cls) -> Recommender:
        channels = ["position", "category", "value", "price_band"]
        settings = SMALL | {"validation": False, "heads": 2, "channel_dimensions": 4}
        return SASRec(**settings, epochs=25, channels=channels, attribute_weight=0.1, seed=1)


def test_without_channels_scores_are_what_they_always_were() -> None:
    known = yaml.safe_load(GOLDEN.read_text())
    model = SASRec(**known["settings"], channels=[]).fit(rounds())
    np.testing.assert_allclose(model.scores(["c00", "c05"]), known["scores"], rtol=1e-3, atol=1e-4)
    plain = SASRec(**known["settings"]).fit(rounds())
    np.testing.assert_array_equal(plain.scores(["c00", "c05"]), model.scores(["c00", "c05"]))
    assert not [name for name in model._arrays() if "channel" in name or name == "marks"]


def test_fitted_channels_follow_events_through_saving_and_folding_in(tmp_path: Path) -> None:
    ratings = np.random.default_rng(0).integers(1, 6, (12, 6)).tolist()
    rows = [[(f"i{n}", float(rating)) for n, rating in enumerate(row)] for row in ratings]
    data = interactions_of(rows, {f"i{n}" for n in range(6)})
    settings = SMALL | {"epochs": 4, "batch_items": 10, "learning_rate": 0.05}
    model = SASRec(**settings, channels=["value", "position"]).fit(data)
    known = data.customers.ids.tolist()
    scores = model.scores(known)
    assert np.ptp(scores, axis=0).max() > 1e-3, "they had the same in the same order"
    model.save(tmp_path)
    np.testing.assert_array_equal(Recommender.load(tmp_path).scores(known), scores)
    strangers = model.scores([f"new {n}" for n in range(12)], histories=model.histories)
    assert np.isfinite(strangers).all()
    assert np.ptp(strangers, axis=0).max() < 1e-5, "nothing is known of the values of theirs"


def test_features_that_change_do_not_share_checkpoints(tmp_path: Path) -> None:
    data, _ = two_shelves()
    settings = LEARNING | {"epochs": 1, "checkpoints": str(tmp_path), "channels": ["category"]}
    for shelves in (Shelves(), Shelves(), Shelves(category="c")):
        SASRec(**settings).fit(data, shelves)  # type: ignore[arg-type]
    assert len(list(tmp_path.iterdir())) == 2


def test_telling_attributes_changes_what_is_learned() -> None:
    data, _ = two_shelves()
    features: Any = Shelves()
    settings = LEARNING | {"epochs": 1, "channels": ["category"], "precision": "bfloat16"}
    scores = [
        SASRec(**settings, attribute_weight=weight).fit(data, features).scores(["c000"])
        for weight in (0.0, 0.0, 5.0)
    ]
    np.testing.assert_array_equal(scores[0], scores[1])
    assert np.nanmax(np.abs(scores[0] - scores[2])) > 1e-3


def test_what_channels_say_is_numbered() -> None:
    data = shop()
    frame = KnownFeatures().items(data.items.ids.tolist())
    quantiles = np.linspace(0, 1, len(frame))
    quantiles[7] = np.nan

    class Priced(KnownFeatures):
        def items(self, *given: Any, **named: Any) -> pd.DataFrame:
            return super().items(*given, **named).assign(price_quantile=quantiles)

    side = Side.of(["brand", "price_band", "department"], data, Priced())  # type: ignore[arg-type]
    brands, bands, departments = side.items.T
    assert side.sizes == [4, 6, 5]
    assert side.events is None
    assert ((brands == 0) == frame["brand"].isna().to_numpy()).all()
    assert (departments == np.repeat([1, 2, 3, 4], 12)).all()
    assert bands[7] == 0
    assert np.delete(bands, 7)[[0, -1]].tolist() == [1, 5]
    assert (np.diff(np.delete(bands, 7)) >= 0).all()
    assert np.bincount(bands)[1:].min() >= 8


def test_values_are_ratings_or_cut_into_fifths() -> None:
    rows = [[(f"a{n}", float(n)) for n in range(5)] + [("a5", np.nan)]]
    side = Side.of(["value"], interactions_of(rows, {f"a{n}" for n in range(6)}), None)
    assert side.events is not None
    assert side.events.T.tolist() == [[1, 2, 3, 4, 5, 0]]
    rows = [[(f"a{n:02d}", float(n) ** 2) for n in range(20)]]
    side = Side.of(["value"], interactions_of(rows, {f"a{n:02d}" for n in range(20)}), None)
    assert side.events is not None
    assert side.events.T.tolist() == [np.repeat([1, 2, 3, 4, 5], 4).tolist()]


def test_the_channel_of_an_event_is_numbered() -> None:
    frame = rounds(2, 3).frame.assign(channel=["web", None, "app", "app", "web", "shop"])
    side = Side.of(["event_channel"], Interactions.of(frame), None)
    assert side.events is not None
    assert side.events.T.tolist() == [[3, 0, 1, 1, 3, 2]]
    assert side.sizes == [4]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"channels": ["color"]}, "Input should be 'position', 'department', .* 'event_channel'"),
        ({"channels": ["brand", "brand"]}, r"each once, received \['brand'\]"),
        ({"channels": ["brand"], "heads": 4, "channel_dimensions": 6}, "multiple of heads=4"),
        ({"channels": ["value"], "attribute_weight": 1.0}, "no attribute of items to predict"),
        ({"attribute_weight": -1.0}, "greater than or equal to 0"),
    ],
)
def test_wrong_settings_are_refused_before_work(settings: dict[str, Any], reason: str) -> None:
    with pytest.raises((ValueError, ValidationError), match=reason):
        SASRec(**settings)


@pytest.mark.parametrize(
    ("channels", "features", "reason"),
    [
        (["position", "brand"], None, "brand are read from item features and there are none; run"),
        (["brand", "category"], Shelves(), "no item has a known brand; .* category, leaf$"),
        (["price_band"], Shelves(category=None), "known of items here are: none"),
        (["value"], None, "value: no event has a value; leave it out"),
        (["event_channel"], None, "event_channel: no event has a channel; leave it out"),
    ],
)
def test_what_is_not_known_is_refused(channels: list[Any], features: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        SASRec(**SMALL, channels=channels).fit(two_shelves()[0], features)
