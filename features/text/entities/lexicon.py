"""The business's own words: kinds of things and their names, from one yaml file.

.. code-block:: yaml

    feature: [降噪, noise cancelling]
    competitor: [某某音响]
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import Field, TypeAdapter, validate_call

from features.text.base import fingerprint
from features.text.entities.matching import NameTable, compact, is_whole, key
from features.text.spans import Span

_LISTED = 0.9
_SHORTEST = 2
_Kind = Annotated[str, Field(pattern=re.compile(r"^[a-z][a-z_]*$"))]
_WORDS: TypeAdapter[dict[str, list[str]]] = TypeAdapter(dict[_Kind, list[str]])


class Lexicon:
    """Finds the words of a dictionary in texts, however they are spaced or cased.

    Parameters
    ----------
    words : mapping
        Kind → words, of two letters or more.

    Raises
    ------
    pydantic.ValidationError
        If a kind is no lower-case name.
    ValueError
        If a word is too short to be looked for.

    Examples
    --------
    >>> lexicon = Lexicon(words={"feature": ["noise cancelling"]})
    >>> [(span.kind, span.text) for span in lexicon.spans("Noise-Cancelling is great")]
    [('feature', 'Noise-Cancelling')]
    """

    @validate_call
    def __init__(self, *, words: Mapping[_Kind, list[str]]) -> None:
        short = sorted(w for several in words.values() for w in several if len(key(w)) < _SHORTEST)
        if short:
            raise ValueError(f"dictionary: expected words of two letters or more, got {short}")
        self._words = {
            kind: {key(word): word for word in several} for kind, several in words.items()
        }
        self.kinds = tuple(self._words)
        self.version = fingerprint(sorted((k, sorted(w)) for k, w in self._words.items()))

    @cached_property
    def _tables(self) -> dict[str, NameTable]:
        return {kind: NameTable.of(words) for kind, words in self._words.items()}

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return the dictionary of a yaml file.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        pydantic.ValidationError
            If it holds anything but kinds and lists of words.
        """
        told = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        return cls(words=_WORDS.validate_python(told if told is not None else {}))

    def spans(self, text: str) -> Iterator[Span]:
        """Find the words; the value is the word as the dictionary writes it."""
        letters, places = compact(text)
        for kind, table in self._tables.items():
            for start, end in table.windows(letters):
                first, last = places[start], places[end - 1] + 1
                if is_whole(text, first, last):
                    word = table.items[letters[start:end]]
                    yield Span(kind, first, last, text[first:last], _LISTED, word)
