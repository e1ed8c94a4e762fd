"""Retraining on a schedule: refreshed, replaced, kept, rolled back, or nothing to do."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from filelock import FileLock

from ingest.schemas import TABLES
from ingest.store import Store
from ingest.workspace import Workspace
from serving.batch import run as batch
from serving.champion import open_champion
from tests.training.conftest import Bench
from tests.training.shop import CUSTOMERS, DAYS, ITEMS, KINDS, START
from tests.training.test_promote import log, run_named
from training import retrain as verb
from training.gate import judge
from training.interactions import Interactions
from training.newer import newer_than, top_with_newer
from training.promotion import promote
from training.registry import OvertakenError, Registry, Version, load_champion
from training.runner import forget

Kind = Callable[[int], int]
WINDOW = 20


def own(customer: int) -> int:
    """Buy what one always bought."""
    return customer % KINDS


def turned(customer: int) -> int:
    """Buy what others always bought."""
    return (customer + 2) % KINDS


def bought(bench: Bench, first: int, days: int, kind: Kind, *, each: int = 8) -> None:
    """Load ``each`` purchases a customer in ``days`` from day ``first`` on, of their one kind."""
    rng = np.random.default_rng(first)
    rows = [
        (
            f"c{customer:03d}",
            f"i{kind(customer) * (ITEMS // KINDS) + int(rng.integers(ITEMS // KINDS)):02d}",
            START + timedelta(days=first, seconds=int(rng.random() * days * 86_400)),
        )
        for customer in range(CUSTOMERS)
        for _ in range(each)
    ]
    # the window ends at the midnight after the last event
    rows.append(("c000", "i00", START + timedelta(days=first + days, seconds=-1)))
    frame = pd.DataFrame(rows, columns=["customer_id", "item_id", "occurred_at"])
    frame["available_at"] = frame["occurred_at"]
    frame["event_id"] = [f"n{first}-{n}" for n in range(len(frame))]
    frame["source"], frame["kind"] = "shop", "purchase"
    schema = TABLES["events"].schema
    empty = {name: pa.nulls(len(frame), schema.field(name).type) for name in schema.names}
    given = {n: pa.array(frame[n], schema.field(n).type) for n in frame.columns}
    Store(Workspace.named("shop", bench.data).store).add("events", pa.table(empty | given))
    forget()


def champion_of(bench: Bench, model: str = "ease", **settings: object) -> Version:
    """Train popularity and ``model``, and make the latter champion as promotion does."""
    forget()
    given = [f"model.{name}={value}" for name, value in settings.items()]
    plans = [
        bench.plan("model=popular", "task=again", name="popular"),
        bench.plan(f"model={model}", "task=again", *given, name=model),
    ]
    parent = bench.store.client().create_run(bench.store.experiment("shop", "again"))
    log(bench, *plans, parent=parent.info.run_id, bundle=False)
    verdict = judge(bench.store, "shop", "again")
    assert verdict.model == model
    return promote(bench.store, verdict)


def batch_version(bench: Bench) -> object:
    """Return the version that the batch job takes."""
    place = {"data_dir": bench.data, "tracking": {"folder": bench.tracking}}
    manifest = batch.run(batch.BatchSettings.model_validate({"workspace": "shop", **place, "k": 3}))
    assert manifest["customers"] == CUSTOMERS
    told: Any = manifest["model"]
    return told["version"]


class Command:
    """Calls the verb and reads what it said."""

    def __init__(
        self, bench: Bench, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.bench, self._patch, self._capsys = bench, patch, capsys
        self.out = self.err = ""

    def __call__(self, *overrides: str) -> int:
        place = [f"data_dir={self.bench.data}", f"tracking.folder={self.bench.tracking}"]
        self._patch.setattr(sys, "argv", ["retrain", "workspace=shop", *place, *overrides])
        with pytest.raises(SystemExit) as end:
            verb.main()
        self.out, self.err = self._capsys.readouterr()
        return int(end.value.code or 0)

    @property
    def tags(self) -> dict[str, str]:
        """Tags of the latest call."""
        store = self.bench.store
        found = store.client().search_runs(
            [store.experiment("shop", "again")], "tags.role = 'retrain'", max_results=1
        )
        return dict(found[0].data.tags)

    @property
    def champion(self) -> Version:
        found = Registry("shop", self.bench.store).champion()
        assert found is not None
        return found


@pytest.fixture
def call(
    own_bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    return Command(own_bench, monkeypatch, capsys)


def test_new_data_refresh_an_unchanged_configuration_and_serving_sees_it(call: Command) -> None:
    first = champion_of(call.bench)
    assert call() == 0
    assert "Nothing new: no table changed since version 1 was fitted" in call.out
    bought(call.bench, DAYS, WINDOW, own)
    assert call() == 0, call.err
    assert "Watch: version 1 (ease) has no version before it" in call.out
    assert "It is not surely worse than version 1 (ease) as it is served: " in call.out
    assert "Guard coverage@20: held (" in call.out
    assert "It is the champion's configuration, on newer data.\n" in call.out
    assert "Refreshed: version 2 (ease) serves in place of version 1 (ease)" in call.out
    second = call.champion
    assert second.number == first.number + 1
    assert second.tags["model_key"] == first.tags["model_key"]
    bundle = load_champion("shop", call.bench.store)
    assert bundle.trained_until == START + timedelta(days=DAYS + WINDOW)
    assert bundle.split == f"global-{START + timedelta(days=DAYS):%Y-%m-%d}-{WINDOW}d"
    engine = open_champion(
        Workspace.named("shop", call.bench.data), registered=Registry("shop", call.bench.store)
    )
    assert engine.facts.version == "2"
    assert engine.rank(["c000"], 5).table(engine.catalog).num_rows == 5
    assert batch_version(call.bench) == "2"
    assert call() == 0
    assert "Nothing new: no table changed since the retrain of" in call.out
    assert call.champion.number == 2
    assert call("force=true") == 0
    assert "version 2 (ease) cannot be judged: the newest window, global-2024-04-30-20d" in call.out
    assert "It is the champion's configuration on the champion's data." in call.out
    assert "Kept: version 2 (ease) serves on" in call.out
    assert call.tags["outcome"] == "kept"


def test_a_better_challenger_replaces_the_champion(call: Command) -> None:
    champion_of(call.bench, "ease", max_items=9)
    bought(call.bench, DAYS, 5, own, each=2)
    assert call("refresh=judged") == 0, call.err
    assert "Kept: version 1 (ease) serves on; it is too young to be judged" in call.out
    assert call("challengers=[ease,popular]") == 0, call.err
    assert "Watch: version 1 (ease) cannot be judged: the newest window" in call.out
    assert "It is better than the champion (version 1, ease): +" in call.out
    assert "Replaced: version 2 (ease) serves in place of version 1 (ease)" in call.out
    assert call.champion.tags["model_key"] != ""
    store, tags = call.bench.store, call.tags
    assert (tags["outcome"], tags["exit_code"], tags["champion_after"]) == ("replaced", "0", "2")
    run = store.client().get_run(call.champion.tags["evaluated_by"])
    assert run.data.tags["role"] == "retrained"
    assert run.data.tags["sweep"] == tags["of_sweep"]
    path = store.client().download_artifacts(call.out.split()[-1], "verdict.md")
    paragraphs = Path(path).read_text(encoding="utf-8").rstrip("\n").split("\n\n")
    assert "\n".join([*paragraphs, "kept as run"]) in call.out  # a sentence each


def test_a_challenger_that_is_no_better_does_not_keep_new_data_out(call: Command) -> None:
    """The configurations differ by nothing that shows: the later of two equal runs is the best."""
    champion_of(call.bench, "ease", regularization=500.001)
    bought(call.bench, DAYS, WINDOW, own)
    assert call("challengers=[ease]") == 0, call.err
    no_better = "It is not surely better than the champion (version 1, ease): +0.0000"
    assert call.out.index(no_better) < call.out.index("It is the champion's configuration")
    assert "Refreshed: version 2 (ease) serves in place of version 1 (ease)" in call.out
    parameters = load_champion("shop", call.bench.store).config["model"]
    assert parameters["regularization"] == 500.001


def test_who_does_not_beat_popularity_any_more_is_kept_and_named(call: Command) -> None:
    """All that was learned of tastes is gone: everybody buys the same few items."""
    champion_of(call.bench)
    bought(call.bench, DAYS, WINDOW, lambda _: 0, each=30)
    bought(call.bench, DAYS + WINDOW, WINDOW, lambda _: 0, each=30)
    assert call() == 0, call.err
    assert "not surely better than popular" in call.out
    assert "Kept: version 1 (ease) serves on" in call.out
    assert call.champion.number == 1
    assert call.tags["verdict"].endswith("may take its place.")


@pytest.fixture
def after_a_fad(call: Command) -> Command:
    """Version 1 knows tastes; version 2 was made champion while all bought one kind of items."""
    champion_of(call.bench)
    bought(call.bench, DAYS, WINDOW, lambda _: 0, each=6)
    plans = [call.bench.plan("model=popular", "model.days=10", "task=again", name="popular")]
    log(call.bench, *plans, bundle=False)
    run_id = run_named(call.bench, "popular")
    verdict = judge(call.bench.store, "shop", "again")
    promote(call.bench.store, replace(verdict, run_id=run_id, model="popular"))
    assert call.champion.number == 2
    return call


def test_a_champion_that_became_worse_is_rolled_back(after_a_fad: Command) -> None:
    call = after_a_fad
    bought(call.bench, DAYS + WINDOW, WINDOW - 1, own)
    assert call() == 0, call.err
    assert "Watch: version 2 (popular) cannot be judged: the newest window" in call.out
    assert call.champion.number == 2
    bought(call.bench, DAYS + 2 * WINDOW - 1, 1, own, each=1)
    assert call() == 0, call.err
    assert "version 2 (popular) reached recall@20 0." in call.out
    assert "the champion is surely worse than the version before it, -0." in call.out
    assert "Rolled back: version 1 serves again in place of version 2." in call.out
    assert call.champion.number == 1
    assert call.tags["outcome"] == "rolled back"
    assert load_champion("shop", call.bench.store).name == "ease"
    store = call.bench.store
    served = store.client().search_runs(
        [store.experiment("shop", "again")], "tags.role = 'served'", max_results=10
    )
    assert {run.data.tags["version"] for run in served} == {"1", "2"}
    assert len({run.data.tags["split_hash"] for run in served}) == 1
    assert call() == 0
    assert "Nothing new: " in call.out
    assert "(rolled back)" in call.out


def test_what_is_only_watched_is_not_rolled_back(after_a_fad: Command) -> None:
    call = after_a_fad
    bought(call.bench, DAYS + WINDOW, WINDOW, own)
    assert call("watch=false", "challengers=[content]") == 1
    assert "surely worse" in call.out
    assert "Failed: content: " in call.out, "a challenger that fails is named, the others judged"
    assert "Kept: version 2 (popular) serves on" in call.out
    assert (call.champion.number, call.tags["exit_code"]) == (2, "1")


def test_a_champion_is_asked_as_the_endpoint_asks_it(own_bench: Bench) -> None:
    champion_of(own_bench)
    bought(own_bench, DAYS, WINDOW, turned)
    place = Workspace.named("shop", own_bench.data)
    engine = open_champion(place, registered=Registry("shop", own_bench.store))
    engine.overlay.refresh(Store(place.store), engine.facts.trained_until)
    customers = ["c000", "c001", "nobody"]
    expected = engine.rank(customers, 10)
    train = Interactions.from_store(Store(place.store), kinds=["purchase"])
    since = newer_than(engine.model, train)
    assert len(since) == CUSTOMERS * 8 + 1
    asked = {"exclude_seen": False, "candidates": None}
    found, fallback = top_with_newer(engine.model, since, customers, 10, **asked)
    assert np.array_equal(found.items, expected.items)
    assert np.array_equal(fallback, expected.fallback)
    before = engine.model.top(customers, 10, exclude_seen=False)[0]
    assert not np.array_equal(found.items, before.items), "newer events change the answer"


def test_two_at_once_do_not_both_promote(call: Command) -> None:
    version = champion_of(call.bench)
    registry = Registry("shop", call.bench.store)
    with FileLock(call.bench.tracking / "huaxiang-shop.retrain.lock"):
        assert call("force=true") == 0
    assert "Busy: another retrain of this workspace is at work." in call.out
    assert call.tags["outcome"] == "busy"
    with pytest.raises(OvertakenError, match="version 7 was to be replaced, but version 1 serves"):
        registry.promote(version.source, over=7)
    with pytest.raises(OvertakenError):
        registry.rollback(over=7)
    assert call.champion.number == 1


def test_wrong_settings_end_with_2(call: Command) -> None:
    assert call() == 2
    assert "has no champion to retrain" in call.err
    champion_of(call.bench)
    assert call("force=true", "metric=recall@99") == 2
    assert "metric: expected one of" in call.err
    assert call.tags["outcome"] == "failed"
    assert call("challengers=[magic]") == 2
    assert "model=magic" in call.err
    assert call("split.window_days=0") == 2
    assert "split.window_days: Input should be greater than 0, received 0" in call.err
    assert call("force=true", "split.window_days=900") == 1
    assert "Failed: split global-" in call.out
    assert call.champion.number == 1
