"""A finding as a workbook: numbers, the grid that its chart draws with the chart, the definition.

Charts are the spreadsheet's own, so that they can be restyled and follow the cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pandas as pd
from openpyxl import Workbook
from openpyxl.chart import BarChart, LineChart, Reference
from openpyxl.chart.label import DataLabelList
from openpyxl.formatting.rule import ColorScaleRule
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from features.text.pii.shown import shown_table
from insights.answer import Answer, readable
from insights.finding import Chart

NUMBERS, CHART, DEFINITION = "numbers", "chart", "definition"
_WHOLE, _PLAIN, _PERCENT, _SHARE = "#,##0", "#,##0.00", '0.0"%"', "0.0%"
_MEASURED = ("mean", "median", "p90", "value")
_MOST_SERIES = 255  # a spreadsheet draws no more in one chart
_FEW = 8  # bars that have room for their numbers
_WIDEST = 60  # characters of a column
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_workbook(answer: Answer, out: Path) -> None:
    """Write a finding's table, or the records behind a number, as .xlsx."""
    book = Workbook()
    numbers = cast("Worksheet", book.active)
    numbers.title = NUMBERS
    table = harmless(shown_table(answer.export()))
    zoned = table.select_dtypes("datetimetz")  # spreadsheets know no zones
    _fill(numbers, table.assign(**{str(name): zoned[name].map(readable) for name in zoned}))
    _format(numbers, answer.finding.unit)
    grid = grid_of(answer)
    if grid is not None:
        _draw(book.create_sheet(CHART), grid, answer)
    about = pd.DataFrame({"about": [answer.title, answer.caption]})
    _fill(book.create_sheet(DEFINITION), harmless(about))
    book.save(out)


def harmless(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with texts that a spreadsheet would run as formulas quoted by ``'``.

    Names of channels and customers come from outside; see OWASP, "CSV Injection".
    """
    texts = table.select_dtypes("object")
    return table.assign(**{str(name): texts[name].map(_quoted) for name in texts})


def grid_of(answer: Answer) -> pd.DataFrame | None:
    """Return what the finding's chart draws: a row a place on the axis, a column a series.

    None for records, for a table without groups, and where nothing could be measured.
    """
    table, finding = shown_table(answer.table), answer.finding
    columns = [str(name) for name in table]
    if "count" not in columns or finding.drawn not in columns:
        return None
    groups = columns[: columns.index("count")]
    heat = _kind(answer) == "heatmap"
    along = ("hour_of_day" if heat else groups[0]) if groups else ""
    shown = table[table[finding.drawn].notna()]
    if not along or shown.empty:
        return None
    others = [name for name in groups if name != along]
    names = shown[others].astype(str).agg(" ".join, axis=1) if others else finding.drawn
    told = shown.assign(series=names)
    grid = told.pivot_table(
        index=along, columns="series", values=finding.drawn, aggfunc="first", sort=False
    )
    grid = grid[list(grid.columns)[:_MOST_SERIES]]
    if heat:
        grid = grid.sort_index(axis=0).sort_index(axis=1)
    named = grid.rename(columns=_quoted).reset_index()
    return harmless(named.rename_axis(columns=None))


def _kind(answer: Answer) -> Chart:
    """Return how it is drawn: a heat map only where the table has its two axes."""
    chart = answer.finding.chart
    if chart == "heatmap" and not {"weekday", "hour_of_day"} <= set(answer.table):
        return "bar"
    return chart


def _quoted(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _fill(sheet: Worksheet, table: pd.DataFrame) -> None:
    """Write a table with a bold header that stays in sight."""
    for place, row in enumerate(_rows(table), start=1):
        for column, value in enumerate(row, start=1):
            sheet.cell(place, column, value)
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    sheet.freeze_panes = "A2"
    for column, name in enumerate(table, start=1):
        longest = max([len(str(name)), *(len(str(value)) for value in table[name])])
        letter = get_column_letter(column)
        sheet.column_dimensions[letter].width = min(longest + 2, _WIDEST)


def _rows(table: pd.DataFrame) -> Iterator[list[Any]]:
    yield [str(name) for name in table]
    for row in table.astype(object).itertuples(index=False, name=None):
        yield [_cell(value) for value in row]


def _cell(value: Any) -> Any:
    if isinstance(value, list | tuple | dict | set):
        return _quoted(str(value))
    if hasattr(value, "tolist"):  # numbers and arrays of numpy
        value = value.tolist()
        return _quoted(str(value)) if isinstance(value, list) else value
    return None if pd.isna(value) else value


def number_format(column: str, unit: str, *, whole: bool) -> str:
    """Return the spreadsheet's format of a column.

    Parameters
    ----------
    column : str
        Its name.
    unit : str
        Unit of the finding's values.
    whole : bool
        Whether it holds whole numbers only.
    """
    if column == "simulated_share":
        return _SHARE
    if column in _MEASURED and unit.startswith("%"):
        return _PERCENT
    return _WHOLE if whole else _PLAIN


def _format(sheet: Worksheet, unit: str, column_named: str | None = None) -> None:
    """Give numbers the format of their unit; ``column_named`` stands for all but the first."""
    for cells in sheet.iter_cols(min_row=1):
        head, *body = cells
        numbers = [cell for cell in body if isinstance(cell.value, int | float)]
        if column_named is not None and head.column == 1:
            continue
        whole = all(isinstance(cell.value, int) for cell in numbers)
        told = number_format(column_named or str(head.value), unit, whole=whole)
        for cell in numbers:
            if not isinstance(cell.value, bool):
                cell.number_format = told


def _draw(sheet: Worksheet, grid: pd.DataFrame, answer: Answer) -> None:
    """Write the grid and the chart that draws it."""
    finding, kind = answer.finding, _kind(answer)
    _fill(sheet, grid)
    _format(sheet, finding.unit, finding.drawn)
    rows, columns = len(grid) + 1, len(grid.columns)
    chart = BarChart() if kind == "bar" else LineChart()
    chart.add_data(
        Reference(sheet, min_col=2, max_col=columns, min_row=1, max_row=rows), titles_from_data=True
    )
    chart.set_categories(Reference(sheet, min_col=1, min_row=2, max_row=rows))
    chart.title = f"{finding.title} · {finding.title_zh}"
    chart.x_axis.title = str(grid.columns[0]).replace("_", " ")
    chart.y_axis.title = "count" if finding.drawn == "count" else f"{finding.drawn}, {finding.unit}"
    chart.x_axis.delete = chart.y_axis.delete = False  # else they are not shown
    chart.y_axis.scaling.min = None if (grid.iloc[:, 1:] < 0).any(axis=None) else 0
    chart.display_blanks = "gap"  # what could not be measured is not zero
    chart.width, chart.height = 24, 10  # centimeters
    if columns == 2:  # noqa: PLR2004  (one series needs no legend)
        chart.legend = None
    if kind == "bar" and len(grid) <= _FEW and columns == 2:  # noqa: PLR2004
        chart.dataLabels = DataLabelList(showVal=True)
    if kind == "heatmap":
        place = f"B2:{get_column_letter(columns)}{rows}"
        shades = ColorScaleRule(
            start_type="min", start_color="FFFFFF", end_type="max", end_color="2F6DB5"
        )
        sheet.conditional_formatting.add(place, shades)
    sheet.add_chart(chart, f"{get_column_letter(columns + 2)}2")
