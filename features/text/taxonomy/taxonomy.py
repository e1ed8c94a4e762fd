"""A taxonomy: labels, each with a description and example sentences in both languages.

One yaml file is one taxonomy (``conf/taxonomy/``); adding one needs no code.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Sentence = Annotated[str, Field(min_length=1, max_length=300)]
Titles = dict[Literal["zh", "en"], Sentence]
FOLDER = Path(__file__).resolve().parents[3] / "conf" / "taxonomy"
_EXAMPLES_AT_LEAST = 3


class Label(BaseModel):
    """One label of a taxonomy.

    Parameters
    ----------
    label : str
        Its code, in lower case with underscores.
    title : dict
        What people read, by language (``zh``, ``en``).
    description : str
        What belongs to it.
    examples : dict
        By language, at least three sentences in each. Sentences at the same place of both lists
        may be translations of each other: they are held out together when quality is measured.
    parent : str or None
        The label it is part of.
    owner : str or None
        Who acts on it; by default the owner of the taxonomy.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: Name
    title: Titles
    description: Sentence
    examples: dict[
        Literal["zh", "en"], Annotated[tuple[Sentence, ...], Field(min_length=_EXAMPLES_AT_LEAST)]
    ]
    parent: Name | None = None
    owner: Name | None = None


class Taxonomy(BaseModel):
    """Labels that exclude each other, and what a text is called that fits none.

    Parameters
    ----------
    name : str
        An identifier; the answers' columns are named after it.
    title : dict
        What people read, by language.
    owner : str
        Who keeps it, and acts on labels without an owner of their own.
    labels : tuple of Label
        At least two.
    unknown : str
        The answer for a text near none of them; may be one of the labels, such as ``other``.

    Raises
    ------
    pydantic.ValidationError
        If a code or an example occurs twice, or a parent does not exist or is its own descendant.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    title: Titles
    owner: Name
    labels: Annotated[tuple[Label, ...], Field(min_length=2)]
    unknown: Name = "unknown"

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _once("label", self.codes)
        parts = [part for label in self.labels for part in label.examples.values()]
        _once("example", [text for part in parts for text in part])
        parents = {label.label: label.parent for label in self.labels}
        for code in self.codes:
            self._ancestors(code, parents)
        return self

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the labels, in order."""
        return tuple(label.label for label in self.labels)

    def owner_of(self, code: str) -> str:
        """Return who acts on a label; the answer ``unknown`` belongs to the taxonomy's owner."""
        owners = {label.label: label.owner for label in self.labels}
        return owners.get(code) or self.owner

    def _ancestors(self, code: str, parents: dict[str, str | None]) -> None:
        seen = {code}
        parent = parents[code]
        while parent is not None:
            if parent not in parents:
                raise ValueError(f"taxonomy {self.name}: parent {parent!r} of {code!r} is no label")
            if parent in seen:
                raise ValueError(f"taxonomy {self.name}: {code!r} is an ancestor of itself")
            seen.add(parent)
            parent = parents[parent]


def load_taxonomy(file: Path) -> Taxonomy:
    """Read a taxonomy from its yaml file.

    Raises
    ------
    ValueError
        If the file is missing or does not hold a taxonomy; the message says what is wrong where.
    """
    if not file.is_file():
        known = ", ".join(sorted(path.stem for path in file.parent.glob("*.yaml"))) or "none"
        raise ValueError(f"taxonomy {file.stem!r}: no file {file}; there are: {known}")
    content: Any = yaml.safe_load(file.read_text("utf-8"))
    if not isinstance(content, dict):
        kind = type(content).__name__
        raise ValueError(f"taxonomy {file}: expected keys and values, got {kind}")  # noqa: TRY004 (of a file)
    content.pop("_target_", None)
    try:
        return Taxonomy(**content)
    except ValidationError as error:
        raise ValueError(f"taxonomy {file}: {error}") from error


def named_taxonomy(name: str) -> Taxonomy:
    """Return the taxonomy ``conf/taxonomy/<name>.yaml``.

    Raises
    ------
    ValueError
        If there is none of this name; the message lists those there are.
    """
    return load_taxonomy(FOLDER / f"{name}.yaml")


def _once(what: str, values: Any) -> None:
    twice = sorted(value for value, count in Counter(values).items() if count > 1)
    if twice:
        raise ValueError(f"{what} given more than once: {', '.join(twice)}")
