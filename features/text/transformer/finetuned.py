"""A fine-tuned text classifier with the face of any other text classifier."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from scipy.special import softmax

from features.text.base import fingerprint
from features.text.classifier.examples import UNKNOWN
from features.text.classifier.load import FINETUNED
from features.text.classifier.model import META, SCHEMA
from features.text.classifier.quality import Quality
from features.text.transformer.encoder import load_encoder
from features.text.transformer.member import Member

CODE_VERSION = "1"
FloatArray = NDArray[np.float32]

_HEAD = "head.safetensors"


@dataclass(frozen=True, eq=False)
class FinetunedClassifier:
    """Says which of its labels a text has, and how sure that is, by the mean of its members.

    Parameters
    ----------
    labels : tuple of str
        L class names, in the order of all columns of probabilities.
    members : tuple of Member
        Encoders with heads, fitted with different seeds (Lakshminarayanan et al., "Deep
        Ensembles", NeurIPS 2017).
    max_tokens : int
        So much of a text is read.
    temperature : float
        Divides the class scores, so that their softmax is a probability.
    threshold : float
        Confidence below which :meth:`predict` says ``"unknown"``.
    quality : Quality, optional
        Figures of the part that was held out.

    Raises
    ------
    ValueError
        If there is no member, or one scores another number of labels.
    """

    labels: tuple[str, ...]
    members: tuple[Member, ...]
    max_tokens: int
    temperature: float = 1.0
    threshold: float = 0.0
    quality: Quality | None = None
    tier: str = FINETUNED

    def __post_init__(self) -> None:
        """Check that the parts fit together."""
        widths = {len(member.bias) for member in self.members}
        if widths != {len(self.labels)} or self.temperature <= 0:
            raise ValueError(
                f"fine-tuned classifier: expected members that score {len(self.labels)} labels "
                f"and a temperature above 0, got {sorted(widths)} and {self.temperature}"
            )

    @cached_property
    def version(self) -> str:
        """Changes with the code and with anything that was fitted."""
        state = [self.labels, self.max_tokens, self.temperature, self.threshold]
        for member in self.members:
            state += [member.weights.tobytes(), member.bias.tobytes()]
            tensors = member.encoder.bert.state_dict().values()
            state += [hashlib.sha256(tensor.numpy().tobytes()).digest() for tensor in tensors]
        return f"{CODE_VERSION}:{fingerprint(*state)}"

    @property
    def reads_vectors(self) -> bool:
        """Never: it has encoders of its own."""
        return False

    def probabilities(self, texts: Sequence[str], vectors: FloatArray | None = None) -> FloatArray:
        """Return the class probabilities, float32 [n, L]; ``vectors`` are not looked at."""
        del vectors
        total = np.zeros((len(texts), len(self.labels)), dtype=np.float32)
        for member in self.members if texts else ():
            total += softmax(member.scores(tuple(texts)) / self.temperature, axis=1)
        mean: FloatArray = (total / len(self.members)).astype(np.float32)
        return mean

    def predict(self, texts: Sequence[str], vectors: FloatArray | None = None) -> pa.Table:
        """Return the columns ``label`` (``"unknown"`` below the threshold) and ``confidence``."""
        probabilities = self.probabilities(texts, vectors)
        confidence = probabilities.max(axis=1, initial=0)
        names = np.array([*self.labels, UNKNOWN], dtype=object)
        chosen = np.where(confidence >= self.threshold, probabilities.argmax(axis=1), -1)
        return pa.table({"label": names[chosen].tolist(), "confidence": confidence}, schema=SCHEMA)

    def save(self, folder: Path) -> None:
        """Write ``classifier.json`` and one folder a member, which need no other files."""
        for number, member in enumerate(self.members):
            place = folder / f"member_{number}"
            place.mkdir(parents=True, exist_ok=True)
            member.encoder.save(place)
            save_file({"weights": member.weights, "bias": member.bias}, place / _HEAD)
        meta = {
            "labels": self.labels,
            "tier": self.tier,
            "members": len(self.members),
            "max_tokens": self.max_tokens,
            "temperature": self.temperature,
            "threshold": self.threshold,
            "version": self.version,
            "quality": None if self.quality is None else self.quality.__dict__,
        }
        (folder / META).write_bytes(orjson.dumps(meta, option=orjson.OPT_INDENT_2))

    @classmethod
    def load(cls, folder: Path) -> FinetunedClassifier:
        """Return the classifier that :meth:`save` wrote.

        Raises
        ------
        FileNotFoundError
            If the folder holds none.
        ValueError
            If the weights are not those that were saved.
        """
        if not (folder / META).is_file():
            raise FileNotFoundError(f"fine-tuned classifier {folder}: expected a file {META}")
        meta = orjson.loads((folder / META).read_bytes())
        members = tuple(
            _member(folder / f"member_{number}", meta["max_tokens"])
            for number in range(meta["members"])
        )
        found = cls(
            labels=tuple(meta["labels"]), members=members, max_tokens=meta["max_tokens"],
            temperature=meta["temperature"], threshold=meta["threshold"],
            quality=None if meta["quality"] is None else Quality(**meta["quality"]),
        )  # fmt: skip
        if found.version != meta["version"]:
            raise ValueError(
                f"fine-tuned classifier {folder}: expected version {meta['version']}, got weights "
                f"of {found.version}; they were changed or are of other code: fit it again"
            )
        return found

    def with_threshold(self, threshold: float) -> FinetunedClassifier:
        """Return the same classifier with another threshold."""
        return replace(self, threshold=threshold)


def _member(folder: Path, max_tokens: int) -> Member:
    head = load_file(folder / _HEAD)
    return Member(load_encoder(folder, max_tokens=max_tokens), head["weights"], head["bias"])
