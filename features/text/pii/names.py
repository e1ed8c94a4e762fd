"""Names of people, as far as words beside them, surnames and a part-of-speech tagger carry.

A name after "my name is", "收件人:" or before "先生" is nearly always one. A name without a cue
is only proposed, with low confidence: the tagger takes many other words for names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import rjieba

from features.text.pii.words import word_list
from features.text.spans import Span

TAGGED = 0.5  # confidence of a name that only the tagger proposes
_CUED, _HINTED, _LIKELY = 0.9, 0.8, 0.7

_HAN = r"[\u4e00-\u9fff]"
_ZH_CUE = re.compile(
    r"(?:我叫|名叫|名字叫|名字是|姓名|收件人|收货人|联系人|持卡人|户名|开户名|签收人|寄件人|患者|学员"
    r"|(?:客户|顾客|乘客|业主)(?:叫|是)?[::])(?:是|为|叫)?[:: ]{0,2}"
    rf"(?P<run>{_HAN}{{2,4}})"
)
_ZH_WEAK = re.compile(rf"(?:我是|这是|找|叫|联系|给|和|跟|@)(?P<run>{_HAN}{{2,4}})")
_ZH_TITLE = re.compile(
    rf"(?P<run>{_HAN}{{2,4}})(?:(?P<sure>先生|女士|小姐|太太)|老师|经理|医生|同学)"
)
_EN_NAME = r"[A-Z][a-z]{1,14}(?:['\-][A-Z][a-z]{1,14})?"
_EN_CUE = re.compile(
    r"(?<![A-Za-z])(?:[Mm]y (?:full )?name is|[Mm]y name's|[Nn]ame ?: ?|[Rr]ecipient ?: ?"
    r"|[Cc]ardholder ?: ?"
    r"|[Aa]ttn\.? ?:? ?|[Ss]hip to ?: ?|Mr\.?|Mrs\.?|Ms\.?|Miss|Dr\.?) ?"
    rf"(?P<it>{_EN_NAME}(?: [A-Z]\.)?(?: {_EN_NAME}){{0,2}})"
)
_EN_PAIR = re.compile(rf"(?<![A-Za-z@.])(?P<it>{_EN_NAME}(?: [A-Z]\.)? {_EN_NAME})(?![A-Za-z@])")
_EN_WEAK = re.compile(
    r"(?<![A-Za-z])(?:[Tt]his is|I am|I['’]m|[Ii]t['’]s|[Hh]i|[Hh]ello|[Dd]ear|[Rr]egards,"
    r"|[Tt]hanks,|[Cc]heers,|[Aa]sk for|[Ss]poke (?:to|with)|[Cc]ontact)\s"
    rf"(?P<it>{_EN_NAME})(?![A-Za-z@])"
)
_SHORTEST, _LONGEST = 2, 3


def names(text: str) -> Iterator[Span]:
    """Find names of people; the value is the name as it was written."""
    if not text.isascii():
        yield from _chinese(text)
    yield from _english(text)


def tagged_names(text: str) -> Iterator[Span]:
    """Find Chinese names that nothing but the part-of-speech tagger speaks for."""
    place = 0
    for word, tag in rjieba.tag(text):
        start = text.index(word, place)
        place = start + len(word)
        if tag == "nr" and _is_name(word):
            yield _span(text, start, place, TAGGED)


def _chinese(text: str) -> Iterator[Span]:
    for pattern, confidence in ((_ZH_CUE, _CUED), (_ZH_WEAK, 0.0)):
        for match in pattern.finditer(text):
            length = _name_length(match["run"], text[match.end("run") :])
            if length and (confidence or _tagged_alone(match["run"][:length])):
                start = match.start("run")
                yield _span(text, start, start + length, confidence or _HINTED)
    for match in _ZH_TITLE.finditer(text):
        end = match.end("run")
        for length in (4, 3, 2):
            name = text[end - length : end]
            if length > len(match["run"]) or not _is_name(name):
                continue
            if match["sure"] or _tagged_alone(name):
                yield _span(text, end - length, end, _CUED)
                break


def _name_length(run: str, rest: str) -> int:
    """Return how many characters at the start of a run of Han are the name; 0 where none is."""
    compound = run[:2] in _compounds()
    if not compound and run[:1] not in word_list("surnames_zh"):
        return 0
    ends = word_list("not_in_names_zh")
    surname = 2 if compound else 1
    given = run[surname : surname + 2]
    if not given or given[0] in ends:
        return 0
    bare = len(run) > surname + 1 and run[surname + 1] in ends
    if len(given) == 1 or bare:
        return surname + 1
    if rjieba.tag(run + rest[:4])[0] == (run[: surname + 1], "nr"):
        return surname + 1
    return surname + 2


def _is_name(word: str) -> bool:
    if word[:2] in _compounds():
        return len(word) > _SHORTEST
    short = _SHORTEST <= len(word) <= _LONGEST
    return (
        short
        and word[0] in word_list("surnames_zh")
        and word_list("not_in_names_zh").isdisjoint(word[1:])
    )


def _tagged_alone(word: str) -> bool:
    return len(tagged := rjieba.tag(word)) == 1 and tagged[0][1] == "nr"


def _english(text: str) -> Iterator[Span]:
    given = word_list("given_names_en")
    for match in _EN_CUE.finditer(text):
        yield _span(text, match.start("it"), match.end("it"), _CUED)
    for match in _EN_PAIR.finditer(text):
        first, *_, last = match["it"].lower().split()
        if first in given and last not in word_list("not_surnames_en"):
            yield _span(text, match.start("it"), match.end("it"), _HINTED)
    for match in _EN_WEAK.finditer(text):
        if match["it"].lower() in given:
            yield _span(text, match.start("it"), match.end("it"), _LIKELY)


@cache
def _compounds() -> frozenset[str]:
    return frozenset(name for name in word_list("surnames_zh") if len(name) > 1)


def _span(text: str, start: int, end: int, confidence: float) -> Span:
    return Span("name", start, end, text[start:end], confidence, text[start:end])
