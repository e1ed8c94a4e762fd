"""A tagger of tokens that is quick to train: a linear model over a window, decoded by Viterbi.

A yardstick for public sets with spans; it is trained on a set's own training split and not shipped.
The idea is the maximum entropy Markov model (McCallum, Freitag & Pereira 2000) without the previous
label among the features: transitions are counted apart, so that training is one linear fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

Labels = Sequence[str]
Features = Sequence[Sequence[str]]  # of each token of one text, its features as words
_BITS, _FLOOR = 18, 1e-4


class WindowTagger:
    """Labels each token by what stands around it.

    Parameters
    ----------
    alpha : float
        Strength of L2 regularization.
    epochs : int
        Passes over the training tokens.
    seed : int
        Fixes the order of the tokens.
    """

    def __init__(self, *, alpha: float = 2e-6, epochs: int = 3, seed: int = 7) -> None:
        self._alpha, self._epochs, self._seed = alpha, epochs, seed

    def fit(self, texts: Sequence[Features], labels: Sequence[Labels]) -> WindowTagger:
        """Learn from texts whose tokens are labeled."""
        from sklearn.linear_model import SGDClassifier  # noqa: PLC0415

        flat = [label for one in labels for label in one]
        self.model = SGDClassifier(
            loss="log_loss", alpha=self._alpha, max_iter=self._epochs, tol=None, average=True,
            random_state=self._seed,
        )  # fmt: skip
        self.model.fit(_hashed(texts), flat)
        place = {label: number for number, label in enumerate(self.model.classes_)}
        counts = np.full((len(place), len(place)), _FLOOR)
        for one in labels:
            for before, after in pairwise(one):
                counts[place[before], place[after]] += 1
        share = counts.sum(axis=0) / counts.sum()
        self.transitions = np.log(counts / counts.sum(axis=1, keepdims=True) / share)
        return self

    def labels(self, texts: Sequence[Features]) -> list[list[str]]:
        """Return the labels of each text's tokens: the likeliest path through all of them."""
        lengths = [len(text) for text in texts]
        if not sum(lengths):
            return [[] for _ in texts]
        scores = np.log(self.model.predict_proba(_hashed(texts)).clip(1e-9))
        parts = np.split(scores, np.cumsum(lengths)[:-1])
        return [[str(self.model.classes_[n]) for n in self._path(part)] for part in parts]

    def _path(self, scores: npt.NDArray[np.float64]) -> list[int]:
        if not len(scores):
            return []
        best, back = scores[0], []
        for row in scores[1:]:
            ways = best[:, None] + self.transitions
            back.append(ways.argmax(axis=0))
            best = ways.max(axis=0) + row
        path = [int(best.argmax())]
        for step in reversed(back):
            path.append(int(step[path[-1]]))
        return path[::-1]


def _hashed(texts: Sequence[Features]) -> Any:
    from sklearn.feature_extraction import FeatureHasher  # noqa: PLC0415

    hasher = FeatureHasher(n_features=2**_BITS, input_type="string", alternate_sign=False)
    return hasher.transform(token for text in texts for token in text)


def window(tokens: Sequence[str], *, reach: int = 2) -> Iterator[list[str]]:
    """Yield of each token: those around it, pairs of neighbors, its shape, start and end.

    Examples
    --------
    >>> next(window(["ab"]))[:3]
    ['-2=', '-1=', '0=ab']
    """
    padded = [""] * reach + [token.lower() for token in tokens] + [""] * reach
    for place, token in enumerate(tokens):
        around = padded[place : place + 2 * reach + 1]
        features = [f"{shift - reach}={word}" for shift, word in enumerate(around)]
        pairs = enumerate(pairwise(around))
        features += [f"{shift - reach}&={one}|{two}" for shift, (one, two) in pairs]
        shape = "".join(_kind(character) for character in token[:8])
        yield [*features, f"shape={shape}", f"start={token[:3]}", f"end={token[-3:]}"]


def _kind(character: str) -> str:
    if character.isdigit():
        return "0"
    if character.isalpha():
        return "A" if character.isupper() else "a"
    return character
