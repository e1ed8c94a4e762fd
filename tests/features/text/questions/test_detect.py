"""Questions are told from statements in both languages, marks or not."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from features.text.questions.detect import bare, is_question, questions_in
from features.text.sentences import sentences

GOLDEN = Path(__file__).parents[3] / "golden/text/questions.yaml"


@pytest.mark.parametrize(
    "text",
    [
        "什么时候发货", "这个可以退吗", "运费多少", "能不能便宜点", "快递到哪了", "那个呢", "真的?",
        "can I return it", "how long does it take", "please, where is my parcel", "is it red",
        "I would like to know whether it fits", "tell me how to pay", "it is red?",
    ],
)  # fmt: skip
def test_asked(text: str) -> None:
    assert is_question(text)


@pytest.mark.parametrize(
    "text",
    [
        "没什么问题", "衣服很好看", "什么都没有", "无论怎么洗都不掉色", "谢谢", "我要退货",
        "how nice of you", "I can return it", "what a shame", "the box is red", "666", "",
        "when i opened it the box was empty",
    ],
)  # fmt: skip
def test_not_asked(text: str) -> None:
    assert not is_question(text)


def test_only_the_questions_of_a_message_are_taken() -> None:
    text = "你好!上周买的鞋子。请问怎么退款?在吗? Can I exchange it. Thanks"
    assert [text[a:b] for a, b in questions_in(text)] == ["请问怎么退款?", "Can I exchange it."]


def test_politeness_marks_and_case_do_not_make_a_difference() -> None:
    assert {bare(text) for text in ("怎么退款", "请问怎么退款?", "您好,怎么退款!!")} == {"怎么退款"}
    assert {bare(text) for text in ("How do I pay?", "hi, how do i pay please")} == {"how do i pay"}


def test_numbers_of_orders_do_not_make_a_difference() -> None:
    assert bare("订单88123456什么时候到") == bare("订单99100200什么时候到?")
    assert bare("iPhone 15多少钱") != bare("iPhone 14多少钱")


def test_golden_questions_are_recognized() -> None:
    golden = yaml.safe_load(GOLDEN.read_text("utf-8"))
    asked = [text for groups in golden.values() for line in groups for text in line.split(" | ")]
    missed = [text for text in asked if not is_question(text)]
    assert len(missed) / len(asked) < 0.05, missed


@given(st.text(alphabet="a。?. \n!你好3", max_size=60))
def test_sentences_are_stretches_in_order(text: str) -> None:
    spans = sentences(text)
    flat = [place for span in spans for place in span]
    assert flat == sorted(flat)
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in spans)
    outside = set(range(len(text))) - {p for start, end in spans for p in range(start, end)}
    assert not any(text[place].isalnum() for place in outside)
