"""Reports over what stays are the same when older months go, and all are when they return."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from sqlalchemy import insert, select

from ingest.archives.catalog import Catalog, opened
from ingest.archives.months import Month
from ingest.archives.move import archive, put_back
from ingest.backups.bring_back import chosen, restore
from ingest.backups.take import backup
from ingest.store import Store
from ingest.workspace import Workspace
from insights.alerts.database import alerts_of, judged
from insights.filters import Filters
from insights.registry import FINDINGS
from insights.tables import Tables
from tests.insights.script import moment, write

FEBRUARY = """
    2026-02-10T10:00 old customer:c1 channel=web
    2026-02-10T10:04 old bot
    2026-02-10T10:05 old handed_off
    2026-02-10T10:06 old labeled=vip via=event
    2026-02-10T10:20 old agent:ann
    2026-02-10T11:00 old resolved
    2026-02-10T11:01 old surveyed
    2026-02-10T11:05 old rated=2
"""
MARCH = """
    2026-03-02T10:00 new customer:c2 channel=phone
    2026-03-02T10:01 new bot
    2026-03-02T10:02 new handed_off
    2026-03-02T10:05 new agent:ann
    2026-03-02T10:06 new labeled=refund via=event
    2026-03-02T11:00 new resolved
    2026-03-02T11:01 new surveyed
    2026-03-02T11:05 new rated=5
    2026-03-10T09:00 next customer:c3 channel=web
    2026-03-10T09:30 next agent:bob
"""
SPANNING = """
    2026-02-28T23:50 both customer:c4
    2026-03-01T00:10 both agent:ann
    2026-03-01T00:20 both customer:c4
    2026-03-01T00:25 both agent:ann
"""
LATER = Filters(since=moment("2026-03-01T00:00"), until=moment("2026-04-01T00:00"), period="day")
ALL = Filters(until=moment("2026-04-01T00:00"), period="day")


MEASURED = (
    "corrected/traffic",
    "corrected/first_response_time",
    "corrected/csat",
)


def reports(tables: Tables, filters: Filters) -> dict[str, pd.DataFrame]:
    return {name: FINDINGS[name].table(tables, filters) for name in MEASURED}


def changed(one: dict[str, pd.DataFrame], two: dict[str, pd.DataFrame]) -> list[str]:
    return [name for name, table in one.items() if not table.equals(two[name])]


def archived(tables: Tables, folder: Path) -> Catalog:
    archive(
        Store(tables.workspace.store),
        opened(folder, "shop", "UTC"),
        Month(2026, 3),
        progress=False,
    )
    return opened(folder, "shop", "UTC")


def test_what_stays_is_reported_as_before_and_what_returns_too(tmp_path: Path) -> None:
    tables = write(tmp_path, FEBRUARY + MARCH)
    later, everything = reports(tables, LATER), reports(tables, ALL)
    there = archived(tables, tmp_path / "old")
    assert {part.table for part in there.parts} == {"events", "feedback", "messages"}
    (tmp_path / "old").rename(tmp_path / "away")  # dropped, as far as reports can tell
    assert changed(later, reports(tables, LATER)) == []  # tables that were open follow
    assert changed(everything, reports(tables, ALL)) == list(MEASURED)
    (tmp_path / "away").rename(tmp_path / "old")
    moved = put_back(Store(tables.workspace.store), there, there.parts, progress=False)
    assert [each.rows for each in moved] == [1, 1, 6]
    assert changed(everything, reports(tables, ALL)) == []


def test_a_conversation_over_the_border_begins_with_what_stays(tmp_path: Path) -> None:
    tables = write(tmp_path, SPANNING)
    first = FINDINGS["corrected/first_response_time"]
    assert first.table(tables, LATER)["mean"].tolist() == [20.0]
    there = archived(tables, tmp_path / "old")
    assert [part.rows for part in there.parts] == [1]
    assert first.table(tables, LATER)["mean"].tolist() == [5.0]


def test_a_restored_workspace_reports_the_same(tmp_path: Path) -> None:
    tables = write(tmp_path, FEBRUARY + MARCH)
    book = opened_alerts(tables.workspace, "told")
    backup(tables.workspace, tmp_path / "kept", moment("10:00"), progress=False)
    again = Workspace.named("again", tmp_path)
    restore(tmp_path / "kept", chosen(tmp_path / "kept"), again, progress=False)
    traffic = FINDINGS["corrected/traffic"]
    assert traffic.table(Tables(again), ALL).equals(traffic.table(tables, ALL))
    assert opened_alerts(again) == book == ["told"]


def opened_alerts(workspace: Workspace, rule: str | None = None) -> list[str]:
    with alerts_of(workspace).changing() as book:
        if rule:
            book.execute(insert(judged).values(rule=rule, until=1))
        return list(book.scalars(select(judged.c.rule)))
