"""Names of people, as far as words beside them, surnames and a segmenter carry.

After "my name is" or "收件人:", and before "先生", a name is nearly certain. A Chinese name without
a cue is a surname and characters that given names are made of, standing as words of their own: in
news, which has few cues, that finds a quarter of the names and is right in seven of ten.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import rjieba

from features.text.pii.words import word_list
from features.text.spans import Span

TAGGED = 0.5  # confidence of an unusual name that only the tagger proposes
_CUED, _HINTED, _LIKELY, _BARE = 0.9, 0.8, 0.7, 0.65

_HAN = r"[\u4e00-\u9fff]"
_ZH_CUE = re.compile(
    r"(?:我叫|名叫|名字叫|名字是|姓名|收件人|收货人|联系人|持卡人|户名|开户名|签收人|寄件人|患者|学员"
    r"|(?:客户|顾客|乘客|业主)(?:叫|是)?[::])(?:是|为|叫)?[:: ]{0,2}"
    rf"(?P<run>{_HAN}{{2,4}})"
)
_ZH_SIGNED = re.compile(rf"(?:(?<!{_HAN})|寄给|寄|由)(?P<run>{_HAN}{{2,4}})收(?!{_HAN})")
_ZH_WEAK = re.compile(rf"(?:我是|这是|找|叫|联系|给|和|跟|@)(?P<run>{_HAN}{{2,4}})")
_ZH_NEAR = re.compile(  # only before a usual name: what follows them is mostly something else
    r"(?:师傅|学生|同事|朋友|老公|老婆|会员|买家|卖家|客服|老师|店员|学员|申请人|[是由被让请与])"
    rf"(?P<run>{_HAN}{{2,4}})"
)
_ZH_TITLE = re.compile(
    rf"(?P<run>{_HAN}{{2,4}})(?:(?P<sure>先生|女士|小姐|太太)|老师|经理|医生|同学|师傅|主管|律师|教练)"
)
_EN_NAME = r"(?:[OD]['’])?(?:Mc|Mac)?[A-Z][a-z]{1,14}(?:['’\-][A-Z][a-z]{1,14})?"
_CAPITAL = re.compile(r"[A-Z][a-z]")
_EN_CUE = re.compile(
    r"(?<![A-Za-z])(?:[Mm]y (?:full )?name is|[Mm]y name's|[Nn]ame ?: ?|[Rr]ecipient ?: ?"
    r"|[Cc]ardholder ?: ?"
    r"|[Aa]ttn\.? ?:? ?|[Ss]hip to ?: ?|Mr\.?|Mrs\.?|Ms\.?|Miss|Dr\.?) ?"
    rf"(?P<it>{_EN_NAME}(?: [A-Z]\.)?(?: {_EN_NAME}){{0,2}})"
)
_EN_PAIR = re.compile(
    rf"(?<![A-Za-z@.])(?=(?P<it>{_EN_NAME}(?: [A-Z]\.)? {_EN_NAME})(?![A-Za-z@]))"
)
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
    if _CAPITAL.search(text):
        yield from _english(text)


def bare_names(text: str) -> Iterator[Span]:
    """Find Chinese names without a cue: a surname and one or two characters of given names.

    They must be words of their own for the segmenter, and no word that it knows as another.
    """
    words = rjieba.tag(text)
    starts = [0]
    for word, _ in words:
        starts.append(starts[-1] + len(word))
    firsts = _first_characters()
    for place, (word, _) in enumerate(words):
        if word[:1] not in firsts:
            continue
        for count in (3, 2, 1):
            group = words[place : place + count]
            if len(group) < count or starts[place + count] - starts[place] > _LONGEST + 1:
                continue
            confidence = _bare(text[starts[place] : starts[place + count]], group)
            if confidence:
                yield _span(text, starts[place], starts[place + count], confidence)
                break


def _bare(name: str, group: list[tuple[str, str]]) -> float:
    """Return how sure it is that words beside each other are a name; 0 where they are none."""
    if not _is_name(name) or (len(group) > 1 and group[0][0] not in word_list("surnames_zh")):
        return 0.0
    if len(group) == 1 and not group[0][1].startswith("nr"):
        return 0.0
    if name in word_list("not_names_zh"):
        return 0.0
    surname = 2 if name[:2] in _compounds() else 1
    usual = word_list("given_zh").issuperset(name[surname:])
    if len(group) > 1:
        return _BARE if usual and len(name) > surname + 1 else 0.0
    return _BARE if usual else TAGGED


def _chinese(text: str) -> Iterator[Span]:
    for pattern, confidence in ((_ZH_CUE, _CUED), (_ZH_WEAK, 0.0)):
        for match in pattern.finditer(text):
            run, rest = match["run"], text[match.end("run") :]
            length = _name_length(run, rest)
            if length and (confidence or _stands_alone(run, length, rest)):
                start = match.start("run")
                yield _span(text, start, start + length, confidence or _HINTED)
    for match in _ZH_SIGNED.finditer(text):
        if _is_name(match["run"]):
            yield _span(text, *match.span("run"), _CUED)
    yield from _near(text)
    yield from _titled(text)


def _near(text: str) -> Iterator[Span]:
    """Find usual names after words that mostly precede something else, such as 师傅."""
    for match in _ZH_NEAR.finditer(text):
        start = match.start("run")
        for name in (match["run"][:_LONGEST], match["run"][:_SHORTEST]):
            known = name in word_list("not_names_zh") or not _is_name(name)
            if not known and (_is_usual(name) or _tagged_alone(name)):
                yield _span(text, start, start + len(name), _HINTED)
                break


def _titled(text: str) -> Iterator[Span]:
    """Find names before 先生, 经理 and the like."""
    for match in _ZH_TITLE.finditer(text):
        end = match.end("run")
        for length in range(len(match["run"]), 1, -1):
            name = text[end - length : end]
            if not _is_name(name):
                continue
            if name in word_list("not_names_zh"):
                break
            if match["sure"] or _tagged_alone(name) or _is_usual(name):
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
    if len(run) == surname + len(given) and not re.match(_HAN, rest):
        return len(run)
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


def _stands_alone(run: str, length: int, rest: str) -> bool:
    """Return whether what follows a weak cue is nothing but a name, and no word of its own."""
    if run[:length] in word_list("not_names_zh"):
        return False
    if _is_usual(run[:length]):
        return True
    tagged = rjieba.tag(run[:length])
    if len(tagged) == 1:
        return tagged[0][1] == "nr"
    return length == len(run) and not re.match(_HAN, rest)


def _is_usual(name: str) -> bool:
    """Return whether a surname is followed by two characters of given names, and it is no word."""
    if not _is_name(name) or name in word_list("not_names_zh"):
        return False
    given = name[2 if name[:2] in _compounds() else 1 :]
    tagged = rjieba.tag(name)
    apart = len(tagged) > 1 or tagged[0][1].startswith("nr")
    return len(name) >= _LONGEST and apart and word_list("given_zh").issuperset(given)


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
def _first_characters() -> frozenset[str]:
    return frozenset(name[0] for name in word_list("surnames_zh"))


@cache
def _compounds() -> frozenset[str]:
    return frozenset(name for name in word_list("surnames_zh") if len(name) > 1)


def _span(text: str, start: int, end: int, confidence: float) -> Span:
    return Span("name", start, end, text[start:end], confidence, text[start:end])
