"""Find what customers say of themselves; of others, of what is supposed or denied, nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from features.text.facts.patterns import Patterns, patterns, patterns_of
from features.text.facts.values import value_of
from features.text.pii.recognize import VERSION as PII_VERSION
from features.text.pii.recognize import find_pii
from features.text.spans import folded

VERSION = "1"
FIELDS = ("name", "phone", "email", "wechat", "order_number", "city", "company", "job", "budget",
          "birthday", "household", "size", "allergy")  # fmt: skip
_CONTACTS = frozenset({"name", "phone", "email", "wechat", "order_number"})
_SAID, _SELF = 0.75, 0.85  # a pattern's confidence, and where the writer says "I" before it
_CLAUSE = re.compile(r"[,，。!！?？;；\n]|\.(?=\s|$)")
FACTS = pa.list_(
    pa.struct(
        [
            ("field", pa.string()),
            ("start", pa.int32()),
            ("end", pa.int32()),
            ("quote_start", pa.int32()),
            ("quote_end", pa.int32()),
            ("confidence", pa.float32()),
        ]
    )
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement of a customer about themself.

    ``text[start:end]`` is what was said, ``value`` the same in one spelling, and
    ``text[quote_start:quote_end]`` the clause to show beside it.
    """

    field: str
    value: str
    start: int
    end: int
    quote_start: int
    quote_end: int
    confidence: float


def find_facts(text: str) -> tuple[Fact, ...]:
    """Return what the writer of a text says of themself, in order.

    Examples
    --------
    >>> [(fact.field, fact.value) for fact in find_facts("我在上海做财务,电话138 0013 8000")]
    [('city', '上海'), ('job', '财务'), ('phone', '+8613800138000')]
    >>> find_facts("我老婆在北京")
    ()
    """
    plain = folded(text)
    known = patterns_of(plain)
    if not known.marks["hint"].search(plain):
        return ()
    found: dict[tuple[str, str], Fact] = {}
    for fact in (*_contacts(plain, known), *_statements(plain, known)):
        key = (fact.field, fact.value)
        if fact.value and (key not in found or found[key].confidence < fact.confidence):
            found[key] = fact
    return tuple(sorted(_apart(found.values()), key=lambda fact: (fact.start, fact.field)))


def _contacts(text: str, known: Patterns) -> Iterator[Fact]:
    for span in find_pii(text):
        if span.kind not in _CONTACTS or not known.about_writer(text, span.start):
            continue
        if known.contacts[span.kind].search(text[: span.start]):
            yield _fact(text, known, span.kind, (span.start, span.end), span.confidence)


def _statements(text: str, known: Patterns) -> Iterator[Fact]:
    for field, several in known.fields.items():
        for pattern in several:
            for match in pattern.finditer(text):
                if field == "city" and match["it"].removesuffix("市") in known.not_cities:
                    continue
                at = match.start() + _own_words(match, known)
                if known.about_writer(text, at):
                    yield _fact(text, known, field, match.span("it"), _SAID)


def _own_words(match: re.Match[str], known: Patterns) -> int:
    """Return how many characters at a match's start name the writer: they count as said before."""
    own = known.marks["self"].match(match[0])
    return own.end() if own else 0


def _fact(
    text: str, known: Patterns, field: str, place: tuple[int, int], confidence: float
) -> Fact:
    start, end = place
    said = text[start:end]
    before = text[known.sentence(text, start) : end]
    sure = max(confidence, _SELF) if known.marks["self"].search(before) else confidence
    quote_start = max((m.end() for m in _CLAUSE.finditer(text, 0, start)), default=0)
    after = _CLAUSE.search(text, end)
    quote_end = after.start() if after else len(text)
    return Fact(field, value_of(field, said), start, end, quote_start, quote_end, sure)


def _apart(facts: Collection[Fact]) -> list[Fact]:
    """Return the facts without those that overlap a longer one of the same field."""
    kept: list[Fact] = []
    for fact in sorted(facts, key=lambda one: (one.start - one.end, -one.confidence)):
        if all(
            fact.field != other.field or fact.end <= other.start or other.end <= fact.start
            for other in kept
        ):
            kept.append(fact)
    return kept


class ProfileFactAnalyzer:
    """What the writer of each text says of themself: city, job, budget, phone and others.

    Examples
    --------
    >>> found = ProfileFactAnalyzer().analyze(["I live in Chicago"])
    >>> found["profile_facts"][0][0]["field"].as_py()
    'city'
    """

    name = "profile_facts"
    schema = pa.schema([("profile_facts", FACTS)])

    def __init__(self) -> None:
        data = "+".join(patterns(language).version for language in ("zh", "en"))
        self.version = f"{VERSION}:{PII_VERSION}:{data}"

    def analyze(self, texts: Sequence[str]) -> pa.Table:
        """Return the column ``profile_facts``: places without values, which belong in no cache."""
        rows = [[_row(fact) for fact in find_facts(text)] for text in texts]
        return pa.table({"profile_facts": pa.array(rows, FACTS)}, schema=self.schema)


def _row(fact: Fact) -> dict[str, object]:
    return {
        "field": fact.field, "start": fact.start, "end": fact.end,
        "quote_start": fact.quote_start, "quote_end": fact.quote_end,
        "confidence": fact.confidence,
    }  # fmt: skip
