"""Words of Chinese and English text: jieba's segmentation for Han runs, word forms for English."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path

import rjieba

from features.text.normalize import normalize, without_links

VERSION = "1"

_FILES = Path(__file__).parent / "words"
_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003134f"
_RUN = re.compile(rf"[{_HAN}]+|[a-z][a-z0-9]*(?:['’\-][a-z0-9]+)*", re.IGNORECASE)
_IS_HAN = re.compile(rf"[{_HAN}]")
_SHORTEST = {"zh": 2, "en": 3}  # characters of a word that can name something
_LONGEST = 24  # longer runs of letters are codes, keys or a cat on the keyboard
_REMEMBERED = 4096  # texts: more than a batch, so that topics and keywords cut each text once
_REPEATS = 3  # a word has more than one third of its letters distinct: haha, aaaa, 哈哈哈哈 do not


@cache
def stop_words() -> frozenset[str]:
    """Return the words of both languages that say nothing about a text's subject."""
    files = sorted(_FILES.glob("stop_*.txt"))
    return frozenset(word for file in files for word in file.read_text("utf-8").split())


def tokens(text: str, *, cut: Callable[[str], list[str]] = rjieba.cut) -> list[str]:
    """Return every word of a text in order, lower-case, stop words and single characters included.

    Numbers, punctuation, links and emoji are not words. ``cut`` takes runs of Han characters apart.

    Examples
    --------
    >>> tokens("快递太慢了!! The iPhone-15 isn't here: https://a.b/c")
    ['快递', '太慢', '了', 'the', 'iphone-15', "isn't", 'here']
    """
    found: list[str] = []
    for match in _RUN.finditer(without_links(normalize(text))):
        run = match.group()
        if _IS_HAN.match(run):
            found += cut(run)
        else:
            found.append(run.lower().replace("’", "'"))
    return found


def words(text: str) -> list[str]:
    """Return the words that can name a subject: no stop words, no fragments, no junk.

    Examples
    --------
    >>> words("哈哈哈哈哈 快递太慢了,the delivery was soooooo slow, aaaaaaa")
    ['快递', '太慢', 'delivery', 'slow']
    """
    return list(_words(text))


@lru_cache(maxsize=_REMEMBERED)
def _words(text: str) -> tuple[str, ...]:
    stop = stop_words()
    return tuple(token for token in tokens(text) if token not in stop and names_something(token))


def is_han(token: str) -> bool:
    """Return whether a token starts with a Han character."""
    return _IS_HAN.match(token) is not None


def names_something(token: str) -> bool:
    """Return whether a token is neither a fragment nor junk such as a repeated letter."""
    shortest = _SHORTEST["zh" if is_han(token) else "en"]
    if not shortest <= len(token) <= _LONGEST:
        return False
    return len(set(token)) * _REPEATS > len(token) and len(set(token)) > 1
