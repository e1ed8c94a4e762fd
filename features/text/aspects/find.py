"""Pair each opinion with what it is about, clause by clause.

Rules after Hu and Liu, "Mining and summarizing customer reviews", KDD 2004 (nearest target,
negation within a clause), with clauses cut at contrasts so that "good but slow" is two statements.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from features.text.aspects.clauses import Target, clauses, targets_of, with_named
from features.text.aspects.terms import Found, TermTable

_REACH_ZH, _REACH_EN = 4, 28  # characters between a negation and what it denies
_FLIPPED = -0.7  # "not bad" is less than good
_SIGNS = (0.85, 0.7, 0.55)  # confidence: named in the clause, in the one before, only implied
_MIXED = 0.7  # of it where praise and blame of one target meet
_JOINS = frozenset({"、", "和", "与", "跟", "及", "以及", "and", "&", "/", "or", "还有"})
_WHOLE = "general"
_VAGUE = frozenset({"product", "place", "general"})


class Opinion(NamedTuple):
    """What is said: ``text[start:end]``, its polarity here, and the aspect that it implies."""

    start: int
    end: int
    polarity: float
    implied: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One target, everything said about it, and the clause ``text[start:end]`` that says it."""

    target: Target
    opinions: tuple[Opinion, ...]
    confidence: float
    start: int
    end: int

    @property
    def polarity(self) -> float:
        """Mean polarity of the opinions, 0 without any."""
        return sum(o.polarity for o in self.opinions) / len(self.opinions) if self.opinions else 0.0

    @property
    def aspect(self) -> str:
        """The target's aspect or, of a product as a whole, the one that the opinions imply."""
        if self.target.aspect in _VAGUE:
            return next((o.implied for o in self.opinions if o.implied), self.target.aspect)
        return self.target.aspect


def statements(text: str, table: TermTable, named: Sequence[Target] = ()) -> list[Statement]:
    """Return what a text says about what, in order.

    Parameters
    ----------
    text : str
        In lower case and folded: as long as the text given.
    table : TermTable
        The words.
    named : sequence of Target
        Targets found otherwise, such as products of a catalog.
    """
    found: list[Statement] = []
    last: Target | None = None
    for clause in clauses(with_named(text, table.scan(text), named)):
        targets = targets_of(text, clause)
        said = _said(text, clause, targets, table, last)
        found += [_apart(row, found) if row.target == last else row for row in said]
        if targets:
            last = targets[-1]
    return _merged(found)


def _apart(row: Statement, before: list[Statement]) -> Statement:
    """Return a statement without the target taken over from before, where it contradicts that."""
    others = [other for other in before if other.target == row.target]
    if not others or others[-1].polarity * row.polarity >= 0:
        return row
    first = row.opinions[0]
    target = Target(first.start, first.start, first.implied or _WHOLE)
    return replace(row, target=target, confidence=_SIGNS[2])


def _said(
    text: str, clause: list[Found], targets: list[Target], table: TermTable, last: Target | None
) -> list[Statement]:
    start, end = clause[0].start, clause[-1].end
    said: dict[Target, list[Opinion]] = {}
    sure: dict[Target, float] = {}
    for place, item in enumerate(clause):
        if any(target.start <= item.start < target.end for target in targets):
            own = _inherent(clause, place, targets)
            if own is None:
                continue
            chosen, opinion, trust = own
        else:
            chosen, trust = _about(text, item, targets, last)
            polarity = _polarity(text, clause, place, chosen.aspect, table)
            if polarity == 0:
                continue
            opinion = Opinion(item.start, item.end, polarity, item.term.implied)
        for target in _group(text, chosen, targets):
            said.setdefault(target, []).append(opinion)
            sure[target] = max(sure.get(target, 0.0), trust)
    return [
        Statement(target, tuple(opinions), _trust(opinions, sure[target]), start, end)
        for target, opinions in said.items()
    ]


def _inherent(
    clause: list[Found], place: int, targets: list[Target]
) -> tuple[Target, Opinion, float] | None:
    """Return what naming something says by itself: a smell is blamed, no smell praised."""
    item = clause[place]
    if not item.term.polarity or any(
        other.term.polarity for number, other in enumerate(clause) if number != place
    ):
        return None
    target = next(target for target in targets if target.start <= item.start < target.end)
    flips = _negated(clause, place)
    polarity = item.term.polarity * (_FLIPPED if flips else 1.0)
    return target, Opinion(item.start, item.end, polarity, ""), _SIGNS[0]


def _about(
    text: str, item: Found, targets: list[Target], last: Target | None
) -> tuple[Target, float]:
    """Return the target of an opinion, and how sure that is."""
    before = [target for target in targets if target.end <= item.start]
    after = [target for target in targets if target.start >= item.end]
    if after and text[item.end : after[0].start].strip() in {"", "的", "the", "of", "for", "with"}:
        adjacent = text[item.end : after[0].start] != ""
        if adjacent or not before:
            return after[0], _SIGNS[0]
    if before:
        return before[-1], _SIGNS[0]
    if after:
        return after[0], _SIGNS[0]
    if last is not None and item.term.implied in {"", last.aspect}:
        return last, _SIGNS[1]
    return Target(item.start, item.start, item.term.implied or _WHOLE), _SIGNS[2]


def _group(text: str, chosen: Target, targets: list[Target]) -> list[Target]:
    """Return the target with those it is listed with: "packaging and delivery were great"."""
    if chosen not in targets:
        return [chosen]
    place = targets.index(chosen)
    group = [chosen]
    while place > 0 and text[targets[place - 1].end : targets[place].start].strip() in _JOINS:
        place -= 1
        group.append(targets[place])
    return group


def _polarity(text: str, clause: list[Found], place: int, aspect: str, table: TermTable) -> float:
    item = clause[place]
    before = clause[place - 1] if place else None
    near = before is not None and text[before.end : item.start] in {"", " "}
    polarity = table.local.get((aspect, item.word), item.term.polarity)
    if item.term.intensifies and _next_is_opinion(clause, place):
        return 0.0
    if not polarity and item.term.degree and near and before is not None and before.term.exceeds:
        polarity = -0.7
    if polarity and _negated(clause, place):
        return polarity * _FLIPPED
    return polarity


def _next_is_opinion(clause: list[Found], place: int) -> bool:
    if place + 1 >= len(clause) or clause[place + 1].start != clause[place].end:
        return False
    following = clause[place + 1].term
    return bool(following.polarity or following.degree)


def _negated(clause: list[Found], place: int) -> bool:
    """Return whether an odd number of negations stand shortly before a term."""
    count = 0
    item = clause[place]
    for other in reversed(clause[:place]):
        reach = _REACH_EN if other.word.isascii() else _REACH_ZH
        if item.start - other.end > reach:
            break
        if other.term.polarity and not other.term.intensifies and not other.term.negates:
            break
        count += other.term.negates
    return count % 2 == 1


def _trust(opinions: list[Opinion], trust: float) -> float:
    mixed = min(o.polarity for o in opinions) < 0 < max(o.polarity for o in opinions)
    return trust * _MIXED if mixed else trust


def _merged(found: list[Statement]) -> list[Statement]:
    """Return one statement a target, whatever the number of clauses about it."""
    merged: dict[Target, Statement] = {}
    for row in found:
        first = merged.get(row.target)
        if first is None:
            merged[row.target] = row
        else:
            opinions = first.opinions + row.opinions
            trust = _trust(list(opinions), min(first.confidence, row.confidence))
            merged[row.target] = Statement(row.target, opinions, trust, first.start, row.end)
    return sorted(merged.values(), key=lambda row: row.target.start)
