"""The two towers: the contract, fusion, cold customers and items, sampling, stopping, resuming."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from scipy.sparse import csr_matrix

from features.profile.fusion import WeightedFusion
from tests.contracts.recommender import RecommenderContract, checkerboard
from tests.training.shop import ITEMS, KINDS, KnownFeatures, interactions
from training.interactions import Interactions
from training.models.base import Recommender
from training.models.two_tower.batches import Sampler
from training.models.two_tower.fusion import fused, means
from training.models.two_tower.goods import Content, Sales, microseconds, standardized
from training.models.two_tower.model import TwoTower
from training.models.two_tower.people import Scaling
from training.models.two_tower.windows import Window, windows_of

READER = cast("Any", KnownFeatures())
SMALL: dict[str, Any] = {
    "dimensions": 8, "hidden": 8, "batch_size": 40, "learning_rate": 0.03, "windows": 3,
    "even_negatives": 8, "dropout": 0.1, "cold": 0.1, "l2": 1e-5, "epochs": 10,
}  # fmt: skip


def kinds_of(items: pd.Series[str]) -> set[int]:
    return {int(item[1:]) // (ITEMS // KINDS) for item in items}


@pytest.mark.slow
class TestTwoTower(RecommenderContract):
    folds_in = True
    features = READER

    @classmethod
    def make(cls) -> Recommender:
        return TwoTower(seed=1, **SMALL | {"epochs": 40, "patience": 40, "batch_size": 12})

    @pytest.fixture(scope="class")
    @classmethod
    def interactions(cls) -> Interactions:
        """The checkerboard in mixed order: what comes next is learned from what came before."""
        frame = checkerboard().frame
        order = np.random.default_rng(0).permutation(len(frame))
        mixed = frame.assign(**{name: frame[name].to_numpy()[order] for name in TIMES})
        return Interactions.of(mixed)


TIMES = ("occurred_at", "available_at")


@pytest.fixture(scope="module")
def shop() -> Interactions:
    """The shop, whose catalog also holds two items of each kind that nobody had yet."""
    known = interactions()
    new = {f"i{kind * ITEMS // KINDS + place:02d}" for kind in range(KINDS) for place in (3, 8)}
    frame = known.frame[~known.frame["item_id"].isin(new)]
    return Interactions.of(frame, until=known.until, items=known.items)


@pytest.fixture(scope="module")
def fitted(shop: Interactions) -> TwoTower:
    return cast("TwoTower", TwoTower(**SMALL).fit(shop, READER))


def new_items(shop: Interactions) -> list[str]:
    support = np.bincount(shop.csr().indices, minlength=len(shop.items))
    return [str(item) for item in shop.items.ids[support == 0]]


def test_items_nobody_had_are_ranked_by_their_content(shop: Interactions, fitted: TwoTower) -> None:
    table = fitted.recommend(["c002", "c003"], 2, candidates=new_items(shop))
    assert kinds_of(table[table["customer_id"] == "c002"]["item_id"]) == {2}
    assert kinds_of(table[table["customer_id"] == "c003"]["item_id"]) == {3}


def test_customers_without_history_are_ranked_by_their_profile(
    fitted: TwoTower, tmp_path: Path
) -> None:
    assert fitted.recommend(["c901"], 5).empty
    table = fitted.recommend(["c000", "c901"], 5, exclude_seen=False, features=READER)
    assert kinds_of(table[table["customer_id"] == "c901"]["item_id"]) == {901 % KINDS}
    assert len(table) == 10
    asked = ["i00", "i13", "i14", "no such item"]
    history = csr_matrix(([np.float32(1)], ([0], [13])), shape=(1, ITEMS))
    few = fitted.recommend(["c901"], 9, candidates=asked, histories=history, features=READER)
    assert few["item_id"].tolist() == ["i14", "i00"]
    fitted.save(tmp_path)
    again = TwoTower.load(tmp_path).recommend(
        ["c000", "c901"], 5, exclude_seen=False, features=READER
    )
    pd.testing.assert_frame_equal(again, table)


def test_a_history_alone_finds_items_of_its_kind(shop: Interactions) -> None:
    alone = SMALL | {"cold": 0.3, "epochs": 40, "patience": 40}
    model = cast("TwoTower", TwoTower(**alone).fit(shop, READER))
    strangers = [f"stranger {row}" for row in range(40)]
    histories = model.histories[: len(strangers)]
    table = model.recommend(strangers, 3, histories=histories, exclude_seen=False)
    kinds = table.groupby("customer_id", sort=False)["item_id"].agg(kinds_of)
    right = [kinds[stranger] == {row % KINDS} for row, stranger in enumerate(strangers)]
    assert np.mean(right) > 0.8  # 0.33 where profiles are never hidden


@pytest.mark.slow
def test_without_features_histories_and_items_are_left(shop: Interactions) -> None:
    model = TwoTower(**SMALL | {"epochs": 20, "patience": 20}).fit(shop)
    table = model.recommend(["c001", "c002"], 2, exclude_seen=False)
    assert kinds_of(table[table["customer_id"] == "c002"]["item_id"]) == {2}
    support = np.bincount(shop.csr().indices, minlength=len(shop.items))
    assert np.isnan(model.scores(["c001"])[0]).tolist() == (support == 0).tolist()


class OnlyBehavior(KnownFeatures):
    """Mood and topics are the same for everyone: only behavior tells the kind."""

    def customers(self, ids: Any, as_of: Any = None, service: str = "ranker_v1") -> Any:
        found = super().customers(ids, as_of, service)
        for name in ("sentiment_vector", "topic_vector", "topic_shares"):
            found[name] = [np.eye(KINDS, dtype=np.float32)[3]] * len(found)
        return found


@pytest.mark.slow
def test_weights_decide_the_ranking(shop: Interactions) -> None:
    reader = cast("Any", OnlyBehavior())
    strangers = ["c900", "c901", "c902"]

    def tops(alpha: float, beta: float) -> list[str]:
        model = TwoTower(fusion="weighted", alpha=alpha, beta=beta, gamma=0.0, **SMALL).fit(
            shop, reader
        )
        assert model.diagnostics()["share_behavior"] == pytest.approx(alpha)
        found: list[str] = model.recommend(strangers, 1, features=reader)["item_id"].tolist()
        return found

    by_behavior, by_mood = tops(0.9, 0.1), tops(0.0, 1.0)
    assert [int(item[1:]) // (ITEMS // KINDS) for item in by_behavior] == [0, 1, 2]
    assert len(set(by_mood)) == 1, "everyone's mood is the same"


@pytest.mark.slow
def test_gates_learn_which_block_tells_something(shop: Interactions) -> None:
    model = TwoTower(**SMALL | {"cold": 0.5}).fit(shop, cast("Any", OnlyBehavior()))
    shares = {k: v for k, v in model.diagnostics().items() if k.startswith("share_")}
    assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
    assert max(shares, key=lambda name: shares[name]) == "share_behavior"


def test_serving_knows_that_it_reads_features() -> None:
    assert TwoTower.reads_features


def test_weights_must_sum_to_one() -> None:
    with pytest.raises(ValueError, match=r"alpha=0\.5 \+ beta=0\.25 \+ gamma=0\.15"):
        TwoTower(alpha=0.5)
    with pytest.raises(ValidationError):
        TwoTower(alpha=1.2, beta=-0.2, gamma=0)


@pytest.mark.parametrize("fusion", ["weighted", "gated"])
def test_numpy_fusion_equals_that_of_keras(fusion: Any, shop: Interactions) -> None:
    from training.models.two_tower.learning import Fitting, Lesson

    model = TwoTower(fusion=fusion, **SMALL)
    windows, scaling = cut(shop)
    content = Content.of(shop, READER)
    fitting = Fitting(model, Lesson(windows, content, np.ones(ITEMS, dtype=bool), scaling.edges))
    portraits = windows[0].portraits
    portraits.present[0] = [True, False, True]
    portraits.present[1] = False
    nothing = csr_matrix((len(portraits.columns), ITEMS), dtype=np.float32)
    expected = fitting.network.customers(fitting.customers(portraits, nothing), training=False)
    found, shares = fused(fitting.network.arrays(), portraits, scaling.edges, model.weights)
    np.testing.assert_allclose(np.nan_to_num(found), np.asarray(expected), rtol=1e-4, atol=1e-6)
    assert np.isnan(found[1]).all()
    np.testing.assert_allclose(shares[0].sum(), 1, rtol=1e-5)
    assert shares[0, 1] == 0
    assert not shares[1].any()
    if model.weights is not None:
        assert isinstance(model.weights, WeightedFusion)
        np.testing.assert_allclose(shares[0], [0.8, 0, 0.2], rtol=1e-5)


def cut(shop: Interactions, *, repeats: bool = False) -> tuple[list[Window], Scaling]:
    scaling, _ = Scaling.of(shop.customers.ids.tolist(), shop.until, READER)
    return windows_of(shop, 3, Sales(shop), scaling, READER, repeats=repeats), scaling


def test_windows_know_only_what_came_before(shop: Interactions) -> None:
    reader = KnownFeatures()
    scaling, _ = Scaling.of(shop.customers.ids.tolist(), shop.until, READER)
    windows = windows_of(shop, 3, Sales(shop), scaling, cast("Any", reader), repeats=False)
    starts = [moment for moment in reader.asked if moment is not None]
    assert len(windows) == len(starts) == 3
    for window, start in zip(windows, starts, strict=True):
        before = shop.before(start)
        assert (
            window.past.nnz
            == before.where(
                before.frame["customer_id"].isin(shop.customers.ids[window.customers]).to_numpy()
            )
            .csr("binary")
            .nnz
        )
        assert not window.past.multiply(window.chosen).nnz
        assert (np.diff(window.chosen.indptr) > 0).all()
    sizes = np.diff([*(len(shop.before(start)) for start in starts), len(shop)])
    assert np.ptp(sizes) <= 2, "windows hold equally many events"
    again, _ = cut(shop, repeats=True)
    assert again[2].chosen.nnz > windows[2].chosen.nnz


def test_sales_are_those_until_the_moment(shop: Interactions) -> None:
    middle = shop.frame["occurred_at"].sort_values().iloc[len(shop) // 2].to_pydatetime()
    whole, past = Sales(shop), Sales(Interactions.of(shop.before(middle).frame, items=shop.items))
    moment = microseconds(middle)
    np.testing.assert_array_equal(whole.until(moment), past.until(moment))
    assert np.abs(whole.until(moment) - whole.until(microseconds(shop.until))).max() > 0.1


def test_sampled_sums_are_those_over_all_items(shop: Interactions) -> None:
    """Averaged over batches, corrected sums of exp(score) equal the sum over what is alive."""
    windows, _ = cut(shop)
    window, sampler = windows[1], Sampler(TwoTower(**SMALL))
    scores = np.random.default_rng(0).normal(size=ITEMS)
    random = np.random.default_rng(1)
    sums = []
    for _ in range(400):
        rows = np.sort(random.permutation(len(window.customers))[:16]).astype(np.int32)
        batch = sampler.batch(window, rows, random)
        sums.append(np.exp(scores[batch.items] - batch.choices.others).sum())
    assert np.mean(sums) == pytest.approx(np.exp(scores[window.alive]).sum(), rel=0.04)


def test_accidental_hits_are_what_the_customer_had_or_chose(shop: Interactions) -> None:
    windows, _ = cut(shop)
    for window, batch in Sampler(TwoTower(**SMALL)).epoch(windows, 0):
        had = (window.past + window.chosen)[batch.rows].toarray()[:, batch.items] > 0
        np.testing.assert_array_equal(batch.choices.hits, had)
        row, item = batch.choices.pairs.T
        assert window.chosen[batch.rows].toarray()[row, batch.items[item]].all()
        assert ((window.past[batch.rows] > 0).toarray() >= (batch.history > 0).toarray()).all()
        lengths = np.asarray(batch.history.sum(axis=1)).ravel()
        np.testing.assert_allclose(lengths[lengths > 0], 1, rtol=1e-5)


def test_the_newest_window_judges_and_is_learned_at_the_end(
    shop: Interactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw, learned = Sampler.epoch, []

    def noted(self: Sampler, windows: Any, number: int) -> Any:
        learned.append(len(windows))
        return draw(self, windows, number)

    monkeypatch.setattr(Sampler, "epoch", noted)
    model = TwoTower(**SMALL | {"epochs": 3, "patience": 1}).fit(shop, READER)
    found = model.diagnostics()
    tried, kept = int(found["epochs"]), int(found["best_epoch"])
    assert learned == [2] * tried + [3] * kept
    curve = model.learning_curve()
    assert curve["epoch"].tolist() == list(range(1, tried + 1))
    assert curve["epoch"][curve["ndcg@100"].idxmax()] == kept


@pytest.mark.slow
def test_goes_on_where_a_killed_fit_was(
    shop: Interactions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = SMALL | {"epochs": 4, "patience": 4}
    whole = TwoTower(**settings).fit(shop, READER)
    draw, seen = Sampler.epoch, []

    def killed(self: Sampler, windows: Any, number: int) -> Any:
        seen.append((len(windows), number))
        if len(seen) in {3, 7}:
            raise KeyboardInterrupt
        return draw(self, windows, number)

    monkeypatch.setattr(Sampler, "epoch", killed)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            TwoTower(checkpoints=str(tmp_path), **settings).fit(shop, READER)
    again = TwoTower(checkpoints=str(tmp_path), **settings).fit(shop, READER)
    best = int(whole.diagnostics()["best_epoch"])
    assert best == 4, "or the second kill would not be among the last epochs"
    assert seen == [(2, n) for n in (0, 1, 2, 2, 3)] + [(3, n) for n in (0, 1, 1, 2, 3)]
    np.testing.assert_allclose(again.scores(["c000"]), whole.scores(["c000"]), rtol=1e-4)
    assert not list(tmp_path.iterdir())


def test_nothing_new_to_learn_is_refused() -> None:
    frame = pd.concat([checkerboard(6).frame.head(1)] * 6, ignore_index=True)
    frame["occurred_at"] += pd.to_timedelta(np.arange(6), unit="h")
    data = Interactions.of(frame.drop(columns="available_at"))
    with pytest.raises(ValueError, match=r"none of 3 windows .* or repeats=true"):
        TwoTower(**SMALL).fit(data)
    model = TwoTower(repeats=True, **SMALL).fit(data)
    assert len(model.recommend(data.customers.ids.tolist(), 1, exclude_seen=False)) == 1


def test_missing_features_are_zeros(shop: Interactions) -> None:
    class Poor(KnownFeatures):
        def customers(self, ids: Any, as_of: Any = None, service: str = "ranker_v1") -> Any:
            return super().customers(ids, as_of, service)[["mood"]] * np.nan

    ids = shop.customers.ids.tolist()
    scaling, known = Scaling.of(ids, shop.until, READER)
    assert known.present.all()
    poor = scaling.read(ids, None, cast("Any", Poor()))
    assert poor.columns.shape == known.columns.shape
    assert not poor.present.any()
    assert not poor.columns.any()
    assert Content.of(shop, None).known.tolist() == [False] * ITEMS
    assert standardized(np.zeros((0, 3), dtype=np.float32)).shape == (0, 3)
    both = csr_matrix(np.array([[1, 1], [0, 0]], dtype=np.float32))
    np.testing.assert_array_equal(means(both).toarray(), [[0.5, 0.5], [0, 0]])
