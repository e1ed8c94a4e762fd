"""Patterns of what people say of themselves, kept as data: one yaml file a language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

from features.text.base import fingerprint
from features.text.pii.words import word_list

_FOLDER = Path(__file__).parent / "patterns"
_HAN = re.compile(r"[\u4e00-\u9fff]")
_PLACE = r"[A-Z][a-z]+(?: [A-Z][a-z]+){0,2}"
_MONEY = (
    r"(?:[$€£\u00a5] ?)?\d[\d,]*(?:\.\d{1,2})?k?"
    r"(?: ?(?:dollars|bucks|usd|euros?|pounds|yuan|rmb))?"
)
Stated = Literal["city", "job", "company", "budget", "birthday", "household", "size", "allergy"]
Contact = Literal["name", "phone", "email", "wechat", "order_number"]


class _File(BaseModel):
    """What a file of patterns holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fields: dict[Stated, list[str]]
    contacts: dict[Contact, str]
    others: str
    self: str
    supposed: str
    denied: str
    ends: str
    jobs: list[str]
    job_kinds: list[str]
    not_cities: list[str]
    numbers: str
    date: str
    hint: str


@dataclass(frozen=True)
class Patterns:
    """The patterns of one language, compiled.

    Attributes
    ----------
    fields : mapping
        Field → patterns whose group ``it`` is the statement.
    contacts : mapping
        Field → what must precede personal data of that kind; empty where nothing must.
    marks : mapping
        Name → how others, the writer, suppositions, denials and ends of sentences are recognized.
    not_cities : frozenset of str
        Names of regions that are no city.
    version : str
        Changes whenever the file does.
    """

    fields: Mapping[str, tuple[re.Pattern[str], ...]]
    contacts: Mapping[str, re.Pattern[str]]
    marks: Mapping[str, re.Pattern[str]]
    not_cities: frozenset[str]
    version: str

    def about_writer(self, text: str, start: int) -> bool:
        """Return whether a statement that starts there is the writer's own and meant."""
        sentence = self.sentence(text, start)
        before = text[sentence:start]
        if self.marks["supposed"].search(before) or self.marks["denied"].search(before):
            return False
        other, own = (_last(self.marks[name], before) for name in ("others", "self"))
        return own > other or other < 0

    def sentence(self, text: str, place: int) -> int:
        """Return where the sentence around a place starts."""
        return max((m.end() for m in self.marks["ends"].finditer(text, 0, place)), default=0)


def patterns_of(text: str) -> Patterns:
    """Return the patterns that a text is read with: Chinese where it holds any Han character."""
    return patterns("zh" if _HAN.search(text) else "en")


@cache
def patterns(language: Literal["zh", "en"]) -> Patterns:
    """Return the patterns of a language.

    Raises
    ------
    pydantic.ValidationError
        If the file has an unknown key or lacks one.
    """
    raw = (_FOLDER / f"{language}.yaml").read_bytes()
    told = _File.model_validate(yaml.safe_load(raw))
    stands_for = {
        "{region}": _any(word_list("regions_zh")) + "市?",
        "{job}": (f"(?:{_any(told.job_kinds)})?" if told.job_kinds else "") + _any(told.jobs),
        "{n}": f"(?:{told.numbers})",
        "{date}": f"(?:{told.date})",
        "{place}": _PLACE,
        "{money}": _MONEY,
    }
    case = re.IGNORECASE if language == "zh" else re.NOFLAG
    fields: dict[str, tuple[re.Pattern[str], ...]] = {
        field: tuple(re.compile(_filled(one, stands_for), case) for one in several)
        for field, several in told.fields.items()
    }
    marks = {
        name: re.compile(getattr(told, name), re.IGNORECASE)
        for name in ("others", "self", "supposed", "denied", "ends", "hint")
    }
    contacts: dict[str, re.Pattern[str]] = {
        field: re.compile(pattern) for field, pattern in told.contacts.items()
    }
    return Patterns(fields, contacts, marks, frozenset(told.not_cities), fingerprint(raw))


def _any(words: list[str] | frozenset[str]) -> str:
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    return f"(?:{'|'.join(map(re.escape, longest_first))})"


def _filled(pattern: str, stands_for: Mapping[str, str]) -> str:
    for name, what in stands_for.items():
        pattern = pattern.replace(name, what)
    return pattern


def _last(pattern: re.Pattern[str], text: str) -> int:
    """Return where the last match ends, the longer of those that start together; -1 for none."""
    return max((match.end() for match in pattern.finditer(text)), default=-1)
