"""Workbooks: charts whose references hold the numbers, formats by unit, headers that stay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from openpyxl.chart import BarChart, LineChart

from insights.answer import Answer
from insights.filters import Filters
from insights.registry import find
from insights.tables import Tables
from insights.workbook import number_format, write_workbook
from tests.insights.script import moment, write

CHAT = """
    10:00 a customer:c1
    10:07 a agent:ann
    10:30 a resolved
    10:31 a surveyed
    10:40 a rated=5
    11:00 b customer:c2 channel==1+1
    11:20 b agent:bob channel==1+1
    03T03:00 c customer:c1 channel=微信
    10T03:00 d customer:c1
    10T03:30 d agent:ann
"""


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return write(tmp_path_factory.mktemp("workbook"), CHAT)


def answered(tables: Tables, name: str, *by: str, period: str = "day") -> Answer:
    filters = Filters(period=period, until=moment("12T00:00"))  # else some wait until now
    table = find(name).table(tables, filters, by)
    return Answer(find(name), filters, "30 min", table)


def opened(answer: Answer, tmp_path: Path) -> Any:
    write_workbook(answer, tmp_path / "book.xlsx")
    return openpyxl.load_workbook(tmp_path / "book.xlsx")


def cells(book: Any, reference: str) -> list[Any]:
    """Return the values of the cells that a chart refers to."""
    sheet, _, place = reference.replace("'", "").partition("!")
    found = book[sheet][place.replace("$", "")]
    rows = found if isinstance(found, tuple) else ((found,),)
    return [cell.value for row in rows for cell in row]


def drawn(book: Any) -> tuple[Any, dict[str, dict[Any, Any]]]:
    """Return the chart and what its references lead to: series to place to number."""
    (chart,) = book["chart"]._charts
    found = {}
    for series in chart.series:
        (name,) = cells(book, series.tx.strRef.f)
        category = series.cat.numRef or series.cat.strRef
        places = cells(book, category.f)
        found[name] = dict(zip(places, cells(book, series.val.numRef.f), strict=True))
    return chart, found


def test_a_chart_refers_to_the_numbers_of_the_table(tables: Tables, tmp_path: Path) -> None:
    answer = answered(tables, "first_response_time", "period", "channel")
    chart, found = drawn(opened(answer, tmp_path))
    assert isinstance(chart, LineChart)
    expected: dict[str, dict[str, float]] = {}
    for row in answer.table.dropna(subset="median").to_dict("records"):
        name = "'=1+1" if row["channel"] == "=1+1" else row["channel"]
        expected.setdefault(name, {})[row["period"]] = row["median"]
    assert len(expected) == 2
    kept = {
        name: {place: value for place, value in line.items() if value is not None}
        for name, line in found.items()
    }
    assert kept == expected
    assert chart.x_axis.delete is False
    assert chart.display_blanks == "gap"


def test_bars_have_a_place_for_each_group(tables: Tables, tmp_path: Path) -> None:
    answer = answered(tables, "waiting_now", "channel")
    chart, found = drawn(opened(answer, tmp_path))
    assert isinstance(chart, BarChart)
    assert found == {
        "median": dict(zip(answer.table["channel"], answer.table["median"], strict=True))
    }


def test_a_heat_map_is_colored_and_drawn(tables: Tables, tmp_path: Path) -> None:
    book = opened(answered(tables, "traffic", "weekday", "hour_of_day"), tmp_path)
    _, found = drawn(book)
    total = sum(value or 0 for line in found.values() for value in line.values())
    assert total == 4
    assert found["1 Monday"][10] == 1
    (rules,) = book["chart"].conditional_formatting
    assert rules.rules[0].type == "colorScale"


def test_headers_stay_and_numbers_have_the_format_of_their_unit(
    tables: Tables, tmp_path: Path
) -> None:
    book = opened(answered(tables, "csat", "channel"), tmp_path)
    sheet = book["numbers"]
    assert [each.freeze_panes for each in book] == ["A2", "A2", "A2"]
    assert sheet["A1"].font.bold
    formats = {head.value: sheet.cell(2, head.column).number_format for head in sheet[1]}
    assert formats["count"] == "#,##0"
    assert formats["mean"] == '0.0"%"'
    assert formats["simulated_share"] == "0.0%"
    minutes = opened(answered(tables, "reply_time", "channel"), tmp_path)["numbers"]
    formats = {head.value: minutes.cell(2, head.column).number_format for head in minutes[1]}
    assert formats["median"] == "#,##0.00"
    assert number_format("agents", "agents", whole=True) == "#,##0"


def test_records_and_empty_tables_have_no_chart(tables: Tables, tmp_path: Path) -> None:
    finding = find("volume")
    behind = finding.drill(tables, Filters(), {"channel": "web"})
    book = opened(Answer(finding, Filters(), "30 min", behind), tmp_path)
    assert book.sheetnames == ["numbers", "definition"]
    assert book["numbers"].max_row == 3
    whole = Answer(finding, Filters(), "30 min", finding.table(tables, Filters(), []))
    assert opened(whole, tmp_path).sheetnames == ["numbers", "definition"]
    empty = Answer(finding, Filters(), "30 min", pd.DataFrame({"channel": [], "count": []}))
    assert opened(empty, tmp_path).sheetnames == ["numbers", "definition"]


def test_names_from_outside_are_no_formulas(tables: Tables, tmp_path: Path) -> None:
    book = opened(answered(tables, "volume", "channel", "agent"), tmp_path)
    for sheet in book:
        for row in sheet.iter_rows():
            assert not any(cell.data_type == "f" for cell in row)
