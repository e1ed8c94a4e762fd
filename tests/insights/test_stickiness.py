"""Daily over monthly customers, counted by hand."""

from __future__ import annotations

from datetime import datetime

import pytest

from insights.filters import Filters
from insights.registry import find
from insights.tables import Tables
from tests.insights import script
from tests.insights.test_retention import SHANGHAI, write

SEEN = """
    ann 2026-01-05T10:00
    ann 2026-01-05T22:00
    ann 2026-01-06T10:00
    ann 2026-02-01T00:10
    bob 2026-01-31T23:50
    cid 2026-02-02T12:00
    cid 2026-03-01T12:00
"""  # wall clock of Shanghai


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    root = tmp_path_factory.mktemp("visitors")
    chat = """
        2026-02-20T10:00 a customer:bob
        2026-02-20T10:05 a agent:ann
        2026-02-21T10:05 a resolved via=event
        2026-02-22T10:00 b customer:bob source=simulated
    """
    script.write(root, chat)
    write(root, "dot 2026-02-03T10:00", kind="campaign_received")  # did nothing of their own
    return write(root, SEEN, kind="view")


def test_active_days_are_counted_in_the_zone_of_the_report(tables: Tables) -> None:
    table = find("stickiness").table(tables, Filters(zone=SHANGHAI)).set_index("month")
    assert table["count"].to_dict() == {"2026-01": 2, "2026-02": 3}  # March is not over
    assert table["active_days"].tolist() == [1.5, 4 / 3]  # ann 2, bob 1; ann 1, bob 2, cid 1
    assert table["daily_customers"].tolist() == pytest.approx([3 / 31, 4 / 28])
    assert table["mean"].tolist() == pytest.approx([150 / 31, 400 / 3 / 28])
    utc = find("stickiness").table(tables, Filters()).set_index("month")
    assert utc["active_days"].to_dict() == {"2026-01": 2.0, "2026-02": 1.5}  # ann's 1st is the 31st


def test_numbers_open_into_customers(tables: Tables) -> None:
    filters = Filters(zone=SHANGHAI, until=datetime(2026, 4, 1))  # noqa: DTZ001
    finding = find("stickiness")
    assert finding.table(tables, filters)["count"].tolist() == [2, 3, 1]
    behind = finding.drill(tables, filters, {"month": "2026-02"})
    told = dict(zip(behind["customer_id"], behind["active_days"], strict=True))
    assert told == {"ann": 1, "bob": 2, "cid": 1}
    assert behind["record_id"].is_unique
    gold = finding.table(tables, Filters(zone=SHANGHAI, segment=("gold",)))
    assert gold[["month", "count"]].to_numpy().tolist() == [["2026-02", 1]]
