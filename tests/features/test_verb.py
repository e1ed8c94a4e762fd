"""The verb end to end on a small shop: rows, parity, what is skipped, what is refused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import InstantiationException
from pydantic import ValidationError

from features.__main__ import main, read_settings
from features.pipeline import run
from features.profile.settings import DeepSettings, ProfileSettings
from features.settings import FeatureSettings
from features.store.reader import FeatureReader
from ingest.configuration import configuration
from ingest.store import Store
from ingest.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
START = datetime(2024, 1, 1, tzinfo=UTC)
ITEMS = ["green tea", "black coffee", "oat milk", "garden hose", "running shoes", "yoga mat"]
TEXTS = ["I love this", "this is terrible", "很好, 我很喜欢", "太差了, 退货", "it is all right"]


def settings(**chosen: Any) -> FeatureSettings:
    deep = DeepSettings(fewest=20, epochs=2, batch_size=64, negatives=8)
    return FeatureSettings(
        **{"snapshots": 3, "progress": False, "profile": ProfileSettings(deep=deep), **chosen}
    )


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, load: Any, bought: Any) -> Workspace:
    """Thirty customers, four months of purchases and some reviews."""
    workspace = Workspace(tmp_path_factory.mktemp("verb") / "shop")
    store = Store(workspace.store)
    random = np.random.default_rng(0)
    load(store, "items", [{"item_id": i, "title": i, "category": f"Shop > {i}"} for i in ITEMS])
    events, reviews = [], []
    for number in range(600):
        at = START + timedelta(days=float(random.uniform(0, 120)))
        who, item = f"c{random.integers(30):02}", ITEMS[random.integers(len(ITEMS))]
        events.append(bought(who, item, at, value=3.0, price=3.0, quantity=1.0))
        if number % 15 == 0:
            written = {"kind": "review", "text": TEXTS[number % 5], "occurred_at": at}
            known = at + timedelta(hours=2)
            reviews.append({"customer_id": who, "item_id": item, "available_at": known, **written})
    load(store, "events", events)
    load(store, "feedback", reviews)
    load(store, "customers", [{"customer_id": "lead"}])
    return workspace


@pytest.fixture(scope="module")
def first(shop: Workspace) -> list[tuple[str, int, float, str]]:
    return run(shop, settings()).lines


@pytest.mark.slow
def test_features_are_there_offline_and_online(
    shop: Workspace, first: list[tuple[str, int, float, str]]
) -> None:
    notes = {name: note for name, _, _, note in first}
    assert "acts, held-out loss" in notes["learned fusion"]
    reader = FeatureReader(shop)
    latest = START + timedelta(days=120)
    ids = [f"c{n:02}" for n in range(30)]
    offline, online = reader.customers(ids, as_of=latest), reader.customers(ids)
    for column in offline:
        for one, other in zip(offline[column], online[column], strict=True):
            np.testing.assert_equal(one, other)
    assert offline["purchases"].sum() == 600
    assert offline["texts"].sum() == 40
    assert all(len(vector) == 64 for vector in online["deep_vector"])
    items = reader.items(ITEMS, as_of=latest)
    assert items["purchases"].sum() == 600
    assert items["text_count"].sum() == 40
    assert all(np.linalg.norm(v) == pytest.approx(1, abs=1e-4) for v in items["item_vector"])
    earlier = reader.customers(ids, as_of=latest - timedelta(days=30))
    assert earlier["purchases"].sum() < 600
    lead = reader.customers(["lead"]).iloc[0]
    assert lead["stage"] == "lead"
    assert reader.customers(["lead"], as_of=latest - timedelta(days=30))["stage"].isna().all()


@pytest.mark.slow
def test_nothing_unchanged_is_computed_again(
    shop: Workspace, first: list[tuple[str, int, float, str]]
) -> None:
    again = run(shop, settings()).lines
    assert {note for _, _, _, note in again} == {"unchanged, skipped"}


@pytest.mark.slow
def test_one_more_time_computes_only_that_snapshot(
    shop: Workspace, first: list[tuple[str, int, float, str]], load: Any, bought: Any
) -> None:
    latest = START + timedelta(days=120)
    times = [f"{latest - timedelta(days=d):%Y-%m-%d}" for d in (60, 30, 15, 0)]
    lines = run(shop, settings(as_of=tuple(times))).lines
    skipped = [name for name, _, _, note in lines if note == "unchanged, skipped"]
    assert skipped == [f"snapshot {time}" for time in (times[0], times[1], times[3])]
    assert f"snapshot {times[2]}" in [name for name, *_ in lines]
    assert FeatureReader(shop).customers(["c00"]).loc["c00", "purchases"] > 0


@pytest.mark.slow
def test_too_little_to_learn_from_falls_back_and_says_so(
    make_workspace: Callable[..., Workspace], bought: Any
) -> None:
    events = [bought("a", "tea", START + timedelta(days=d)) for d in (0, 40, 80, 100)]
    workspace = make_workspace(events=events, items=[{"item_id": "tea", "title": "tea"}])
    lines = run(workspace, settings(profile=ProfileSettings())).lines
    (note,) = (note for name, _, _, note in lines if name == "learned fusion")
    assert "at least 500 are needed; the weighted profile stands in" in note
    row = FeatureReader(workspace).customer_online("a")
    np.testing.assert_array_equal(row["deep_vector"], row["profile_vector"])


@pytest.mark.slow
def test_items_and_customers_without_a_word_have_rows_but_no_vectors(
    make_workspace: Callable[..., Workspace], bought: Any
) -> None:
    events = [bought("a", "1", START + timedelta(days=d), kind="view") for d in range(3)]
    workspace = make_workspace(events=events)
    lines = run(workspace, settings(snapshots=4)).lines
    assert "learned fusion skipped: items have no vectors" in [note for *_, note in lines]
    row = FeatureReader(workspace).customer_online("a")
    assert row["purchases"] == 3
    assert row["profile_vector"] is None
    assert FeatureReader(workspace).items(["1"]).loc["1", "item_vector"] is None


@pytest.mark.slow
def test_the_verb_prints_what_it_did(
    shop: Workspace,
    first: list[tuple[str, int, float, str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    place = [f"data_dir={shop.root.parent}", f"workspace={shop.name}", "progress=false"]
    quick = ["as_of=latest", "text.topics=2", "profile.deep.enabled=false"]
    monkeypatch.setattr(sys, "argv", ["features", *place, *quick])
    main()
    printed = capsys.readouterr().out
    assert "Features of shop" in printed
    assert "snapshot 2024-04-30" in printed
    assert "learned fusion is switched off" in printed
    monkeypatch.setattr(sys, "argv", ["features", *place, "as_of=[soon]"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    assert "as_of 'soon': expected a time" in capsys.readouterr().err


def composed(*overrides: str) -> FeatureSettings:
    with initialize_config_dir(version_base=None, config_dir=configuration()):
        return read_settings(compose("features", overrides=list(overrides)))


def test_texts_can_be_analyzed_alone_and_without_vectors(shop: Workspace, tmp_path: Path) -> None:
    alone = Workspace(tmp_path / "alone")
    Store(alone.store).add("feedback", Store(shop.store).read("feedback"))
    fast = composed("only=text", "text=fast", "progress=false")
    ((stage, rows, _, note),) = run(alone, fast).lines
    assert (stage, rows) == ("text", Store(shop.store).read("feedback").num_rows)
    assert "sentiment" in note
    assert str(alone.features / "text") in note
    assert (alone.features / "text" / "labels.parquet").exists()
    assert not (alone.features / "views").exists()
    assert "nothing new" in run(alone, fast).lines[0][3]


def test_what_texts_alone_cannot_do_is_said(shop: Workspace, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no texts: load feedback or messages first"):
        run(Workspace(tmp_path / "empty"), composed("only=text"))
    with pytest.raises(ValueError, match="lacks embedding, which profiles are made of"):
        run(shop, composed("text=fast"))


def test_the_preset_of_the_demo_sets_its_times() -> None:
    chosen = composed("features_preset=completejourney")
    assert chosen.fit_until == "2017-11-01"
    assert chosen.as_of == ("2017-08-03", "2017-09-02", "2017-10-02", "2017-11-01", "latest")


def test_configuration_and_declared_defaults_agree() -> None:
    assert composed() == FeatureSettings()
    assert composed("online=redis").online.connection == "localhost:6379"
    assert composed("as_of=[2024-01-01,latest]").as_of == ("2024-01-01", "latest")


@pytest.mark.parametrize(
    "override",
    [
        "profile.alpha=0.9",
        "behavior.half_life_days=-1",
        "snapshots=none",
        "profile.rules.new_days=x",
    ],
)
def test_wrong_values_are_refused_before_work_starts(override: str) -> None:
    with pytest.raises((ValidationError, InstantiationException)):
        composed(override)


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "features", *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_mistakes_end_with_one_clear_line(tmp_path: Path) -> None:
    done = call(f"data_dir={tmp_path}", "workspace=nothing")
    assert done.returncode == 2
    assert "run python -m ingest first" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_shows_examples() -> None:
    done = call("--help")
    assert done.returncode == 0
    assert "python -m features features_preset=completejourney" in done.stdout
