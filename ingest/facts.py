"""Facts that were taken back. A statement never changes; it is retracted, and that is undone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import pyarrow as pa


def taken_back(facts: pa.Table) -> set[str]:
    """Return the ids of the rows that do not count, because a row that counts retracts them.

    A retraction is a row itself and may be retracted: then what it took back counts again. Rows
    that retract each other in a circle take nothing back.

    Parameters
    ----------
    facts : pyarrow.Table
        Rows of the canonical table ``facts`` with the columns fact_id and retracts, in any order.
    """
    ids, targets = (facts[name].to_pylist() for name in ("fact_id", "retracts"))
    pairs = zip(ids, targets, strict=True)
    return _gone({mark: target for mark, target in pairs if target is not None})


def _gone(retractions: Mapping[str, str]) -> set[str]:
    """Decide first what nothing retracts, then what only decided rows retract, and so on."""
    undecided: dict[str, int] = defaultdict(int)
    for target in retractions.values():
        undecided[target] += 1
    decided = [mark for mark in retractions if mark not in undecided]
    gone: set[str] = set()
    while decided:
        mark = decided.pop()
        if mark not in retractions:  # a statement
            continue
        target = retractions[mark]
        if mark not in gone:
            gone.add(target)
        undecided[target] -= 1
        if not undecided[target]:
            decided.append(target)
    return gone
