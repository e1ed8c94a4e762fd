"""Personal data leaves as tokens such as ``⟦phone.1⟧`` and comes back as what it was.

The tokens hold within one call: equal data gets equal tokens, so that a model still sees who is who
in a conversation, and the list of originals never leaves this process. (Pseudonyms by key, from
:mod:`features.text.pii.pseudonyms`, are forty letters long, more than models copy without error.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from features.text.llm.quotes import locate
from features.text.pii.recognize import find_pii

_TOKEN = re.compile(r"⟦[a-z_]+\.\d+⟧")
_ROUNDS = 64  # each covers more of the text than the one before


@dataclass(frozen=True)
class Piece:
    """One stretch of personal data: where it is in the original, and the token sent for it."""

    start: int
    end: int
    token: str


@dataclass(frozen=True)
class Veil:
    """A text, what is sent for it, and the way back.

    Parameters
    ----------
    original : str
        As it was written.
    pieces : tuple of Piece
        In order, without overlap.

    Examples
    --------
    >>> veil = veiled("请拨13800138000找王小明")
    >>> veil.sent, veil.reveal("打给⟦name.1⟧")
    ('请拨⟦phone.1⟧找⟦name.1⟧', '打给王小明')
    """

    original: str
    pieces: tuple[Piece, ...]

    @property
    def sent(self) -> str:
        """The text with tokens in place of personal data."""
        parts, before = [], 0
        for piece in self.pieces:
            parts += [self.original[before : piece.start], piece.token]
            before = piece.end
        return "".join([*parts, self.original[before:]])

    def back(self, start: int, end: int) -> tuple[int, int]:
        """Return which stretch of the original a stretch of the sent text stands for.

        A stretch that begins or ends inside a token covers all that the token stands for.
        """
        found_start = found_end = -1
        for ours, theirs, whole in self._stretches():
            if found_start < 0 and start < theirs[1]:
                found_start = ours[0] if whole else ours[0] + start - theirs[0]
            if end <= theirs[1]:
                found_end = ours[1] if whole else ours[0] + end - theirs[0]
                break
        return found_start, found_end

    def find(self, quote: str) -> tuple[int, int] | None:
        """Return where in the original a quotation from the sent text is, None where it is none.

        What cuts a token in two quotes nothing that somebody wrote.
        """
        place = locate(quote, self.sent)
        if place is None:
            return None
        for _, (start, end), whole in self._stretches():
            if whole and any(start < cut < end for cut in place):
                return None
        return self.back(*place)

    def reveal(self, text: str) -> str:
        """Return a text with the originals in place of the tokens of this call."""
        known = {piece.token: self.original[piece.start : piece.end] for piece in self.pieces}
        return _TOKEN.sub(lambda match: known.get(match[0], match[0]), text)

    def _stretches(self) -> Iterator[tuple[tuple[int, int], tuple[int, int], bool]]:
        """Yield stretches of original and sent text that belong together; true for tokens."""
        ours = theirs = 0
        for piece in self.pieces:
            width = piece.start - ours
            yield (ours, piece.start), (theirs, theirs + width), False
            theirs += width
            yield (piece.start, piece.end), (theirs, theirs + len(piece.token)), True
            ours, theirs = piece.end, theirs + len(piece.token)
        width = len(self.original) - ours
        yield (ours, len(self.original)), (theirs, theirs + width), False


def veiled(text: str, *, min_confidence: float = 0.5) -> Veil:
    """Replace personal data, again and again until none is recognized in what would be sent.

    Parameters
    ----------
    text : str
        As it was written.
    min_confidence : float
        Spans less sure than this are sent; lower than for display, since sending is final.

    Raises
    ------
    ValueError
        If after many rounds something is still recognized: the text must not be sent.
    """
    stretches: list[tuple[int, int, str]] = []
    veil = Veil(text, ())
    for _ in range(_ROUNDS):
        sent = veil.sent
        tokens = [match.span() for match in _TOKEN.finditer(sent)] if veil.pieces else []
        new = [
            (*veil.back(span.start, span.end), span.kind)
            for span in find_pii(sent, min_confidence=min_confidence)
            if not any(start <= span.start and span.end <= end for start, end in tokens)
        ]
        if not new:
            return veil
        apart = [s for s in stretches if all(s[1] <= n[0] or n[1] <= s[0] for n in new)]
        stretches = sorted(apart + new)
        veil = Veil(text, tuple(_pieces(text, stretches)))
    raise ValueError("personal data is still recognized after masking; the text is not sent")


def _pieces(text: str, stretches: list[tuple[int, int, str]]) -> Iterator[Piece]:
    tokens: dict[tuple[str, str], str] = {}
    for start, end, kind in stretches:
        key = (kind, text[start:end])
        if key not in tokens:
            numbers = (f"⟦{kind}.{number}⟧" for number in count(1))
            taken = set(tokens.values())
            tokens[key] = next(t for t in numbers if t not in taken and t not in text)
        yield Piece(start, end, tokens[key])
