"""Mapping files: which file feeds which canonical table, and which column is which."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ingest.schemas import TABLES, canonical
from ingest.sources.base import SourceError, Times

FOLDER = Path(__file__).resolve().parents[2] / "conf" / "mapping"


class TimesMapping(BaseModel):
    """How times are written: ``zone`` for those without one, ``formats`` tried before ISO 8601."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    zone: str | None = None
    formats: tuple[str, ...] = ()

    @field_validator("formats", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @field_validator("zone")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        return None if value is None else checked_zone(value)

    def times(self, zone: str) -> Times:
        """Return the rule, with ``zone`` where the mapping names none."""
        return Times(self.zone or zone, self.formats)


class TableMapping(BaseModel):
    """One canonical table fed by some files.

    Attributes
    ----------
    table : str
        Canonical table.
    files : str
        Pattern of file names, such as ``orders*.csv``.
    columns : dict of str to str
        Canonical column -> column of the file.
    constants : dict
        Canonical column -> value for every row.
    values : dict of str to dict
        Canonical column -> translation of its values, such as ``kind: {bought: purchase}``.
    times : TimesMapping
        How times are written.
    attributes : "rest", "none" or list of str
        Columns kept as JSON: all that are not mapped, none, or these.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str
    files: str = "*"
    columns: dict[str, str] = Field(default_factory=dict)
    constants: dict[str, str | bool | int | float] = Field(default_factory=dict)
    values: dict[str, dict[str, str]] = Field(default_factory=dict)
    times: TimesMapping = TimesMapping()
    attributes: Literal["rest", "none"] | tuple[str, ...] = "rest"

    @model_validator(mode="after")
    def _canonical(self) -> TableMapping:
        if self.table not in TABLES:
            raise ValueError(f"table {self.table!r}: expected one of {', '.join(TABLES)}")
        names = canonical(self.table).schema.names
        for name in [*self.columns, *self.constants, *self.values]:
            if name not in names:
                raise ValueError(
                    f"table {self.table!r} has no column {name!r}{close_match(name, names)}; "
                    f"expected {', '.join(names)}. Write canonical_column: file_column"
                )
        return self


class Mapping(BaseModel):
    """A mapping file: one entry a table and kind of file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tables: tuple[TableMapping, ...] = Field(min_length=1)


def read_mapping(name: str | Path) -> Mapping:
    """Read a mapping from a path, or by name from ``conf/mapping``.

    Raises
    ------
    SourceError
        If there is no such file, it is no YAML or does not say what a mapping says.
    """
    path = Path(name)
    if not path.is_file():
        known = sorted(file.stem for file in FOLDER.glob("*.yaml"))
        if str(name) not in known:
            raise SourceError(
                f"mapping {str(name)!r}: expected a yaml file, or one of {', '.join(known)} from "
                f"{FOLDER}; there is neither{close_match(str(name), known)}"
            )
        path = FOLDER / f"{name}.yaml"
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
        return Mapping.model_validate(content)
    except yaml.YAMLError as error:
        raise SourceError(
            f"mapping {path}: expected YAML, received something else: {error}"
        ) from error
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc']) or 'file'}: "
            f"{problem['msg'].removeprefix('Value error, ')}"
            for problem in error.errors()
        )
        raise SourceError(f"mapping {path}: {problems}") from error


def checked_zone(name: str) -> str:
    """Return the name of an IANA time zone.

    Raises
    ------
    ValueError
        If there is no such zone.
    """
    if name not in available_timezones():
        raise ValueError(
            f"zone {name!r}: expected an IANA time zone such as Asia/Shanghai or UTC"
            f"{close_match(name, sorted(available_timezones()))}"
        )
    return ZoneInfo(name).key


def close_match(name: str, known: list[str]) -> str:
    """Return a hint at the name that was probably meant, empty if none is close."""
    lowered = {candidate.lower(): candidate for candidate in known}
    found = get_close_matches(name.lower(), list(lowered), n=1, cutoff=0.6)
    return f" (did you mean {lowered[found[0]]!r}?)" if found else ""
