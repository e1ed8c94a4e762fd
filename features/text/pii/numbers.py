r"""Personal data made of letters and digits: ids, phones, cards, plates, passports, accounts.

Every pattern is bounded by ASCII look-arounds. ``\w`` and ``\b`` count Han characters as parts of
words, so that with them an e-mail address swallows the Chinese sentence before it and a phone
number straight after a Han character is not found at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from features.text.pii.checks import is_resident_id, passes_luhn
from features.text.pii.words import word_list
from features.text.spans import Span

_PROVED, _CUED, _LIKELY, _SHAPED = 0.99, 0.95, 0.85, 0.6

_FREE = r"(?<![A-Za-z0-9])"  # nothing of ASCII words before ...
_DONE = r"(?![A-Za-z0-9])"  # ... and after
_IS = r"\s{0,2}(?:号码|号|是|为|number|no\.?|is)?\s{0,2}[::#=]?\s{0,2}(?:是|为|is)?\s{0,2}"

_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+\-])[A-Za-z0-9][A-Za-z0-9._%+\-]{0,63}"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?\.){1,4}[A-Za-z]{2,18}(?![A-Za-z0-9\-])"
)
_RESIDENT_ID = re.compile(rf"{_FREE}[1-8]\d{{16}}[\dXx]{_DONE}")
_CARD = re.compile(r"(?<![A-Za-z0-9.\-])[2-6](?:\d{12,18}|\d{3}(?:[ \-]\d{4}){2,3}[ \-]\d{1,4}"
                   r"|[47]\d{2}[ \-]\d{6}[ \-]\d{5})(?![A-Za-z0-9\-])")  # fmt: skip
_ISSUERS = re.compile(  # ISO/IEC 7812 ranges in use: UnionPay, Visa, Mastercard, Amex, JCB, others
    r"62|4|5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|3[47]|35(?:2[89]|[3-8])|6(?:011|5|4[4-9])"
    r"|3(?:0[0-5]|[689])"
)
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z][·•・. \-]?"
    r"(?:[DF][A-HJ-NP-Z0-9]\d{4}|\d{5}[DF]"  # new energy: six, D or F first or last
    r"|(?=[A-Z]{0,4}\d)[A-HJ-NP-Z0-9]{5}|(?=[A-Z]{0,3}\d)[A-HJ-NP-Z0-9]{4}[警学挂港澳])"
    r"(?![A-Za-z0-9])"
)
_PASSPORT = re.compile(rf"{_FREE}(?:[EG]\d{{8}}|E[A-HJ-NP-Z]\d{{7}}|[DSP]E\d{{7}}){_DONE}")
_PASSPORT_CUED = re.compile(
    rf"(?:护照|(?<![A-Za-z])passport){_IS}(?P<it>(?=(?:[A-Z]?\d){{5}}|[A-Z]{{2}}\d{{5}})[A-Z0-9]{{7,9}}){_DONE}",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"(?:(?:订单|运单|快递|物流|流水|退款|售后)(?:编号|单号|号码|号)|单号"
    r"|(?<![A-Za-z])(?:order|tracking|waybill|parcel)\s{0,2}(?:number|num|no\.?|id|#))"
    r"\s{0,2}(?:是|为|is|was)?\s{0,2}[::#=]?\s{0,2}(?:是|为)?\s{0,2}"
    rf"(?P<it>(?=[A-Za-z\-]{{0,12}}\d)[A-Za-z0-9](?:[A-Za-z0-9]|-(?=[A-Za-z0-9])){{5,31}}){_DONE}",
    re.IGNORECASE,
)
_WECHAT = re.compile(
    r"(?:微信|薇信|威信|V信|(?<![A-Za-z])(?:wechat|weixin|wx|vx|weichat))"
    r"\s{0,2}(?:账号|帐号|号码|号|id)?\s{0,2}(?:是|为|is)?\s{0,2}[::=]?\s{0,2}"
    r"(?P<it>[A-Za-z][A-Za-z0-9_\-]{5,19})(?![A-Za-z0-9_\-@])",
    re.IGNORECASE,
)
_WECHAT_OWN = re.compile(r"(?<![A-Za-z0-9_])wxid_[a-z0-9]{10,22}(?![A-Za-z0-9_])")
_WORD = re.compile(r"[A-Za-z]+")


def emails(text: str) -> Iterator[Span]:
    """Find e-mail addresses (the practical subset of RFC 5321)."""
    if "@" in text:
        for match in _EMAIL.finditer(text):
            if ".." not in match[0]:
                yield _span("email", match, _PROVED, match[0].lower())


def resident_ids(text: str) -> Iterator[Span]:
    """Find Chinese resident identity numbers whose birthday and check character are right."""
    for match in _RESIDENT_ID.finditer(text):
        if is_resident_id(match[0]):
            yield _span("resident_id", match, _PROVED, match[0].upper())


def bank_cards(text: str) -> Iterator[Span]:
    """Find payment cards of 13 to 19 digits with an issuer's prefix and a right check digit."""
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if _ISSUERS.match(digits) and passes_luhn(digits):
            yield _span("bank_card", match, _LIKELY, digits)


def plates(text: str) -> Iterator[Span]:
    """Find license plates of mainland China, those of new-energy cars included (GA 36-2018)."""
    for match in _PLATE.finditer(text):
        yield _span("plate", match, _CUED, re.sub(r"[^\w]", "", match[0]))


def passports(text: str) -> Iterator[Span]:
    """Find passport numbers: of China by their shape, of any country beside the word itself."""
    for match in _PASSPORT_CUED.finditer(text):
        yield _span("passport", match, _CUED, match["it"].upper())
    for match in _PASSPORT.finditer(text):
        yield _span("passport", match, _SHAPED, match[0])


def order_numbers(text: str) -> Iterator[Span]:
    """Find order and parcel numbers: whatever follows words that announce one."""
    for match in _ORDER.finditer(text):
        yield _span("order_number", match, 0.97, match["it"].upper())


def wechat_ids(text: str) -> Iterator[Span]:
    """Find WeChat ids: 6 to 20 characters that start with a letter, beside the word; ``wxid_…``."""
    for match in _WECHAT_OWN.finditer(text):
        yield _span("wechat", match, _PROVED, match[0])
    for match in _WECHAT.finditer(text):
        word = match["it"]
        if _WORD.fullmatch(word) and (
            word.lower() in word_list("not_accounts_en") or _in_prose(text, match)
        ):
            continue
        yield _span("wechat", match, _CUED, word.lower())


def _in_prose(text: str, match: re.Match[str]) -> bool:
    """Return whether a purely alphabetic candidate is just the next English word."""
    return re.match(r"\s+[a-z]", text[match.end() :]) is not None and ":" not in match[0]


def _span(kind: str, match: re.Match[str], confidence: float, value: str) -> Span:
    group: int | str = "it" if "it" in match.re.groupindex else 0
    return Span(kind, match.start(group), match.end(group), match[group], confidence, value)
