"""What each text says about which aspect: target, opinion words, polarity, with their places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import validate_call

from features.text.aspects.clauses import Target
from features.text.aspects.find import Statement, statements
from features.text.aspects.taxonomy import AspectTaxonomy, named_aspects
from features.text.aspects.terms import TermTable, lexicon
from features.text.base import fingerprint
from features.text.entities.products import Catalog
from features.text.spans import folded

CODE_VERSION = "1"
Tone = Callable[[Sequence[str]], NDArray[np.float32]]
_WORDS_WEIGH = 0.6  # of a statement's polarity; the rest is the sentiment model's
_AGREES, _DISAGREES = 1.1, 0.75
ASPECTS = pa.list_(
    pa.struct(
        [
            ("target", pa.string()),
            ("aspect", pa.string()),
            ("polarity", pa.float32()),
            ("confidence", pa.float32()),
            ("start", pa.int32()),
            ("end", pa.int32()),
            (
                "opinions",
                pa.list_(
                    pa.struct([("word", pa.string()), ("start", pa.int32()), ("end", pa.int32())])
                ),
            ),
        ]
    )
)


class AspectAnalyzer:
    """Statements of each text about aspects.

    Parameters
    ----------
    taxonomy : str
        Name of a file in ``conf/aspects``.
    catalog : Catalog, optional
        The business's own products, found as targets by name.
    tone : callable, optional
        Gives the polarity (-1..1) [n] of n clauses, such as a sentiment model's; it is weighed with
        that of the words.
    tone_version : str
        Fingerprint of the tone; needed where one is given.

    Raises
    ------
    ValueError
        If the taxonomy does not exist, or a tone has no version.

    Examples
    --------
    >>> row = AspectAnalyzer().analyze(["味道不错,但是送餐太慢"])["aspects"].to_pylist()[0]
    >>> [(found["target"], found["aspect"], found["polarity"] > 0) for found in row]
    [('味道', 'taste', True), ('送餐', 'delivery', False)]
    """

    name = "aspects"
    schema = pa.schema([("aspects", ASPECTS)])

    @validate_call(config={"arbitrary_types_allowed": True})
    def __init__(
        self,
        *,
        taxonomy: str = "commerce",
        catalog: Catalog | None = None,
        tone: Tone | None = None,
        tone_version: str = "",
    ) -> None:
        if tone is not None and not tone_version:
            raise ValueError("aspects: a tone needs tone_version, the fingerprint of its model")
        aspects: AspectTaxonomy = named_aspects(taxonomy)
        self._table = TermTable(aspects)
        self._catalog = catalog
        self._tone = tone
        words = fingerprint(aspects.model_dump_json(), lexicon("zh"), lexicon("en"))
        products = catalog.version if catalog else "no catalog"
        self.version = ":".join([CODE_VERSION, words, products, tone_version or "no tone"])

    def analyze(self, texts: Sequence[str]) -> pa.Table:
        """Return the column ``aspects``: one entry a target.

        ``target`` is ``text[start:end]`` and empty where an aspect is only implied ("too
        expensive"); ``opinions`` are the words that say it, with their places. Confidence orders
        statements and is no probability.
        """
        found = [self.statements(text) for text in texts]
        if self._tone is not None:
            return pa.table({"aspects": self._toned(texts, found)}, schema=self.schema)
        rows = [
            [_row(text, one, one.polarity, one.confidence) for one in many]
            for text, many in zip(texts, found, strict=True)
        ]
        return pa.table({"aspects": pa.array(rows, ASPECTS)}, schema=self.schema)

    def statements(self, text: str) -> list[Statement]:
        """Return what one text says about what."""
        plain = folded(text)
        lower = plain.lower()
        lower = lower if len(lower) == len(text) else plain
        named = []
        if self._catalog is not None:
            products = self._catalog.products(plain)
            named = [Target(span.start, span.end, "product") for span in products]
        return statements(lower, self._table, named)

    def _toned(self, texts: Sequence[str], found: list[list[Statement]]) -> pa.Array:
        """Return the rows with each clause's polarity weighed with the sentiment model's."""
        pairs = [(text, one) for text, many in zip(texts, found, strict=True) for one in many]
        if not pairs or self._tone is None:
            return pa.array([[] for _ in texts], ASPECTS)
        tones = iter(self._tone([text[one.start : one.end] for text, one in pairs]).tolist())
        rows = []
        for text, many in zip(texts, found, strict=True):
            row = []
            for one in many:
                tone = next(tones)
                polarity = _WORDS_WEIGH * one.polarity + (1 - _WORDS_WEIGH) * tone
                agrees = _AGREES if one.polarity * tone > 0 else _DISAGREES
                row.append(_row(text, one, polarity, min(1.0, one.confidence * agrees)))
            rows.append(row)
        return pa.array(rows, ASPECTS)


def _row(text: str, one: Statement, polarity: float, confidence: float) -> dict[str, Any]:
    return {
        "target": text[one.target.start : one.target.end],
        "aspect": one.aspect,
        "polarity": polarity,
        "confidence": confidence,
        "start": one.target.start,
        "end": one.target.end,
        "opinions": [
            {"word": text[o.start : o.end], "start": o.start, "end": o.end} for o in one.opinions
        ],
    }
