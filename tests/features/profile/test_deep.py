"""The learned fusion finds out which block tells what comes next, and is kept exactly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from features.items.space import unit
from features.profile.deep import DeepFusion, Examples
from features.profile.settings import DeepSettings

SETTINGS = DeepSettings(epochs=6, negatives=64, batch_size=256, hidden=8, learning_rate=0.01)


@pytest.fixture(scope="module")
def examples() -> Examples:
    """Customers whose next items lie around their third block; the other two are noise."""
    random = np.random.default_rng(1)
    items = unit(random.normal(size=(300, 64)).astype(np.float32))
    blocks = unit(random.normal(size=(200 * 3, 64)).astype(np.float32)).reshape(200, 3, 64)
    nearest = np.argsort(-(blocks[:, 2] @ items.T), axis=1)[:, :10]
    return Examples(blocks, np.repeat(np.arange(200), 10), nearest.ravel(), items)


@pytest.fixture(scope="module")
def trained(examples: Examples) -> DeepFusion:
    fusion = DeepFusion(SETTINGS)
    fusion.learn(examples)
    return fusion


def test_it_turns_to_the_block_that_tells_the_future(
    examples: Examples, trained: DeepFusion
) -> None:
    fused = trained.fuse(examples.blocks)
    assert np.linalg.norm(fused, axis=1) == pytest.approx(1, abs=1e-4)
    agreement = [np.mean(np.sum(fused * examples.blocks[:, k], axis=1)) for k in range(3)]
    assert agreement[2] > max(agreement[:2]) + 0.2
    untrained = DeepFusion(SETTINGS).fuse(examples.blocks)
    hits = [np.mean(np.sum(p[examples.customer] * examples.item_vectors[examples.item], 1))
            for p in (fused, untrained)]  # fmt: skip
    assert hits[0] > hits[1]


def test_the_same_seed_gives_the_same_fusion(examples: Examples, trained: DeepFusion) -> None:
    again = DeepFusion(SETTINGS)
    again.learn(examples)
    np.testing.assert_array_equal(again.fuse(examples.blocks), trained.fuse(examples.blocks))


def test_customers_without_any_block_have_no_profile(trained: DeepFusion) -> None:
    assert not trained.fuse(np.zeros((2, 3, 64), dtype=np.float32)).any()


def test_saved_and_loaded_it_is_the_same_and_damage_is_noticed(
    examples: Examples, trained: DeepFusion, tmp_path: Path
) -> None:
    trained.save(tmp_path)
    loaded = DeepFusion.load(tmp_path)
    np.testing.assert_array_equal(loaded.fuse(examples.blocks), trained.fuse(examples.blocks))
    content = bytearray((tmp_path / "deep.safetensors").read_bytes())
    content[-1] ^= 1
    (tmp_path / "deep.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match="checksum"):
        DeepFusion.load(tmp_path)
