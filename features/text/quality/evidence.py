"""Evidence of advertising, weighed: offers, promises, calls to act, contact swaps, links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from operator import add
from pathlib import Path

import yaml

from features.text.tokenize import stop_words

_FILE = Path(__file__).parent / "spam.yaml"
_REACH = re.compile(
    r"https?://|www\.|[\w-]+\.example\b|[\w.+-]+@[\w-]+\.\w|(?<!\d)1[3-9]\d{9}(?!\d)|\+\d[\d ]{8,}"
    r"|(?:v|q|信|聊|薇|微信?|扣|系)\W{0,3}(?=[a-z_]*\d)[a-z0-9_]{5,20}(?![a-z0-9])",
)
_LATIN = re.compile(r"[a-z]+")
SPAM = 1.0  # sum of weights from which a message is spam


@dataclass(frozen=True)
class Evidence:
    """One kind of evidence: what it weighs and the pieces, by language, that show it."""

    name: str
    weight: float
    zh: tuple[str, ...]
    en: tuple[str, ...]

    def holds(self, text: str, ascii_only: bool) -> bool:
        """Return whether a lower-case text shows it."""
        if self.name == "reach":
            return _REACH.search(text) is not None
        found = text.__contains__
        return any(map(found, self.en)) or (not ascii_only and any(map(found, self.zh)))


@cache
def kinds() -> tuple[Evidence, ...]:
    """Return the kinds of evidence, those that speak for spam first."""
    content = yaml.safe_load(_FILE.read_text("utf-8"))
    return tuple(
        Evidence(name, row["weight"], tuple(map(str, row["zh"])), tuple(map(str, row["en"])))
        for name, row in content.items()
    )


@cache
def _starts() -> tuple[frozenset[str], frozenset[str]]:
    """Return pairs of characters that Chinese pieces of evidence start with, and words of English.

    A text that holds none of them, which is nearly every text, needs no further look.
    """
    pieces = [piece for kind in kinds()[:-1] for piece in (*kind.zh, *kind.en)]
    english = [_LATIN.findall(piece) for piece in pieces if piece.isascii()]
    words = frozenset(max(found, key=_telling) for found in english if found)
    return frozenset(piece[:2] for piece in pieces if not piece.isascii()), words


def _telling(word: str) -> tuple[bool, int]:
    """Return what orders words by how much they tell: no stop words, then the longest."""
    return word not in stop_words(), len(word)


def _may_hold(text: str) -> bool:
    pairs, words = _starts()
    if not words.isdisjoint(_LATIN.findall(text)):
        return True
    return not text.isascii() and not pairs.isdisjoint(map(add, text, text[1:]))


def spam(text: str) -> tuple[float, tuple[str, ...]]:
    """Return the sum of weights that speak for advertising, and their names.

    Parameters
    ----------
    text : str
        Normalized, in lower case, with its links.

    Examples
    --------
    >>> spam("想兼职的加薇信 abc2024,日结三百起")
    (1.8, ('contact_swap', 'offer', 'reach'))
    >>> spam("优惠券怎么领取不了")[0] < SPAM
    True
    """
    if not _may_hold(text):
        return 0.0, ()
    plain = text.isascii()
    found = [kind for kind in kinds()[:-1] if kind.holds(text, plain)]
    if not found:
        return 0.0, ()
    total = sum(kind.weight for kind in found)
    concern = kinds()[-1]
    if concern.holds(text, plain):
        total += concern.weight
    return round(max(total, 0.0), 4), tuple(kind.name for kind in found)
