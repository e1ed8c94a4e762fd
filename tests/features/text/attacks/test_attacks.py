"""Attacks do what they say, only that, and the same for the same seed; restoring undoes some."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypinyin import lazy_pinyin

from features.text.attacks.emoji import NEUTRAL, emoji
from features.text.attacks.homophone import homophone, homophones
from features.text.attacks.lookalike import han_groups, lookalike, lookalikes
from features.text.attacks.pinyin import pinyin
from features.text.attacks.registry import ATTACKS, Known, attack_named
from features.text.attacks.restore import restore
from features.text.attacks.spacing import INVISIBLE, spacing
from features.text.attacks.typo import NEIGHBORS, typo

ZH = "我昨天买的耳机到现在还没有发货,请马上给我退款"
EN = "My card payment was declined twice and nobody answers"
NAMES = sorted(ATTACKS)
any_text = st.text(alphabet=string.ascii_letters + " ,.!19" + "我要退款谢未己日货很好", max_size=40)


@pytest.mark.parametrize("name", NAMES)
@given(text=any_text, seed=st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_rate_zero_changes_nothing_and_equal_seeds_agree(name: str, text: str, seed: int) -> None:
    attack = attack_named(name)
    assert attack(text, 0.0, seed) == text
    assert attack(text, 0.5, seed) == attack(text, 0.5, seed)


@pytest.mark.parametrize("name", NAMES)
def test_every_attack_hits_its_languages_harder_at_a_higher_rate(name: str) -> None:
    for language, text in (("zh", ZH), ("en", EN)):
        garbled = [[attack_named(name)(text, rate, seed) for seed in range(40)]
                   for rate in (0.1, 0.6)]  # fmt: skip
        few, many = (sum(found != text for found in part) for part in garbled)
        if language in ATTACKS[name].languages:
            assert 0 < few < many
            assert len(set(garbled[1])) > 10, "another seed, other places"
        else:
            assert few == many == 0


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rate", [-0.1, 1.1])
def test_a_rate_is_a_share(name: str, rate: float) -> None:
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        attack_named(name)(ZH, rate, 0)


def test_homophones_sound_alike_and_are_common() -> None:
    table = homophones()
    assert 3000 < len(table) < 3755
    assert {"腿", "推"} <= set(table["退"])
    assert "退" not in table["退"]
    for seed in range(5):
        garbled = homophone(ZH, 1.0, seed)
        assert len(garbled) == len(ZH)
        for before, after in zip(ZH, garbled, strict=True):
            assert lazy_pinyin(before) == lazy_pinyin(after)
            assert len(after.encode("gb2312")) <= 2


def test_lookalikes_come_from_the_table_alone() -> None:
    table = lookalikes()
    assert table["未"] == "末"
    assert set(table["己"]) == {"已", "巳"}
    assert {"0", "о"} <= set(table["o"])
    assert all(len(group) > 1 for group in han_groups())
    garbled = lookalike(ZH + EN, 1.0, 3)
    for before, after in zip(ZH + EN, garbled, strict=True):
        assert after in table.get(before, before)


def test_pinyin_reads_words_in_their_context() -> None:
    assert pinyin("银行不行", 1.0, 0) == "yinhangbuxing"
    assert re.search(r"[\u4e00-\u9fff]", pinyin(ZH, 1.0, 0)) is None


def test_emoji_and_spaces_add_and_take_nothing_away() -> None:
    for seed in range(5):
        strewn = emoji(ZH, 0.5, seed)
        assert strewn != ZH
        assert "".join(c for c in strewn if c not in NEUTRAL) == ZH
        spaced = spacing(EN, 0.5, seed)
        assert re.sub(f"[ {INVISIBLE}]", "", spaced) == EN.replace(" ", "")


def test_slips_keep_first_letters_short_words_and_what_is_no_word() -> None:
    assert typo("12:30, ok? to be", 1.0, 0) == "12:30, ok? to be"
    for seed in range(30):
        word = typo("Refund", 1.0, seed)
        assert word[0] == "R"
        assert abs(len(word) - 6) <= 1
        swapped = typo("快递", 1.0, seed)
        assert set(swapped) <= {"快", "递"}
    assert set(NEIGHBORS["g"]) == set("fhtyvb")


def test_restoring_brings_back_what_reads_the_same() -> None:
    assert restore("我要退\u200b款,退 款!") == "我要退款,退款!"
    assert restore("the c@rd раyment was l0st") == "the card payment was lost"
    assert restore("今夭没有发贷") == "今天没有发货"
    assert restore("味道好 服务差") == "味道好 服务差", "a space between words is punctuation"


@pytest.mark.parametrize("text", [ZH, EN, "iPhone15 的屏幕坏了", "会议改到下午3点", "Привет, мир",
                                  "太少了,未发货", "covid19 b2b mp3"])  # fmt: skip
def test_restoring_leaves_what_is_right(text: str) -> None:
    assert restore(text) == text


@given(text=any_text)
@settings(max_examples=50, deadline=None)
def test_restoring_twice_is_restoring_once_for_what_has_no_han(text: str) -> None:
    plain = re.sub(r"[\u3400-\u9fff]", "", text)
    assert restore(restore(plain)) == restore(plain)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match="expected one of homophone"):
        attack_named("flood")
    with pytest.raises(ValueError, match="zh and en"):
        Known(typo, ("fr",))
