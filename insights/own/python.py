"""A metric as a ``.py`` file that defines ``FINDINGS``, as the files of the house do.

Such a file is a part of the program: it may do whatever the program may. Metrics that shall only
read are written in SQL.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import ibis.expr.datatypes as dt
from ibis.expr.types import Table

from insights.filters import Filters
from insights.finding import CALENDAR, Finding
from insights.own.sql import NAME
from insights.tables import Tables

_ADDED = (*CALENDAR, "label", "segment")  # the house adds them to members


def from_python(file: Path) -> tuple[Finding, ...]:
    """Return the findings that a file defines; what their members return is checked when asked.

    Raises
    ------
    ValueError
        If it does not define any, with what is wrong.
    """
    findings = getattr(_module(file), "FINDINGS", None)
    if not isinstance(findings, Iterable) or not (found := tuple(findings)):
        raise ValueError("expected FINDINGS, a tuple of insights.finding.Finding; define it")
    for each in found:
        if not isinstance(each, Finding):
            raise ValueError(  # noqa: TRY004 (of a file, not of an argument)
                f"FINDINGS: expected insights.finding.Finding, received {type(each).__name__}"
            )
        if not re.match(NAME, each.name):
            raise ValueError(f"name {each.name!r}: expected lower-case letters, digits and _")
    return tuple(_checked(each, file) for each in found)


def _module(file: Path) -> ModuleType:
    name = f"own_metric_{sha256(str(file).encode()).hexdigest()[:12]}"
    spec = spec_from_file_location(name, file)
    assert spec is not None  # noqa: S101 - the file ends in .py
    assert spec.loader is not None  # noqa: S101
    module = sys.modules[name] = module_from_spec(spec)  # where dataclasses look for their names
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise ValueError(f"it cannot be run: {type(error).__name__}: {error}") from error
    return module


def _checked(finding: Finding, file: Path) -> Finding:
    def members(tables: Tables, filters: Filters) -> Table:
        try:
            rows = finding.members(tables, filters)
        except FileNotFoundError:
            raise
        except Exception as error:
            told = f"{type(error).__name__}: {error}"
            raise ValueError(f"metric {file}: members of {finding.id!r}: {told}") from error
        wrong = list(_wrong(rows, finding))
        if wrong:
            raise ValueError(f"metric {file}: members of {finding.id!r}: {'; '.join(wrong)}")
        return rows

    return replace(finding, members=members)


def _wrong(rows: object, finding: Finding) -> Iterable[str]:
    if not isinstance(rows, Table):
        yield f"expected an ibis table, received {type(rows).__name__}"
        return
    kinds = dict(rows.schema().items())
    wanted = {"record_id": dt.String, "at": dt.Int64, "value": dt.Floating, "simulated": dt.Boolean}
    for name, kind in wanted.items():
        if not isinstance(kinds.get(name), kind):
            received = kinds.get(name, "no such column")
            yield f"column {name!r}: expected {kind.__name__.lower()}, received {received}"
    for name in dict.fromkeys((*finding.dimensions, *finding.series, *finding.groups)):
        if name not in kinds and name not in _ADDED:
            yield f"it is split by {name!r}, but there is no such column"
