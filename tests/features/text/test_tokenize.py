"""Words are words in both languages."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from features.text.tokenize import is_han, stop_words, tokens, words


def test_a_mixed_text_gives_words_of_both_languages_in_order() -> None:
    found = tokens("快递太慢了,but the app isn't bad!")
    assert found == ["快递", "太慢", "了", "but", "the", "app", "isn't", "bad"]


def test_full_width_and_capitals_are_the_same_words() -> None:
    assert tokens("Great GUITAR") == tokens("great guitar")


def test_subject_words_leave_out_stop_words_fragments_and_junk() -> None:
    text = "我觉得这个快递的包装非常好 the packaging was sooooooo nice aaaaaa 哈哈哈哈 a1 x"
    assert words(text) == ["快递", "包装", "packaging", "nice"]


def test_addresses_numbers_and_codes_are_not_words() -> None:
    assert words("see https://shop.example/abc or a@b.example 13800138000") == []
    assert words("abcdefghijklmnopqrstuvwxyzabcdef guitar") == ["guitar"]


def test_stop_words_cover_both_languages() -> None:
    assert {"的", "我们", "the", "don't"} <= stop_words()
    assert all(word == word.strip() and word for word in stop_words())


@given(st.text())
def test_subject_words_are_tokens(text: str) -> None:
    found = tokens(text)
    assert set(words(text)) <= set(found)
    assert not stop_words() & set(words(text))
    assert all(is_han(token) or token.isascii() for token in found)
