"""Every sentence of a summary was really written, where it says."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from features.text.pii.mask import mask
from features.text.summary import Message, Sentence, summarize

START = datetime(2024, 1, 1, tzinfo=UTC)


def talk(*said: tuple[str, str]) -> list[Message]:
    roles = {"c": "customer", "a": "agent"}
    return [
        Message(f"m{place}", roles[who], text, START + timedelta(minutes=place))
        for place, (who, text) in enumerate(said)
    ]


CHINESE = talk(
    ("c", "你好,在吗"),
    ("a", "亲,在的呢"),
    ("c", "上周买的吸尘器充不进电。怎么申请换货?"),
    ("a", "吸尘器充不进电可以换货,请提供订单号。"),
    ("c", "我的电话是13800138000"),
    ("a", "已为您登记换货,快递员明天上门取吸尘器。"),
    ("c", "好的谢谢"),
)
ENGLISH = talk(
    ("c", "hello"),
    ("a", "Hi, how can I help?"),
    ("c", "The kettle I bought leaks. Can I return the kettle for a refund?"),
    ("a", "Sure. We refund the kettle once it is back in our warehouse."),
    ("c", "Great, my email is ann@example.com"),
    ("a", "The return label was sent to your inbox."),
    ("c", "thanks bye"),
)


def texts(found: list[Sentence], part: str) -> list[str]:
    return [one.text for one in found if one.part == part]


def test_a_chinese_conversation_is_asked_answered_and_ended() -> None:
    found = summarize(CHINESE)
    assert texts(found, "asked") == ["怎么申请换货?"]
    assert texts(found, "answered") == ["吸尘器充不进电可以换货,请提供订单号。"]
    assert texts(found, "ended") == ["已为您登记换货,快递员明天上门取吸尘器。"]


def test_an_english_conversation_is_asked_answered_and_ended() -> None:
    found = summarize(ENGLISH)
    assert texts(found, "asked") == ["Can I return the kettle for a refund?"]
    assert texts(found, "answered") == ["We refund the kettle once it is back in our warehouse."]
    assert texts(found, "ended") == ["The return label was sent to your inbox."]


@pytest.mark.parametrize("conversation", [CHINESE, ENGLISH])
@pytest.mark.parametrize("sentences", [1, 2, 3, 6])
def test_sentences_are_verbatim_masked_and_in_order(
    conversation: list[Message], sentences: int
) -> None:
    found = summarize(conversation, sentences=sentences)
    source = {message.message_id: message.text for message in conversation}
    assert len(found) <= sentences
    for one in found:
        assert one.text == mask(source[one.message_id][one.start : one.end])
    order = [(int(one.message_id[1:]), one.start) for one in found]
    assert order == sorted(order)
    shown = " ".join(one.text for one in found)
    assert "13800138000" not in shown
    assert "ann@example.com" not in shown


def test_the_order_of_the_rows_changes_nothing() -> None:
    for seed in range(5):
        shuffled = random.Random(seed).sample(CHINESE, len(CHINESE))
        assert summarize(shuffled) == summarize(CHINESE)


def test_equal_sentences_stand_for_each_other_once() -> None:
    found = summarize(
        talk(*[("c", "水壶漏水了,水壶漏水")] * 5, ("c", "发票抬头写错了")), sentences=2
    )
    assert [one.message_id for one in found] == ["m0", "m5"]


def test_small_talk_alone_has_no_summary() -> None:
    assert summarize(talk(("c", "你好"), ("a", "在的"), ("c", "ok!"))) == []
    assert summarize([]) == []


def test_one_side_alone_is_summarized_too() -> None:
    found = summarize(talk(("a", "您的包裹已签收"), ("a", "欢迎评价")), sentences=1)
    assert [(one.text, one.part) for one in found] == [("您的包裹已签收", "said")]


def test_no_sentences_are_refused() -> None:
    with pytest.raises(ValidationError):
        summarize(CHINESE, sentences=0)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("ca"), st.text("快递慢 refund。?.\n1", max_size=20)), max_size=6
    )
)
def test_any_text_keeps_its_place(said: list[tuple[str, str]]) -> None:
    conversation = talk(*said)
    source = {message.message_id: message.text for message in conversation}
    for one in summarize(conversation, sentences=4):
        assert one.text == mask(source[one.message_id][one.start : one.end])
