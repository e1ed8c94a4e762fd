"""Facts from the lines that were read off a picture: business card, order or chat screenshot."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from features.text.facts.extract import Fact, find_facts
from features.text.facts.values import value_of
from features.text.pii.names import bare_names, names
from features.text.pii.recognize import MIN_CONFIDENCE, find_pii
from features.text.spans import folded

_READ = 0.9  # what a recognizer is sure of on a line, less what reading the picture may have erred
_GUESSED = 0.7
_FIELDS = {"phone": "phone", "email": "email", "wechat": "wechat", "order_number": "order_number"}
_COMPANY = re.compile(
    r"[\u4e00-\u9fffA-Za-z0-9()()·&]{2,30}?(?:有限责任公司|股份有限公司|有限公司|公司|集团|银行|事务所|医院|大学)"
    r"|[A-Z][\w&.\-]*(?: [A-Z&][\w&.\-]*){0,4},? "
    r"(?:Inc|Ltd|LLC|Corp|Corporation|GmbH|Co|Company|Group|Holdings|University)\b\.?"
)
_JOB = re.compile(
    r"[\u4e00-\u9fff]{0,8}(?:经理|总监|工程师|顾问|主管|总裁|董事长|董事|会计|律师|医师|教授|主任|专员|代表|助理|设计师|店长)"
    r"|(?:[A-Z][a-z]+ ){0,3}(?:Manager|Director|Engineer|Consultant|President|Officer|Accountant"
    r"|Lawyer|Professor|Designer|Developer|Analyst|Representative|Assistant|Founder|CEO|CTO|CFO)"
)
_WHOLE_NAME = re.compile(r"[A-Z][a-z]+(?: [A-Z]\.)?(?: [A-Z][a-z'\-]+){1,2}|[\u4e00-\u9fff]{2,4}")
_LABEL = re.compile(r"^(?:姓名|联系人|收件人|收货人|Name|Contact)\s?[::]?\s?", re.IGNORECASE)


def facts_of_card(lines: Sequence[str]) -> tuple[Fact, ...]:
    """Return what the lines of a picture say of the person whose picture it is.

    Parameters
    ----------
    lines : sequence of str
        As read from the picture, top to bottom. Places of the facts are those in the lines joined
        by line feeds.

    Examples
    --------
    >>> card = facts_of_card(["林晓", "蓝海贸易有限公司", "手机:13800138000"])
    >>> [(fact.field, fact.value) for fact in card]
    [('name', '林晓'), ('company', '蓝海贸易有限公司'), ('phone', '+8613800138000')]
    """
    found: dict[tuple[str, str], Fact] = {}
    start = 0
    for line in lines:
        for field, first, last, sure in _of_line(folded(line)):
            value = value_of(field, line[first:last])
            place = (start + first, start + last, start, start + len(line))
            fact = Fact(field, value, *place, sure)
            if value and found.setdefault((field, value), fact).confidence < sure:
                found[field, value] = fact
        start += len(line) + 1
    said = sorted(found.values(), key=lambda fact: (fact.start, fact.field))
    one = {"name", "company", "job"}  # of these a card states one
    firsts: dict[str, Fact] = {}
    for fact in sorted(said, key=lambda fact: -fact.confidence):
        firsts.setdefault(fact.field, fact)
    return tuple(f for f in said if f.field not in one or firsts[f.field] is f)


def _of_line(line: str) -> Iterator[tuple[str, int, int, float]]:
    for span in find_pii(line):
        if span.kind in _FIELDS:
            yield _FIELDS[span.kind], span.start, span.end, min(_READ, span.confidence)
    for fact in find_facts(line):
        yield fact.field, fact.start, fact.end, min(_READ, fact.confidence)
    company = _COMPANY.search(line)
    if company:
        yield "company", *company.span(), _GUESSED
    for match in _JOB.finditer(line, company.end() if company else 0):
        first = match.start() + len(match[0]) - len(match[0].lstrip())
        yield "job", first, match.end(), _GUESSED
        break
    yield from _name(line, labeled=bool(_LABEL.match(line)))


def _name(line: str, *, labeled: bool) -> Iterator[tuple[str, int, int, float]]:
    """Yield the name that a line consists of, or that follows its label."""
    label = _LABEL.match(line)
    first = label.end() if label else 0
    rest = line[first:].strip()
    alone = _WHOLE_NAME.fullmatch(rest.replace("  ", " "))
    if not (alone or labeled):
        head = rest.split(" ")[0]
        alone = _WHOLE_NAME.fullmatch(head) if not rest.isascii() else None
        rest = head
    proposed = (*names(line), *(bare_names(line) if not line.isascii() else ()))
    for span in proposed:
        if span.confidence >= MIN_CONFIDENCE and (labeled or (alone and span.text == rest)):
            yield "name", span.start, span.end, _READ if labeled else _GUESSED
            return
