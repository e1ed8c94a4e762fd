"""Expressions that are asked again, as views of the database: each is translated to SQL once.

Ibis translates a whole expression to SQL for every question, which takes longer than answering
many of them. Members of a finding are the same under all filters and splits: as a view they are one
name in whatever is asked of them.
"""

from __future__ import annotations

from collections import OrderedDict
from itertools import count

from ibis.expr import operations as ops
from ibis.expr.operations.udf import InputType
from ibis.expr.types import Table

from insights.tables import Tables

_MOST = 200  # views; those not asked for longest are dropped
_numbers = count()


def viewed(rows: Table, tables: Tables) -> Table:
    """Return the same rows, read through a view that is made when they are first asked for.

    A view follows its tables when they are renewed in place. Rows that come from Python's memory,
    or need functions in Python, are returned as they are; so are all where the tables ask for it.
    """
    if not tables.kept_as_views:
        return rows
    made: OrderedDict[ops.Node, tuple[str, Table]] = tables.lasting("views", OrderedDict)
    asked = rows.op()
    if asked not in made:
        if _needs_python(asked):
            return rows
        connection = tables.chats.connection
        while len(made) >= _MOST:
            connection.drop_view(made.popitem(last=False)[1][0])
        name = f"viewed_{next(_numbers)}"
        view = connection.create_view(name, rows)
        if view.schema() != rows.schema():  # 0.0 is a decimal to the database, a float to Ibis
            view = view.cast(rows.schema())
        made[asked] = name, view
    made.move_to_end(asked)
    return made[asked][1]


def _needs_python(asked: ops.Node) -> bool:
    functions = asked.find((ops.ScalarUDF, ops.AggUDF))
    builtin = all(each.__input_type__ is InputType.BUILTIN for each in functions)
    return not builtin or bool(asked.find(ops.InMemoryTable))
