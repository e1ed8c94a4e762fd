"""Whether topics are any good: coherence, diversity, and a guard against junk.

Coherence is what Röder, Both and Hinneburg, "Exploring the Space of Topic Coherence Measures",
WSDM 2015 define; over windows it is computed by ``tomotopy``. Two junk criteria are of AlSumait,
Barbará, Gentle and Domeniconi, "Topic Significance Ranking of LDA Generative Models", ECML 2009: a
real topic is neither spread evenly over all words nor a copy of what all texts say. The third is
coherence by two measures at once: in short texts the words of one subject seldom meet each other,
which c_npmi takes for incoherence, but they keep the same company, which c_v sees.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Measure = Literal["c_npmi", "c_npmi_window", "c_v"]

MAX_EVENNESS = 0.97  # entropy of the words, as a share of the largest there is
MIN_NPMI, MIN_C_V = 0.03, 0.65  # words below both neither meet nor keep the same company
_NEVER = 1e-12  # added to the probability of two words together, which may be 0
MIN_DISTANCE = 0.25  # Hellinger distance from the words of all texts together


@dataclass(frozen=True)
class TopicQuality:
    """How good each of K topics is.

    Parameters
    ----------
    coherence : numpy.ndarray
        float64 [K], c_npmi in [-1, 1] of the words that name the topic.
    c_v : numpy.ndarray
        float64 [K], c_v in [0, 1] of the same words.
    junk : numpy.ndarray
        bool [K], whether the topic should not be shown as a subject.
    """

    coherence: NDArray[np.float64]
    c_v: NDArray[np.float64]
    junk: NDArray[np.bool_]

    def __post_init__(self) -> None:
        """Check that there is one value of each for every topic."""
        shapes = {self.coherence.shape, self.c_v.shape, self.junk.shape}
        if len(shapes) != 1:
            raise ValueError(f"topic quality: expected three arrays [topics], got shapes {shapes}")


def coherence(
    top_words: Sequence[Sequence[str]],
    documents: Sequence[Sequence[str]],
    measure: Measure = "c_npmi",
) -> NDArray[np.float64]:
    """Return float64 [K]: how well the words of each topic belong together.

    Parameters
    ----------
    top_words : sequence of sequence of str
        The words that name each topic.
    documents : sequence of sequence of str
        The words of the texts that probabilities are estimated from.
    measure : str
        ``c_npmi``: normalized pointwise mutual information of all pairs, a text counting as one
        event (boolean document); ``c_npmi_window``: the same over windows of ten words;
        ``c_v``: over windows of 110 words, indirect.

    Examples
    --------
    >>> documents = [["guitar", "amp"]] * 5 + [["hotel", "room"]] * 5
    >>> coherence([["guitar", "amp"], ["guitar", "room"]], documents).round(2).tolist()[0]
    1.0
    """
    if measure == "c_npmi":
        return _by_document(top_words, documents)
    targets = sorted({word for words in top_words for word in words})
    if not targets:
        return np.zeros(len(top_words))
    with warnings.catch_warnings():
        # Its compiled part warns of its own types when loaded.
        warnings.simplefilter("ignore")
        from tomotopy.coherence import Coherence  # noqa: PLC0415 (only fitting needs it)
        from tomotopy.utils import Corpus  # noqa: PLC0415

        corpus = Corpus()
        for words in documents:
            if words:
                corpus.add_doc(words=list(words))
        kind = "c_v" if measure == "c_v" else "c_npmi"
        judge = Coherence(corpus=corpus, coherence=kind, targets=targets)
        return np.array([judge.get_score(words=list(words)) for words in top_words])


def _by_document(
    top_words: Sequence[Sequence[str]], documents: Sequence[Sequence[str]]
) -> NDArray[np.float64]:
    place = {w: p for p, w in enumerate(sorted({w for words in top_words for w in words}))}
    held = [sorted({place[word] for word in text if word in place}) for text in documents]
    starts = np.cumsum([0, *map(len, held)])
    columns = np.fromiter((p for text in held for p in text), np.int64, int(starts[-1]))
    shape = (len(held), max(1, len(place)))
    binary = sp.csr_matrix((np.ones(len(columns)), columns, starts), shape)
    texts = max(1, sum(map(bool, documents)))
    both = np.asarray((binary.T @ binary).todense()) / texts + _NEVER
    alone = np.diag(both)
    npmi = np.log(both / np.outer(alone, alone)) / -np.log(np.minimum(both, 1 - _NEVER))
    found = np.zeros(len(top_words))
    for topic, words in enumerate(top_words):
        here = np.array([place[word] for word in words], dtype=np.int64)
        pairs = npmi[np.ix_(here, here)][~np.eye(len(here), dtype=bool)]
        found[topic] = pairs.mean() if pairs.size else 0.0
    return found


def diversity(top_words: Sequence[Sequence[str]]) -> float:
    """Return the share of distinct words among those that name topics, 1 where none repeats.

    Dieng, Ruiz and Blei, "Topic Modeling in Embedding Spaces", TACL 2020.
    """
    named = [word for words in top_words for word in words]
    return len(set(named)) / max(1, len(named))


def judge(
    top_words: Sequence[Sequence[str]],
    topic_word: NDArray[np.float32],
    background: NDArray[np.float64],
    documents: Sequence[Sequence[str]],
) -> TopicQuality:
    """Measure topics and flag the junk among them.

    Parameters
    ----------
    top_words : sequence of sequence of str
        The words that name each topic.
    topic_word : numpy.ndarray
        float32 [K, V], each row a distribution over words.
    background : numpy.ndarray
        float64 [V], the distribution over words of all texts together.
    documents : sequence of sequence of str
        Words of the texts fitted on.
    """
    met, company = coherence(top_words, documents), coherence(top_words, documents, "c_v")
    distribution = topic_word.astype(np.float64)
    junk = (
        ((met < MIN_NPMI) & (company < MIN_C_V))
        | (evenness(distribution) > MAX_EVENNESS)
        | (hellinger(distribution, background[None, :])[:, 0] < MIN_DISTANCE)
    )
    return TopicQuality(met, company, junk)


def evenness(distribution: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return [K]: entropy of each row as a share of the largest, 1 for an even distribution."""
    some = np.where(distribution > 0, distribution, 1.0)
    entropy = -(some * np.log(some)).sum(axis=1)
    return np.asarray(entropy / np.log(max(2, distribution.shape[1])))


def hellinger(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return [K, L]: Hellinger distance in [0, 1] of each row of one from each row of the other."""
    overlap = np.sqrt(one) @ np.sqrt(other).T
    return np.asarray(np.sqrt(np.clip(1 - overlap, 0, 1)))
