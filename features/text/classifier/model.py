"""A fitted text classifier: linear heads over terms and sentence vectors, fused and calibrated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import softmax

from features.text.base import fingerprint
from features.text.classifier.examples import UNKNOWN
from features.text.classifier.heads import Linear
from features.text.classifier.quality import Quality
from features.text.classifier.terms import Terms

CODE_VERSION = "2"
FloatArray = NDArray[np.float32]
Vectors = Callable[[Sequence[str]], FloatArray]

META, _ARRAYS = "classifier.json", "classifier.npz"
SCHEMA = pa.schema([("label", pa.string()), ("confidence", pa.float32())])


@dataclass(frozen=True, eq=False)
class TextClassifier:
    """Says which of its labels a text has, and how sure that is.

    The classes' probabilities are the softmax of ``mix[0] * term scores + mix[1] * vector scores``:
    late fusion and temperature in one (Guo et al., "On Calibration of Modern Neural Networks", ICML
    2017), both chosen on held-out folds.

    Parameters
    ----------
    labels : tuple of str
        L class names, in the order of all columns of scores.
    tier : str
        ``"few-shot"`` reads sentence vectors, ``"trained"`` terms, ``"fused"`` both.
    mix : tuple of float
        How much the term scores and the vector scores count.
    terms, term_head : Terms and Linear, optional
        The terms that count, and the class scores of their weights.
    vector_head : Linear, optional
        Class scores of sentence vectors.
    threshold : float
        Confidence below which :meth:`predict` says ``"unknown"``.
    quality : Quality, optional
        Figures of held-out folds.
    vectors : callable, optional
        Gives the sentence vectors float32 [n, width] of n texts, where a call does not.

    Raises
    ------
    ValueError
        If there are fewer than two labels, no head, or a head of another number of classes.
    """

    labels: tuple[str, ...]
    tier: str
    mix: tuple[float, float]
    terms: Terms | None = None
    term_head: Linear | None = None
    vector_head: Linear | None = None
    threshold: float = 0.0
    quality: Quality | None = None
    vectors: Vectors | None = None

    def __post_init__(self) -> None:
        """Check that the parts fit together."""
        heads = [head for head in (self.term_head, self.vector_head) if head is not None]
        if len(self.labels) <= 1 or not heads or (self.terms is None) != (self.term_head is None):
            raise ValueError(
                f"text classifier: expected two labels or more, and a head over terms, vectors or "
                f"both; got labels {self.labels} and {len(heads)} heads"
            )
        for head in heads:
            if len(head.intercept) != len(self.labels):
                raise ValueError(
                    f"text classifier: expected scores for {len(self.labels)} labels, got a head "
                    f"with {len(head.intercept)}"
                )

    @cached_property
    def version(self) -> str:
        """Changes with the code and with anything that was fitted."""
        state = [array.tobytes() for array in self.arrays().values()]
        return f"{CODE_VERSION}:{fingerprint(self.labels, self.tier, self.threshold, *state)}"

    @property
    def reads_vectors(self) -> bool:
        """Whether an answer depends on the sentence vector of a text."""
        return self.vector_head is not None

    def scores(self, texts: Sequence[str], vectors: FloatArray | None = None) -> FloatArray:
        """Return the fused class scores [n, L], whose softmax are the probabilities."""
        total = np.zeros((len(texts), len(self.labels)), dtype=np.float32)
        if self.terms is not None and self.term_head is not None and texts:
            total += self.mix[0] * self.term_head.scores(self.terms.matrix(texts))
        if self.vector_head is not None and texts:
            total += self.mix[1] * self.vector_head.scores(self._matrix(texts, vectors))
        return total

    def probabilities(self, texts: Sequence[str], vectors: FloatArray | None = None) -> FloatArray:
        """Return the calibrated class probabilities, float32 [n, L].

        Parameters
        ----------
        texts : sequence of str
            n texts.
        vectors : numpy.ndarray, optional
            Their sentence vectors, where somebody has them already; not looked at by the trained
            tier.

        Raises
        ------
        ValueError
            If vectors are needed and there is no way to have them, or they are of another model.
        """
        return np.asarray(softmax(self.scores(texts, vectors), axis=1), dtype=np.float32)

    def predict(self, texts: Sequence[str], vectors: FloatArray | None = None) -> pa.Table:
        """Return the columns ``label`` (``"unknown"`` below the threshold) and ``confidence``."""
        probabilities = self.probabilities(texts, vectors)
        confidence = probabilities.max(axis=1, initial=0)
        names = np.array([*self.labels, UNKNOWN], dtype=object)
        chosen = np.where(confidence >= self.threshold, probabilities.argmax(axis=1), -1)
        return pa.table({"label": names[chosen].tolist(), "confidence": confidence}, schema=SCHEMA)

    def _matrix(self, texts: Sequence[str], vectors: FloatArray | None) -> FloatArray:
        if vectors is None and self.vectors is None:
            raise ValueError(
                f"text classifier, {self.tier} tier: it reads sentence vectors and has no way to "
                f"compute them; pass vectors=, or fit with tier='trained'"
            )
        found = self.vectors(texts) if vectors is None and self.vectors is not None else vectors
        width = 0 if self.vector_head is None else len(self.vector_head.weights)
        if found is None or found.shape != (len(texts), width):
            raise ValueError(
                f"text classifier: expected vectors [{len(texts)}, {width}], got "
                f"{None if found is None else found.shape}; was it fitted with another encoder?"
            )
        return found

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what was fitted as arrays without objects, fit for ``numpy.savez``."""
        found: dict[str, NDArray[Any]] = {"mix": np.array(self.mix, dtype=np.float64)}
        if self.terms is not None:
            words = "\n".join(self.terms.vocabulary).encode()
            found |= {"vocabulary": np.frombuffer(words, dtype=np.uint8), "idf": self.terms.idf}
        for name, head in (("term", self.term_head), ("vector", self.vector_head)):
            if head is not None:
                found |= {f"{name}_weights": head.weights, f"{name}_intercept": head.intercept}
        return found

    @classmethod
    def of(
        cls,
        arrays: Mapping[str, NDArray[Any]],
        *,
        labels: Sequence[str],
        tier: str,
        vectors: Vectors | None = None,
    ) -> TextClassifier:
        """Return the classifier that :meth:`arrays` took apart, without threshold and quality."""
        terms = None
        if "vocabulary" in arrays:
            words = arrays["vocabulary"].tobytes().decode()
            terms = Terms(tuple(words.split("\n")) if words else (), arrays["idf"])
        heads = {
            name: Linear(arrays[f"{name}_weights"], arrays[f"{name}_intercept"])
            for name in ("term", "vector")
            if f"{name}_weights" in arrays
        }
        mix = (float(arrays["mix"][0]), float(arrays["mix"][1]))
        return cls(
            tuple(labels), tier, mix, terms, heads.get("term"), heads.get("vector"), vectors=vectors
        )

    def save(self, folder: Path) -> None:
        """Write ``classifier.npz`` and ``classifier.json`` into a folder, made where needed."""
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(folder / _ARRAYS, allow_pickle=False, **self.arrays())
        meta = {
            "labels": self.labels,
            "tier": self.tier,
            "threshold": self.threshold,
            "version": self.version,
            "quality": None if self.quality is None else self.quality.__dict__,
        }
        (folder / META).write_bytes(orjson.dumps(meta, option=orjson.OPT_INDENT_2))

    @classmethod
    def load(cls, folder: Path, *, vectors: Vectors | None = None) -> TextClassifier:
        """Return the classifier that :meth:`save` wrote.

        Raises
        ------
        FileNotFoundError
            If the folder holds none.
        ValueError
            If the arrays are not those that were saved.
        """
        if not (folder / META).is_file():
            raise FileNotFoundError(f"text classifier {folder}: expected a file {META}, got none")
        meta = orjson.loads((folder / META).read_bytes())
        with np.load(folder / _ARRAYS, allow_pickle=False) as arrays:
            found = cls.of(dict(arrays), labels=meta["labels"], tier=meta["tier"], vectors=vectors)
        quality = None if meta["quality"] is None else Quality(**meta["quality"])
        found = replace(found, threshold=meta["threshold"], quality=quality)
        if found.version != meta["version"]:
            raise ValueError(
                f"text classifier {folder}: expected version {meta['version']}, got arrays of "
                f"{found.version}; they were changed or are of other code: fit it again"
            )
        return found
