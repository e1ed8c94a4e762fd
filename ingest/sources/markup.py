"""Text from web shops without its markup."""

from __future__ import annotations

import html
import re

import pyarrow as pa
import pyarrow.compute as pc

_TAG = re.compile(r"<[^<>]*>")
_SPACE = re.compile(r"\s+")
_MARKUP = r"[<&\n\r\t]|  "


def plain(text: str | None) -> str | None:
    """Return text without tags, entities and repeated spaces; None if nothing is left.

    Examples
    --------
    >>> plain("<b>Maggiano&#39;s</b>  Gift Card ")
    "Maggiano's Gift Card"
    """
    if text is None:
        return None
    return _SPACE.sub(" ", html.unescape(_TAG.sub(" ", text))).strip() or None


def plain_column(texts: pa.Array) -> pa.Array:
    """Return a text column without markup; only values that have some are touched one by one."""
    trimmed = pc.utf8_trim_whitespace(texts)
    trimmed = pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)
    marked = pc.fill_null(pc.match_substring_regex(trimmed, _MARKUP), False)
    if not pc.any(marked).as_py():
        return trimmed
    cleaned = pa.array([plain(text) for text in trimmed.filter(marked).to_pylist()], pa.string())
    return pc.replace_with_mask(trimmed, marked, cleaned)
