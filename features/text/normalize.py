"""Clean text without losing what was said: Unicode-aware, safe for Chinese and for emoji."""

from __future__ import annotations

import re

from features.text.clean.characters import (
    nfkc,
    single_marks,
    single_spaces,
    without_control,
    without_invisible,
)

# The look-behind and the bounds keep the search linear in texts that are one long run of letters.
_LINK = re.compile(
    r"(?:https?://|www\.)[^\s\u3400-\u9fff]+|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,64}\.[\w.-]+",
    re.ASCII,
)


def normalize(text: str) -> str:
    """Return the text in NFKC form with single spaces, single punctuation marks, nothing invisible.

    Full-width letters, digits and marks become ordinary ones, runs of the same punctuation mark
    become one, runs of white space one space. Every Han character and every emoji stays.
    Applying it twice changes nothing more. What else can be cleaned, rule by rule, is in
    :mod:`features.text.clean`.

    Examples
    --------
    >>> normalize("  快递太慢了!!!  ABC ")
    '快递太慢了! ABC'
    """
    text = without_control(nfkc(without_control(text)))
    text = single_spaces(without_invisible(text))
    # Deleting a character can bring together two that compose, so the form is checked again.
    return nfkc(single_marks(text))


def without_links(text: str) -> str:
    """Return the text with web and e-mail addresses replaced by a space: they are not words."""
    return _LINK.sub(" ", text)
