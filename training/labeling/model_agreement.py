"""How much the model agrees with people on texts that people labeled, beyond chance.

Cohen's kappa (Cohen 1960, see :mod:`training.labeling.agreement`) of the labels that text analysis
gave and those of people, with a percentile bootstrap interval over texts. Beside the kappa between
people it says whether the model is one annotator like the others. A model agrees with what it
learned from, so texts it was fitted on are left out where that is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ingest.labels import agreed, standing
from training.labeling.agreement import cohen_kappa
from training.labeling.fitted import Fitted
from training.metrics import Interval

LEAST = 30  # texts below which an interval is too wide to say anything
RESAMPLES = 2000
PEOPLE = "the label of most"


@dataclass(frozen=True)
class WithPeople:
    """The model and somebody: on how many texts they meet, the share they agree on, and kappa.

    ``kappa`` is None on fewer than :data:`LEAST` texts, or where both gave one and the same label
    to all of them.
    """

    who: str
    texts: int
    agreed: float
    kappa: Interval | None


@dataclass(frozen=True)
class ModelAgreement:
    """What :func:`model_agreement` found.

    Attributes
    ----------
    taxonomy, tier : str
    shared : int
        Texts that have a label of people and one of the model.
    unseen : int
        Those of them that the model was not fitted on, as far as that is known; they count.
    known : str
        What is known about that, in words.
    figures : tuple of WithPeople
        With the label that most gave, and then, where several people labeled, with each of them.
    """

    taxonomy: str
    tier: str
    shared: int
    unseen: int
    known: str
    figures: tuple[WithPeople, ...]

    @property
    def words(self) -> str:
        """The agreement as lines for people."""
        told = (
            f"{self.taxonomy}, model ({self.tier}) and people: {self.shared:,} texts have labels "
            f"of both, {self.unseen:,} of them count. {self.known}"
        )
        return "\n".join([told, *(f"  {_line(figure)}" for figure in self.figures)])


def model_agreement(
    rows: pa.Table,
    taxonomy: str,
    given: Mapping[str, str],
    texts: Mapping[str, str],
    fitted: Fitted,
) -> ModelAgreement:
    """Return the agreement of the model with those who labeled texts in a taxonomy.

    Parameters
    ----------
    rows : pyarrow.Table
        Rows of the canonical table ``labels``; of each annotator and text the newest counts.
    taxonomy : str
        Its name.
    given : mapping
        Text id -> label the model gave.
    texts : mapping
        Text id -> text, of the same analysis. A label that names no text of it is of the text with
        its content; equal texts count once.
    fitted : Fitted
        What the model was fitted on.
    """
    answers = {texts[which].strip(): label for which, label in given.items() if which in texts}
    people = {PEOPLE: {_text(row.text_id, row.text, texts): row.label
                       for row in agreed(rows, taxonomy)}}  # fmt: skip
    for row in standing(rows).to_pylist():
        if row["taxonomy"] == taxonomy:
            mine = people.setdefault(f"annotator {row['annotator']}", {})
            mine[_text(row["text_id"], row["text"], texts)] = row["label"]
    shared = [text for text in people[PEOPLE] if text in answers]
    unseen = [text for text in shared if not fitted.saw(text)]
    several = len(people) > 2  # noqa: PLR2004  (all, and two or more)
    figures = [
        _with(who, [(answers[text], labels[text]) for text in unseen if text in labels])
        for who, labels in people.items()
        if who == PEOPLE or several
    ]
    return ModelAgreement(
        taxonomy, fitted.tier, len(shared), len(unseen), fitted.known, tuple(figures)
    )


def kappa_interval(
    first: Sequence[str], second: Sequence[str], *, resamples: int = RESAMPLES, seed: int = 0
) -> Interval | None:
    """Return Cohen's kappa with its 95 % percentile bootstrap interval over the texts.

    Resampling texts is drawing the cells of their table of labels from a multinomial distribution.
    Resamples in which kappa is not defined, since one label is all there is, are left out.

    Parameters
    ----------
    first, second : sequence of str
        The labels of n texts.

    Returns
    -------
    Interval or None
        None where kappa is not defined.

    Examples
    --------
    >>> kappa_interval(["a", "b"] * 20, ["a", "b"] * 20)
    Interval(value=1.0, low=1.0, high=1.0, n=40)
    """
    value = cohen_kappa(first, second)
    if value is None:
        return None
    names = sorted({*first, *second})
    pairs, counts = np.unique(
        [[names.index(a), names.index(b)] for a, b in zip(first, second, strict=True)],
        axis=0,
        return_counts=True,
    )
    n = len(first)
    drawn = np.random.default_rng(seed).multinomial(n, counts / n, size=resamples) / n
    one, two = (np.eye(len(names))[pairs[:, side]] for side in (0, 1))
    seen = drawn @ (pairs[:, 0] == pairs[:, 1])
    chance = ((drawn @ one) * (drawn @ two)).sum(axis=1)
    defined = chance < 1 - 1e-12
    kappas = (seen[defined] - chance[defined]) / (1 - chance[defined])
    low, high = np.quantile(kappas, [0.025, 0.975])
    return Interval(value, float(low), float(high), n)


def _text(text_id: str | None, text: str, texts: Mapping[str, str]) -> str:
    return texts.get(text_id or "", text).strip()


def _with(who: str, pairs: Sequence[tuple[str, str]]) -> WithPeople:
    right = sum(one == other for one, other in pairs)
    enough = len(pairs) >= LEAST
    first, second = [one for one, _ in pairs], [other for _, other in pairs]
    kappa = kappa_interval(first, second) if enough else None
    return WithPeople(who, len(pairs), right / max(len(pairs), 1), kappa)


def _line(figure: WithPeople) -> str:
    if figure.texts < LEAST:
        return (
            f"model and {figure.who}: {figure.texts:,} texts, too few for a figure; "
            f"{LEAST} are needed"
        )
    met = f"agree on {figure.agreed:.0%} of {figure.texts:,} texts"
    if figure.kappa is None:
        return f"model and {figure.who}: Cohen's kappa not defined (one label only), {met}"
    value, low, high = figure.kappa.value, figure.kappa.low, figure.kappa.high
    return (
        f"model and {figure.who}: Cohen's kappa {value:.3f} (95 % interval {low:.3f} to "
        f"{high:.3f}), {met}"
    )
