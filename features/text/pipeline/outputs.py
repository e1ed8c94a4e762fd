"""The tables that text analysis writes: what of a batch of answers goes into which file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import pyarrow as pa

from features.text.base import Analyzer
from features.text.pipeline.collect import ROWS

Found = Mapping[str, pa.Table]

_GIVEN = [name for name in ROWS.names if name not in ("rating", "text")]
_ANSWERS = pa.schema(
    [
        ("language", pa.string()),
        ("sentiment", pa.string()),
        ("polarity", pa.float32()),
        ("confidence", pa.float32()),
        ("topic", pa.int16()),
        ("topics", pa.list_(pa.float32())),
        ("keywords", pa.list_(pa.string())),
        ("embedding", pa.list_(pa.float32())),
    ]
)
RESULT = pa.schema([*(ROWS.field(name) for name in _GIVEN), *_ANSWERS, ROWS.field("text")])
IN_TEXTS = ("language", "sentiment", "topics", "keywords", "embedding")


class Output(Protocol):
    """One file of results.

    Attributes
    ----------
    name : str
        Of the file, without its ending.
    schema : pyarrow.Schema
        Its columns.
    reads : tuple of str
        Names of the analyzers whose answers it is made of.
    version : str
        Changes whenever the same answers would give other rows.
    """

    name: str
    schema: pa.Schema
    reads: tuple[str, ...]
    version: str

    def rows(self, batch: pa.Table, found: Found) -> pa.Table:
        """Return the rows of a batch of texts with the answers found, one row a text each."""
        ...


class TextsOutput:
    """``texts``: a row a text with language, mood, topics, keywords and vector.

    Columns of analyzers that were not asked for are null.

    Parameters
    ----------
    analyzers : sequence of str
        Names of all analyzers of the run.
    """

    name = "texts"
    schema = RESULT
    version = "1"

    def __init__(self, analyzers: Sequence[str]) -> None:
        self.reads = tuple(name for name in analyzers if name in IN_TEXTS)

    def rows(self, batch: pa.Table, found: Found) -> pa.Table:
        """Return the rows with the columns of :data:`RESULT`."""
        answers = {
            column: found[name][column]
            for name in self.reads
            for column in found[name].column_names
        }
        columns = [
            batch[field.name]
            if field.name in ROWS.names
            else answers.get(field.name, pa.nulls(batch.num_rows, field.type))
            for field in RESULT
        ]
        return pa.table(columns, schema=RESULT)


class AnalyzerOutput:
    """A file of an analyzer's own: ``text_id`` and the columns it answers with."""

    version = "1"

    def __init__(self, analyzer: Analyzer) -> None:
        self.name = analyzer.name
        self.reads: tuple[str, ...] = (analyzer.name,)
        self.schema = pa.schema([ROWS.field("text_id"), *analyzer.schema])

    def rows(self, batch: pa.Table, found: Found) -> pa.Table:
        """Return a row a text."""
        columns = [batch["text_id"], *found[self.name].columns]
        return pa.table(columns, schema=self.schema)
