"""Whether a chat message can be understood alone: pronouns and very short turns cannot."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from features.text.quality.noise import filler

Reason = Literal["", "pronoun", "ellipsis", "short"]

_HAN = re.compile(r"[\u4e00-\u9fff]")
_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?", re.IGNORECASE)
_MARKS = re.compile(r"[\W_]+")
_PRONOUN_ZH = re.compile(
    r"它|(?:那|这|哪|另外?|上|下|同)一?(?:个|款|件|双|条|种|家|张|台|只|样|些|俩|两个)(?![\u4e00-\u9fff]{0,1}(?:订单|商品"
    r"|机|衣|裤|鞋|包|锅|灯|店|会员|活动|月|星期|周|问题|平台|软件|地址))|前者|后者|那怎么|那样|这样"
)
_PRONOUN_EN = re.compile(
    r"\b(?:it|that|this|those|these|them|one|ones|the other|same|which|there)\b", re.IGNORECASE
)
_ELLIPSIS_ZH = re.compile(
    r"^.{1,8}呢$|^(?:那|还|到底|大概|一般|具体|再|也|能|可以|有|要|会|是)?.{0,4}(?:多少|多久|多大|几个|几天|几件|怎么弄|怎么办|怎么用"
    r"|怎么|哪里|在哪|哪儿|什么时候|为什么|什么|找谁|谁|吗|没|行|不行|好了|便宜|包邮|颜色|尺码|一下|快点|快一点).{0,4}$"
)
_ELLIPSIS_EN = re.compile(
    r"^(?:and|or|what about|how about|also|so|but|then|in|for|with|at|any|did|why|where|when|who"
    r"|how|which|the)\b|\b(?:too|instead|either|as well)\W*$",
    re.IGNORECASE,
)
# Words that say by themselves what is wanted: such a turn is classified better alone.
_COMPLETE = re.compile(
    r"退货|退款|退钱|换货|发货|订单|物流|快递|包裹|发票|优惠券|密码|人工|投诉|地址|取消|付款|支付|有货|登录|验证码"
    r"|\b(?:refund|return|exchange|order|parcel|tracking|invoice|coupon|discount|password|log ?in"
    r"|human|agent|manager|complaint|address|cancel|credit cards?|in stock|install|money back)\b",
    re.IGNORECASE,
)


class ContextRules(BaseModel):
    """When a turn is read together with an earlier one.

    Parameters
    ----------
    silence : float
        Minutes after which an earlier turn counts no more.
    longest_zh, longest_en : int
        A turn with more Han characters, or words, stands on its own.
    short_zh, short_en : int
        A turn of so few is never complete, greetings and thanks apart.
    back : int
        How many turns back may be used.
    joined_by : str
        Stands between the earlier turn and this one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    silence: float = Field(default=30, gt=0)
    longest_zh: int = Field(default=10, ge=1)
    longest_en: int = Field(default=6, ge=1)
    short_zh: int = Field(default=3, ge=0)
    short_en: int = Field(default=2, ge=0)
    back: int = Field(default=8, ge=1)
    joined_by: str = " "


def incomplete(text: str, rules: ContextRules) -> Reason:
    """Return why a turn cannot be understood alone, ``""`` where it can.

    Examples
    --------
    >>> [incomplete(text, ContextRules()) for text in ("那个多少钱", "and in blue?", "XL", "好的")]
    ['pronoun', 'ellipsis', 'short', '']
    """
    plain = text.strip()
    if not plain or filler(plain.lower()) or _COMPLETE.search(plain):
        return ""
    han = len(_HAN.findall(plain))
    return _of_han(plain, han, rules) if han else _of_words(plain, rules)


def _of_han(text: str, han: int, rules: ContextRules) -> Reason:
    if han > rules.longest_zh:
        return ""
    if _PRONOUN_ZH.search(text):
        return "pronoun"
    if _ELLIPSIS_ZH.match(_MARKS.sub("", text)) and han <= rules.longest_zh // 2:
        return "ellipsis"
    return "short" if han <= rules.short_zh else ""


def _of_words(text: str, rules: ContextRules) -> Reason:
    words = len(_WORD.findall(text))
    if not 0 < words <= rules.longest_en:
        return ""
    if _PRONOUN_EN.search(text):
        return "pronoun"
    if _ELLIPSIS_EN.search(text) and words < rules.longest_en:
        return "ellipsis"
    return "short" if words <= rules.short_en else ""
