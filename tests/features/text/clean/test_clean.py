"""Cleaning tells own words from quotations, notices, markup and stickers."""

from __future__ import annotations

import pickle
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hydra.utils import instantiate
from hypothesis import example, given
from hypothesis import strategies as st
from omegaconf import OmegaConf
from pydantic import ValidationError

from features.text.base import Analyzer
from features.text.clean.analyzer import CleanAnalyzer
from features.text.clean.rules import KINDS, Cleaner, CleanRules

HAN = re.compile(r"[\u4e00-\u9fff]")
CLEAN = Cleaner(CleanRules())
CONF = Path(__file__).resolve().parents[4] / "conf" / "analyzer" / "clean.yaml"

OWN = [
    ("快递太慢了!!", "快递太慢了!"),
    ("质量  很好。。。。推荐", "质量 很好。推荐"),
    ("<div>hi <b>there</b></div> 3 &lt; 4 &amp; 5", "hi there 3 < 4 & 5"),
    ("<script>var x = 1</script>love it", "love it"),
    ("a <3 b", "a <3 b"),
    ("sooooo goooood", "so good"),
    ("yessss pleaseee", "yes please"),
    ("hmmmmmm", "hmm"),
    ("size XXXL or xxl, part III", "size XXXL or xxl, part III"),
    ("哈哈哈哈哈哈", "哈哈哈哈哈哈"),
    ("看 https://a.example/x 这里 me@shop.example 谢谢", "看 这里 谢谢"),
    ("@客服小李 在吗", "在吗"),
    ("@Amy: where is it", "where is it"),
    ("@客服快递太慢了", "@客服快递太慢了"),
    ("mail me at a@b", "mail me at a@b"),
    ("#好物分享# 真不错", "好物分享 真不错"),
    ("order #12345 #late", "order #12345 late"),
    ("zero\u200bwidth\ufeff \x00end", "zerowidth end"),
    ("\uff21\uff22\uff11\uff12", "AB12"),
    ("[见附件]合同第3条", "[见附件]合同第3条"),
    ("我转账给你了,怎么没收到货", "我转账给你了,怎么没收到货"),
    ("红包怎么领取不了", "红包怎么领取不了"),
    ("can you add me to the group chat", "can you add me to the group chat"),
    ("撤回了一条消息是什么意思?", "撤回了一条消息是什么意思?"),
]  # fmt: skip

NOTICES = [
    ("你撤回了一条消息", "recalled"),
    ('"张三" 撤回了一条消息', "recalled"),
    ("李四撤回了一条成员消息", "recalled"),
    ("You recalled a message", "recalled"),
    ("Amy Wong recalled a message.", "recalled"),
    ("This message was deleted", "recalled"),
    ("你已添加了王五，现在可以开始聊天了。", "contact_added"),
    ("我通过了你的朋友验证请求，现在我们可以开始聊天了", "contact_added"),
    ("以上是打招呼的内容", "contact_added"),
    ("You have added Amy as your WeChat contact. Start chatting!", "contact_added"),
    ("消息已发出，但被对方拒收了。", "contact_added"),
    ('"小红"邀请"小明"加入了群聊', "group"),
    ("小明通过扫描二维码加入群聊", "group"),
    ("Tom joined the group", "group"),
    ("Ann added Bob to the group chat", "group"),
    ("[转账] 请确认收款", "transfer"),
    ("收到转账￥88.00，请在手机上查收", "transfer"),
    ("对方已收款", "transfer"),
    ("[红包] 恭喜发财，大吉大利", "red_packet"),
    ("你领取了小明的红包", "red_packet"),
    ("收到红包，请在手机上查看", "red_packet"),
    ("通话时长 03:21", "call"),
    ("Missed voice call", "call"),
    ("小红拍了拍我", "pat"),
    ("[图片]", "media"),
    ("[语音]", "media"),
    ("<Media omitted>", "media"),
    ("人工客服小美为您服务中", "state"),
    ("The conversation has ended", "state"),
]

QUOTES = [
    ("> 你们几点关门\n晚上九点吗", "晚上九点吗", "你们几点关门"),
    ("「小李:明天发货」\n- - - - - - - - -\n那运费谁出", "那运费谁出", "小李:明天发货"),
    ("「小李：好的」\n——————————\n收到", "收到", "小李：好的"),
    ("还没到\n---原始邮件---\n发件人: 店铺", "还没到", "发件人: 店铺"),
    (
        "Still broken\n\nOn Mon, 3 May 2024 at 10:02, Bob wrote:\n> have you tried it",
        "Still broken", "> have you tried it",
    ),
    ("没用\n在 2024年5月3日，客服 写道：\n请重启", "没用", "请重启"),
    ("Thanks\nFrom: shop\nSent: today\nSubject: Hello\nDear you", "Thanks", "Dear you"),
    ("引用 小李: 已经发货了\n可是没有单号", "可是没有单号", "已经发货了"),
    ("[quote=Bob]it works[/quote] not here", "not here", "it works"),
    ("太坑了//@路人甲:这家店真好", "太坑了", "这家店真好"),
    ("5 > 3 是对的", "5 > 3 是对的", ""),
]  # fmt: skip

FORWARDED = [
    "张三和李四的聊天记录\n张三: 在吗",
    "[聊天记录]",
    "Fwd: your parcel",
    "转发: 这家店骗人",
    "---------- Forwarded message ---------\nFrom: x",
    "张三 2024-05-01 10:02\n在吗\n李四 10:03:11\n在的",
]

SYMBOLS = [
    ("👍👍", "sticker_only", "positive"),
    ("[捂脸]", "sticker_only", "negative"),
    ("[Facepalm] [OK][OK]", "sticker_only", "positive"),
    ("[强]!!", "sticker_only", "positive"),
    ("😡😡😡", "sticker_only", "negative"),
    ("T_T", "sticker_only", "negative"),
    (":-(", "sticker_only", "negative"),
    ("🤦🏻‍♀️", "sticker_only", "negative"),
    ("🥲😿", "sticker_only", "negative"),  # by their Unicode names
    ("🏆", "sticker_only", "positive"),
    ("🧵", "sticker_only", "neutral"),
    ("1️⃣", "sticker_only", "neutral"),
    ("🇨🇳", "sticker_only", "neutral"),
    ("东西不错[微笑]", "own", "neutral"),
    ("太慢了😡", "own", "negative"),
    ("nice <3", "own", "positive"),
    ("按 A:D 选择", "own", "none"),
    ("[随便写的]", "own", "none"),
]


def test_every_han_character_survives() -> None:
    cleaned = CLEAN("快递太慢了!!").text
    assert HAN.findall(cleaned) == list("快递太慢了")


@pytest.mark.parametrize(("raw", "text"), OWN)
def test_own_words(raw: str, text: str) -> None:
    found = CLEAN(raw)
    assert (found.text, found.kind, found.quoted) == (text, "own", "")


@pytest.mark.parametrize(("raw", "kind"), NOTICES)
def test_notices(raw: str, kind: str) -> None:
    assert (CLEAN(raw).kind, CLEAN(raw).notice) == ("system", kind)


@pytest.mark.parametrize(("raw", "own", "quoted"), QUOTES)
def test_quotations(raw: str, own: str, quoted: str) -> None:
    found = CLEAN(raw)
    assert found.text == unicodedata.normalize("NFKC", own)
    assert found.quoted == quoted


@pytest.mark.parametrize("raw", FORWARDED)
def test_forwarded(raw: str) -> None:
    assert CLEAN(raw).kind == "forwarded"


@pytest.mark.parametrize(("raw", "kind", "mood"), SYMBOLS)
def test_symbols_are_understood(raw: str, kind: str, mood: str) -> None:
    row = CleanAnalyzer().analyze([raw]).to_pylist()[0]
    assert (row["kind"], row["mood"]) == (kind, mood)
    assert bool(row["symbols"]) == (mood != "none")


def test_meaning_is_told_in_both_languages() -> None:
    row = CleanAnalyzer().analyze(["[Facepalm]🐌"]).to_pylist()[0]
    told = [(symbol["symbol"], symbol["zh"], symbol["en"]) for symbol in row["symbols"]]
    assert told == [("[Facepalm]", "无奈捂脸", "facepalm"), ("🐌", "太慢", "slow as a snail")]
    assert row["mood_polarity"] == pytest.approx(-0.4)


def test_nothing_and_links_alone_are_empty() -> None:
    kinds = CleanAnalyzer().analyze(["", " \u3000\n", "\u200b", "https://a.example/b"])["kind"]
    assert kinds.to_pylist() == ["empty"] * 4


@pytest.mark.parametrize(
    ("rule", "raw", "kept"),
    [
        ({"nfkc": False}, "\uff21\uff22", "\uff21\uff22"),
        ({"invisible": False}, "a\u200bb", "a\u200bb"),
        ({"marks": False}, "好!!!", "好!!!"),
        ({"letters": False}, "sooooo", "sooooo"),
        ({"html": False}, "<b>&amp;</b>", "<b>&amp;</b>"),
        ({"links": "keep"}, "https://a.example", "https://a.example"),
        ({"mentions": "keep"}, "@Amy hi", "@Amy hi"),
        ({"hashtags": "keep"}, "#好物# a", "#好物# a"),
        ({"hashtags": "drop"}, "#好物# a #b2", "a"),
        ({"emoji": "drop"}, "好👍[微笑]", "好"),
        ({"emoji": "to_words"}, "物流🐌 呀", "物流 太慢 呀"),
        ({"emoji": "to_words"}, "so slow 🐌", "so slow slow as a snail"),
        ({"quotes": False}, "> a\nb", "> a b"),
        ({"notices": False}, "你撤回了一条消息", "你撤回了一条消息"),
    ],
)
def test_every_rule_can_be_switched(rule: dict[str, Any], raw: str, kept: str) -> None:
    found = Cleaner(CleanRules(**rule))(raw)
    assert found.text == kept
    assert found.kind == "own"
    assert CLEAN(raw).text != kept or CLEAN(raw).kind != "own"


def test_unknown_rules_are_refused() -> None:
    with pytest.raises(ValidationError, match="traditional"):
        CleanRules(traditional=True)  # type: ignore[call-arg]


@given(
    st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF) | st.sampled_from("!,~👍 "))
)
def test_no_han_character_is_ever_lost(text: str) -> None:
    assert HAN.findall(CLEAN(text).text) == HAN.findall(text)


@example("\U0001f3fb")
@given(st.text(st.sampled_from("a@#<>[]&;:/.好「」-\n \u2005引用👍\u200d(\x00") | st.characters()))
def test_any_text_is_answered(text: str) -> None:
    found = CLEAN(text)
    assert found.kind in KINDS
    assert unicodedata.is_normalized("NFKC", found.text)
    assert -1 <= found.polarity <= 1


def test_long_texts_take_linear_time() -> None:
    for piece in ("[", "<a ", "#", "@a", "「", "> ", ":(", "a" * 9, "撤回", "&lt;"):
        assert CLEAN(piece * 20_000).kind in KINDS


def test_the_configured_analyzer_is_picklable_and_keeps_its_version() -> None:
    analyzer = instantiate(OmegaConf.load(CONF))
    assert isinstance(analyzer, Analyzer)
    assert analyzer.version == CleanAnalyzer().version
    assert analyzer.version != CleanAnalyzer(rules=CleanRules(emoji="drop")).version
    again = pickle.loads(pickle.dumps(analyzer))
    assert again.analyze(["好!!"]) == analyzer.analyze(["好!!"])
    assert analyzer.analyze([]).schema == CleanAnalyzer.schema
