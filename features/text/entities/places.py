"""Places and organizations: regions of China, large cities of the world, and names that end so.

A gazetteer of regions and the cities of the time zone database finds places; an organization is a
run of names and nouns that ends with 公司, 大学, Inc and the like.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from zoneinfo import available_timezones

import rjieba

from features.text.pii.words import word_list
from features.text.spans import Span

_LISTED, _ENDS_SO = 0.75, 0.7
_SUFFIX = "壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区|自治州|地区|新区|省|市|县|区"
_NOT_AFTER = "(?!路|街|大道|大学|银行|医院|集团|公司|学院|时间|菜|话|队|人寿|证券)"
_ORGANIZATION = (
    "有限责任公司|股份有限公司|有限公司|分公司|公司|集团|银行|大学|学院|中学|小学|医院|法院|检察院|公安局|派出所"
    "|证监会|委员会|协会|基金会|研究院|研究所|事务所|出版社|电视台|报社|俱乐部|工商局|税务局|消协|消费者协会|居委会|旅行社"
)
_ENDS = re.compile(rf"(?:{_ORGANIZATION})$")
_HINT = re.compile(_ORGANIZATION)
_PARTS = ("n", "j", "eng", "x", "b", "vn", "m", "f")
_LATIN = re.compile(
    r"(?<![A-Za-z])(?:[A-Z][\w&.\-]*,? ){1,4}"
    r"(?:Inc|Ltd|LLC|Corp|Corporation|GmbH|Company|Group|University|College|Bank|Hospital"
    r"|Foundation|Institute|Association)\b\.?"
)
_MOST_WORDS = 5
_ZONES = ("Africa", "America", "Asia", "Australia", "Europe", "Pacific", "Atlantic", "Indian")


def places(text: str) -> Iterator[Span]:
    """Find places; the value is the name without 省, 市 or 区.

    Examples
    --------
    >>> [(span.text, span.value) for span in places("从杭州市发到 New York")]
    [('杭州市', '杭州'), ('New York', 'New York')]
    """
    if not text.isascii():
        for match in _regions().finditer(text):
            yield Span("place", *match.span(), match[0], _LISTED, match["name"])
    if any(character.isupper() for character in text):
        for match in _cities().finditer(text):
            yield Span("place", *match.span(), match[0], _LISTED, match[0])


def organizations(text: str) -> Iterator[Span]:
    """Find organizations by how their names end; the value is the name as it was written."""
    for match in _LATIN.finditer(text):
        yield Span("organization", *match.span(), match[0], _ENDS_SO, match[0])
    if not _HINT.search(text):
        return
    place = 0
    run: list[tuple[int, str]] = []
    for word, tag in rjieba.tag(text):
        if tag.startswith(_PARTS) and word.isalnum():
            run = [*run, (place, word)][-_MOST_WORDS:]
        else:
            run = []
        place += len(word)
        if (
            run
            and _ENDS.search(word)
            and (len(run) > 1 or tag == "nt" or len(word) > len("XX公司"))
        ):
            name = text[run[0][0] : place]
            yield Span("organization", run[0][0], place, name, _ENDS_SO, name)


@cache
def _regions() -> re.Pattern[str]:
    names = "|".join(sorted(word_list("regions_zh"), key=lambda name: (-len(name), name)))
    return re.compile(rf"(?P<name>{names})(?:{_SUFFIX})?{_NOT_AFTER}")


@cache
def _cities() -> re.Pattern[str]:
    zones = (zone.split("/") for zone in available_timezones())
    names = {parts[-1].replace("_", " ") for parts in zones if parts[0] in _ZONES}
    listed = "|".join(sorted(map(re.escape, names), key=lambda name: (-len(name), name)))
    return re.compile(rf"(?<![A-Za-z])(?:{listed})(?![A-Za-z])")
