"""Write the tables of a run beside their places and move them there when all are whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from features.text.base import fingerprint
from features.text.pipeline.outputs import Found, Output

_MARK = b"made_of"
_PLAIN = ("topics", "embedding")  # columns of numbers that hardly repeat


class Writing:
    """Open drafts of some tables."""

    def __init__(self, writers: Mapping[Output, pq.ParquetWriter]) -> None:
        self._writers = writers
        self.rows = dict.fromkeys((output.name for output in writers), 0)

    def add(self, batch: pa.Table, found: Found) -> None:
        """Write what a batch of texts gives to every table."""
        for output, writer in self._writers.items():
            rows = output.rows(batch, found)
            writer.write_table(rows.cast(output.schema))
            self.rows[output.name] += rows.num_rows


@contextmanager
def writing(folder: Path, outputs: Mapping[Output, str]) -> Iterator[Writing]:
    """Open drafts of tables; all move to their places at the end, none if something fails.

    Parameters
    ----------
    folder : Path
        Gets ``<name>.parquet`` of every output.
    outputs : mapping of Output to str
        What to write, and the mark that says what it was made of.
    """
    drafts = {output: folder / f"{output.name}.draft" for output in outputs}
    with ExitStack() as stack:
        writers = {
            output: stack.enter_context(_writer(drafts[output], output, mark))
            for output, mark in outputs.items()
        }
        yield Writing(writers)
    for output, draft in drafts.items():
        draft.replace(folder / f"{output.name}.parquet")


def mark_of(output: Output, versions: Mapping[str, str], texts: str) -> str:
    """Return what changes whenever the table would.

    Parameters
    ----------
    output : Output
        The table.
    versions : mapping of str to str
        Versions of the analyzers, by name.
    texts : str
        Fingerprint of all texts with everything given about them.
    """
    made_of = [(name, versions[name]) for name in output.reads]
    return fingerprint(output.name, output.version, str(output.schema), made_of, texts)


def kept_mark(path: Path) -> str | None:
    """Return the mark of a table that was written before, None where there is no such table."""
    if not path.exists():
        return None
    return (pq.read_schema(path).metadata or {}).get(_MARK, b"").decode() or None


def drop_others(folder: Path, outputs: Sequence[Output]) -> None:
    """Remove tables of earlier runs that are no longer asked for."""
    wanted = {output.name for output in outputs}
    for path in folder.glob("*.parquet"):
        if path.stem not in wanted and kept_mark(path) is not None:
            path.unlink()
    for path in folder.glob("*.draft"):
        path.unlink()


def _writer(path: Path, output: Output, mark: str) -> pq.ParquetWriter:
    schema = output.schema.with_metadata({_MARK: mark.encode()})
    words = [name for name in schema.names if name not in _PLAIN]
    return pq.ParquetWriter(path, schema, use_dictionary=words, compression="zstd")
