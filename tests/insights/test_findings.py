"""Findings: their counts, their calendar and their drill-down, on conversations written here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from ingest.schemas import canonical
from ingest.store import Store
from ingest.workspace import Workspace
from insights.filters import Filters
from insights.registry import FINDINGS, find
from insights.tables import Tables

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def message(number: int, conversation: str, at: datetime, **changes: object) -> dict[str, object]:
    row = {
        "message_id": f"m{number}",
        "source": "test",
        "conversation_id": conversation,
        "customer_id": "c1",
        "sender_role": "customer",
        "kind": "text",
        "text": "hello",
        "recalled": False,
        "private": False,
        "channel": "web",
        "occurred_at": at,
        "available_at": at,
    }
    return row | changes


def store_messages(workspace: Workspace, rows: list[dict[str, object]]) -> Tables:
    Store(workspace.store).add("messages", pa.Table.from_pylist(rows, canonical("messages").schema))
    return Tables(workspace)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.named("shop", tmp_path)


def test_volume_and_duration_match_a_hand_count(workspace: Workspace) -> None:
    tables = store_messages(
        workspace,
        [
            message(1, "a", MONDAY),
            message(2, "a", MONDAY + timedelta(minutes=30), sender_role="agent"),
            message(3, "a", MONDAY + timedelta(minutes=50), private=True),
            message(4, "b", MONDAY + timedelta(days=1)),
            message(5, "c", MONDAY + timedelta(days=7), channel="phone", source="simulated"),
            message(6, "d", MONDAY, sender_role="system"),
            message(7, "e", MONDAY, recalled=True),
        ],
    )
    volume = find("conversation_volume").table(tables, Filters())
    assert volume[["period", "channel", "count", "simulated_share"]].to_numpy().tolist() == [
        ["2026-03-02", "web", 2, 0.0],
        ["2026-03-09", "phone", 1, 1.0],
    ]
    duration = find("conversation_duration").table(tables, Filters())
    assert duration.loc[0, ["mean", "median", "p90"]].tolist() == pytest.approx([15.0, 15.0, 27.0])


def test_the_day_begins_where_the_reader_lives(workspace: Workspace) -> None:
    tables = store_messages(workspace, [message(1, "a", MONDAY + timedelta(hours=17))])
    volume = find("conversation_volume")
    utc = volume.table(tables, Filters(period="day"))
    shanghai = volume.table(tables, Filters(period="day", zone="Asia/Shanghai"))
    assert (utc["period"][0], shanghai["period"][0]) == ("2026-03-02", "2026-03-03")


def test_a_day_of_23_hours_is_still_one_day(workspace: Workspace) -> None:
    before = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)  # 01:30 in Berlin, clocks jump at 02:00
    after = datetime(2026, 3, 29, 21, 30, tzinfo=UTC)  # 23:30 in Berlin, summer time
    tables = store_messages(workspace, [message(1, "a", before), message(2, "b", after)])
    table = find("conversation_volume").table(tables, Filters(period="day", zone="Europe/Berlin"))
    assert table[["period", "count"]].to_numpy().tolist() == [["2026-03-29", 2]]


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    minutes=st.lists(st.integers(0, 60 * 24 * 40), min_size=1, max_size=25),
    period=st.sampled_from(["day", "week", "month"]),
)
def test_every_number_opens_into_as_many_records(
    tmp_path_factory: pytest.TempPathFactory, minutes: list[int], period: str
) -> None:
    workspace = Workspace.named("shop", tmp_path_factory.mktemp("drill"))
    rows = [
        message(i, f"c{i % 7}", MONDAY + timedelta(minutes=at), channel=["web", None][i % 2])
        for i, at in enumerate(minutes)
    ]
    tables = store_messages(workspace, rows)
    filters = Filters(period=period)  # type: ignore[arg-type]
    finding = find("conversation_volume")
    table = finding.table(tables, filters)
    assert table["count"].sum() == len({row["conversation_id"] for row in rows})
    for row in table.to_dict("records"):
        group = {name: row[name] for name in finding.groups}
        assert len(finding.drill(tables, filters, group)) == row["count"]


def test_range_is_half_open(workspace: Workspace) -> None:
    tables = store_messages(
        workspace, [message(1, "a", MONDAY), message(2, "b", MONDAY + timedelta(days=1))]
    )
    filters = Filters(since=MONDAY, until=MONDAY + timedelta(days=1))
    assert find("conversation_volume").members(tables, filters)["record_id"].tolist() == ["a"]


def test_topics_split_by_sentiment(workspace: Workspace) -> None:
    texts = pd.DataFrame(
        {
            "text_id": ["1", "2", "3"],
            "kind": "feedback",
            "source": ["simulated", "shop", "shop"],
            "customer_id": "c",
            "item_id": "i",
            "occurred_at": pd.to_datetime([MONDAY] * 3, utc=True),
            "polarity": [-0.5, -0.7, 0.9],
            "sentiment": ["negative", "negative", "positive"],
            "topic": [2, 2, 2],
        }
    )
    folder = workspace.features / "text"
    folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pandas(texts), folder / "texts.parquet")
    table = find("topic_sentiment").table(Tables(workspace), Filters())
    assert table[["topic", "sentiment", "count", "simulated_share"]].to_numpy().tolist() == [
        [2, "negative", 2, 0.5],
        [2, "positive", 1, 0.0],
    ]
    assert table["mean"].tolist() == pytest.approx([-0.6, 0.9])


def test_missing_texts_name_the_command_that_makes_them(workspace: Workspace) -> None:
    with pytest.raises(FileNotFoundError, match="python -m features workspace=shop"):
        Tables(workspace).texts()


def test_mistakes_are_answered_with_what_was_expected(workspace: Workspace) -> None:
    with pytest.raises(LookupError, match="did you mean 'topic_sentiment'"):
        find("topic_sentimen")
    with pytest.raises(ValidationError, match="unknown time zone 'Asia/Shanghi'"):
        Filters(zone="Asia/Shanghi")
    with pytest.raises(ValidationError, match="must be before until"):
        Filters(since=MONDAY, until=MONDAY)
    with pytest.raises(ValueError, match="split by period, channel; received colour"):
        find("conversation_volume").drill(Tables(workspace), Filters(), {"colour": "red"})


@pytest.mark.parametrize("finding", FINDINGS.values(), ids=lambda finding: finding.name)
def test_every_finding_explains_itself(finding: object) -> None:
    for part in ("title", "formula", "unit", "action"):
        assert len(getattr(finding, part)) > 3
