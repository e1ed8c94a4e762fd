"""Cut a text into clauses, and find what each of them speaks of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from features.text.aspects.terms import Found, Term


class Target(NamedTuple):
    """What is spoken of: ``text[start:end]``; an empty stretch where it is only implied."""

    start: int
    end: int
    aspect: str


def clauses(found: Sequence[Found]) -> Iterator[list[Found]]:
    """Yield the terms of each clause; marks and contrasts end one."""
    part: list[Found] = []
    for item in found:
        if item.term.splits and not item.term.polarity:
            if part:
                yield part
            part = []
        else:
            part.append(item)
    if part:
        yield part


def with_named(text: str, found: list[Found], named: Sequence[Target]) -> list[Found]:
    """Return the terms with targets found otherwise in place of those that they cover."""
    if not named:
        return found
    kept = [
        item
        for item in found
        if not any(item.start < target.end and target.start < item.end for target in named)
    ]
    others = [Found(t.start, t.end, text[t.start : t.end], Term(aspect=t.aspect)) for t in named]
    return sorted([*kept, *others], key=lambda item: item.start)


def targets_of(text: str, clause: list[Found]) -> list[Target]:
    """Return the targets of a clause; neighbors such as 客服 + 态度 are one."""
    targets: list[Target] = []
    for item in clause:
        if not item.term.aspect:
            continue
        before = targets[-1] if targets else None
        if before and _one_name(text, before, item):
            targets[-1] = Target(before.start, item.end, item.term.aspect)
        else:
            targets.append(Target(item.start, item.end, item.term.aspect))
    return targets


def _one_name(text: str, before: Target, item: Found) -> bool:
    """Return whether neighbors name one thing: 网络 + 信号, 骑手 + 态度; 酒店 + 位置 are two."""
    together = item.term.aspect in {before.aspect, "service"} and before.aspect != "product"
    return together and text[before.end : item.start] in {"", " "}
