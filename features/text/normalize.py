"""Clean text without losing what was said: Unicode-aware, safe for Chinese and for emoji."""

from __future__ import annotations

import re
import unicodedata

# Invisible characters that only break matching. The zero-width joiner (U+200D) and the variation
# selector (U+FE0F) stay: they hold emoji together.
_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_SPACE = re.compile(r"\s+")
_REPEATED = re.compile(r"([!?.,;:~\-_=*#…—、。!?,~])(?:\s?\1)+")
# The look-behind and the bounds keep the search linear in texts that are one long run of letters.
_LINK = re.compile(
    r"(?:https?://|www\.)[^\s\u3400-\u9fff]+|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,64}\.[\w.-]+",
    re.ASCII,
)


def normalize(text: str) -> str:
    """Return the text in NFKC form with single spaces, single punctuation marks, nothing invisible.

    Full-width letters, digits and marks become ordinary ones, runs of the same punctuation mark
    become one, runs of white space one space. Every Han character and every emoji stays.
    Applying it twice changes nothing more.

    Examples
    --------
    >>> normalize("  快递太慢了!!!  ABC ")
    '快递太慢了! ABC'
    """
    text = _CONTROL.sub(" ", unicodedata.normalize("NFKC", _CONTROL.sub(" ", text)))
    text = _SPACE.sub(" ", _INVISIBLE.sub("", text)).strip()
    # Deleting a character can bring together two that compose, so the form is checked again.
    return unicodedata.normalize("NFKC", _REPEATED.sub(r"\1", text))


def without_links(text: str) -> str:
    """Return the text with web and e-mail addresses replaced by a space: they are not words."""
    return _LINK.sub(" ", text)
