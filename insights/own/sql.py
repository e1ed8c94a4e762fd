"""A metric as a ``.sql`` file: what it is, in YAML between two lines ``---``, then one SELECT."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, cast

import duckdb
import ibis
import pyarrow as pa
import pyarrow.compute as pc
import yaml
from ibis.expr.types import Table
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ingest.told import reason
from insights.filters import Filters
from insights.finding import CALENDAR, SELECTIONS, Chart, Finding
from insights.own.columns import Selected
from insights.own.offered import OFFERED, contents, schema, versions
from insights.own.query import reading, statement, told
from insights.tables import Tables

Text = Annotated[str, Field(min_length=3)]
NAME = r"^[a-z][a-z0-9_]*$"
_KNOWN_BY = {"customer": "customer_id", "label": "conversation_id", "segment": "customer_id"}


class About(BaseModel):
    """What a metric is: the YAML before its query.

    Parameters
    ----------
    name : str
        Lower-case letters, digits and ``_``; none of those the house has.
    title, title_zh : str
        What it is called; the Chinese title is the other one where it is not given.
    formula : str
        How it is computed; the file where it is not given.
    unit, action : str
        In what unit, and what to do about it.
    reads : tuple of str
        Tables that the query may read.
    groups : tuple of str, optional
        What splits the number unless others are asked for.
    chart : {"line", "bar", "heatmap"}
        How it is best drawn.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=NAME)]
    title: Text
    title_zh: str = ""
    formula: str = ""
    unit: Text
    action: Text
    reads: Annotated[tuple[str, ...], Field(min_length=1)]
    groups: tuple[str, ...] | None = None
    chart: Chart = "line"


@dataclass(frozen=True)
class _Query:
    """The query of one file and what it reads."""

    file: Path
    reads: tuple[str, ...]
    sql: str

    def members(self, tables: Tables, _filters: Filters) -> Table:
        """Return the members; they are computed once for each state of what is read."""
        mark = (self.sql, dict(versions(self.reads, tables)))
        rows = tables.once(f"metric {self.file}", mark, lambda: self._run(tables))
        return ibis.memtable(rows)

    def _run(self, tables: Tables) -> pa.Table:
        inputs = {name: contents(name, tables) for name in self.reads}
        try:
            with reading(inputs, tables.chats.people) as database:
                found = database.sql(self.sql)
                selected = Selected.of(_types(found))
                rows = cast("pa.Table", found.project(selected.projection).to_arrow_table())
        except duckdb.Error as error:
            raise ValueError(f"metric {self.file}: {told(error)}; mend the query") from error
        return _told_apart(rows, self.file)

    def selected(self) -> Selected:
        """Return what the query selects, read off empty tables.

        Raises
        ------
        ValueError
            If it cannot be run, or selects something else than members.
        """
        inputs = {name: schema(name).empty_table() for name in self.reads}
        try:
            with reading(inputs, {}) as database:
                return Selected.of(_types(database.sql(self.sql)))
        except duckdb.Error as error:
            raise ValueError(f"{told(error)}; it may read {', '.join(self.reads)}") from error


def from_sql(file: Path) -> tuple[Finding, ...]:
    """Return the finding that a file defines.

    Raises
    ------
    ValueError
        If it does not define one, with what is wrong.
    """
    head, sql = _parted(file.read_text("utf-8"))
    about = _about(head)
    unknown = [name for name in about.reads if name not in OFFERED]
    if unknown:
        raise ValueError(f"reads: expected some of {', '.join(OFFERED)}, received {unknown}")
    query = _Query(file, about.reads, statement(sql))
    selected = query.selected()
    known = [name for name in ("label", "segment") if _KNOWN_BY[name] in selected.names]
    splits = tuple(dict.fromkeys((*CALENDAR, *selected.dimensions, *known)))
    groups = about.groups
    if groups is None:
        groups = ("period", *(name for name in ("channel",) if name in splits))
    if not set(groups) <= set(splits):
        raise ValueError(f"groups: expected some of {', '.join(splits)}, received {list(groups)}")
    return (
        Finding(
            name=about.name,
            title=about.title,
            title_zh=about.title_zh or about.title,
            formula=about.formula or f"as {file.name} selects it from {', '.join(about.reads)}",
            unit=about.unit,
            action=about.action,
            members=query.members,
            groups=groups,
            dimensions=splits,
            chart=about.chart,
            filtered_by=tuple(
                name
                for name in SELECTIONS
                if name in selected.names or _KNOWN_BY.get(name) in selected.names
            ),
        ),
    )


def _parted(text: str) -> tuple[str, str]:
    lines = text.lstrip("\ufeff").strip().splitlines()
    if "---" not in lines[1:] or lines[0] != "---":
        raise ValueError("expected YAML between two lines ---, then one SELECT")
    end = lines.index("---", 1)
    return "\n".join(lines[1:end]), "\n".join(lines[end + 1 :])


def _about(head: str) -> About:
    try:
        content: Any = yaml.safe_load(head)
        return About.model_validate(content)
    except ValidationError as error:
        raise ValueError(reason(error)) from error
    except yaml.YAMLError as error:
        raise ValueError(f"what is between the lines --- is no YAML: {error}") from error


def _types(found: duckdb.DuckDBPyRelation) -> dict[str, str]:
    kinds = dict(zip(found.columns, map(str, found.types), strict=True))
    if len(kinds) < len(found.columns):
        raise ValueError(f"expected columns of different names, received {found.columns}")
    return kinds


def _told_apart(rows: pa.Table, file: Path) -> pa.Table:
    for column in ("record_id", "at"):
        if rows[column].null_count:
            raise ValueError(
                f"metric {file}: {rows[column].null_count} rows have no {column}; "
                f"leave them out with WHERE {column} IS NOT NULL"
            )
    twice = len(rows) - pc.count_distinct(rows["record_id"]).as_py()
    if twice:
        raise ValueError(
            f"metric {file}: expected a record_id of its own for every row, {twice} come again; "
            "GROUP BY it, or select a column that tells the rows apart"
        )
    return rows
