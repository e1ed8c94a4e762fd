"""Cleaning loses nothing that was said."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.text.normalize import normalize, without_links

HAN = re.compile(r"[\u4e00-\u9fff]")
MIXED = st.text(
    st.one_of(
        st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF),
        st.sampled_from(" \t\n\u3000!!。,,??~…aA1\u200b\u200d\ufe0f👍😀❤\u0301\x00"),
        st.characters(),
    )
)


def test_every_han_character_survives_cleaning() -> None:
    cleaned = normalize("快递太慢了!!")
    assert HAN.findall(cleaned) == list("快递太慢了")
    assert cleaned == "快递太慢了!"


@given(MIXED)
def test_han_characters_are_kept_in_order(text: str) -> None:
    kept = iter(HAN.findall(normalize(text)))
    assert all(character in kept for character in HAN.findall(text))


@given(MIXED)
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = normalize(text)
    assert normalize(once) == once
    assert unicodedata.is_normalized("NFKC", once)


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("  a \t\n b\u3000c ", "a b c"),
        ("ABC123", "ABC123"),
        ("what?????", "what?"),
        ("wait......", "wait."),
        ("好!!!!", "好!"),
        ("哈哈哈哈", "哈哈哈哈"),
        ("好评👍👍❤️", "好评👍👍❤️"),
        ("👨‍👩‍👧 family", "👨‍👩‍👧 family"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("tab\x00null\x07", "tab null"),
        ("broken \ud800 pair", "broken pair"),
        ("", ""),
    ],
)
def test_examples(raw: str, clean: str) -> None:
    assert normalize(raw) == clean


def test_links_are_not_words_and_chinese_beside_them_is_kept() -> None:
    text = without_links("看https://a.example/x?y=1这里 mail me@shop.example 谢谢")
    assert text.split() == ["看", "这里", "mail", "谢谢"]


def test_one_long_run_of_letters_takes_no_longer_than_words() -> None:
    assert without_links("x" * 200_000 + " a@b.example") == "x" * 200_000 + "  "
