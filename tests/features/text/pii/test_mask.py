from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from hypothesis import given, settings
from hypothesis import strategies as st

from features.text.pii.mask import FORMS, mask
from features.text.pii.pseudonyms import Pseudonyms, generate_key
from features.text.pii.recognize import KINDS, find_pii
from tests.features.text.pii.test_recognize import FOUND, messy

KEY = bytes(range(64))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("电话13800138000", "电话138****8000"),
        ("ann@example.com", "a***@example.com"),
        ("a@example.com", "***@example.com"),
        ("身份证11010519491231002X", "身份证1101************2X"),
        ("卡号6222 0212 3456 7894", "卡号6222 **** **** 7894"),
        ("my name is Ann Lee", "my name is A** ***"),
        ("粤B12345D", "粤B*****D"),
        ("订单号13812345678", "订单号*******5678"),
        ("我住在上海市浦东新区世纪大道100号", "我住在上海市******"),
        ("没有什么", "没有什么"),
    ],
)
def test_how_it_is_shown(text: str, shown: str) -> None:
    assert mask(text) == shown


def test_only_what_is_asked_for_is_hidden() -> None:
    text = "电话13800138000,邮箱ann@example.com"
    assert mask(text, kinds=["email"]) == "电话13800138000,邮箱a***@example.com"
    with pytest.raises(ValueError, match="expected some of"):
        mask(text, kinds=["mail"])


def test_every_kind_has_a_form() -> None:
    assert set(FORMS) == set(KINDS)


@settings(max_examples=200, deadline=None)
@given(messy)
def test_a_masked_text_holds_nothing_to_mask(text: str) -> None:
    once = mask(text)
    assert find_pii(once) == ()
    assert mask(once) == once


def test_the_same_value_has_the_same_token_and_comes_back() -> None:
    people = Pseudonyms(key=KEY)
    one = people.hide("打138 0013 8000给我")
    other = people.hide("+8613800138000")
    assert one == f"打{other}给我"
    assert people.reveal(one) == "打+8613800138000给我"


@pytest.mark.parametrize("text", [text for text, _ in FOUND])
def test_a_token_tells_nothing_and_is_not_taken_for_data(text: str) -> None:
    people = Pseudonyms(key=KEY)
    hidden = people.hide(text)
    assert hidden != text
    assert people.hide(hidden) == hidden
    assert find_pii(people.reveal(hidden), min_confidence=0.4)


def test_another_key_another_kind_or_a_changed_token_is_refused() -> None:
    token = Pseudonyms(key=KEY).token("phone", "+8613800138000")
    last = "a" if token[-3] != "a" else "b"
    for bad in (token.replace("phone", "email"), f"{token[:-3]}{last}{token[-2:]}"):
        with pytest.raises(ValueError, match="changed or made with another key"):
            Pseudonyms(key=KEY).original(bad)
    with pytest.raises(ValueError, match="another key"):
        Pseudonyms(key=generate_key()).reveal(f"call {token}")
    with pytest.raises(ValueError, match="expected a token"):
        Pseudonyms(key=KEY).original("phone")


def test_keys_and_values_are_checked() -> None:
    with pytest.raises(ValueError, match="got 5; make one"):
        Pseudonyms(key=b"short")
    with pytest.raises(ValueError, match="got an empty text"):
        Pseudonyms(key=KEY).token("phone", "")
    with pytest.raises(ValueError, match="expected some of"):
        Pseudonyms(key=KEY).token("fax", "1")


def test_the_cipher_is_the_one_of_the_standard() -> None:
    """RFC 5297, appendix A.1."""
    key = bytes.fromhex("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
    header = bytes.fromhex("101112131415161718191a1b1c1d1e1f2021222324252627")
    plain = bytes.fromhex("112233445566778899aabbccddee")
    sealed = "85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c"
    assert AESSIV(key).encrypt(plain, [header]).hex() == sealed


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(KINDS), st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_value_survives_the_way_there_and_back(kind: str, value: str) -> None:
    people = Pseudonyms(key=KEY)
    assert people.original(people.token(kind, value)) == (kind, value)
