"""The item space: 64 directions in which descriptions of items differ most."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file, save_file

from features.store.files import write_text
from features.store.schema import VECTOR_LENGTH

FloatArray = npt.NDArray[np.float32]

_SHORTEST = 1e-6


@dataclass(frozen=True)
class ItemSpace:
    """A linear map from sentence embeddings to item vectors.

    Attributes
    ----------
    mean : numpy.ndarray
        float32 ``[width]``: mean embedding of the items it was fitted on.
    components : numpy.ndarray
        float32 ``[64, width]``: principal directions, largest variance first; the entry of largest
        magnitude of each is positive, so that the map does not depend on the solver's signs.
    """

    mean: FloatArray
    components: FloatArray

    def __post_init__(self) -> None:
        if self.components.shape != (VECTOR_LENGTH, len(self.mean)):
            raise ValueError(
                f"item space: expected components [{VECTOR_LENGTH}, {len(self.mean)}], "
                f"received {self.components.shape}"
            )

    @classmethod
    def fit(cls, embeddings: FloatArray) -> ItemSpace:
        """Fit on one embedding per distinct item: ``[n, width]``, any n of at least 1.

        Principal component analysis by eigenvectors of the covariance matrix: exact, without a
        random start. With fewer items than directions the rest are zero.

        Raises
        ------
        ValueError
            If there is no embedding.
        """
        if not len(embeddings):
            raise ValueError("item space: expected at least one embedding to fit on, received none")
        width = embeddings.shape[1]
        mean = embeddings.mean(axis=0, dtype=np.float64)
        centered = embeddings.astype(np.float64) - mean
        values, directions = np.linalg.eigh(centered.T @ centered / len(centered))
        largest = np.argsort(values)[::-1][:VECTOR_LENGTH]
        components = np.zeros((VECTOR_LENGTH, width))
        components[: len(largest)] = directions[:, largest].T
        components[: len(largest)][values[largest] < 1e-10 * max(values.max(), 1e-300)] = 0.0
        peaks = np.abs(components).argmax(axis=1)
        components *= np.where(components[np.arange(VECTOR_LENGTH), peaks] < 0, -1.0, 1.0)[:, None]
        return cls(mean.astype(np.float32), components.astype(np.float32))

    def project(self, embeddings: FloatArray) -> FloatArray:
        """Return item vectors ``[n, 64]`` of length 1 (or 0 where nothing is left)."""
        return unit((embeddings - self.mean) @ self.components.T)

    @property
    def checksum(self) -> str:
        """SHA-256 of the numbers."""
        return hashlib.sha256(self.mean.tobytes() + self.components.tobytes()).hexdigest()

    def save(self, folder: Path) -> None:
        """Write ``space.safetensors`` and ``space.json`` with the checksum."""
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {"mean": self.mean, "components": self.components}
        temporary = folder / ".space.safetensors"
        save_file(arrays, temporary)
        temporary.replace(folder / "space.safetensors")
        write_text(json.dumps({"checksum": self.checksum}), folder / "space.json")

    @classmethod
    def load(cls, folder: Path) -> ItemSpace:
        """Read a saved space.

        Raises
        ------
        ValueError
            If the numbers do not match their checksum.
        """
        arrays = load_file(folder / "space.safetensors")
        space = cls(arrays["mean"], arrays["components"])
        expected = json.loads((folder / "space.json").read_text("utf-8"))["checksum"]
        if space.checksum != expected:
            raise ValueError(
                f"{folder / 'space.safetensors'}: checksum {space.checksum} is not the recorded "
                f"{expected}; run python -m features again"
            )
        return space


def unit(rows: npt.NDArray[np.floating]) -> FloatArray:
    """Scale rows to length 1; rows shorter than 1e-6 become zero."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > _SHORTEST)
    return np.asarray(scaled, dtype=np.float32)
