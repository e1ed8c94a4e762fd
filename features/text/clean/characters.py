"""Rules about single characters: one function a rule, each safe for Chinese and for emoji."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

# Invisible characters that only break matching. The zero-width joiner (U+200D) and the variation
# selector (U+FE0F) stay: they hold emoji together.
_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_SPACE = re.compile(r"\s+")
_REPEATED = re.compile(r"([!?.,;:~\-_=*#…—、。!?,~])(?:\s?\1)+")
_STRETCHED = re.compile(r"[a-z]*([a-z])\1\1[a-z]*", re.IGNORECASE)
_RUN = re.compile(r"([a-z])\1\1+", re.IGNORECASE)
# Sizes, numerals, battery cells.
_MEANT = re.compile(r"www|x{2,}l|x{3}s|i{3}|m{3}|a{3}|z{3}", re.IGNORECASE)
_WORDS = Path(__file__).parents[1] / "words" / "plain_en.txt"


def nfkc(text: str) -> str:
    """Return the text with full-width letters, digits and marks as ordinary ones (UAX #15)."""
    done = unicodedata.is_normalized("NFKC", text)
    return text if done else unicodedata.normalize("NFKC", text)


def without_control(text: str) -> str:
    """Return the text with control characters and broken surrogates as spaces."""
    return text if text.isprintable() else _CONTROL.sub(" ", text)


def without_invisible(text: str) -> str:
    """Return the text without zero-width and direction marks."""
    return text if text.isascii() else _INVISIBLE.sub("", text)


def single_spaces(text: str) -> str:
    """Return the text with every run of white space as one space, none at the ends."""
    if text.isprintable() and "  " not in text:  # of white space only the plain one is printable
        return text.strip(" ")
    return _SPACE.sub(" ", text).strip()


def single_marks(text: str) -> str:
    """Return the text with every run of one punctuation mark as that mark.

    Examples
    --------
    >>> single_marks("what????? 好!!!!")
    'what? 好!'
    """
    return _REPEATED.sub(r"\1", text)


def unstretched(text: str) -> str:
    """Return the text with letters repeated for effect brought back to the word that is meant.

    Three or more of a letter become two where that is a word we know, else one where that is, else
    two. Sizes such as XXXL and Chinese laughter stay as they are.

    Examples
    --------
    >>> unstretched("sooooo goooood, size XXXL, 哈哈哈哈")
    'so good, size XXXL, 哈哈哈哈'
    """
    return _STRETCHED.sub(_shorter, text) if _RUN.search(text) else text


def _shorter(match: re.Match[str]) -> str:
    word = match.group()
    if _MEANT.fullmatch(word):
        return word
    known = plain_words()
    twice, once = _RUN.sub(r"\1\1", word), _RUN.sub(r"\1", word)
    return once if once.lower() in known and twice.lower() not in known else twice


@cache
def plain_words() -> frozenset[str]:
    """Return the English words that people stretch most, and words that look like them."""
    return frozenset(_WORDS.read_text("utf-8").split())
