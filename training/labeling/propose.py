"""What to label next: the texts a classifier is least sure about, no two alike, some at random.

Margin sampling (Scheffer, Decomain and Wrobel, "Active Hidden Markov Models for Information
Extraction", IDA 2001): the smaller the difference of the two best scores, the more a label teaches.
Texts like one that is chosen or labeled already are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from features.text.base import content_hash
from features.text.embedding.embed import as_matrix
from features.text.pii.mask import mask
from features.text.taxonomy.chosen import Chosen
from ingest.labels import standing
from training.labeling.settings import ProposalSettings

PROPOSALS = pa.schema(
    [
        ("text_id", pa.string()),
        ("text", pa.string()),
        ("label", pa.string()),
        ("taxonomy", pa.string()),
        ("annotator", pa.string()),
        ("suggested", pa.string()),
        ("confidence", pa.float32()),
        ("why", pa.string()),
    ]
)
_AT_RANDOM = "chosen at random, so that what is held out is typical"


@dataclass(frozen=True)
class Candidate:
    """A text that could be labeled.

    Attributes
    ----------
    text_id, text : str
    vector : numpy.ndarray
        Its sentence vector, float32 [width].
    rank : float
        Smaller ones are proposed first.
    suggested, why : str
        The label it seems to have, and why it is proposed.
    confidence : float
        In the suggested label, or in the nearest where the answer is unknown.
    """

    text_id: str
    text: str
    vector: NDArray[np.float32]
    rank: float
    suggested: str
    confidence: float
    why: str


def propose(
    texts: Path, labels: pa.Table, chosen: Chosen, settings: ProposalSettings, annotator: str = ""
) -> pa.Table:
    """Return the texts to label next with the columns of :data:`PROPOSALS`, ``label`` empty.

    Parameters
    ----------
    texts : Path
        ``texts.parquet`` of text analysis.
    labels : pyarrow.Table
        Rows of the canonical table ``labels``: what has one in this taxonomy is not proposed.
    chosen : Chosen
        The classifier that answers now.
    settings : ProposalSettings
    annotator : str
        Who will label, empty if that is not known yet.

    Returns
    -------
    pyarrow.Table
        Fewer rows than asked for where no more texts differ enough. Personal data is masked; the
        ``text_id`` tells which text it is.
    """
    known = _Labeled.of(labels, chosen.taxonomy.name)
    unsure, drawn, taken = _candidates(texts, known, chosen, settings)
    wanted = settings.count - round(settings.count * settings.random_share)
    picked = _unlike(unsure, taken, wanted, known, settings.alike)
    taken = [*taken, *(each.vector for each in picked)]
    picked += _unlike(drawn, taken, settings.count - len(picked), known, settings.alike)
    rows = [_row(each, chosen.taxonomy.name, annotator) for each in picked]
    return pa.Table.from_pylist(rows, schema=PROPOSALS)


@dataclass(frozen=True)
class _Labeled:
    """The texts that have a label already, by id and by content."""

    ids: frozenset[str]
    contents: frozenset[str]

    @classmethod
    def of(cls, labels: pa.Table, taxonomy: str) -> _Labeled:
        rows = [row for row in standing(labels).to_pylist() if row["taxonomy"] == taxonomy]
        ids = frozenset(row["text_id"] for row in rows if row["text_id"] is not None)
        return cls(ids, frozenset(row["text"].strip() for row in rows))

    def has(self, text_id: str, text: str) -> bool:
        return text_id in self.ids or text.strip() in self.contents


def _candidates(
    texts: Path, known: _Labeled, chosen: Chosen, settings: ProposalSettings
) -> tuple[list[Candidate], list[Candidate], list[NDArray[np.float32]]]:
    """Return the least sure texts, some at random, and the vectors of those that are labeled."""
    unsure: list[Candidate] = []
    drawn: list[Candidate] = []
    taken: list[NDArray[np.float32]] = []
    for batch in _batches(texts, settings.batch):
        ids, said = batch["text_id"].to_pylist(), batch["text"].to_pylist()
        matrix = as_matrix(pa.chunked_array([batch["embedding"]]))
        fresh = [row for row, text in enumerate(said) if not known.has(ids[row], text)]
        taken += [matrix[row].copy() for row in sorted(set(range(len(said))) - set(fresh))]
        if fresh:
            part = [said[row] for row in fresh]
            found = _scored([ids[row] for row in fresh], part, matrix[fresh], chosen)
            unsure = _first([*unsure, *found], settings.pool)
            at_random = [_at_random(each, settings.seed) for each in found]
            drawn = _first([*drawn, *at_random], settings.pool)
    return unsure, drawn, taken


def _batches(texts: Path, size: int) -> Iterator[pa.RecordBatch]:
    columns = ["text_id", "text", "embedding"]
    yield from pq.ParquetFile(texts).iter_batches(size, columns=columns)


def _scored(
    ids: Sequence[str], texts: Sequence[str], matrix: NDArray[np.float32], chosen: Chosen
) -> list[Candidate]:
    scores = chosen.scores(texts, matrix)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :2]
    rows = np.arange(len(texts))
    best, second = scores[rows, order[:, 0]], scores[rows, order[:, 1]]
    found = []
    for row, (first, other) in enumerate(order.tolist()):
        sure, next_best = float(best[row]), float(second[row])
        one, two = chosen.codes[first], chosen.codes[other]
        unknown = sure < chosen.threshold
        why = f"between {one} ({sure:.2f}) and {two} ({next_best:.2f})"
        why += f", below the threshold {chosen.threshold:.2f}" if unknown else ""
        found.append(
            Candidate(
                text_id=ids[row],
                text=texts[row],
                vector=matrix[row].copy(),
                rank=sure - next_best,
                suggested=chosen.taxonomy.unknown if unknown else one,
                confidence=sure,
                why=why,
            )
        )
    return found


def _at_random(of: Candidate, seed: int) -> Candidate:
    """Return the candidate ranked by a hash of seed and text: any text is as likely as another."""
    rank = int.from_bytes(content_hash(f"{seed} {of.text}")[:8], "big") / 2.0**64
    told = (of.text_id, of.text, of.vector, rank, of.suggested, of.confidence)
    return Candidate(*told, why=_AT_RANDOM)


def _first(candidates: list[Candidate], most: int) -> list[Candidate]:
    return sorted(candidates, key=lambda each: (each.rank, each.text_id))[:most]


def _unlike(
    candidates: Sequence[Candidate],
    taken: Sequence[NDArray[np.float32]],
    count: int,
    known: _Labeled,
    alike: float,
) -> list[Candidate]:
    """Return the first candidates that are unlike those taken and each other."""
    picked: list[Candidate] = []
    if not candidates or count <= 0:
        return picked
    space = np.zeros((len(taken) + count, len(candidates[0].vector)), dtype=np.float32)
    space[: len(taken)] = np.reshape(taken, (len(taken), space.shape[1]))
    for each in candidates:
        there = len(taken) + len(picked)
        near = float((space[:there] @ each.vector).max(initial=-1))
        if near >= alike or known.has(each.text_id, mask(each.text)):
            continue  # a label that was given to a masked text has its masked content
        space[there] = each.vector
        picked.append(each)
        if len(picked) == count:
            break
    return picked


def _row(of: Candidate, taxonomy: str, annotator: str) -> dict[str, object]:
    return {
        "text_id": of.text_id,
        "text": mask(of.text),
        "label": "",
        "taxonomy": taxonomy,
        "annotator": annotator,
        "suggested": of.suggested,
        "confidence": round(of.confidence, 4),
        "why": of.why,
    }
