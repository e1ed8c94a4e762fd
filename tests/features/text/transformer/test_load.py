"""Whatever classifier a folder holds is loaded; nothing heavy is, where it is of words only."""

from __future__ import annotations

import pickle
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from features.text.classifier.examples import Labeled
from features.text.classifier.fit import fit_classifier
from features.text.classifier.load import load_classifier
from features.text.transformer import weights
from features.text.transformer.encoder import load_encoder
from features.text.transformer.finetuned import FinetunedClassifier
from features.text.transformer.member import Member
from features.text.transformer.weights import MissingPackagesError

TEXTS = ["where is my parcel", "refund", ""]


@pytest.fixture
def model(tiny: Path) -> FinetunedClassifier:
    random = np.random.default_rng(0)
    members = tuple(
        Member(
            load_encoder(tiny, max_tokens=12),
            random.normal(size=(16, 3)).astype(np.float32),
            random.normal(size=3).astype(np.float32),
        )
        for _ in range(2)
    )
    return FinetunedClassifier(labels=("a", "b", "c"), members=members, max_tokens=12)


def test_the_tier_decides_what_is_loaded(model: FinetunedClassifier, tmp_path: Path) -> None:
    model.save(tmp_path / "tuned")
    found = load_classifier(tmp_path / "tuned")
    assert (found.tier, found.version, found.reads_vectors) == ("finetuned", model.version, False)
    np.testing.assert_array_equal(found.probabilities(TEXTS), model.probabilities(TEXTS))
    words = fit_classifier(Labeled(("too slow", "so good") * 6, ("bad", "good") * 6))
    words.save(tmp_path / "words")
    assert load_classifier(tmp_path / "words").version == words.version
    with pytest.raises(FileNotFoundError, match=r"classifier\.json"):
        load_classifier(tmp_path)


@pytest.mark.slow
def test_it_answers_the_same_in_another_process(model: FinetunedClassifier) -> None:
    travelled = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(travelled.probabilities(TEXTS), model.probabilities(TEXTS))
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        there = pool.submit(model.probabilities, TEXTS).result()
    np.testing.assert_allclose(there, model.probabilities(TEXTS), atol=1e-6)


def test_a_folder_that_cannot_be_read_here_says_what_to_install(
    model: FinetunedClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.save(tmp_path)
    monkeypatch.setattr(weights, "find_spec", lambda name: name != "torch")
    with pytest.raises(MissingPackagesError, match=r"needs torch, not installed.*pip install"):
        load_classifier(tmp_path)


def test_choosing_a_classifier_loads_no_framework() -> None:
    code = (
        "import sys, features.text.taxonomy.chosen, training.classify.settings\n"
        "sys.exit(bool({'torch', 'transformers', 'tokenizers'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
