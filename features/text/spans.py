"""A stretch of a text that names something: the shape that every recognizer answers in.

Places are counted in characters of the text exactly as it was given. Recognizers therefore look at
:func:`folded`, which turns full-width forms into ordinary ones without moving anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

_FULL_WIDTH: dict[int, int | str] = {0xFF01 + place: 0x21 + place for place in range(94)}
_FOLD: dict[int, int | str] = {
    **_FULL_WIDTH,
    0x3000: " ",  # ideographic space
    0x00A0: " ",  # no-break space
    0xFFE5: "\u00a5",  # full-width yen sign
    **dict.fromkeys((0x2010, 0x2011, 0x2013, 0x2014), "-"),  # hyphens and dashes
}

SPANS = pa.list_(
    pa.struct(
        [
            ("kind", pa.string()),
            ("start", pa.int32()),
            ("end", pa.int32()),
            ("confidence", pa.float32()),
            ("value", pa.string()),
        ]
    )
)


@dataclass(frozen=True, slots=True)
class Span:
    """One thing found in a text.

    Parameters
    ----------
    kind : str
        What it is, such as ``"phone"``.
    start, end : int
        ``text[start:end]`` names it; ``0 <= start < end``.
    text : str
        That stretch as it was written.
    confidence : float
        In (0, 1]: near 1 where a check digit or a word beside it ("phone:") proves it, near .5
        where only its shape speaks for it. It orders spans; it is not a calibrated probability.
    value : str
        The same thing in one spelling, so that equal things compare equal.
    """

    kind: str
    start: int
    end: int
    text: str
    confidence: float
    value: str = ""

    def __post_init__(self) -> None:
        if not (0 <= self.start < self.end and self.end - self.start == len(self.text)):
            raise ValueError(
                f"span {self.kind}: expected 0 <= start < end and a text of that length, "
                f"got start={self.start}, end={self.end}, {len(self.text)} characters"
            )
        if not 0 < self.confidence <= 1:
            raise ValueError(f"span {self.kind}: confidence {self.confidence}, expected (0, 1]")


class Recognizer(Protocol):
    """Finds one kind of thing in a folded text; what it proposes may overlap."""

    def __call__(self, text: str) -> Iterable[Span]:
        """Return the spans proposed."""
        ...


def folded(text: str) -> str:
    r"""Return the text with full-width letters, digits and marks as ordinary ones, equally long.

    Examples
    --------
    >>> folded("\uff11\uff13\uff18 call me")
    '138 call me'
    """
    return text if text.isascii() else text.translate(_FOLD)


def settle(text: str, proposed: Iterable[Span]) -> tuple[Span, ...]:
    """Return the spans that remain when of two that overlap the surer, then longer, one wins.

    Parameters
    ----------
    text : str
        As it was given: the spans left carry its own characters rather than folded ones.
    proposed : iterable of Span
        From all recognizers.
    """
    ranked = sorted(proposed, key=lambda s: (-s.confidence, s.start - s.end, s.start, s.kind))
    kept: list[Span] = []
    for span in ranked:
        if all(span.end <= other.start or other.end <= span.start for other in kept):
            kept.append(span)
    kept.sort(key=lambda span: span.start)
    return tuple(
        Span(s.kind, s.start, s.end, text[s.start : s.end], s.confidence, s.value) for s in kept
    )


def span_rows(found: Sequence[Sequence[Span]], *, values: bool) -> pa.Array:
    """Return the column of type :data:`SPANS`; what a span covers is left in the text.

    Parameters
    ----------
    found : sequence of sequences of Span
        One a text.
    values : bool
        Whether to keep values; those of personal data belong in no cache.
    """
    rows = [
        [
            {"kind": s.kind, "start": s.start, "end": s.end, "confidence": s.confidence,
             "value": s.value if values else ""}
            for s in spans
        ]
        for spans in found
    ]  # fmt: skip
    return pa.array(rows, SPANS)
