"""The topics of each text, by whatever topics were fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.text.codec import FLOATS, float_column
from features.text.topics.clusters import ClusterModel, Vectors
from features.text.topics.model import CODE_VERSION, TopicModel
from features.text.topics.quality import TopicQuality


class TopicAnalyzer:
    """The topics of each text.

    Parameters
    ----------
    model : TopicModel or ClusterModel
        Fitted topics.
    state : str
        Fingerprint of what they were fitted on.
    """

    name = "topics"
    schema = pa.schema([("topic", pa.int16()), ("topics", FLOATS)])

    def __init__(self, *, model: TopicModel | ClusterModel, state: str) -> None:
        self.model = model
        self.version = f"{CODE_VERSION}:{state}"

    def analyze(self, texts: Sequence[str]) -> pa.Table:
        """Return ``topic``, the largest one, and ``topics``, the shares of all K.

        ``topic`` is -1 where no word is known and where the largest is junk: that is no subject.
        """
        shares = self.model.shares(texts)
        largest = np.where(shares.any(axis=1), shares.argmax(axis=1), -1)
        if self.model.quality is not None:
            junk = np.flatnonzero(self.model.quality.junk)
            largest = np.where(np.isin(largest, junk), -1, largest)
        columns = {"topic": largest.astype(np.int16), "topics": float_column(shares)}
        return pa.table(columns, schema=self.schema)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the model as arrays without objects."""
        found = {
            "vocabulary": np.array(self.model.vocabulary, dtype=np.str_),
            "topic_word": self.model.topic_word,
            "alpha": self.model.alpha,
        }
        if isinstance(self.model, ClusterModel):
            found["centers"] = self.model.centers
        if (quality := self.model.quality) is not None:
            found |= {
                "coherence": quality.coherence, "c_v": quality.c_v, "junk": quality.junk,
            }  # fmt: skip
        return found

    @classmethod
    def of(
        cls, arrays: Mapping[str, NDArray[Any]], *, state: str, vectors: Vectors | None = None
    ) -> TopicAnalyzer:
        """Return the analyzer that :meth:`arrays` took apart.

        Parameters
        ----------
        arrays : mapping
            What was kept.
        state : str
            Fingerprint of what was fitted on.
        vectors : callable, optional
            Gives sentence vectors; topics that are clusters need it.

        Raises
        ------
        ValueError
            If the topics are clusters and there is nothing that gives vectors.
        """
        vocabulary = tuple(arrays["vocabulary"].tolist())
        quality = (
            TopicQuality(arrays["coherence"], arrays["c_v"], arrays["junk"])
            if "junk" in arrays
            else None
        )
        parts = (vocabulary, arrays["topic_word"], arrays["alpha"], quality)
        if "centers" not in arrays:
            return cls(model=TopicModel(*parts), state=state)
        if vectors is None:
            raise ValueError(
                "topics that are clusters: expected something that gives sentence vectors, got "
                "None; pass vectors="
            )
        model = ClusterModel(*parts, centers=arrays["centers"], vectors=vectors)
        return cls(model=model, state=state)
