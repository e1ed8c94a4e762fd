"""Find what is said to be a quotation in the text that it is said to be from."""

from __future__ import annotations

import unicodedata


def locate(quote: str, source: str) -> tuple[int, int] | None:
    """Return the start and end of a quotation in its source, None where it is none.

    Exactly, or else apart from case, width, white space and the form of characters (NFKC). A
    quotation holds at least one letter or digit: of punctuation alone, everything would be one.

    Examples
    --------
    >>> locate("too SLOW", "It was too  slow!")
    (7, 16)
    >>> locate("太快了", "快递太慢了") is None
    True
    """
    quote = quote.strip()
    if not any(character.isalnum() for character in quote):
        return None
    start = source.find(quote)
    if start >= 0:
        return start, start + len(quote)
    plain, places = _plain(source)
    wanted, _ = _plain(quote)
    found = plain.find(wanted)
    if not wanted or found < 0:
        return None
    return places[found], places[found + len(wanted) - 1] + 1


def _plain(text: str) -> tuple[str, list[int]]:
    """Return the text without white space, case and width, and where each character was."""
    kept: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for plain in unicodedata.normalize("NFKC", character).casefold():
            if not plain.isspace() and unicodedata.category(plain) not in ("Cc", "Cf"):
                kept.append(plain)
                places.append(place)
    return "".join(kept), places
