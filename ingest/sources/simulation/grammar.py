"""A small compositional grammar: phrase lists in yaml, expanded with a seeded generator."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any

import yaml

_TOKEN = re.compile(r"\[([^\]]*)\]|\{(\w+)\}")


@dataclass(frozen=True)
class Slot:
    """A named gap of a template."""

    name: str


Template = tuple["str | Slot | Choice", ...]


@dataclass(frozen=True)
class Choice:
    """Alternatives of which one is said."""

    options: tuple[Template, ...]


def generator(*parts: object) -> Random:
    """Return a random generator that depends on ``parts`` alone, on any machine."""
    text = "\x1f".join(map(str, parts))
    return Random(int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big"))


@cache
def document(name: str) -> Mapping[str, Any]:
    """Return the yaml document ``name`` of this package."""
    text = files("ingest.sources.simulation").joinpath(f"{name}.yaml").read_text("utf-8")
    loaded: Mapping[str, Any] = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    return loaded


@cache
def _rate(path: str) -> float:
    part, name = path.split(".")
    return float(document("habits")[part][name])


def happens(rng: Random, path: str, tendency: float = 1.0) -> bool:
    """Draw whether something happens, at the rate ``path`` of the habits times a tendency."""
    return rng.random() < _rate(path) * tendency


def compiled(text: str) -> Template:
    """Parse a template: ``[a|b|]`` is a choice, ``{name}`` a slot, everything else is itself."""
    parts: list[str | Slot | Choice] = []
    end = 0
    for match in _TOKEN.finditer(text):
        if match.start() > end:
            parts.append(text[end : match.start()])
        if match.group(2):
            parts.append(Slot(match.group(2)))
        else:
            parts.append(Choice(tuple(compiled(option) for option in match.group(1).split("|"))))
        end = match.end()
    if end < len(text):
        parts.append(text[end:])
    return tuple(parts)


class Phrases:
    """Named lists of templates, addressed by their path such as ``aspect.taste.pos``.

    Parameters
    ----------
    tree : mapping
        Nested mappings whose leaves are lists of templates.
    """

    def __init__(self, tree: Mapping[str, Any]) -> None:
        self.lists: dict[str, Sequence[Template]] = {}
        self._flatten("", tree)

    def _flatten(self, prefix: str, tree: Mapping[str, Any]) -> None:
        for key, value in tree.items():
            path = f"{prefix}{key}"
            if isinstance(value, Mapping):
                self._flatten(f"{path}.", value)
            elif isinstance(value, list):
                self.lists[path] = [compiled(str(text)) for text in value]

    def say(self, path: str, rng: Random, slots: Mapping[str, str]) -> str:
        """Return one expansion of the list at ``path``.

        Raises
        ------
        KeyError
            If there is no such list, or a template has a slot that is neither given nor a list.
        """
        return self._expand(rng.choice(self.lists[path]), rng, slots)

    def _expand(self, template: Template, rng: Random, slots: Mapping[str, str]) -> str:
        said = []
        for part in template:
            if isinstance(part, str):
                said.append(part)
            elif isinstance(part, Choice):
                said.append(self._expand(rng.choice(part.options), rng, slots))
            elif part.name in slots:
                said.append(slots[part.name])
            else:
                said.append(self.say(part.name, rng, slots))
        return "".join(said)


@cache
def phrases(name: str) -> Phrases:
    """Return the compiled phrases of the document ``name``; chats know the words of reviews too."""
    base = dict(document(name.removeprefix("chat_")))
    if name.startswith("chat_"):
        base.update(document(name))
    return Phrases(base)
