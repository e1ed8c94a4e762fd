"""Telephone numbers: Chinese mobiles and land lines by pattern, all others by libphonenumber."""

from __future__ import annotations

import re
from collections.abc import Iterator

from features.text.spans import Span

_MOBILE = re.compile(
    r"(?<![A-Za-z0-9.+\-])(?:(?:\+|00)?86[ \-]{0,2})?"
    r"(1[3-9]\d([ \-]?)\d{4}\2\d{4})(?![A-Za-z0-9]|[.\-]\d)"
)
_LAND = re.compile(
    r"(?<![A-Za-z0-9.+\-])(?:\(?0|\+86[ \-]?)(10|2\d|[3-9]\d{2})\)?[ \-]?([2-8]\d{6,7})"
    r"(?:[转\-]\d{1,5})?"
    r"(?![A-Za-z0-9]|[.\-]\d)"
)
_ABROAD = re.compile(
    r"(?<![A-Za-z0-9+])\+(?!86)[1-9]\d{0,2}(?:[ .\-]?\(?\d{1,5}\)?){2,6}(?![A-Za-z0-9])"
    r"|(?<![A-Za-z0-9.+\-(])(?:1[ .\-])?\(\d{3}\) ?\d{3}[ .\-]?\d{4}(?![A-Za-z0-9]|[.\-]\d)"
    r"|(?<![A-Za-z0-9.+\-])(?:1[ .\-])?\d{3}([.\- ])\d{3}\1\d{4}(?![A-Za-z0-9]|[.\-]\d)"
)
_CUE = re.compile(
    r"(?:电话|手机|联系方式|致电|拨打|号码|tel|phone|mobile|cell|call|whatsapp|reach me)"
    r"[^\d\n]{0,16}$",
    re.IGNORECASE,
)
_LOOK_BACK = 24


def phones(text: str) -> Iterator[Span]:
    """Find telephone numbers; the value is E.164, such as ``+8613800138000``.

    A mobile number of China is eleven digits that start with 13 to 19. A land line needs its area
    code. A foreign number needs ``+`` and its country, or the North American shape, and must be
    valid for libphonenumber.
    """
    for match in _MOBILE.finditer(text):
        digits = re.sub(r"\D", "", match[1])
        yield _span(text, match, "+86" + digits, 0.9)
    for match in _LAND.finditer(text):
        yield _span(text, match, f"+86{match[1]}{match[2]}", 0.7)
    for match in _ABROAD.finditer(text):
        value = _valid(match[0])
        if value:
            yield _span(text, match, value, 0.9 if match[0].startswith("+") else 0.7)


def _span(text: str, match: re.Match[str], value: str, confidence: float) -> Span:
    before = text[max(0, match.start() - _LOOK_BACK) : match.start()]
    sure = min(0.96, confidence + 0.06) if _CUE.search(before) else confidence
    return Span("phone", match.start(), match.end(), match[0], sure, value)


def _valid(candidate: str) -> str:
    """Return the number in E.164, or nothing where no country has such a number."""
    import phonenumbers  # noqa: PLC0415 (its tables are read by the first foreign number only)

    try:
        number = phonenumbers.parse(candidate, "US")
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(number):
        return ""
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
