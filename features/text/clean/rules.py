"""Which cleaning rules apply, and what they make of one text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from features.text.clean.characters import (
    nfkc,
    single_marks,
    single_spaces,
    unstretched,
    without_control,
    without_invisible,
)
from features.text.clean.markup import (
    tags_as_words,
    without_markup,
    without_mentions,
    without_tags,
)
from features.text.clean.notices import notice
from features.text.clean.quotes import is_forwarded, own_and_quoted
from features.text.clean.symbols import Symbol, replaced, symbols
from features.text.language import language_of
from features.text.normalize import without_links

Kind = Literal["own", "system", "forwarded", "sticker_only", "empty"]
KINDS: tuple[Kind, ...] = ("own", "system", "forwarded", "sticker_only", "empty")
Rule = Callable[[str], str]

_TAGS: dict[str, tuple[Rule, ...]] = {
    "keep": (),
    "words": (tags_as_words,),
    "drop": (without_tags,),
}


class CleanRules(BaseModel):
    """Every rule of cleaning, each to be switched by itself.

    Parameters
    ----------
    nfkc : bool
        Full-width letters, digits and marks become ordinary ones.
    invisible : bool
        Control, zero-width and direction characters go.
    marks : bool
        Runs of one punctuation mark become one.
    letters : bool
        ``soooo`` becomes ``so``.
    html : bool
        Tags go, entities become characters.
    links, mentions : {"keep", "drop"}
        Web and e-mail addresses; ``@name``.
    hashtags : {"keep", "words", "drop"}
        ``words`` keeps what stands between or behind the ``#``.
    emoji : {"keep", "to_words", "drop"}
        Emoji, stickers and emoticons in the text; their meaning is reported in any case.
    quotes : bool
        What the writer quoted is told apart from own words.
    notices : bool
        Lines that the messenger wrote, and forwarded records, are recognized.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    nfkc: bool = True
    invisible: bool = True
    marks: bool = True
    letters: bool = True
    html: bool = True
    links: Literal["keep", "drop"] = "drop"
    mentions: Literal["keep", "drop"] = "drop"
    hashtags: Literal["keep", "words", "drop"] = "words"
    emoji: Literal["keep", "to_words", "drop"] = "keep"
    quotes: bool = True
    notices: bool = True

    def before(self) -> tuple[Rule, ...]:
        """Return the rules for the whole message, which keep its lines."""
        return (without_markup,) if self.html else ()

    def after(self) -> tuple[Rule, ...]:
        """Return the rules for own words, in their order."""
        choices: tuple[tuple[bool, tuple[Rule, ...]], ...] = (
            (self.invisible, (without_control, without_invisible)),
            (self.mentions == "drop", (without_mentions,)),
            (self.nfkc, (nfkc,)),
            (self.links == "drop", (_linkless,)),
            (True, (*_TAGS[self.hashtags], single_spaces)),
            (self.letters, (unstretched,)),
        )
        return tuple(rule for chosen, rules in choices if chosen for rule in rules)


class Cleaned(NamedTuple):
    """What is left of one message, and what was told apart from it.

    Parameters
    ----------
    text, quoted : str
        Own words cleaned; what was quoted.
    kind : str
        One of :data:`KINDS`.
    notice : str
        Of a system line which, such as ``recalled`` or ``transfer``; else ``""``.
    symbols : tuple of Symbol
        Emoji, stickers and emoticons among own words.
    """

    text: str
    quoted: str
    kind: Kind
    notice: str
    symbols: tuple[Symbol, ...]

    @property
    def polarity(self) -> float:
        """Mean polarity of the symbols, 0 without any."""
        return sum(s.polarity for s in self.symbols) / len(self.symbols) if self.symbols else 0.0


class Cleaner:
    """Applies rules to one text at a time.

    Parameters
    ----------
    rules : CleanRules
        What to do.

    Examples
    --------
    >>> found = Cleaner(CleanRules())("@客服 快递太慢了!!  sooooo slow [发怒]")
    >>> found.text, found.kind, [symbol.en for symbol in found.symbols]
    ('快递太慢了! so slow [发怒]', 'own', ['angry'])
    """

    def __init__(self, rules: CleanRules) -> None:
        self._rules = rules
        self._before, self._after = rules.before(), rules.after()

    def __call__(self, text: str) -> Cleaned:
        """Return what is left of a message."""
        for rule in self._before:
            text = rule(text)
        forwarded = self._rules.notices and is_forwarded(text)
        own, quoted = own_and_quoted(text) if self._rules.quotes else (text, "")
        for rule in self._after:
            own = rule(own)
        found = symbols(own)
        system = notice(own) if self._rules.notices else ""
        words = self._words(own, found)
        kind = _kind(words, own, system, forwarded, found)
        return Cleaned(words, single_spaces(quoted), kind, system, tuple(found))

    def _words(self, own: str, found: list[Symbol]) -> str:
        if found and self._rules.emoji != "keep":
            language = "zh" if language_of(own) == "zh" else "en"
            told = replaced(own, language if self._rules.emoji == "to_words" else None)
            own = single_spaces(told)
        if self._rules.marks:
            own = single_marks(own)
        return nfkc(own) if self._rules.nfkc else own


def _kind(text: str, own: str, system: str, forwarded: bool, found: list[Symbol]) -> Kind:
    if system:
        return "system"
    if forwarded:
        return "forwarded"
    if found and not any(character.isalnum() for character in replaced(own)):
        return "sticker_only"
    return "own" if text else "empty"


def _linkless(text: str) -> str:
    return without_links(text) if "." in text else text
