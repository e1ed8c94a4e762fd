"""What people call a need, who acts on it, and what is usually done about it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

from features.text.aspects.taxonomy import named_aspects
from features.text.taxonomy.taxonomy import Taxonomy, named_taxonomy
from insights.needs.links import OTHER

_FILE = Path(__file__).parent / "kinds.yaml"
Titles = Mapping[Literal["zh", "en"], str]


class Kind(BaseModel):
    """What needs of one kind have in common.

    Parameters
    ----------
    title : dict
        What people read, by language.
    owner : str
        Who acts on them where no taxonomy names somebody.
    plan, reply : dict
        A response plan and an answer to customers to begin with, by language.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: dict[Literal["zh", "en"], str]
    owner: str
    plan: dict[Literal["zh", "en"], str]
    reply: dict[Literal["zh", "en"], str]


@cache
def kinds() -> dict[str, Kind]:
    """Return every kind of need."""
    return {name: Kind(**told) for name, told in yaml.safe_load(_FILE.read_text("utf-8")).items()}


def kind_of(need: str) -> str:
    """Return the kind that an id begins with.

    Raises
    ------
    ValueError
        If there is no such kind.
    """
    kind = need.partition(".")[0]
    if kind not in kinds():
        raise ValueError(f"need {need!r}: expected an id that begins with {', '.join(kinds())}")
    return kind


def titles(need: str, questions: Mapping[str, str]) -> Titles:
    """Return what a need is called, in both languages.

    Parameters
    ----------
    need : str
        Its id.
    questions : mapping of str to str
        The most typical question of each group, masked, by id of the need.
    """
    kind = kind_of(need)
    if kind == "question":
        asked = questions.get(need, need)
        return {"zh": asked, "en": asked}
    if kind == "code":
        return _label(need)
    own = kinds()[kind].title
    about = _aspect(need.partition(".")[2])
    if about is None:
        return {"zh": own["zh"], "en": own["en"]}
    return {"zh": f"{own['zh']}:{about['zh']}", "en": f"{own['en']}: {about['en']}"}


def owner_of(need: str) -> str:
    """Return who acts on a need: the owner its taxonomy names, else that of its kind."""
    kind = kind_of(need)
    if kind != "code":
        return kinds()[kind].owner
    taxonomy, label = _code(need)
    return taxonomy.owner_of(label)


def _code(need: str) -> tuple[Taxonomy, str]:
    _, name, label = need.split(".", 2)
    return _taxonomy(name), label


@cache
def _taxonomy(name: str) -> Taxonomy:
    return named_taxonomy(name)


def _label(need: str) -> Titles:
    taxonomy, code = _code(need)
    found = {label.label: label.title for label in taxonomy.labels}.get(code, {})
    return {"zh": found.get("zh", code), "en": found.get("en", code)}


@cache
def _aspects() -> dict[str, Titles]:
    return {aspect.aspect: dict(aspect.title) for aspect in named_aspects().aspects}


def _aspect(code: str) -> Titles | None:
    if code in ("", OTHER):
        return None
    return _aspects().get(code, {"zh": code, "en": code})
