"""Fine-tuning learns, stops, resumes, averages and is kept exactly; shown on a tiny encoder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import pytorch_lightning as lightning
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from numpy.typing import NDArray

from features.text.attacks.augment import AugmentSettings
from features.text.classifier.examples import Labeled
from features.text.transformer.encoder import load_encoder
from features.text.transformer.finetuned import FinetunedClassifier
from tests.training.conftest import CONF
from tests.training.text.tiny import LABELS, questions
from training.text.data import Part, bucketed, split_off
from training.text.finetune import fit_finetuned, temperature_of
from training.text.fit import fit_head, fit_member
from training.text.module import FinetuneModule
from training.text.settings import FinetuneSettings


@pytest.fixture(scope="module")
def fitted(settings: FinetuneSettings) -> FinetunedClassifier:
    thorough = settings.model_copy(
        update={"train_embeddings": True, "encoder_rate": 1e-2, "epochs": 10, "patience": 9}
    )
    return fit_finetuned(questions(30), settings=thorough, seed=1, outside=["the"] * 8)


def share_right(classifier: FinetunedClassifier, examples: Labeled) -> float:
    said = classifier.probabilities(examples.texts).argmax(axis=1)
    return float((said == examples.numbers()).mean())


def part(each: int, seed: int = 0) -> Part:
    examples = questions(each, seed)
    return Part(examples.texts, examples.numbers())


def test_training_the_encoder_learns_what_a_frozen_one_cannot_tell(
    settings: FinetuneSettings, fitted: FinetunedClassifier
) -> None:
    unseen = questions(30, seed=5)
    frozen = fit_finetuned(
        questions(30), settings=settings.model_copy(update={"trained": "head"}), seed=1
    )
    assert share_right(fitted, unseen) > 0.75
    assert share_right(fitted, unseen) > share_right(frozen, unseen) + 0.15


def test_it_has_the_face_of_a_text_classifier(fitted: FinetunedClassifier) -> None:
    assert (fitted.labels, fitted.tier) == (LABELS, "finetuned")
    texts = ["courier with parcel", "refund the fee", "courier with parcel"]
    probabilities = fitted.probabilities(texts)
    assert probabilities.shape == (3, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(probabilities[0], probabilities[2], atol=1e-6)
    table = fitted.with_threshold(0.0).predict(texts)
    assert table.column_names == ["label", "confidence"]
    best = [LABELS[place] for place in probabilities.argmax(axis=1)]
    assert table["label"].to_pylist() == best
    assert best[0] == "delivery"
    assert table["confidence"].to_numpy() == pytest.approx(probabilities.max(axis=1), abs=1e-6)
    sure = fitted.with_threshold(1.01).predict(texts)
    assert set(sure["label"].to_pylist()) == {"unknown"}
    assert fitted.predict([]).schema.types == [pa.string(), pa.float32()]
    assert len(fitted.predict([])) == 0


def test_texts_that_were_held_out_calibrate_and_decide_the_threshold(
    fitted: FinetunedClassifier,
) -> None:
    assert fitted.quality is not None
    assert fitted.quality.texts == 18  # a fifth of 90
    assert fitted.quality.outside_recall is not None
    assert 0 < fitted.threshold <= 1
    scores = np.array([[4.0, 0.0]] * 10, dtype=np.float32)  # says .98, is right in 7 of 10
    labels = np.array([0] * 7 + [1] * 3)
    assert 4 / temperature_of(scores, labels) == pytest.approx(np.log(7 / 3), abs=0.01)


def test_saved_and_loaded_it_is_the_same_and_damage_is_noticed(
    fitted: FinetunedClassifier, tmp_path: Path
) -> None:
    texts = questions(2, seed=9).texts
    fitted.save(tmp_path / "kept")
    loaded = FinetunedClassifier.load(tmp_path / "kept")
    np.testing.assert_array_equal(loaded.probabilities(texts), fitted.probabilities(texts))
    assert (loaded.version, loaded.quality) == (fitted.version, fitted.quality)
    weights = tmp_path / "kept" / "member_0" / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ValueError, match="fit it again"):
        FinetunedClassifier.load(tmp_path / "kept")
    with pytest.raises(FileNotFoundError, match=r"classifier\.json"):
        FinetunedClassifier.load(tmp_path / "nothing")


class Killed(lightning.Callback):
    """Ends a fit after its second epoch, as losing power would."""

    def on_train_epoch_start(self, trainer: lightning.Trainer, *_: object) -> None:
        if trainer.current_epoch == 2:
            raise KeyboardInterrupt


def test_a_killed_fit_goes_on_where_it_was_and_ends_the_same(
    settings: FinetuneSettings, tmp_path: Path
) -> None:
    augmented = settings.model_copy(update={"augment": AugmentSettings(share=0.5)})
    learned, held = part(8), part(3, seed=4)
    seen: list[int] = []

    class Count(lightning.Callback):
        def on_train_epoch_start(self, trainer: lightning.Trainer, *_: object) -> None:
            seen.append(trainer.current_epoch)

    def fit(folder: Path, callback: lightning.Callback) -> NDArray[np.float32]:
        member, _ = fit_member(
            learned, held, classes=3, settings=augmented, seed=2, folder=folder,
            callbacks=(callback,),
        )  # fmt: skip
        return member.scores(held.texts)

    with pytest.raises((KeyboardInterrupt, SystemExit)):
        fit(tmp_path / "broken", Killed())
    resumed = fit(tmp_path / "broken", Count())
    assert seen[0] == 2, "the first two epochs are not repeated"
    np.testing.assert_array_equal(resumed, fit(tmp_path / "whole", Count()))


def test_seeds_differ_and_their_average_is_between(settings: FinetuneSettings) -> None:
    quick = settings.model_copy(update={"epochs": 1, "held_out": 0.0})
    texts = questions(4, seed=8).texts
    one, two = (
        fit_finetuned(questions(6), settings=quick, seed=seed).probabilities(texts)
        for seed in (4, 5)
    )
    both = fit_finetuned(
        questions(6), settings=quick.model_copy(update={"members": 2}), seed=4
    ).probabilities(texts)
    assert not np.array_equal(one, two)
    np.testing.assert_allclose(both, (one + two) / 2, atol=1e-6)


@pytest.mark.parametrize(("trained", "moved"), [("all", "matrices"), ("bias", "biases")])
def test_only_what_is_to_be_trained_moves(
    settings: FinetuneSettings, tiny: Path, trained: str, moved: str
) -> None:
    before = load_encoder(tiny, max_tokens=12).bert.state_dict()
    quick = settings.model_copy(update={"trained": trained, "epochs": 1})
    member, _ = fit_member(part(4), None, classes=3, settings=quick, seed=1)
    after = member.encoder.bert.state_dict()
    changed = {name for name in before if not before[name].equal(after[name])}
    assert changed
    assert not any(name.startswith("embeddings.word") for name in changed)
    assert all(name.endswith(".bias") for name in changed) == (moved == "biases")


def test_layers_below_move_slower_and_only_matrices_shrink(
    settings: FinetuneSettings, tiny: Path
) -> None:
    wide = settings.model_copy(update={"train_embeddings": True, "layer_decay": 0.5})
    module = FinetuneModule(
        load_encoder(tiny, max_tokens=12), np.zeros((16, 3), np.float32),
        np.zeros(3, np.float32), settings=wide, steps=10, seed=0,
    )  # fmt: skip
    top = settings.encoder_rate
    rates = {(group["lr"], group["weight_decay"]) for group in module.groups()}
    expected = {top, top / 2, top / 4, settings.head_rate}
    assert sorted({rate for rate, _ in rates}) == pytest.approx(sorted(expected))
    for group in module.groups():
        assert all((p.ndim > 1) == (group["weight_decay"] > 0) for p in group["params"])
    schedule = module.configure_optimizers()["lr_scheduler"]["scheduler"]
    factors = [schedule.lr_lambdas[0](step) for step in range(11)]
    assert factors[0] == 1.0  # a warm-up of one step
    assert factors[10] == 0.0
    assert factors == sorted(factors, reverse=True)


def test_training_stops_when_the_held_out_part_gets_no_better(
    settings: FinetuneSettings, tmp_path: Path
) -> None:
    learned = part(6)
    wrong = Part(learned.texts, (learned.labels + 1) % 3)  # the better learned, the worse
    seen: list[int] = []

    class Count(lightning.Callback):
        def on_train_epoch_start(self, trainer: lightning.Trainer, *_: object) -> None:
            seen.append(trainer.current_epoch)

    patient = settings.model_copy(update={"epochs": 20, "patience": 1, "encoder_rate": 1e-2})
    fit_member(learned, wrong, classes=3, settings=patient, seed=1, callbacks=(Count(),))
    assert len(seen) < 10


def test_batches_hold_every_text_once_and_little_padding() -> None:
    lengths = np.random.default_rng(0).integers(3, 40, 500)
    batches = bucketed(lengths, 16, seed=1)
    assert sorted(np.concatenate(batches).tolist()) == list(range(500))
    padded = sum(len(rows) * lengths[rows].max() for rows in batches)
    blind = sum(16 * lengths[s : s + 16].max() for s in range(0, 500, 16))
    assert padded < 1.15 * lengths.sum() < blind
    other = bucketed(lengths, 16, seed=2)
    assert any(a.tolist() != b.tolist() for a, b in zip(batches, other, strict=True))


def test_a_held_out_part_has_every_label_or_is_not_split_off() -> None:
    rest, held = split_off(part(10), 0.2, seed=0)
    assert held is not None
    assert (len(rest.texts), len(held.texts)) == (24, 6)
    assert set(held.labels.tolist()) == {0, 1, 2}
    assert not set(held.texts) & set(rest.texts) or len(set(part(10).texts)) < 30
    assert split_off(part(10), 0.0, seed=0)[1] is None
    assert split_off(part(1), 0.3, seed=0)[1] is None


@pytest.mark.parametrize("path", sorted((CONF / "finetune").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_configuration_is_valid(path: Path) -> None:
    with initialize_config_dir(str(CONF), version_base=None):
        config = compose(config_name=f"finetune/{path.stem}")
    node = config.finetune
    found = instantiate(node, _convert_="object")
    assert isinstance(found, FinetuneSettings)
    assert set(node) - {"_target_"} == set(FinetuneSettings.model_fields)


def test_two_classes_a_random_head_and_a_validation_set_of_its_own(
    settings: FinetuneSettings,
) -> None:
    rows = questions(8).take(range(16))  # the first two classes
    quick = settings.model_copy(update={"probe_first": False, "epochs": 2})
    found = fit_finetuned(rows, settings=quick, seed=1, validation=questions(4, 2).take(range(8)))
    assert found.labels == ("delivery", "money")
    assert found.quality is not None
    assert found.quality.texts == 8, "the validation set is what calibrates"
    weights, bias = fit_head(np.eye(2, dtype=np.float32), np.array([0, 1]), 2)
    assert (np.eye(2) @ weights + bias).argmax(axis=1).tolist() == [0, 1]


def test_what_cannot_be_is_refused(settings: FinetuneSettings, tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="two classes"):
        fit_finetuned(Labeled(("a",), ("one",)), settings=settings, seed=1)
    with pytest.raises(ValueError, match="validation labels among"):
        fit_finetuned(
            questions(2), settings=settings, seed=1, validation=Labeled(("a",), ("other",))
        )
    with pytest.raises(ValueError, match="train_embeddings"):
        FinetuneSettings(trained="head", train_embeddings=True)
    with pytest.raises(ValueError, match="labels"):
        Part(("a",), np.zeros(2, np.int64))
    with pytest.raises(ValueError, match="only 2 of them"):
        fit_head(np.eye(2, 4, dtype=np.float32), np.array([0, 1]), 3)
    with pytest.raises(ValueError, match="expected members"):
        FinetunedClassifier(labels=("a", "b"), members=(), max_tokens=4)
