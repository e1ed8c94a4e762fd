"""Words and patterns as conditions on a text, computed by RE2: linear time whatever one writes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ibis.expr.types import Value

from insights.alerts.chat_rules import Words

_APART = r"[\s\pP\pS]{0,2}"  # what is put between characters of a word to hide it
_WIDE = "".join(chr(code) for code in range(0xFF01, 0xFF5F))
_NARROW = "".join(chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F))


def matches(text: Value, rule: Words) -> Value:
    """Return whether a text holds one of the rule's words or patterns and no exception to it."""
    return breaks(plain(text), rule)


def plain(text: Value) -> Value:
    """Return a text in narrow characters and lower case: what rules are held against."""
    return text.translate(_WIDE, _NARROW).lower()


def breaks(narrow: Value, rule: Words) -> Value:
    """Return what :func:`matches` does of a text that is :func:`plain` already."""
    found = narrow.re_search(_wanted(rule))
    return found & ~narrow.re_search(_any(rule.unless)) if rule.unless else found


def matched(narrow: Value, rule: Words) -> Value:
    """Return the first words of a plain text that a rule is about."""
    return narrow.re_extract(_wanted(rule), 0)


def _wanted(rule: Words) -> str:
    return _any([*map(pattern_of, rule.words), *rule.patterns])


def pattern_of(word: str) -> str:
    r"""Return the RE2 expression that finds a word, also with a few marks between its characters.

    Examples
    --------
    >>> pattern_of("red packet")
    '\\bred\\s+packet\\b'
    """
    plain = word.lower().split()
    if word.isascii():
        return r"\b" + r"\s+".join(map(re.escape, plain)) + r"\b"
    return _APART.join(re.escape(character) for character in "".join(plain))


def _any(patterns: Sequence[str]) -> str:
    return "|".join(f"(?:{pattern})" for pattern in patterns)
