"""Amounts of money: ¥199, 1.5万元, 三百块, $20, 20 dollars; the value is ``CNY 199``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from features.text.entities.numerals import NUMERAL_ZH, chinese_number
from features.text.spans import Span

_SURE, _LIKELY = 0.95, 0.85
_SIGNS = {"\u00a5": "CNY", "$": "USD", "US$": "USD", "€": "EUR", "£": "GBP", "HK$": "HKD",
          "RMB": "CNY", "CNY": "CNY", "USD": "USD", "EUR": "EUR", "GBP": "GBP"}  # fmt: skip
_WORDS = {
    "元": "CNY", "块": "CNY", "块钱": "CNY", "圆": "CNY", "人民币": "CNY", "元人民币": "CNY",
    "美元": "USD", "美金": "USD", "刀": "USD", "欧元": "EUR", "英镑": "GBP", "港币": "HKD",
    "rmb": "CNY", "cny": "CNY", "yuan": "CNY", "usd": "USD", "dollar": "USD", "dollars": "USD",
    "bucks": "USD", "euro": "EUR", "euros": "EUR", "eur": "EUR", "gbp": "GBP", "pound": "GBP",
    "pounds": "GBP",
}  # fmt: skip
_SCALE = {"k": 1000, "w": 10_000, "万": 10_000, "千": 1000, "百": 100,
          "亿": 100_000_000, "thousand": 1000, "million": 1_000_000}  # fmt: skip
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d{1,12}(?:\.\d{1,4})?"
_SIGN = "|".join(re.escape(sign) for sign in sorted(_SIGNS, key=len, reverse=True))
_BEFORE = re.compile(
    rf"(?<![A-Za-z$])(?P<sign>{_SIGN})\s?(?P<number>{_NUMBER})(?![\d.]*\d)"
    r"(?:\s?(?P<scale>[kw万千亿](?![A-Za-z])|thousand|million))?(?:元|块钱?)?",
    re.IGNORECASE,
)
_WORD = "|".join(sorted(_WORDS, key=len, reverse=True))
_AFTER = re.compile(
    rf"(?<![A-Za-z0-9.,])(?P<number>{_NUMBER})\s?(?P<scale>[kw万千百亿]|thousand|million)?\s?"
    rf"(?P<word>{_WORD})(?P<tail>[一二三四五六七八九\d](?![\d十百千万年月日点号个]))?"
    r"(?![A-Za-z])",
    re.IGNORECASE,
)
_SPOKEN = re.compile(
    rf"(?<![{NUMERAL_ZH}第几数])(?P<number>[{NUMERAL_ZH[3:]}]{{1,12}})(?P<word>{_WORD})"
    r"(?P<tail>[一二三四五六七八九](?![十百千万年月日点号个]))?"
)
_TENTHS = {character: place for place, character in enumerate("零一二三四五六七八九")}
_BLOCKS = re.compile(r"(?:石头|肉|蛋糕|手表|屏幕|电池|砖|地方|内容)")  # 三块蛋糕: 块 counts things


def money(text: str) -> Iterator[Span]:
    """Find amounts; the value is the ISO 4217 currency and the exact amount.

    Examples
    --------
    >>> [span.value for span in money("原价1.5万元,现在三百块,或者 $20.50")]
    ['USD 20.5', 'CNY 15000', 'CNY 300']
    """
    for match in _BEFORE.finditer(text):
        amount = _amount(match["number"]) * _SCALE.get(_scale(match), 1)
        yield _span(match, _SIGNS[match["sign"].upper()], amount, _SURE)
    for pattern in (_AFTER, _SPOKEN):
        for match in pattern.finditer(text):
            if match["word"].startswith("块") and _BLOCKS.match(text, match.end()):
                continue
            if match[0] == "一块":  # more often "together" or "a piece" than one yuan
                continue
            amount = _amount(match["number"]) * _SCALE.get(_scale(match), 1) + _tail(match)
            confidence = _LIKELY if match["word"] in ("块", "刀") else _SURE
            yield _span(match, _WORDS[match["word"].lower()], amount, confidence)


def _amount(number: str) -> Decimal:
    value = chinese_number(number)
    return Decimal(0) if value is None else value


def _scale(match: re.Match[str]) -> str:
    return (match.groupdict().get("scale") or "").lower()


def _tail(match: re.Match[str]) -> Decimal:
    """Return the tenths that a digit after 块 counts: 三块五 is 3.50."""
    tail = match["tail"]
    if not tail:
        return Decimal(0)
    return Decimal(_TENTHS[tail] if tail in _TENTHS else int(tail)) / 10


def _span(match: re.Match[str], currency: str, amount: Decimal, confidence: float) -> Span:
    plain = format(amount.normalize(), "f")
    return Span("money", match.start(), match.end(), match[0], confidence, f"{currency} {plain}")
