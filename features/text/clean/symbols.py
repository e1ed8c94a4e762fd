"""Emoji, stickers typed as ``[name]`` and emoticons: what each means, and its mood."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import yaml

_HERE = Path(__file__).parent
_BASE = (
    "\u203c\u2049\u231a\u231b\u23e9-\u23fa\u25fe\u2600-\u2604\u2607-\u27bf"
    "\u2b1b\u2b1c\u2b50\u2b55\U0001f000-\U0001f1e5\U0001f200-\U0001f3fa\U0001f400-\U0001faff"
)
_TONE = "\U0001f3fb-\U0001f3ff"
_EMOJI = (
    f"[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3"
    f"|[{_BASE}{_TONE}][\ufe0f{_TONE}]*(?:\u200d[{_BASE}][\ufe0f{_TONE}]*)*"
)
_EMOTICON = r"(?<![\w(])(?::-?[()DPp]|;-?\)|\^_?\^|[Tq]_[Tq]|TT_?TT|QAQ|=_=|-_-|>_<|</?3)(?![\w])"
_SYMBOL = re.compile(rf"{_EMOJI}|\[[^\[\]\s]{{1,16}}\]|{_EMOTICON}")
_MAYBE = re.compile(r"[\[:;^_<\u200d\u203c-\u27bf\u2b1b-\u2b55\u20e3\U0001f000-\U0001faff]")
_LOOK = re.compile(f"[\ufe0f{_TONE}]")

_EMOTICONS = {
    ":)": ("微笑", "smile", 0.6), ":D": ("大笑", "laughing", 0.8), ":P": ("调皮", "playful", 0.3),
    ":(": ("难过", "sad", -0.7), ";)": ("眨眼", "wink", 0.4), "^^": ("开心", "happy", 0.6),
    "^_^": ("开心", "happy", 0.7), "T_T": ("流泪", "crying", -0.6), "q_q": ("流泪", "crying", -0.6),
    "TT_TT": ("流泪", "crying", -0.6), "TTTT": ("流泪", "crying", -0.6),
    "QAQ": ("委屈", "crying", -0.5), "=_=": ("无语", "speechless", -0.4),
    "-_-": ("无语", "annoyed", -0.5), ">_<": ("难受", "pained", -0.4),
    "<3": ("爱心", "love", 0.9), "</3": ("心碎", "heartbroken", -0.8),
}  # fmt: skip

# Words of Unicode names that tell the mood of emoji without an entry; the first that fits.
_NAMED = (
    ("BROKEN HEART|ANGRY|POUTING|CRYING|DISAPPOINTED|NAUSEATED|VOMIT|THUMBS DOWN", -0.8),
    ("FEARFUL|WEARY|WORRIED|FROWN|PENSIVE|ANGUISHED|CONFOUNDED|TIRED|SKULL|SICK", -0.6),
    ("UNAMUSED|CONFUSED|GRIMACING|DOWNCAST|SAD|THERMOMETER|BANDAGE|ANGER|WITH TEAR$", -0.5),
    ("HEART|KISS|THUMBS UP|PARTY|TROPHY|MEDAL", 0.7),
    ("SMIL|GRINNING|JOY|LAUGH|CLAPPING|HUGGING|RAISING BOTH HANDS|CELEBRATION", 0.6),
)


@dataclass(frozen=True, slots=True)
class Symbol:
    """One emoji, sticker or emoticon.

    Parameters
    ----------
    symbol : str
        As written.
    zh, en : str
        What it means in both languages.
    polarity : float
        -1 (very negative) to 1 (very positive).

    Raises
    ------
    ValueError
        If the polarity is out of range.
    """

    symbol: str
    zh: str
    en: str
    polarity: float

    def __post_init__(self) -> None:
        if not -1 <= self.polarity <= 1:
            raise ValueError(f"symbol {self.symbol}: polarity {self.polarity}, expected -1 to 1")


def symbols(text: str) -> list[Symbol]:
    """Return the emoji, known stickers and emoticons of a text, in order.

    Examples
    --------
    >>> [(s.symbol, s.en) for s in symbols("太慢了[发怒]👎 [见附件] :(")]
    [('[发怒]', 'angry'), ('👎', 'thumbs down'), (':(', 'sad')]
    """
    if _MAYBE.search(text) is None and "QAQ" not in text:
        return []
    return [symbol for symbol, _, _ in _found(text)]


def replaced(text: str, language: str | None = None) -> str:
    """Return the text with every symbol as a space or, given a language, as its meaning.

    Parameters
    ----------
    text : str
        Any text.
    language : str, optional
        ``"zh"`` or ``"en"``: the language of the words that take the symbols' places.
    """
    parts, last = [], 0
    for symbol, start, end in _found(text):
        parts += [text[last:start], "" if language is None else getattr(symbol, language)]
        last = end
    return " ".join([*parts, text[last:]]) if parts else text


@cache
def stickers() -> dict[str, Symbol]:
    """Return every sticker by each of its names, in lower case."""
    rows = yaml.safe_load((_HERE / "stickers.yaml").read_text("utf-8"))
    return {
        str(name).lower(): Symbol(f"[{name}]", zh, en, polarity)
        for names, zh, en, polarity in rows
        for name in names
    }


def meanings() -> tuple[object, ...]:
    """Return everything that decides what symbols mean: it belongs in an analyzer's version."""
    return tuple(stickers().items()), tuple(_table().items()), tuple(_EMOTICONS.items()), _NAMED


@lru_cache(maxsize=8192)
def meaning(written: str) -> Symbol | None:
    """Return what an emoji, ``[sticker]`` or emoticon means, None where it is none we know."""
    if written[0] == "[":
        known = stickers().get(written[1:-1].lower())
        return Symbol(written, known.zh, known.en, known.polarity) if known else None
    plain = _EMOTICONS.get(written) or _EMOTICONS.get(written.replace("-", "").upper())
    if plain and written.isascii():
        return Symbol(written, *plain)
    return _emoji(written)


@cache
def _table() -> dict[str, tuple[str, str, float]]:
    rows = yaml.safe_load((_HERE / "emoji.yaml").read_text("utf-8"))
    return {character: (zh, en, polarity) for character, zh, en, polarity in rows}


def _emoji(written: str) -> Symbol:
    bare = _LOOK.sub("", written) or written  # a tone of skin may stand alone
    known = _table().get(bare) or _table().get(bare[0])
    if known:
        return Symbol(written, *known)
    name = unicodedata.name(bare[0], "emoji")
    mood = next((polarity for pattern, polarity in _NAMED if re.search(pattern, name)), 0.0)
    return Symbol(written, name.lower(), name.lower(), mood)


def _found(text: str) -> Iterator[tuple[Symbol, int, int]]:
    for match in _SYMBOL.finditer(text):
        symbol = meaning(match.group())
        if symbol is not None:
            yield symbol, match.start(), match.end()
