"""Aspects as data: the words that name each, and what counts as praise or blame only there.

One yaml file is one set of aspects (``conf/aspects/``); adding one needs no code.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Word = Annotated[str, Field(min_length=1, max_length=40)]
Words = dict[Literal["zh", "en"], tuple[Word, ...]]
FOLDER = Path(__file__).resolve().parents[3] / "conf" / "aspects"


class Aspect(BaseModel):
    """One aspect.

    Parameters
    ----------
    aspect : str
        Its code, in lower case with underscores.
    title : dict
        What people read, by language (``zh``, ``en``).
    targets : dict
        Words that name it or a part of it, by language.
    implied : dict
        Opinion words that are about it even where nothing is named (``贵``, ``delicious``).
    positive, negative : dict
        Words that praise or blame this aspect only (a high price, a high speed).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    aspect: Name
    title: dict[Literal["zh", "en"], Word]
    targets: Words
    implied: Words = Field(default_factory=dict)
    positive: Words = Field(default_factory=dict)
    negative: Words = Field(default_factory=dict)


class AspectTaxonomy(BaseModel):
    """A set of aspects.

    Parameters
    ----------
    name : str
        An identifier.
    aspects : tuple of Aspect
        At least two.

    Raises
    ------
    pydantic.ValidationError
        If a code or a target occurs twice.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    aspects: Annotated[tuple[Aspect, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _once(self) -> Self:
        owners: dict[str, str] = {}
        for aspect in self.aspects:
            if aspect.aspect in owners.values():
                raise ValueError(f"aspect {aspect.aspect!r} given more than once")
            for words in aspect.targets.values():
                for word in words:
                    if word in owners:
                        both = f"{owners[word]} and {aspect.aspect}"
                        raise ValueError(f"target {word!r} given more than once: {both}")
                    owners[word] = aspect.aspect
            owners.setdefault(f"\0{aspect.aspect}", aspect.aspect)
        return self


def named_aspects(name: str = "commerce", folder: Path = FOLDER) -> AspectTaxonomy:
    """Return the aspects of ``conf/aspects/<name>.yaml``.

    Raises
    ------
    ValueError
        If there is no such file, or it does not hold aspects; the message says what is wrong.
    """
    file = folder / f"{name}.yaml"
    if not file.is_file():
        known = ", ".join(sorted(path.stem for path in folder.glob("*.yaml"))) or "none"
        raise ValueError(f"aspects {name!r}: no file {file}; there are: {known}")
    content: Any = yaml.safe_load(file.read_text("utf-8"))
    content.pop("_target_", None)
    try:
        return AspectTaxonomy(**content)
    except ValidationError as error:
        raise ValueError(f"aspects {file}: {error}") from error
