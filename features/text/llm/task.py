"""What a language model is asked of a text: one yaml file of ``conf/llm`` is one task."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import pyarrow as pa
import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveInt,
    StringConstraints,
    ValidationError,
    create_model,
    model_validator,
)

from features.text.taxonomy.taxonomy import named_taxonomy

FOLDER = Path(__file__).resolve().parents[3] / "conf" / "llm"
RESERVED = ("status", "reason", "dropped")

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Told = Annotated[str, Field(min_length=1, max_length=1000)]


class Asked(BaseModel):
    """One field of the answer.

    Parameters
    ----------
    name : str
        Its column.
    kind : {"label", "number", "text", "quote", "items"}
        One of the labels; a number; words of the model's own; words of the text, which are looked
        up in it; a list of objects with fields of their own.
    description : str
        What the model is told about it.
    labels : dict
        Of a label: each with what belongs to it.
    taxonomy : str or None
        Of a label: take labels and descriptions from ``conf/taxonomy/<name>.yaml``.
    low, high : float or None
        Of a number: least and most.
    longest : int
        Of a text or quote: most characters.
    most : int
        Of items: how many at most.
    fields : tuple of Asked
        Of items: what each consists of; no items again.
    required : bool
        Whether null is no answer.
    offline : str or None
        Column of the offline analyzer that answers instead; by default the one of the same name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    kind: Literal["label", "number", "text", "quote", "items"]
    description: Told
    labels: dict[str, Told] = {}
    taxonomy: str | None = None
    low: float | None = None
    high: float | None = None
    longest: PositiveInt = 400
    most: PositiveInt = 20
    fields: tuple[Asked, ...] = ()
    required: bool = True
    offline: str | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if (self.kind == "label") != bool(self.choices):
            raise ValueError(f"field {self.name}: a label, and nothing else, has labels")
        if (self.kind == "items") != bool(self.fields):
            raise ValueError(f"field {self.name}: items, and nothing else, have fields")
        if any(field.kind == "items" for field in self.fields):
            raise ValueError(f"field {self.name}: items hold no items")
        _distinct(self.fields)
        return self

    @property
    def choices(self) -> Mapping[str, str]:
        """The labels with what belongs to each."""
        if self.taxonomy is None:
            return self.labels
        return _labels(self.taxonomy)

    def type(self) -> Any:
        """Return the annotation that checks an answer."""
        bounds = Field(ge=self.low, le=self.high, allow_inf_nan=False)
        length = StringConstraints(min_length=1, max_length=self.longest)
        kinds: dict[str, Any] = {
            "label": lambda: Literal[tuple(self.choices)],
            "number": lambda: Annotated[float, bounds],
            "text": lambda: Annotated[str, length],
            "quote": lambda: Annotated[str, length],
            "items": lambda: Annotated[
                list[_model(self.name, self.fields)],  # type: ignore[misc]
                Field(max_length=self.most),
            ],
        }
        found = kinds[self.kind]()
        return found if self.required else found | None

    def columns(self) -> list[pa.Field]:
        """Return the column of the answer; a quotation has its place in the text beside it."""
        if self.kind == "items":
            inner = [column for field in self.fields for column in field.columns()]
            return [pa.field(self.name, pa.list_(pa.struct(inner)))]
        if self.kind == "quote":
            ends = [(f"{self.name}_start", pa.int32()), (f"{self.name}_end", pa.int32())]
            return [pa.field(self.name, pa.string()), *(pa.field(*end) for end in ends)]
        return [pa.field(self.name, pa.float32() if self.kind == "number" else pa.string())]

    def told(self, indent: str = "") -> str:
        """Return what the model is told about this field."""
        parts = [f"{indent}- {self.name} ({self.kind}): {self.description}"]
        parts += [f"{indent}  - {label}: {what}" for label, what in self.choices.items()]
        return "\n".join(parts + [field.told(indent + "  ") for field in self.fields])


class Task(BaseModel):
    """What is asked of each text.

    Parameters
    ----------
    name : str
        An identifier; the analyzer is called ``llm_<name>``.
    instruction : str
        What the model shall do; the only place where it is given orders.
    fields : tuple of Asked
        What an answer consists of; nothing else may be in it.

    Raises
    ------
    pydantic.ValidationError
        If a field occurs twice, has no labels or a name of a column that every answer has.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    instruction: Told
    fields: Annotated[tuple[Asked, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _distinct(self.fields)
        taken = sorted({field.name for field in self.fields} & set(RESERVED))
        if taken:
            raise ValueError(f"task {self.name}: fields {taken} are columns of every answer")
        return self

    def answer(self) -> type[BaseModel]:
        """Return the model that an answer must satisfy: all fields, no others."""
        return _built(self.model_dump_json())

    def json_schema(self) -> dict[str, Any]:
        """Return the same as JSON schema, for endpoints that hold a model to it."""
        return self.answer().model_json_schema()

    def columns(self) -> list[pa.Field]:
        """Return the columns of the answer."""
        return [column for field in self.fields for column in field.columns()]

    def told(self) -> str:
        """Return the task in words."""
        return "\n".join([self.instruction, *(field.told() for field in self.fields)])


def named_task(name: str) -> Task:
    """Return the task ``conf/llm/<name>.yaml``.

    Raises
    ------
    ValueError
        If there is none of this name, or it is wrong; the message says what.
    """
    file = FOLDER / f"{name}.yaml"
    if not file.is_file():
        known = ", ".join(sorted(path.stem for path in FOLDER.glob("*.yaml"))) or "none"
        raise ValueError(f"task {name!r}: no file {file}; there are: {known}")
    content: dict[str, Any] = yaml.safe_load(file.read_text("utf-8"))
    content.pop("_target_", None)
    try:
        return Task(**content)
    except ValidationError as error:
        raise ValueError(f"task {file}: {error}") from error


@lru_cache(maxsize=64)
def _built(task: str) -> type[BaseModel]:
    found = Task.model_validate_json(task)
    return _model(found.name, found.fields)


@lru_cache(maxsize=64)
def _labels(taxonomy: str) -> Mapping[str, str]:
    return {label.label: label.description for label in named_taxonomy(taxonomy).labels}


def _model(name: str, fields: tuple[Asked, ...]) -> type[BaseModel]:
    parts: dict[str, Any] = {field.name: (field.type(), ...) for field in fields}
    return create_model(name, __config__=ConfigDict(extra="forbid", strict=False), **parts)


def _distinct(fields: tuple[Asked, ...]) -> None:
    names = [column.name for field in fields for column in field.columns()]
    if len(names) != len(set(names)):
        raise ValueError(f"fields {sorted(names)}: each name once, expected distinct columns")
