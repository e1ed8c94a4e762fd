"""The terms of a text and their weights, quick enough for every text there is.

A unit is a Han character, a word of letters or digits, a mark or an emoji. Terms are one to three
units side by side where they are Han characters or marks, one or two where they are words: what
character n-grams are to Chinese and word n-grams to English, without knowing which one a text is
in. Weights are TF-IDF with sublinear frequencies, each text's row of length 1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from features.text.normalize import normalize

FloatArray = NDArray[np.float32]

_CHARACTERS = 1200  # of a long text; the rest repeats what was said
_LONGEST = 40  # characters of a word; longer ones are keys and links
_UNIT = re.compile(r"[a-z0-9]+(?:['’\-][a-z0-9]+)*|\S")
_WORD = re.compile(r"[a-z0-9]")


def terms_of(text: str) -> list[str]:
    """Return the terms of a text.

    Examples
    --------
    >>> terms_of("not good 太慢")
    ['not', 'good', '太', '慢', 'not good', 'good 太', '太慢', 'good 太慢']
    """
    units = [unit[:_LONGEST] for unit in _UNIT.findall(normalize(text[:_CHARACTERS]).lower())]
    is_word = [_WORD.match(unit) is not None for unit in units]
    joined = [f"{unit} " if word else unit for unit, word in zip(units, is_word, strict=True)]
    found = list(units)
    found += [(first + second).rstrip() for first, second in pairwise(joined)]
    found += [
        (joined[place] + joined[place + 1] + joined[place + 2]).rstrip()
        for place in range(len(joined) - 2)
        if not (is_word[place] and is_word[place + 1]) and not is_word[place + 2]
    ]
    return found


@dataclass(frozen=True)
class Terms:
    """The terms that count and how rare each is.

    Parameters
    ----------
    vocabulary : tuple of str
        F terms.
    idf : numpy.ndarray
        float32 [F], inverse document frequencies.
    """

    vocabulary: tuple[str, ...]
    idf: FloatArray

    def __post_init__(self) -> None:
        """Check that every term has its weight."""
        if self.idf.shape != (len(self.vocabulary),):
            raise ValueError(
                f"terms: expected {len(self.vocabulary)} weights, got an array {self.idf.shape}"
            )

    @cached_property
    def _vectorizer(self) -> TfidfVectorizer:
        vectorizer = TfidfVectorizer(
            analyzer=terms_of, vocabulary=list(self.vocabulary), sublinear_tf=True, dtype=np.float32
        )
        vectorizer.idf_ = self.idf
        return vectorizer

    def matrix(self, texts: Sequence[str]) -> sp.csr_matrix:
        """Return the weights of the terms of n texts, float32 [n, F], rows of length 1 or 0."""
        return self._vectorizer.transform(texts).tocsr()


def fit_terms(
    texts: Sequence[str], *, most: int = 200_000, at_least: int = 2
) -> tuple[Terms, sp.csr_matrix]:
    """Return the terms of texts, and these texts' matrix [n, F].

    Parameters
    ----------
    texts : sequence of str
        n texts; no distinct term among them is an error of scikit-learn's, a ``ValueError``.
    most : int
        Largest vocabulary; the most frequent terms stay.
    at_least : int
        Texts that a term must occur in; with fewer than 200 texts every term counts.
    """
    least = at_least if len(texts) >= _FEW else 1
    vectorizer = TfidfVectorizer(
        analyzer=terms_of, min_df=least, max_features=most, sublinear_tf=True, dtype=np.float32
    )
    matrix = vectorizer.fit_transform(texts).tocsr()
    vocabulary = tuple(vectorizer.get_feature_names_out().tolist())
    return Terms(vocabulary, vectorizer.idf_.astype(np.float32)), matrix


_FEW = 200
