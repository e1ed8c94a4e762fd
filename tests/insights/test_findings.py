"""Findings: their counts, their calendar, their filters and their drill-down."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from ingest.workspace import Workspace
from insights.filters import Filters, Split
from insights.finding import Finding
from insights.registry import FINDINGS, find
from insights.tables import Tables
from tests.insights.script import moment, write

NEEDS = ("needs", "need_products", "need_coverage", "need_effect")
TEXTS = (
    "topic_sentiment",
    "keywords",
    "personal_data",
    "mood",
    "mood_changes",
    "signals",
    "leads",
    "corrected/satisfaction_estimated",
    "corrected/frequent_questions",
    *NEEDS,
)
FORECAST = "corrected/volume_forecast"  # refuses a short history
EVENTS = ("retention", "stickiness", "customer_value", "churn", "operations", "violations")
CHATS = [name for name in FINDINGS if name not in (*TEXTS, FORECAST, *EVENTS)]
EVERYTHING = """
    02T10:00 a customer:c1 channel=web
    02T10:01 a bot
    02T10:02 a handed_off
    02T10:05 a agent:ann
    02T10:06 a labeled=vip
    02T10:06 a labeled=refund via=event
    02T10:20 a customer:c1
    02T10:30 a agent:bob
    02T11:00 a resolved
    02T11:01 a surveyed
    02T11:05 a rated=5
    03T10:00 b customer:c2 channel=phone source=simulated
    03T10:00 b labeled=vip
    03T12:00 b agent:bob source=simulated
    03T12:10 b bot_resolved
    10T09:00 c customer:c1 channel=web
    10T09:30 room customer:c3 source=wecom channel=wechat
    10T09:31 room agent:ann source=wecom channel=wechat customer=none
    10T12:00 room customer:c3 source=wecom channel=wechat
"""


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return write(tmp_path_factory.mktemp("everything"), EVERYTHING)


@pytest.mark.parametrize("name", CHATS)
def test_every_number_opens_into_as_many_records(name: str, tables: Tables) -> None:
    finding, filters = FINDINGS[name], Filters(period="day", zone="Asia/Shanghai")
    table = finding.table(tables, filters)
    groups = list(finding.split_by(None))
    members = finding.drill(tables, filters)
    assert len(members) == table["count"].sum()
    assert members["record_id"].is_unique
    counted = Counter(members[groups].itertuples(index=False, name=None))
    for row in table.to_dict("records"):
        assert counted[tuple(row[group] for group in groups)] == row["count"]


CLOCK_CHANGES = """
    2026-03-08T04:30 a customer
    2026-03-08T05:10 a agent:ann
    2026-03-09T03:50 a customer
    2026-03-09T04:10 a agent:ann
    2026-03-09T04:20 a resolved
    2026-03-09T04:25 a surveyed
    2026-03-09T15:59 a rated=4
    2026-03-09T16:00 b customer
"""


@pytest.fixture(scope="module")
def clock_changes(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return write(tmp_path_factory.mktemp("clock"), CLOCK_CHANGES)


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
@pytest.mark.parametrize("name", [name for name in CHATS if not name.endswith("_business")])
def test_every_number_falls_into_a_local_day(name: str, zone: str, clock_changes: Tables) -> None:
    members = FINDINGS[name].drill(clock_changes, Filters(period="day", zone=zone))
    assert len(members) > 0
    local = members["at"].dt.tz_convert(zone)
    assert members["period"].tolist() == local.dt.strftime("%Y-%m-%d").tolist()
    assert members["hour_of_day"].tolist() == local.dt.hour.tolist()
    assert [int(day[0]) for day in members["weekday"]] == (local.dt.weekday + 1).tolist()


def test_a_drilled_group_is_its_row(tables: Tables) -> None:
    finding = find("reply_time")
    group = {"channel": "web", "series": "later"}
    (row,) = finding.drill(tables, Filters(), group).to_dict("records")
    assert (row["value"], row["agent"], row["conversation_id"]) == (10.0, "bob", "a")
    assert row["at"] == pd.Timestamp("2026-03-02T10:30Z")
    assert finding.drill(tables, Filters(), {"channel": None}).empty


def test_the_first_response_is_credited_to_its_sender(tables: Tables) -> None:
    table = find("first_response_time", "chatwoot").table(tables, Filters(), ["agent"])
    assert table[["agent", "count", "mean"]].to_numpy().tolist() == [
        ["ann", 2, pytest.approx(2.0)],
        ["bob", 1, 120.0],
    ]


def test_buckets_are_half_open(tmp_path: Path) -> None:
    waits = ("10:59", "11:00", "13:59", "14:00", "18:00", "03T09:59", "03T10:00")
    lines = [f"10:00 c{n} customer\n{told} c{n} agent:ann" for n, told in enumerate(waits)]
    finding = find("first_response_distribution")
    table = finding.table(write(tmp_path, "\n".join(lines)), Filters())
    assert table[["bucket", "count"]].to_numpy().tolist() == [
        ["0-1 h", 1],
        ["1-4 h", 2],
        ["4-8 h", 1],
        ["8-24 h", 2],
        ["over 24 h", 1],
    ]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"channel": "phone"}, ["b"]),
        ({"channel": ["phone", "web"]}, ["a", "b", "c"]),
        ({"customer": "c1"}, ["a", "c"]),
        ({"agent": "bob"}, ["a", "b"]),
        ({"source": "simulated"}, ["b"]),
        ({"label": "vip"}, ["a", "b"]),
        ({"label": ["vip", "refund"]}, ["a"]),
        ({"label": ["vip", "refund"], "label_match": "any"}, ["a", "b"]),
        ({"since": "2026-03-02T10:00", "until": "2026-03-03T10:00"}, ["a"]),
    ],
)
def test_filters_select(told: dict[str, Any], expected: list[str], tables: Tables) -> None:
    assert find("volume").drill(tables, Filters(**told))["record_id"].tolist() == expected


def test_volume_stands_beside_the_period_and_the_weekday_before(tmp_path: Path) -> None:
    days = ("02", "09", "09", "10", "16", "16", "16")
    tables = write(tmp_path, "\n".join(f"{day}T10:00 c{n} customer" for n, day in enumerate(days)))
    filters = Filters(period="day", since=moment("09T00:00"))
    table = find("volume").table(tables, filters, ["period"])
    assert table[["period", "count", "previous", "same_weekday"]].to_numpy().tolist() == [
        ["2026-03-09", 2, 0, 1],
        ["2026-03-10", 1, 2, 0],
        *([f"2026-03-{day}", 0, 1 if day == 11 else 0, 0] for day in range(11, 16)),
        ["2026-03-16", 3, 0, 2],
    ]
    weeks = find("volume").table(tables, Filters(), ["period", "channel"])
    assert weeks["previous"].fillna(-1).tolist() == [-1, 1, 3]
    write(tmp_path, {"later": "2026-05-31T10:00 c customer"})
    months = find("volume").table(tables, Filters(period="month"), ["period"])
    assert months[["period", "count"]].to_numpy().tolist() == [
        ["2026-03-01", 7],
        ["2026-04-01", 0],
        ["2026-05-01", 1],
    ]
    assert months["previous"].fillna(-1).tolist() == [-1, 7, 0]
    assert "previous" not in find("volume").table(tables, Filters(period="hour"), ["period"])


def test_reopenings_stand_beside_resolutions(tmp_path: Path) -> None:
    tables = write(
        tmp_path, "10:00 a customer\n10:30 a resolved\n11:00 a reopened\n12:00 a resolved"
    )
    table = find("resolution_time").table(tables, Filters(), [])
    assert table[["series", "mean", "reopens"]].to_numpy().tolist() == [
        ["first", 30.0, 1.0],
        ["full", 120.0, 1.0],
    ]


def test_promises_tell_breaches_and_the_worst(tmp_path: Path) -> None:
    chat = "10:00 a customer\n10:50 a agent:ann\n10:00 b customer\n11:10 b agent:ann"
    tables = write(tmp_path, chat, {"sla": {"first_response_minutes": 30}})
    table = find("sla").table(tables, Filters(), [])
    assert table.loc[0, ["mean", "breaches", "worst_minutes_late"]].tolist() == [0.0, 2.0, 40.0]


def test_promises_need_a_target_and_a_business_clock_needs_hours(tmp_path: Path) -> None:
    nothing = {"first_response_minutes": None, "next_response_minutes": None}
    tables = write(tmp_path, "10:00 a customer", {"sla": nothing})
    with pytest.raises(ValueError, match="nothing is promised"):
        find("sla").table(tables, Filters())
    business = Tables(tables.workspace, type(tables.settings)(sla={"clock": "business"}))
    with pytest.raises(ValueError, match="choose hours="):
        find("sla").table(business, Filters())


def test_staffing_follows_hourly_arrivals(tmp_path: Path) -> None:
    lines = [f"02T10:{n:02d} c{n} customer\n02T10:{n + 5:02d} c{n} agent:ann" for n in range(50)]
    tables = write(tmp_path, "\n".join(lines))
    filters = Filters(since=moment("02T00:00"), until=moment("16T00:00"))  # two Mondays
    (row,) = find("staffing_need").table(tables, filters).to_dict("records")
    assert (row["weekday"], row["hour_of_day"], row["count"]) == ("1 Monday", 10, 50)
    assert (row["mean"], row["arrivals"], row["agents"]) == (5.0, 25.0, 4)  # 2.08 erlangs
    assert (row["on_duty"], row["lacking"]) == (0.5, 3.5)  # ann, on one of two Mondays
    assert find("staffing_need").table(tables, Filters(until=moment("01T00:00"))).empty


def test_what_is_simulated_is_told(tables: Tables) -> None:
    table = find("volume").table(tables, Filters(), ["channel"]).set_index("channel")
    assert table["simulated_share"].to_dict() == {"phone": 1.0, "web": 0.0, "wechat": 0.0}


def test_new_records_are_counted(tmp_path: Path) -> None:
    tables = write(tmp_path, "10:00 a customer")
    assert len(find("volume").drill(tables, Filters())) == 1
    assert tables.chats is tables.chats
    write(tmp_path, {"more": "10:00 b customer"})
    assert len(find("volume").drill(tables, Filters())) == 2


def test_an_empty_store_counts_nothing(tmp_path: Path) -> None:
    tables = Tables(Workspace.named("empty", tmp_path))
    assert find("volume").table(tables, Filters()).empty
    assert find("reply_time").drill(tables, Filters()).empty
    assert find("staffing_need").table(tables, Filters()).empty


spoken = st.tuples(
    st.integers(0, 400),
    st.integers(0, 3),
    st.sampled_from(["customer:c1", "customer:c2", "agent:ann", "bot", "system", "resolved"]),
    st.sampled_from(["", "private", "recalled", "customer=none"]),
    st.sampled_from(["test", "wecom"]),
)


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(said=st.lists(spoken, min_size=1, max_size=30))
def test_sessions_partition_messages(
    tmp_path_factory: pytest.TempPathFactory, said: list[tuple[int, int, str, str, str]]
) -> None:
    start = moment("10:00")
    lines = [
        f"{start + timedelta(minutes=minute):%Y-%m-%dT%H:%M} r{room}-{source} {who} {how}"
        f" source={source}"
        for minute, room, who, how, source in said
    ]
    tables = write(tmp_path_factory.mktemp("sessions"), "\n".join(lines))
    messages = tables.chats.messages.to_pandas()
    assert sorted(messages["message_id"]) == sorted(f"m{n}" for n in range(len(said)))
    loud = messages[messages["what"].isin(["customer", "human", "bot"])]
    for name, part in loud[loud["source"] == "wecom"].groupby("conversation_id"):
        pauses = part["at"].sort_values().diff().dropna()
        assert (pauses <= 30 * 60_000_000).all(), name
    whole = loud[loud["source"] == "test"]
    assert set(whole["conversation_id"]) <= {f"r{room}-test" for room in range(4)}
    assert tables.chats.rows.count().to_pandas() == loud["conversation_id"].nunique()


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(said=st.lists(spoken, min_size=1, max_size=25), data=st.data())
def test_drilled_counts_equal_the_number(
    tmp_path_factory: pytest.TempPathFactory,
    said: list[tuple[int, int, str, str, str]],
    data: st.DataObject,
) -> None:
    lines = [
        f"2026-03-{2 + minute // 60:02d}T{minute % 24:02d}:00 r{room} {who} {how} source={source}"
        for minute, room, who, how, source in said
    ]
    tables = write(tmp_path_factory.mktemp("drill"), "\n".join(lines))
    finding = FINDINGS[data.draw(st.sampled_from(CHATS))]
    period = data.draw(st.sampled_from(["hour", "day", "week", "month"]))
    filters = Filters(period=period, zone="America/New_York")
    table, members = finding.table(tables, filters), finding.drill(tables, filters)
    groups = list(finding.split_by(None))
    counted = Counter(members[groups].itertuples(index=False, name=None))
    told = {tuple(row[name] for name in groups): row["count"] for row in table.to_dict("records")}
    assert {key: count for key, count in told.items() if count} == dict(counted)


def analyzed(workspace: Workspace, rows: list[tuple[str, str, float, str]]) -> None:
    texts = pd.DataFrame(rows, columns=["text_id", "source", "polarity", "sentiment"]).assign(
        kind="message",
        customer_id="c",
        item_id="i",
        occurred_at=pd.to_datetime([datetime(2026, 3, 2, tzinfo=UTC)] * len(rows), utc=True),
        topic=2,
    )
    folder = workspace.features / "text"
    folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pandas(texts), folder / "texts.parquet")


def test_topics_split_by_sentiment(tmp_path: Path) -> None:
    workspace = Workspace.named("shop", tmp_path)
    rows = [("1", "simulated", -0.5, "negative"), ("2", "shop", -0.7, "negative")]
    analyzed(workspace, [*rows, ("3", "shop", 0.9, "positive")])
    table = find("topic_sentiment").table(Tables(workspace), Filters())
    assert table[["topic", "sentiment", "count", "simulated_share"]].to_numpy().tolist() == [
        [2, "negative", 2, 0.5],
        [2, "positive", 1, 0.0],
    ]
    assert table["mean"].tolist() == pytest.approx([-0.6, 0.9])
    with pytest.raises(ValueError, match="cannot be filtered by channel"):
        find("topic_sentiment").table(Tables(workspace), Filters(channel="web"))
    with pytest.raises(ValueError, match="cannot be filtered by label"):
        find("topic_sentiment").table(Tables(workspace), Filters(label="vip"))


def test_missing_texts_name_the_command_that_makes_them(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="python -m features workspace=shop"):
        Tables(Workspace.named("shop", tmp_path)).texts()


def test_mistakes_are_answered_with_what_was_expected(tables: Tables) -> None:
    with pytest.raises(LookupError, match="did you mean 'topic_sentiment'"):
        find("topic_sentimen")
    with pytest.raises(LookupError, match="no finding 'chatwoot/active_time'"):
        find("active_time", "chatwoot")
    with pytest.raises(ValidationError, match="unknown time zone 'Asia/Shanghi'"):
        Filters(zone="Asia/Shanghi")
    with pytest.raises(ValidationError, match="must be before until"):
        Filters(since=moment("10:00"), until=moment("10:00"))
    with pytest.raises(ValueError, match="received color"):
        find("volume").drill(tables, Filters(), {"color": "red"})
    with pytest.raises(ValueError, match=r"received \['day', 'week'\]"):
        Split.of(["week", "day"])


def test_naive_times_are_those_of_the_reader() -> None:
    told = Filters(since="2026-03-08", until="2026-03-09", zone="America/New_York")
    assert (told.since, told.until) == (moment("08T05:00"), moment("09T04:00"))  # 23 hours
    assert Filters(since="2026-03-02T10:00+08:00").since == moment("02:00")


def test_a_length_of_time_stands_for_the_period() -> None:
    assert Split.of("day") == Split(["period"], "day")
    assert Split.of(["channel", "month"]) == Split(["channel", "period"], "month")
    assert Split.of(None) == Split(None, None)
    assert Filters().now() - datetime.now(UTC) < timedelta(seconds=1)


@pytest.mark.parametrize("finding", FINDINGS.values(), ids=lambda finding: finding.id)
def test_every_finding_explains_itself(finding: Finding) -> None:
    for part in ("title", "title_zh", "formula", "unit", "action"):
        assert len(getattr(finding, part)) >= 3
    assert (finding.family is None) == (finding.differs == "")
    assert find(finding.name, finding.family) is finding
