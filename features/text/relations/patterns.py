"""Patterns of relations and events, kept as data: one yaml file a language."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

from features.text.base import fingerprint

_FOLDER = Path(__file__).parent / "patterns"
_LOOK_BACK, _LOOK_ON = 64, 64
_HAN = re.compile(r"[\u4e00-\u9fff]")
Relation = Literal["asks_about", "complains_of", "owns"]
Happening = Literal["refund", "return", "complaint", "purchase", "appointment"]


class _File(BaseModel):
    """What a file of patterns holds; every entry is a regular expression or a list of words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    relations: dict[Relation, list[str]]
    events: dict[Happening, list[str]]
    denied_before: str
    denied_after: str
    double: str
    supposed: str
    supposed_after: str
    asked: str
    asked_after: str
    ends: str
    not_things: list[str]
    starts: str = ""
    stops: list[str] = []


@dataclass(frozen=True, slots=True)
class Cue:
    """Words that show a relation or name an event: ``text[start:end]``."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True)
class Patterns:
    """The patterns of one language, compiled.

    Attributes
    ----------
    relations, events : mapping
        Kind → what shows it.
    marks : mapping
        Name → how denial, supposition, questions and the ends of clauses are recognized.
    not_things : frozenset of str
        Nouns that name nothing a customer could ask for.
    stops : frozenset of str
        Words that end the name of a thing.
    version : str
        Changes whenever the file does.
    """

    relations: Mapping[str, re.Pattern[str]]
    events: Mapping[str, re.Pattern[str]]
    marks: Mapping[str, re.Pattern[str]]
    not_things: frozenset[str]
    stops: frozenset[str]
    version: str

    def cues(self, text: str, kinds: Mapping[str, re.Pattern[str]]) -> list[Cue]:
        """Return what shows each kind, in the order of the text."""
        found = [
            Cue(kind, *match.span()) for kind, regex in kinds.items()
            for match in regex.finditer(text) if match[0]
        ]  # fmt: skip
        return sorted(found, key=lambda cue: (cue.start, cue.end))

    def denied(self, text: str, cue: Cue) -> bool:
        """Return whether the words around a cue say that it is not so: "不退了"."""
        before, after = _around(text, cue)
        if self.marks["denied_after"].search(after):
            return True
        said = self.marks["denied_before"].search(before) is not None
        return said and self.marks["double"].search(before) is None

    def supposed(self, text: str, cue: Cue) -> bool:
        """Return whether it is only a condition, a thought or a question: "如果不行就退"."""
        before, after = _around(text, cue)
        looks = (("supposed", before), ("asked", before), ("supposed_after", after),
                 ("asked_after", after))  # fmt: skip
        return any(self.marks[name].search(part) for name, part in looks)

    def clause(self, text: str, place: int) -> tuple[int, int]:
        """Return where the clause around a place starts and ends."""
        start, end = 0, len(text)
        for match in self.marks["ends"].finditer(text):
            if match.end() <= place:
                start = match.end()
            elif match.start() >= place:
                end = match.start()
                break
        return start, end


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
    marks = ("denied_before", "denied_after", "double", "supposed", "supposed_after", "asked",
             "asked_after", "ends", "starts")  # fmt: skip
    return Patterns(
        dict(_compiled(told.relations)),
        dict(_compiled(told.events)),
        {name: re.compile(getattr(told, name), re.IGNORECASE) for name in marks},
        frozenset(told.not_things),
        frozenset(told.stops),
        fingerprint(raw),
    )


def _compiled(
    kinds: Mapping[Relation, list[str]] | Mapping[Happening, list[str]],
) -> Iterator[tuple[str, re.Pattern[str]]]:
    for kind, several in kinds.items():
        yield kind, re.compile("|".join(f"(?:{one})" for one in several), re.IGNORECASE)


def _around(text: str, cue: Cue) -> tuple[str, str]:
    return text[max(0, cue.start - _LOOK_BACK) : cue.start], text[cue.end : cue.end + _LOOK_ON]
