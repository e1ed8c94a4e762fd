"""How much people who label the same texts agree, beyond what chance would give.

Cohen's kappa (Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological
Measurement 20, 1960) for each pair, on the texts that both labeled; Krippendorff's alpha for
nominal data (Krippendorff, "Computing Krippendorff's Alpha-Reliability", 2011) over all, which
takes any number of annotators and texts that some did not label. 1: they always agree; 0: as chance
would have it. From .8 on labels are taken for reliable, below .667 the taxonomy's descriptions
rather than the people need work (Krippendorff, Content Analysis, 2004).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import pyarrow as pa

from ingest.labels import identity, standing

Given = dict[str, dict[str, str]]  # text -> annotator -> label


@dataclass(frozen=True)
class Pair:
    """Two annotators: on how many texts they meet, the share they agree on, and Cohen's kappa.

    ``kappa`` is None where both gave one and the same label to all: chance would do that too.
    """

    first: str
    second: str
    texts: int
    agreed: float
    kappa: float | None


@dataclass(frozen=True)
class Confusion:
    """Two labels that the same texts were given by different people, and on how many texts."""

    one: str
    other: str
    texts: int


@dataclass(frozen=True)
class Agreement:
    """What :func:`agreement` found.

    Attributes
    ----------
    taxonomy : str
    texts : int
        Labeled by two or more.
    alpha : float or None
        Krippendorff's alpha over all annotators; None where all labels are the same one.
    pairs : tuple of Pair
    confusions : tuple of Confusion
        The most frequent first.
    """

    taxonomy: str
    texts: int
    alpha: float | None
    pairs: tuple[Pair, ...]
    confusions: tuple[Confusion, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)

    @property
    def words(self) -> str:
        """The agreement as lines for people."""
        if not self.texts:
            return (
                f"{self.taxonomy}: no text was labeled by two people yet; give the same file to "
                "two annotators"
            )
        lines = [f"{self.taxonomy}: {self.texts:,} texts labeled by two or more, Krippendorff's "
                 f"alpha {_figure(self.alpha)}"]  # fmt: skip
        lines += [
            f"  {pair.first} and {pair.second}: Cohen's kappa {_figure(pair.kappa)}, agree on "
            f"{pair.agreed:.0%} of {pair.texts:,} texts"
            for pair in self.pairs
        ]
        lines += [f"  {each.one} or {each.other}? {each.texts:,} texts" for each in self.confusions]
        return "\n".join(lines)


def agreement(rows: pa.Table, taxonomy: str) -> Agreement:
    """Return the agreement of those who labeled texts in a taxonomy.

    Parameters
    ----------
    rows : pyarrow.Table
        Rows of the canonical table ``labels``; of each annotator and text the newest counts.
    taxonomy : str
        Its name.
    """
    given: Given = {}
    for row in standing(rows).to_pylist():
        if row["taxonomy"] == taxonomy:
            given.setdefault(identity(row), {})[row["annotator"]] = row["label"]
    several = {text: labels for text, labels in given.items() if len(labels) > 1}
    return Agreement(
        taxonomy=taxonomy,
        texts=len(several),
        alpha=krippendorff_alpha([list(labels.values()) for labels in several.values()]),
        pairs=_pairs(several),
        confusions=_confusions(several),
    )


def cohen_kappa(first: Sequence[str], second: Sequence[str]) -> float | None:
    """Return Cohen's kappa of two annotators' labels of the same texts.

    None where it is not defined: both gave one and the same label to every text.

    Examples
    --------
    >>> cohen_kappa(["a", "a", "b", "b"], ["a", "a", "b", "a"])
    0.5
    """
    if len({*first, *second}) <= 1:
        return None
    from sklearn.metrics import cohen_kappa_score  # noqa: PLC0415  (slow to import)

    return float(cohen_kappa_score(list(first), list(second)))


def krippendorff_alpha(units: Sequence[Sequence[str]]) -> float | None:
    """Return Krippendorff's alpha for nominal data.

    With ``n`` values in units of two or more, of which ``n_c`` are ``c``, and ``n_uc`` of the
    ``m_u`` values of unit ``u``: ``1 - (n - 1) * sum_u(disagreeing pairs / (m_u - 1)) / (n^2 -
    sum_c(n_c^2))``.

    Parameters
    ----------
    units : sequence of sequences of str
        The labels each text was given; texts with a single one do not count.

    Returns
    -------
    float or None
        None where there are no two labels to disagree about.
    """
    pairable = [Counter(unit) for unit in units if len(unit) > 1]
    totals: Counter[str] = sum(pairable, Counter())
    n = totals.total()
    expected = n * n - sum(count * count for count in totals.values())
    if not expected:
        return None
    observed = 0.0
    for unit in pairable:
        size = unit.total()
        observed += (size * size - sum(c * c for c in unit.values())) / (size - 1)
    return 1 - (n - 1) * observed / expected


def _pairs(given: Given) -> tuple[Pair, ...]:
    names = sorted({name for labels in given.values() for name in labels})
    found = []
    for first, second in combinations(names, 2):
        both = [(v[first], v[second]) for v in given.values() if first in v and second in v]
        if both:
            agreed = sum(one == other for one, other in both) / len(both)
            kappa = cohen_kappa([one for one, _ in both], [other for _, other in both])
            found.append(Pair(first, second, len(both), agreed, kappa))
    return tuple(found)


def _confusions(given: Given) -> tuple[Confusion, ...]:
    counts: Counter[tuple[str, str]] = Counter()
    for labels in given.values():
        counts.update(combinations(sorted(set(labels.values())), 2))
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return tuple(Confusion(one, other, count) for (one, other), count in ordered)


def _figure(value: float | None) -> str:
    return "not defined (one label only)" if value is None else f"{value:.3f}"
