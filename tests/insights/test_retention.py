"""Cohorts of buyers, counted by hand."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from ingest.schemas import canonical
from ingest.store import Store
from ingest.workspace import Workspace
from insights.filters import Filters
from insights.registry import find
from insights.tables import Tables

SHANGHAI = "Asia/Shanghai"
BOUGHT = """
    ann 2025-11-30T23:30
    ann 2025-12-05T10:00
    ann 2025-12-06T10:00
    ann 2026-02-01T00:10
    bob 2025-12-31T23:50
    bob 2026-01-01T00:10
    cid 2025-12-10T12:00
    cid 2026-03-02T12:00
    dot 2026-03-01T12:00
"""  # wall clock of Shanghai


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return write(tmp_path_factory.mktemp("buyers"), BOUGHT)


def write(root: Path, told: str, kind: str = "purchase") -> Tables:
    rows = []
    for number, line in enumerate(told.split("\n")):
        if line.strip():
            customer, clock = line.split()
            at = datetime.fromisoformat(clock).replace(tzinfo=ZoneInfo(SHANGHAI))
            rows.append(
                {"event_id": f"{kind}{number}", "source": "test", "customer_id": customer,
                 "kind": kind, "occurred_at": at, "available_at": at}
            )  # fmt: skip
    workspace = Workspace.named("shop", root)
    store = Store(workspace.store)
    store.add("events", pa.Table.from_pylist(rows, canonical("events").schema))
    gold = {"customer_id": "cid", "source": "test", "attributes": json.dumps({"segment": "gold"})}
    known = gold | {"occurred_at": at, "available_at": at}
    store.add("customers", pa.Table.from_pylist([known], canonical("customers").schema))
    return Tables(workspace)


def shares(tables: Tables, filters: Filters) -> dict[tuple[str, int], tuple[int, float]]:
    table = find("retention").table(tables, filters)
    return {
        (row.cohort, row.months_after): (row.count, row.mean)
        for row in table.rename(columns={"count": "n"}).assign(count=table["count"]).itertuples()
    }


def test_months_that_are_over_are_counted(tables: Tables) -> None:
    assert shares(tables, Filters(zone=SHANGHAI)) == {
        ("2025-11", 0): (1, 100.0),
        ("2025-11", 1): (1, 100.0),
        ("2025-11", 2): (1, 0.0),
        ("2025-11", 3): (1, 100.0),
        ("2025-12", 0): (2, 100.0),
        ("2025-12", 1): (2, 50.0),
        ("2025-12", 2): (2, 0.0),
    }


def test_months_begin_in_the_zone_of_the_report(tables: Tables) -> None:
    found = shares(tables, Filters(zone="UTC"))
    assert found["2025-12", 1] == (2, 0.0)  # bob's new year was still the old one
    assert found["2025-11", 2] == (1, 100.0)  # ann's February was January
    assert ("2025-11", 4) not in found


def test_until_says_which_months_are_over(tables: Tables) -> None:
    later = shares(tables, Filters(zone=SHANGHAI, until=datetime(2026, 4, 1)))  # noqa: DTZ001
    assert later["2026-03", 0] == (1, 100.0)
    assert later["2025-12", 3] == (2, 50.0)
    before = shares(tables, Filters(zone=SHANGHAI, until=datetime(2026, 1, 20)))  # noqa: DTZ001
    assert max(after for _, after in before) == 1


def test_numbers_open_into_customers_and_are_filtered_by_segment(tables: Tables) -> None:
    filters = Filters(zone=SHANGHAI)
    behind = find("retention").drill(tables, filters, {"cohort": "2025-12", "months_after": 1})
    assert dict(zip(behind["customer_id"], behind["value"], strict=True)) == {"bob": 100, "cid": 0}
    gold = shares(tables, Filters(zone=SHANGHAI, segment=("gold",)))
    assert gold["2025-12", 0] == (1, 100.0)
    with pytest.raises(ValueError, match="cannot be filtered by channel"):
        find("retention").table(tables, Filters(channel=("web",)))


def test_other_events_are_no_purchases(tmp_path: Path) -> None:
    viewed = write(tmp_path, BOUGHT, kind="view")
    assert find("retention").table(viewed, Filters()).empty
