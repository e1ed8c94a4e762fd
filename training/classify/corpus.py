"""Labeled texts to learn from and be judged by: of a workspace, or of a file of one's own."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow.parquet as pq

from features.text.base import content_hash
from features.text.classifier.examples import UNKNOWN, Labeled
from features.text.taxonomy.taxonomy import Taxonomy
from ingest.labels import agreed
from ingest.sources.guess import matches
from ingest.sources.readers import reader_for
from ingest.store import Store
from ingest.taxonomies import closest
from ingest.workspace import Workspace

_WHOLE = 2.0**64
_LEAST = 10  # texts without which nothing can be judged or learned


class CorpusError(ValueError):
    """There are no labels to learn from, or they cannot be used."""


@dataclass(frozen=True)
class Corpus:
    """Texts with one label each.

    Parameters
    ----------
    name : str
        Of the taxonomy, or of the file.
    texts, labels : tuple of str
        Distinct texts, and the label of each; ``unknown`` where people said it is none of them.
    origin : str
        Where they come from, in words.
    taxonomy : Taxonomy or None
        What the labels are of; its own examples always teach and never judge.
    """

    name: str
    texts: tuple[str, ...]
    labels: tuple[str, ...]
    origin: str
    taxonomy: Taxonomy | None = None

    @cached_property
    def places(self) -> tuple[float, ...]:
        """Where each text falls in [0, 1), by its content: the same in every fit there will be."""
        return tuple(place(text) for text in self.texts)

    @cached_property
    def digest(self) -> str:
        """Changes with any text or label, whatever their order."""
        found = hashlib.sha256()
        for pair in sorted(zip(self.texts, self.labels, strict=True)):
            found.update(repr(pair).encode())
        return found.hexdigest()

    def held_out(self, share: float) -> Corpus:
        """Return the texts that judge: those that fall below ``share``."""
        return self._where([spot < share for spot in self.places])

    def teaching(self, share: float, part: float = 1.0) -> Corpus:
        """Return the texts that teach, or a part 0..1 of them; smaller parts lie inside larger."""
        end = share + (1 - share) * part
        return self._where([share <= spot < end for spot in self.places])

    def check(self, share: float) -> None:
        """Check that there is something to learn from and something to be judged by.

        Raises
        ------
        CorpusError
            Saying how many labeled texts there are and how many are needed.
        """
        held, teach = self.held_out(share), self.teaching(share)
        several = len({*teach.known.labels, *self._codes()}) > 1
        if len(held.known) < _LEAST or len(teach.known) < _LEAST or not several:
            raise CorpusError(
                f"labels of {self.name} ({self.origin}): expected at least {_LEAST} texts held "
                f"out, {_LEAST} that teach and two labels, received {len(self.texts)} labeled "
                f"texts, {len(held.known)} of them held out, of {len(set(self.labels))} labels. "
                f"Label more, see python -m training.label --help, or hold out another share than "
                f"{share:g}"
            )

    @property
    def known(self) -> Labeled:
        """The texts that have a label."""
        pairs = [(t, y) for t, y in zip(self.texts, self.labels, strict=True) if y != UNKNOWN]
        return Labeled(tuple(t for t, _ in pairs), tuple(y for _, y in pairs))

    @property
    def examples(self) -> Labeled | None:
        """The sentences of its taxonomy with their labels; None for labels of no taxonomy."""
        if self.taxonomy is None:
            return None
        pairs = [
            (text, label.label)
            for label in self.taxonomy.labels
            for sentences in label.examples.values()
            for text in sentences
        ]
        return Labeled(tuple(text for text, _ in pairs), tuple(code for _, code in pairs))

    @property
    def outside(self) -> tuple[str, ...]:
        """The texts that people said belong nowhere."""
        pairs = zip(self.texts, self.labels, strict=True)
        return tuple(text for text, label in pairs if label == UNKNOWN)

    @property
    def unknown(self) -> str:
        """What a text is called that seems to belong nowhere: ``unknown``, or a label for those."""
        taxonomy = self.taxonomy
        named = taxonomy is not None and taxonomy.unknown in taxonomy.codes
        return taxonomy.unknown if taxonomy is not None and named else UNKNOWN

    def _codes(self) -> tuple[str, ...]:
        return () if self.taxonomy is None else self.taxonomy.codes

    def _where(self, chosen: Sequence[bool]) -> Corpus:
        kept = [row for row, wanted in enumerate(chosen) if wanted]
        texts = tuple(self.texts[row] for row in kept)
        labels = tuple(self.labels[row] for row in kept)
        return Corpus(self.name, texts, labels, self.origin, self.taxonomy)


def place(text: str) -> float:
    """Return where a text falls in [0, 1), by its content."""
    return int.from_bytes(content_hash(text.strip())[:8], "big") / _WHOLE


def workspace_corpus(workspace: Workspace, taxonomy: Taxonomy) -> Corpus:
    """Return the texts that people labeled in a taxonomy, each with the label of most.

    A label that names a text of the workspace is of the text as it stands there; only others are of
    the text that came with the label.

    Raises
    ------
    CorpusError
        If there are none.
    """
    rows = agreed(Store(workspace.store).read("labels"), taxonomy.name)
    if not rows:
        raise CorpusError(
            f"workspace {workspace.name!r}: no labels of {taxonomy.name} yet. Let python -m "
            f"training.label propose what to label and load the answers with python -m ingest "
            f"source=labels, or give a file: labels=FILE with the columns text and label"
        )
    whole = known_texts(workspace, [row.text_id for row in rows if row.text_id])
    pairs = [(whole.get(row.text_id or "", row.text), row.label) for row in rows]
    return _of(taxonomy.name, pairs, f"workspace {workspace.name}", taxonomy)


def file_corpus(path: Path, taxonomy: Taxonomy | None, name: str | None = None) -> Corpus:
    """Return the labeled texts of a file with the columns text and label, or words for them.

    Raises
    ------
    CorpusError
        If the columns are missing, or a label is none of the taxonomy's.
    ingest.sources.base.SourceError
        If the file cannot be read.
    """
    if not path.is_file():
        raise CorpusError(f"labels: expected a file, received {path}, which is none")
    pairs: list[tuple[str, str]] = []
    for part in reader_for(path)(path):
        found = matches("labels", part.rows.column_names)
        if not {"text", "label"} <= found.keys():
            raise CorpusError(
                f"{path}: expected the columns text and label, received "
                f"{', '.join(part.rows.column_names)}"
            )
        columns = [part.rows[found[name]].to_pylist() for name in ("text", "label")]
        pairs += [(str(t), str(y)) for t, y in zip(*columns, strict=True) if t and y]
    return _of(name or (taxonomy.name if taxonomy else path.stem), pairs, str(path), taxonomy)


def known_texts(workspace: Workspace, ids: Iterable[str]) -> dict[str, str]:
    """Return the whole texts of the workspace with these ids; none before its first analysis."""
    wanted = sorted(set(ids))
    path = workspace.features / "text" / "texts.parquet"
    if not wanted or not path.is_file():
        return {}
    rows = pq.read_table(path, columns=["text_id", "text"], filters=[("text_id", "in", wanted)])
    return dict(zip(rows["text_id"].to_pylist(), rows["text"].to_pylist(), strict=True))


def _of(
    name: str, pairs: Iterable[tuple[str, str]], origin: str, taxonomy: Taxonomy | None
) -> Corpus:
    """Return a corpus in which a text that comes again has its last label."""
    labels = {text.strip(): label.strip() for text, label in pairs}
    labels = {text: label for text, label in labels.items() if text and label}
    if taxonomy is not None:
        allowed = (*taxonomy.codes, taxonomy.unknown)
        for wrong, count in Counter(y for y in labels.values() if y not in allowed).items():
            raise CorpusError(
                f"{origin}: {wrong!r} ({count} texts) is no label of {taxonomy.name}; expected "
                f"such as {closest(wrong, allowed)}"
            )
        if taxonomy.unknown not in taxonomy.codes:
            labels = {t: UNKNOWN if y == taxonomy.unknown else y for t, y in labels.items()}
    return Corpus(name, tuple(labels), tuple(labels.values()), origin, taxonomy)
