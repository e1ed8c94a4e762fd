"""The ways a text is read: as it was written, its writer's own words, or with an earlier turn."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from features.text.clean.quotes import own_and_quoted

Reading = Literal["text", "own", "window"]
READINGS: tuple[Reading, ...] = ("text", "own", "window")


class Readings:
    """Gives every reading of texts.

    Analyzers that give places in a text read it as it was written. What a text quotes is nobody's
    mood and subject here; analyzers of those read the writer's own words. What "and in blue?" asks
    for is known with the turn before; that is how texts are sorted into taxonomies.

    Parameters
    ----------
    windows : mapping of str to str
        By id of a text, what it is read as together with an earlier turn.
    """

    def __init__(self, windows: Mapping[str, str]) -> None:
        self._windows = windows

    @classmethod
    def with_windows(cls, path: Path) -> Readings:
        """Return readings with what :func:`~features.text.context.windows.write_context` wrote."""
        table = pq.read_table(path, columns=["text_id", "window"])
        return cls(dict(zip(*(column.to_pylist() for column in table.columns), strict=True)))

    def of(self, rows: pa.Table) -> dict[Reading, list[str]]:
        """Return each reading of the rows, one text a row."""
        texts: list[str] = rows["text"].to_pylist()
        own = [own_words(text) for text in texts]
        if not self._windows:
            return {"text": texts, "own": own, "window": own}
        ids = rows["text_id"].to_pylist()
        window = [self._windows.get(name, text) for name, text in zip(ids, own, strict=True)]
        return {"text": texts, "own": own, "window": window}


def own_words(text: str) -> str:
    r"""Return a text without what it quotes; all of it where nothing else is left.

    Examples
    --------
    >>> own_words("> where is it\nIt arrived, thanks"), own_words("> only a quotation")
    ('It arrived, thanks', '> only a quotation')
    """
    own, _ = own_and_quoted(text)
    return own if own.strip() else text
