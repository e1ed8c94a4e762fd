"""The language of a text follows its script."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.text.language import LANGUAGES, language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("快递太慢了", "zh"),
        ("快遞太慢了", "zh"),
        ("too slow", "en"),
        ("ok", "en"),
        ("这个 app 很好用", "zh"),
        ("iPhone 手机壳", "zh"),
        ("用了这个 app 之后 very happy", "zh"),
        ("I love 饺子 so much", "en"),
        ("don’t like it", "en"),
        ("naïve café owner but otherwise a long English sentence", "en"),
        ("とても遅いです", "other"),
        ("配送が遅いので困ります", "other"),
        ("美の味道很不错哦", "zh"),
        ("배송이 너무 느려요", "other"),
        ("Доставка слишком долгая", "other"),
        ("très déçu, délai énorme", "other"),
        ("666", "other"),
        ("👍👍", "other"),
        ("", "other"),
    ],
)
def test_examples(text: str, language: str) -> None:
    assert language_of(text) == language


@given(st.text())
def test_every_text_has_a_language(text: str) -> None:
    assert language_of(text) in LANGUAGES


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1))
def test_han_text_is_chinese(text: str) -> None:
    assert language_of(text) == "zh"
