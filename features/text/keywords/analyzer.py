"""The words that set a text apart: term frequency times inverse document frequency.

Sparck Jones, "A statistical interpretation of term specificity", Journal of Documentation 1972.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import PositiveInt, validate_call
from sklearn.feature_extraction.text import TfidfVectorizer

from features.text.codec import STRINGS
from features.text.keywords.dictionary import PLAIN, Dictionary
from features.text.tokenize import VERSION as WORDS_VERSION

CODE_VERSION = f"2.{WORDS_VERSION}"


@dataclass(frozen=True)
class WordWeights:
    """How rare words are, learned from a collection of texts.

    Parameters
    ----------
    idf : dict
        Smoothed inverse document frequency by word.
    unseen : float
        That of a word in none of the texts: the largest there is.
    """

    idf: dict[str, float]
    unseen: float


class KeywordAnalyzer:
    """The few words of each text that weigh most.

    Parameters
    ----------
    weights : WordWeights
        From :func:`fit_weights`.
    count : int
        Most keywords of one text.
    state : str
        Fingerprint of what the weights were fitted on.
    dictionary : Dictionary
        Words that the business added, the same that the weights were fitted with.

    Examples
    --------
    >>> rare = WordWeights(idf={"delivery": 3.0, "guitar": 1.0}, unseen=4.0)
    >>> analyzer = KeywordAnalyzer(weights=rare, count=2, state="")
    >>> analyzer.analyze(["the guitar delivery was late"])["keywords"].to_pylist()
    [['late', 'delivery']]
    """

    name = "keywords"
    schema = pa.schema([("keywords", STRINGS)])

    @validate_call(config={"arbitrary_types_allowed": True})
    def __init__(
        self,
        *,
        weights: WordWeights,
        count: PositiveInt,
        state: str,
        dictionary: Dictionary = PLAIN,
    ) -> None:
        self._weights = weights
        self._count = count
        self.dictionary = dictionary
        self.version = f"{CODE_VERSION}:{count}:{dictionary.version}:{state}"

    def analyze(self, texts: Sequence[str]) -> pa.Table:
        """Return the column ``keywords``: at most ``count`` words a text, heaviest first."""
        return pa.table({"keywords": [self._of(text) for text in texts]}, schema=self.schema)

    def of_all(self, texts: Sequence[str]) -> list[str]:
        """Return the keywords of several texts taken together, such as those of a conversation."""
        return self._of("\n".join(texts))

    def _of(self, text: str) -> list[str]:
        idf, unseen = self._weights.idf, self._weights.unseen
        # A Counter keeps the order of first occurrence and sorting is stable: ties go to the front.
        heaviest = sorted(
            Counter(self.dictionary.words_of(text)).items(),
            key=lambda item: -item[1] * idf.get(item[0], unseen),
        )
        return [word for word, _ in heaviest[: self._count]]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the weights as arrays without objects."""
        return {
            "words": np.array(list(self._weights.idf), dtype=np.str_),
            "idf": np.array(list(self._weights.idf.values()), dtype=np.float64),
            "unseen": np.array(self._weights.unseen),
            "added": np.array(self.dictionary.words, dtype=np.str_),
            "stopped": np.array(self.dictionary.stop, dtype=np.str_),
        }

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]], *, count: int, state: str) -> KeywordAnalyzer:
        """Return the analyzer that :meth:`arrays` took apart."""
        pairs = zip(arrays["words"].tolist(), arrays["idf"].tolist(), strict=True)
        weights = WordWeights(dict(pairs), float(arrays["unseen"]))
        dictionary = Dictionary(
            words=tuple(arrays["added"].tolist()), stop=tuple(arrays["stopped"].tolist())
        )
        return cls(weights=weights, count=count, state=state, dictionary=dictionary)


def fit_weights(texts: Sequence[str], dictionary: Dictionary = PLAIN) -> WordWeights:
    """Learn how rare each word is in these texts."""
    unseen = log(1 + len(texts)) + 1
    vectorizer = TfidfVectorizer(analyzer=dictionary.words_of)
    try:
        vectorizer.fit(texts)
    except ValueError:  # scikit-learn's way to say that there is no word at all
        return WordWeights({}, unseen)
    pairs = zip(vectorizer.get_feature_names_out().tolist(), vectorizer.idf_.tolist(), strict=True)
    return WordWeights(dict(pairs), unseen)
