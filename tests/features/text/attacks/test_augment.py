"""Altered training texts: synonyms from the list, slips, attacks, and how many texts."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from features.text.attacks.augment import Augmenter, AugmentSettings, synonyms, with_synonyms

TEXTS = [f"order {n}: the delivery was slow and the photo is wrong" for n in range(200)]


def test_synonyms_go_both_ways_and_never_to_the_word_itself() -> None:
    table = synonyms()
    assert "photo" in table["picture"]
    assert "picture" in table["photo"]
    assert "商品" in table["产品"]
    assert all(word not in others for word, others in table.items())
    assert len(table) > 250


def test_only_words_of_the_list_are_replaced() -> None:
    altered = with_synonyms("The Picture of a zebra", 1.0, 3)
    assert altered.split()[1] in {"Photo", "Image"}
    assert altered.split()[0::2] == ["The", "of", "zebra"]
    assert with_synonyms("快递", 1.0, 3) in {"物流", "包裹"}
    assert with_synonyms("快递很慢", 0.0, 3) == "快递很慢"


def test_a_share_of_the_texts_is_altered_the_same_for_the_same_seed() -> None:
    augmenter = Augmenter(AugmentSettings(share=0.5, synonyms=1.0))
    first = augmenter.augment(TEXTS, seed=1)
    assert first == augmenter.augment(TEXTS, seed=1)
    assert first != augmenter.augment(TEXTS, seed=2)
    changed = sum(a != b for a, b in zip(first, TEXTS, strict=True))
    assert 70 < changed < 130
    assert Augmenter(AugmentSettings()).augment(TEXTS, seed=1) == TEXTS


def test_attacks_can_be_learned_too() -> None:
    settings = AugmentSettings(
        share=1.0, synonyms=0.0, noise=0.0, attacks=("emoji", "spacing"), attack_rate=0.5
    )
    altered = Augmenter(settings).augment(TEXTS, seed=1)
    assert sum(a != b for a, b in zip(altered, TEXTS, strict=True)) > 190
    assert sum(any(ord(c) > 0x2600 for c in text) for text in altered) > 50


def test_settings_are_checked() -> None:
    with pytest.raises(ValidationError, match="no attack flood"):
        AugmentSettings(attacks=("flood",))
    with pytest.raises(ValidationError):
        AugmentSettings(share=2)
