"""Every finding day by day in long form: one row a number."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd
import pyarrow as pa

from insights.filters import Filters
from insights.finding import Finding
from insights.registry import FINDINGS, own
from insights.tables import Tables
from insights.views.dictionary import DAILY_METRICS

EVERYTHING = "all"
_DIMENSIONS = ("channel", "agent", "category")


def daily_metrics(tables: Tables, filters: Filters) -> tuple[pa.Table, tuple[str, ...]]:
    """Return the rows of ``daily_metrics``, and which findings were left out and why.

    Findings that are not split by time are no daily numbers and are not mentioned.
    """
    daily = filters.model_copy(update={"period": "day"})
    rows: list[dict[str, object]] = []
    left_out = []
    for finding in (*FINDINGS.values(), *own(tables).findings.values()):
        if "period" not in finding.dimensions:
            continue
        try:
            rows += list(_rows(finding, tables, daily))
        except (FileNotFoundError, ValueError) as error:
            left_out.append(f"{finding.id}: {error}")
    return pa.Table.from_pylist(rows, DAILY_METRICS.schema), tuple(left_out)


def _rows(finding: Finding, tables: Tables, filters: Filters) -> Iterator[dict[str, object]]:
    members = finding.rows(tables, filters).cache()
    for dimension in (EVERYTHING, *_DIMENSIONS):
        if dimension != EVERYTHING and dimension not in finding.dimensions:
            continue
        by = ["period"] if dimension == EVERYTHING else ["period", dimension]
        table = finding.table(tables, filters, by, rows=members)
        statistic = finding.drawn if finding.drawn in table else "mean"
        for row in table.to_dict("records"):
            yield {
                "finding": finding.name,
                "family": finding.family,
                "period": row["period"],
                "dimension": dimension,
                "group": EVERYTHING if dimension == EVERYTHING else _text(row[dimension]),
                "series": " ".join(str(row[name]) for name in finding.series),
                "statistic": statistic,
                "value": _number(row[statistic]),
                "count": int(row["count"]),
                "unit": finding.unit,
                "simulated_share": _number(row["simulated_share"]),
            }


def _text(value: object) -> str | None:
    return None if value is None or value is pd.NA else str(value)


def _number(value: object) -> float | None:
    number = math.nan if value is None or value is pd.NA else float(str(value))
    return number if math.isfinite(number) else None
