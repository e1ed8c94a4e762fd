"""Postal addresses: a grammar of region, district, road, number and room; and of English streets.

A city or a street alone is a place, not an address: what is found here has a number or a room too,
unless words such as "地址:" announce it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from features.text.pii.words import word_list
from features.text.spans import Span

_REGIONAL, _LOCAL, _ENGLISH = 0.9, 0.75, 0.85
_MORE = 0.05  # a word such as "地址:" before it

_HAN = r"\u4e00-\u7683\u7685-\u9fff"  # without 的, which no place name holds
_GAP = r"[ ,]?"
_AREA = rf"{_GAP}[{_HAN}]{{1,6}}?(?:新区|开发区|高新区|街道|区|县|市|旗|镇|乡|村)"
_ROAD = (
    rf"{_GAP}[{_HAN}A-Za-z0-9]{{1,8}}?(?:大道|大街|公路|胡同|路|街|巷|弄|道)"
    r"(?:[东西南北中一二三四五六七八九十]段)?"
)
_NUMBER = rf"{_GAP}\d{{1,5}}(?:[\-之]\d{{1,4}})?(?:号院|号楼|号|弄)"
_BUILDING = (
    rf"{_GAP}[{_HAN}A-Za-z0-9]{{2,9}}?"
    r"(?:小区|花园|公寓|大厦|广场|家园|新村|新城|宿舍|校区|大学|医院|酒店|中心|名苑|雅苑|苑)"
)
_ROOM = (
    rf"{_GAP}(?:[A-Za-z]?\d{{1,4}}[A-Za-z]?|[A-Za-z]|[一二三四五六七八九十]{{1,3}})"
    r"(?:号楼|号|栋|幢|座|单元|层|楼|室|门(?!口)|户(?!型))"
)
_BARE_ROOM = r"(?:[ \-]?[A-Za-z]?\d{2,4}(?![\d\-:年月点分块元%]))?"
_TAIL = rf"(?:{_BUILDING})?(?:{_ROOM}){{0,4}}{_BARE_ROOM}"
_SUFFIX = r"(?:壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区|自治州|地区|省|市|州|盟|区)?"
_LEAD = re.compile(
    r"(?:住在|住址|寄到|寄往|寄去|送到|送往|送去|发到|发往|位于|地址|搬到|搬去|公司|改成|改为|改到"
    r"|家在|就在|到了|在|到|是|去|从|为)[::]?"
)
_CUE = re.compile(r"(?:地址|住址|住在|寄到|寄往|送到|发到|发往|位于)[^\d\n]{0,6}$")
_ENGLISH_STREET = re.compile(
    r"(?<![A-Za-z0-9.,$])(?P<number>\d{1,5}[A-Za-z]?) (?:[NSEW]\.? |North |South |East |West )?"
    r"(?:(?:[A-Z][a-z]+|\d{1,3}(?:st|nd|rd|th)) ){1,3}"
    r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Way|Place|Pl|Square"
    r"|Terrace|Parkway|Pkwy|Highway|Hwy|Crescent|Close)(?![A-Za-z])(?:\.(?=,))?"
    r"(?:,? (?:Apt|Apartment|Suite|Ste|Unit|Floor|Flat|Room|#)\.? ?#?[A-Za-z0-9\-]{1,6})?"
    r"(?:, ?[A-Z][a-z]+(?: [A-Z][a-z]+){0,2}(?=[,.!?\n]|$| [A-Z0-9]{2}))?"
    r"(?:,? [A-Z]{2}(?![A-Za-z]))?"
    r"(?:,? (?:\d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2})(?![A-Za-z0-9]))?"
)
_BOX = re.compile(r"(?<![A-Za-z])P\.?O\.? ?Box \d{1,6}(?!\d)", re.IGNORECASE)
_NUMBERED = re.compile(r"[0-9]|[一二三四五六七八九十][号栋幢座单层楼室门户]")
_HINT = re.compile(r"[路街道巷弄号室栋幢座苑府]|小区|花园|公寓|大厦|广场|家园|新村|大学|医院|酒店")


@cache
def _with_region() -> re.Pattern[str]:
    names = "|".join(sorted(word_list("regions_zh"), key=len, reverse=True))
    region = rf"(?:(?:{names}){_SUFFIX}{_GAP}){{1,3}}"
    return re.compile(
        rf"{region}(?:{_AREA}){{0,3}}(?:{_ROAD}(?:{_NUMBER})?{_TAIL}|{_BUILDING}(?:{_ROOM}){{0,4}}"
        rf"{_BARE_ROOM})"
    )


_LOCAL_ROAD = re.compile(rf"(?:{_AREA}){{0,2}}{_ROAD}{_NUMBER}{_TAIL}")
_LOCAL_HOME = re.compile(rf"(?:{_AREA}){{0,2}}{_BUILDING}(?:{_ROOM}){{1,4}}{_BARE_ROOM}")


def addresses(text: str) -> Iterator[Span]:
    """Find addresses of both languages; the value has no spaces between Han characters."""
    if _HINT.search(text):
        for match in _with_region().finditer(text):
            if _NUMBERED.search(match[0]) or _cued(text, match.start()):
                yield _span(text, match.start(), match.end(), _REGIONAL)
        for pattern in (_LOCAL_ROAD, _LOCAL_HOME):
            for match in pattern.finditer(text):
                yield _span(text, _after_lead(match), match.end(), _LOCAL)
    if "o" in text or "t" in text or "e" in text:
        for pattern in (_ENGLISH_STREET, _BOX):
            for match in pattern.finditer(text):
                yield _span(text, match.start(), match.end(), _ENGLISH)


def _after_lead(match: re.Match[str]) -> int:
    """Return where the address starts: "我住在中山路12号" is one run of Han characters."""
    end = match.start()
    name_at_least = 2
    for lead in _LEAD.finditer(match[0]):
        rest = match[0][lead.end() :]
        if re.match(rf"(?:{_AREA}|{_ROAD}|{_BUILDING})", rest) and len(rest) > name_at_least:
            end = match.start() + lead.end()
    return end


def _cued(text: str, start: int) -> bool:
    return _CUE.search(text[max(0, start - 12) : start]) is not None


def _span(text: str, start: int, end: int, confidence: float) -> Span:
    start += len(text[start:end]) - len(text[start:end].lstrip(" ,"))
    sure = confidence + _MORE * _cued(text, start)
    value = re.sub(rf"(?<=[{_HAN}]) | (?=[{_HAN}])", "", text[start:end])
    return Span("address", start, end, text[start:end], sure, value)
