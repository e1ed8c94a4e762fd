"""How customers sound over time, and whose mood fell: counted by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from insights.filters import Filters
from insights.registry import find
from insights.tables import Tables
from tests.insights.script import write

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
CHATS = """
    02T10:00 a customer:c1
    02T10:10 a agent:ann
    20T10:00 b customer:c1 channel=phone
    20T10:10 b agent:bob channel=phone
"""
Row = tuple[str, float, float]  # customer, days after the start, polarity


def felt(root: Path, rows: Sequence[Row], *, text: str = "打不开,电话13812345678") -> Tables:
    """Store texts with the polarity that analysis found; the first is the first message of c1."""
    table: list[dict[str, Any]] = [
        {
            "text_id": f"m{number}" if number in (0, 2) else f"t{number}",
            "kind": "message", "source": "test", "customer_id": customer or None, "item_id": None,
            "occurred_at": START + timedelta(days=days), "polarity": polarity, "topic": 1,
            "sentiment": "negative" if polarity < 0 else "positive", "text": text,
        }
        for number, (customer, days, polarity) in enumerate(rows)
    ]  # fmt: skip
    tables = write(root, CHATS)
    folder = tables.workspace.features / "text"
    folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pandas(pd.DataFrame(table)), folder / "texts.parquet")
    return tables


def many(customer: str, day: float, polarities: Sequence[float]) -> list[Row]:
    return [(customer, day + n / 24, polarity) for n, polarity in enumerate(polarities)]


GOOD, BAD = (0.6, 0.7, 0.5, 0.6, 0.7, 0.5), (-0.6, -0.5, -0.7, -0.6, -0.5, -0.7)


def test_the_trend_is_the_mean_of_each_period(tmp_path: Path) -> None:
    rows = [("c1", 0, 0.5), ("c2", 1, -0.5), ("c1", 18, -0.9), ("", 18, -1.0)]
    tables = felt(tmp_path, rows)
    table = find("mood").table(tables, Filters(period="week"))
    assert table[["period", "count", "mean", "negative_share"]].to_numpy().tolist() == [
        ["2026-03-02", 2, 0.0, 50.0],
        ["2026-03-16", 1, -0.9, 100.0],  # what nobody known wrote is left out
    ]
    own = find("mood").table(tables, Filters(customer="c1", period="week"))
    assert own["mean"].tolist() == [0.5, -0.9]
    by = find("mood").table(tables, Filters(), ["channel", "agent"])
    assert by[["channel", "agent", "count"]].to_numpy().tolist() == [
        ["message", "nobody", 1],
        ["phone", "bob", 1],
        ["web", "ann", 1],
    ]
    assert find("mood").drill(tables, Filters(), {"agent": "bob"})["record_id"].tolist() == ["m2"]


def test_who_fell_comes_first_with_the_lowest_words_masked(tmp_path: Path) -> None:
    rows = [
        *many("calm", 0, GOOD), *many("calm", 12, GOOD),
        *many("fell", 0, GOOD), *many("fell", 12, BAD),
        *many("rose", 0, BAD), *many("rose", 12, GOOD),
        *many("new", 12, BAD), ("gone", 0, 0.5),
    ]  # fmt: skip
    tables = felt(tmp_path, rows)
    filters = Filters(since=START + timedelta(days=10), until=START + timedelta(days=20))
    found = find("mood_changes").table(tables, filters).set_index("customer")
    assert found["verdict"].to_dict() == {
        "fell": "fell", "calm": "no clear change", "new": "too few texts", "rose": "rose",
    }  # fmt: skip
    assert found.index.tolist() == ["fell", "calm", "new", "rose"]
    fell = found.loc["fell"].to_dict()
    assert (fell["count"], fell["before_count"]) == (6, 6)
    assert fell["change"] == pytest.approx(-1.2)
    assert fell["low"] < fell["change"] < fell["high"] < 0
    assert "138****5678" in fell["quote"]
    assert found.loc["new", "before_count"] == 0
    assert found["change"].isna().to_dict() == {
        "fell": False,
        "calm": False,
        "new": True,
        "rose": False,
    }
    for name, count in found["count"].items():
        opened = find("mood_changes").drill(tables, filters, {"customer": name})
        assert len(opened) == count


def test_of_many_customers_some_differ_by_chance(tmp_path: Path) -> None:
    """One in forty whose own interval leaves out 0 is what chance makes: it is only perhaps."""
    still = [row for n in range(39) for day in (0, 12) for row in many(f"s{n}", day, GOOD)]
    odd = [*many("odd", 0, (0.6, 0.1, 0.5, 0.2)), *many("odd", 12, (0.1, -0.3, 0.0, -0.2))]
    filters = Filters(since=START + timedelta(days=10), until=START + timedelta(days=20))
    alone = find("mood_changes").table(felt(tmp_path / "alone", odd), filters)
    assert alone["verdict"].tolist() == ["fell"]
    among = find("mood_changes").table(felt(tmp_path / "among", [*odd, *still]), filters)
    assert among.loc[among["customer"] == "odd", "verdict"].tolist() == ["perhaps fell"]
    assert set(among.loc[among["customer"] != "odd", "verdict"]) == {"no clear change"}


def test_without_a_range_the_last_weeks_are_looked_at(tmp_path: Path) -> None:
    tables = felt(tmp_path, [*many("c1", 0, GOOD), *many("c1", 40, BAD)])
    (row,) = find("mood_changes").table(tables, Filters()).to_dict("records")
    assert (row["count"], row["before_count"], row["verdict"]) == (6, 6, "fell")
    split = find("mood_changes").table(tables, Filters(), ["kind"])
    assert split["count"].tolist() == [6]
    assert "verdict" not in split


def test_texts_that_were_not_analyzed_name_the_command(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="python -m features"):
        find("mood").table(write(tmp_path, CHATS), Filters())
