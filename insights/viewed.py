"""Expressions that are asked again, as views of the database: each is translated to SQL once.

Ibis translates a whole expression to SQL for every question, which takes longer than answering
many of them. Members of a finding are the same under all filters and splits: as a view they are one
name in whatever is asked of them.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from itertools import count

from ibis.backends.duckdb import Backend
from ibis.expr import operations as ops
from ibis.expr.operations.udf import InputType
from ibis.expr.types import Table

from insights.tables import Tables

_MOST = 200  # expressions that are remembered


def viewed(rows: Table, tables: Tables) -> Table:
    """Return the same rows, through a view from the second time they are asked for.

    A view follows its tables when they are renewed in place. What is asked once, such as what
    depends on the present moment, never becomes one. Rows that come from Python's memory, or need
    functions in Python, are returned as they are; so are all where the tables ask for it.
    """
    if not tables.kept_as_views:
        return rows
    views: _Views = tables.lasting("views", lambda: _Views(tables.chats.connection))
    return views.of(rows)


@dataclass(frozen=True)
class _Views:
    """Expressions by when they were last asked for, the oldest first, with the views of some."""

    connection: Backend
    asked: OrderedDict[ops.Node, tuple[str, Table] | None] = field(default_factory=OrderedDict)
    numbers: count[int] = field(default_factory=count)

    def of(self, rows: Table) -> Table:
        node = rows.op()
        if node not in self.asked:
            self._remember(node)
            return rows
        self.asked.move_to_end(node)
        if self.asked[node] is None and not _needs_python(node):
            self.asked[node] = self._made(rows)
        made = self.asked[node]
        return rows if made is None else made[1]

    def _remember(self, node: ops.Node) -> None:
        while len(self.asked) >= _MOST:
            _, made = self.asked.popitem(last=False)
            if made is not None:
                self.connection.drop_view(made[0])
        self.asked[node] = None

    def _made(self, rows: Table) -> tuple[str, Table]:
        name = f"viewed_{next(self.numbers)}"
        view = self.connection.create_view(name, rows)
        if view.schema() != rows.schema():  # 0.0 is a decimal to the database, a float to Ibis
            view = view.cast(rows.schema())
        return name, view


def _needs_python(asked: ops.Node) -> bool:
    functions = asked.find((ops.ScalarUDF, ops.AggUDF))
    builtin = all(each.__input_type__ is InputType.BUILTIN for each in functions)
    return not builtin or bool(asked.find(ops.InMemoryTable))
