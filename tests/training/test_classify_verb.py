"""Fitting and promoting classifiers from the outside: files of one's own, refusals, sweeps."""

from __future__ import annotations

import csv
import shutil
import sys
from pathlib import Path

import orjson
import pytest

from features.text.taxonomy.chosen import FOLDER
from tests.training.labeled import WORDS, Shop, sentences
from training import label, promote, verb
from training.classify.gate import ClassifierVerdict, judge_classifier
from training.gate import GateError
from training.metrics import Interval
from training.registry import Version
from training.tracking import sweep
from training.tracking.store import TrackingStore


@pytest.fixture
def shop(tmp_path: Path, blank_store: Path) -> Shop:
    tracking = tmp_path / "mlruns"
    tracking.mkdir()
    shutil.copy(blank_store, tracking / "mlflow.db")
    return Shop(tmp_path, tracking)


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """Labeled texts of no taxonomy, some of them of none of the labels."""
    rows = [(text, words[0]) for words in WORDS.values() for text in sentences(words[0])]
    rows += [(text, "unknown") for text in sentences("moon")[:12]]
    path = tmp_path / "mine.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    return path


def train(shop: Shop, *overrides: str) -> float:
    given = ("task=classifier", "classifier.resamples=100", *overrides)
    return verb.train(shop.config("training", *given), "")


def test_labels_of_no_taxonomy_are_learned_and_promoted(
    shop: Shop, labels: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert train(shop, f"labels={labels}", "classifier.curve=3") > 0.9
    store = TrackingStore(shop.tracking)
    (run,) = store.client().search_runs([store.experiment("shop", "classifier")])
    assert run.data.tags["taxonomy"] == "mine"
    assert {"folds/few-shot", "folds/trained", "folds/fused"} <= set(run.data.metrics)
    assert "served/unknown_recall" in run.data.metrics
    path = store.client().download_artifacts(run.info.run_id, "report.json")
    report = orjson.loads(Path(path).read_bytes())
    assert [row["label"] for row in report["labels"]] == sorted(w[0] for w in WORDS.values())
    counts = [point["labels"] for point in report["curve"]]
    assert counts == sorted(counts)
    verdict = judge_classifier(store, shop.workspace, "mine")
    monkeypatch.setattr(sys, "argv", ["promote", *shop.arguments("name=mine")])
    if verdict.passed:
        promote.main()
        assert (shop.folder / FOLDER / "mine" / "classifier.json").is_file()
    else:  # the starter knows five examples of each word: it may be as good
        with pytest.raises(SystemExit):
            promote.main()
        assert not (shop.folder / FOLDER).exists()
    assert verdict.words.splitlines()[-1] in capsys.readouterr().out


@pytest.mark.parametrize(
    ("overrides", "code", "told"),
    [
        ((), 2, "labels=FILE name=NAME"),
        (("taxonomy=finance", "classifier.held_out=3"), 2, "held_out"),
        (("labels=some file.csv",), 2, "give name=NAME"),
        (("labels=none.csv",), 1, "expected a file, received none.csv"),
        (("taxonomy=finance",), 1, "no labels of finance yet"),
        (("taxonomy=finance", "workspace=No"), 2, "workspace"),
    ],
)
def test_refusals_name_the_setting(
    shop: Shop, capsys: pytest.CaptureFixture[str], overrides: tuple[str, ...], code: int, told: str
) -> None:
    with pytest.raises(SystemExit) as end:
        train(shop, *overrides)
    assert end.value.code == code
    assert told in capsys.readouterr().err


def test_in_a_sweep_a_failing_job_lets_the_others_go_on(shop: Shop) -> None:
    callback = sweep.SweepCallback()
    callback.on_multirun_start(shop.config("training"))
    value = train(shop, "labels=none.csv")
    assert value != value  # noqa: PLR0124  (NaN)
    running = sweep.current()
    assert running is not None
    assert "none.csv" in running.failures[0]
    with pytest.raises(SystemExit, match="1"):
        callback.on_multirun_end(shop.config("training"))


def test_there_is_nothing_to_judge_before_a_run(
    shop: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(GateError, match="task=classifier taxonomy=finance"):
        judge_classifier(TrackingStore(shop.tracking), shop.workspace, "finance")
    for more, told in (("rollback=false", "no classifier"), ("rollback=true", "no promoted")):
        monkeypatch.setattr(sys, "argv", ["promote", *shop.arguments("taxonomy=finance", more)])
        with pytest.raises(SystemExit) as end:
            promote.main()
        assert end.value.code == 2
        assert told in capsys.readouterr().err


def test_proposals_need_texts_and_good_settings(
    shop: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for overrides, told in (
        (["workspace=empty"], "python -m features workspace=empty"),
        (["count=0"], "greater than or equal to 1"),
    ):
        monkeypatch.setattr(sys, "argv", ["label", *shop.arguments(), *overrides])
        with pytest.raises(SystemExit) as end:
            label.main()
        assert end.value.code == 2
        assert told in capsys.readouterr().err


def test_agreement_is_told_where_there_is_none(
    shop: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["label", *shop.arguments("agreement=true")])
    label.main()
    assert "no text was labeled by two people yet" in capsys.readouterr().out


def verdict(low: float, served_high: float) -> ClassifierVerdict:
    return ClassifierVerdict(
        version=Version(2, "r", "s"),
        workspace="shop",
        taxonomy="finance",
        tier="fused",
        value=0.8,
        opponent="the champion (version 1, trained tier)",
        difference=Interval(0.05, low, 0.1, 90),
        served=Interval(served_high - 0.1, served_high - 0.2, served_high, 90),
    )


def test_a_better_order_behind_a_worse_threshold_does_not_lead() -> None:
    assert verdict(0.01, 0.02).passed
    assert not verdict(-0.01, 0.02).passed
    worse = verdict(0.01, -0.02)
    assert not worse.passed
    assert "With unknown as an answer it is worse: -0.1200" in worse.words
    assert worse.words.endswith("Not promoted.")
