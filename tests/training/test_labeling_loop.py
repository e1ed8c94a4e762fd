"""The loop: examples, proposals, labels, a better classifier, a worse one, and back."""

from __future__ import annotations

import csv
import shutil
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pyarrow.parquet as pq
import pytest

from ingest.load import load
from ingest.sources.labels import Labels
from ingest.store import Store
from tests.training.labeled import TAXONOMY, WORDS, Shop, truth
from training import label as labeling
from training import promote, verb
from training.classify.corpus import place
from training.classify.registry import ClassifierRegistry
from training.tracking.store import TrackingStore

QUICK = ("classifier.curve=2", "classifier.resamples=200")


def call(module: Any, *arguments: str) -> None:
    """Call a verb as from the command line."""
    before = sys.argv
    sys.argv = [module.__name__, *arguments]
    try:
        module.main()
    finally:
        sys.argv = before


def fill_in(sheet: Path, words: Collection[str]) -> None:
    """Answer what was proposed, as somebody would who knows these words and no others."""
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        known = any(word in row["text"] for word in words)
        row["label"] = truth(row["text"]) if known else ""
    with sheet.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


class Loop:
    """What happened, step by step; tests look at it."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.store = TrackingStore(shop.tracking)
        self.labeled: list[int] = []
        self.told: list[dict[str, Any]] = []
        self.sheets: list[list[dict[str, str]]] = []

    def analyze(self) -> None:
        self.shop.analyze(TAXONOMY)
        found = orjson.loads((self.shop.folder / "labels.json").read_bytes())
        self.told.append(found[TAXONOMY])

    def label(self, count: int, words: Collection[str]) -> None:
        sheet = self.shop.data / "sheet.csv"
        more = [f"count={count}", f"out={sheet}", "proposals.alike=0.9999", "annotator=ann"]
        call(labeling, *self.shop.arguments(f"taxonomy={TAXONOMY}", *more))
        with sheet.open(encoding="utf-8-sig", newline="") as file:
            self.sheets.append(list(csv.DictReader(file)))
        fill_in(sheet, words)
        store = Store(self.shop.workspace.store)
        found = load(Labels(path=str(sheet)), store, self.shop.workspace.rejected, progress=False)
        self.labeled.append(found.tables["labels"].accepted)

    def train(self, *overrides: str) -> float:
        given = ("task=classifier", f"taxonomy={TAXONOMY}", *QUICK, *overrides)
        return verb.train(self.shop.config("training", *given), "")

    def promote(self, *overrides: str) -> None:
        call(promote, *self.shop.arguments(f"taxonomy={TAXONOMY}", *overrides))


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory, blank_store: Path) -> Loop:
    """Somebody explained one word a label, and the classifier of it was promoted."""
    tracking = tmp_path_factory.mktemp("runs")
    shutil.copy(blank_store, tracking / "mlflow.db")
    found = Loop(Shop(tmp_path_factory.mktemp("labeled"), tracking))
    found.analyze()
    found.label(180, [words[0] for words in WORDS.values()])
    found.train("classifier=trained")
    found.promote()
    found.analyze()
    return found


def test_a_first_classifier_replaces_the_starter(loop: Loop) -> None:
    assert loop.labeled[0] == 90
    assert [told["tier"] for told in loop.told[:2]] == ["starter", "trained"]
    registry = ClassifierRegistry("shop", TAXONOMY, loop.store)
    champion = registry.champion()
    assert champion is not None
    assert champion.tags["data_hash"]
    assert "better than the starter" in champion.tags["verdict"]
    client = loop.store.client()
    found = client.get_run(champion.tags["run"])
    assert found.data.metrics["macro_f1"] > 0.9
    assert found.data.metrics["starter/macro_f1"] < 0.6
    assert found.data.metrics["language/en/accuracy"] == found.data.metrics["accuracy"]
    assert found.data.params["classifier.tier"] == "trained"
    kept = {Path(each.path).name for each in client.list_artifacts(champion.tags["run"])}
    assert kept >= {"report.json", "held_out.parquet", "plots", "config.json", "agreement.json"}
    report = orjson.loads(
        (loop.shop.data / "reports" / f"classifier-shop-{TAXONOMY}.json").read_bytes()
    )
    assert {row["metric"] for row in report} >= {"macro_f1", "accuracy"}


def test_the_registered_model_answers_texts(loop: Loop) -> None:
    mlflow = loop.store.connect()
    model = mlflow.pyfunc.load_model(f"models:/huaxiang-shop-{TAXONOMY}@champion")
    found = model.predict(pd.DataFrame({"text": ["the zork in the hall since noon"]}))
    assert found["label"].tolist() == ["after_sales"]


def test_the_model_agrees_with_people_on_what_it_was_not_fitted_on(
    loop: Loop, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = loop.shop.arguments(f"taxonomy={TAXONOMY}", "agreement=true")
    capsys.readouterr()
    call(labeling, *asked)
    told = capsys.readouterr().out
    labeled = [text for text in loop.shop.texts if any(w[0] in text for w in WORDS.values())]
    held = sum(place(text) < 0.2 for text in labeled)
    assert 0 < held < 30 < len(labeled) == 90
    assert f"model (trained) and people: 90 texts have labels of both, {held} of them count" in told
    assert "Its run held out 20% of the labeled texts" in told
    assert f"model and the label of most: {held} texts, too few for a figure" in told

    elsewhere = loop.shop.data / "no_runs"
    call(labeling, *[f"tracking.folder={elsewhere}" if a.startswith("tracking.") else a
                     for a in asked])  # fmt: skip
    told = capsys.readouterr().out
    assert "90 texts have labels of both, 90 of them count. No registered run tells" in told
    assert "model and the label of most: Cohen's kappa " in told


def test_the_loop_goes_on_refuses_a_worse_one_and_goes_back(
    loop: Loop, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        loop.promote()
    assert refused.value.code == 1
    assert "It is the champion already." in capsys.readouterr().out

    loop.label(70, [word for words in WORDS.values() for word in words])
    new = [row["text"] for row in loop.sheets[1]]
    assert loop.labeled[1] == len(new) == 70
    assert all(words[0] not in text for text in new for words in WORDS.values())
    assert loop.train("classifier=trained") > 0.9
    loop.promote()
    assert "better than the champion (version 1, trained tier)" in capsys.readouterr().out
    loop.analyze()
    rows = pq.read_table(loop.shop.folder / "labels.parquet").to_pylist()
    right = [row["label"] == truth(text) for row, text in zip(rows, loop.shop.texts, strict=True)]
    assert sum(right) / len(right) > 0.9

    loop.train("classifier=few_shot")
    with pytest.raises(SystemExit) as worse:
        loop.promote()
    assert worse.value.code == 1
    assert "It is not surely better than the champion (version 2" in capsys.readouterr().out
    loop.analyze()
    loop.promote("rollback=true")
    assert "version 2 steps down, version 1 sorts texts again" in capsys.readouterr().out
    loop.analyze()
    versions = [told["version"] for told in loop.told]
    assert versions[2] == versions[3] != versions[1] == versions[4]
