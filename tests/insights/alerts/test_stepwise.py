"""Evaluation in one go equals evaluation bucket by bucket, for every kind of rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insights.alerts.book import Book
from insights.alerts.calendar import Calendar
from insights.alerts.evaluate import evaluate
from insights.alerts.incidents import Incident
from insights.alerts.replay import replay
from insights.alerts.rules import Rule
from insights.delivery.channels import Delivery
from insights.tables import Tables
from tests.insights.alerts.sample import rule
from tests.insights.script import write

BEGIN = datetime(2026, 3, 2, 10, tzinfo=UTC)
HOURS = 6
CHATS = """
    2026-02-09T11:00 z1 customer:c9
    2026-02-16T11:00 z2 customer:c9
    2026-02-23T11:00 z3 customer:c9 channel=phone
    02T10:00 a customer:c1
    02T10:20 a agent:ann
    02T10:30 a customer:c1
    02T11:05 b customer:c2 channel=phone
    02T11:10 c customer:c3
    02T11:11 d customer:c4
    02T11:12 e customer:c5
    02T12:10 b agent:bob
    02T12:45 a agent:ann
    02T13:05 f customer:c2 channel=phone
    02T14:05 f agent:bob
    02T14:10 c agent:bob
    02T15:30 g customer:c1
"""
RULES = (
    rule("threshold", finding="volume", above=0),
    rule("threshold", name="calm", finding="volume", above=0, cooldown_minutes=60),
    rule("threshold", name="few", finding="volume", below=1),
    rule("threshold", name="slow", finding="first_response_time", number="mean", above=30),
    rule("threshold", name="split", finding="volume", above=0, by="channel"),
    rule("threshold", name="now", finding="waiting_now", above=1),
    rule("threshold", name="lagging", finding="sla", number="breaches", above=0, lag_minutes=60),
    rule("change", finding="volume", percent=50, direction="either"),
    rule("change", name="fell", finding="volume", percent=50, direction="down", by="channel"),
    rule("anomaly", finding="volume", weeks=3, needed_weeks=2, minimum=2, p_value=0.1),
    rule(
        "anomaly", name="less", finding="volume", weeks=3, needed_weeks=2, minimum=0,
        p_value=0.4, direction="either", by="channel",
    ),
    rule("words", words=["hello"], by="agent"),
    rule("waiting", longer_than_minutes=30, by="channel"),
    rule("waiting", name="quarters", longer_than_minutes=30, bucket="quarter_hour"),
)  # fmt: skip


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return write(tmp_path_factory.mktemp("steps"), CHATS)


def known(book: Book, told: Rule) -> list[Incident]:
    with_all = book.incidents(told.name)
    return sorted(with_all, key=lambda incident: (incident.opened_at, incident.id))


@pytest.mark.parametrize("told", RULES, ids=lambda told: told.name)
def test_bucket_by_bucket_is_the_same_as_at_once(
    told: Rule, tables: Tables, tmp_path: Path
) -> None:
    lag = timedelta(minutes=told.lag_minutes)
    book = Book(type(tables.workspace)(tmp_path))
    for hour in range(1, HOURS + 1):
        now = BEGIN + timedelta(hours=hour, minutes=1) + lag
        first = book.judged_until(told.name) is None
        evaluate(told, tables, book, Delivery(), zone="UTC", now=now)
        if first and told.bucket == "quarter_hour":  # the first call judges the last bucket only
            began = BEGIN + timedelta(hours=1) - timedelta(minutes=15)
        elif first:
            began = BEGIN
    until = BEGIN + timedelta(hours=HOURS, minutes=1) + lag
    whole = replay([told], tables, zone="UTC", since=began, until=until)
    assert known(book, told) == whole.incidents
    assert whole.incidents != []


@settings(max_examples=8, deadline=None)
@given(
    minutes=st.lists(st.integers(1, 59), min_size=1, max_size=5), told=st.sampled_from(RULES[:3])
)
def test_when_it_is_called_does_not_matter(
    minutes: list[int], told: Rule, tables: Tables, tmp_path_factory: pytest.TempPathFactory
) -> None:
    book = Book(type(tables.workspace)(tmp_path_factory.mktemp("book")))
    evaluate(told, tables, book, Delivery(), zone="UTC", now=BEGIN + timedelta(hours=1))
    now = BEGIN + timedelta(hours=1)
    for pause in minutes:
        now += timedelta(minutes=pause)
        evaluate(told, tables, book, Delivery(), zone="UTC", now=now)
    whole = replay([told], tables, zone="UTC", since=BEGIN, until=now)
    assert known(book, told) == whole.incidents


def test_days_are_local_and_may_have_23_or_25_hours() -> None:
    spring = Calendar.between(
        "day",
        "America/New_York",
        datetime(2026, 3, 7, 5, tzinfo=UTC),
        datetime(2026, 3, 10, 4, tzinfo=UTC),
    )
    lengths = (spring.edges[1:] - spring.edges[:-1])[spring.first :] // 3_600_000_000
    assert lengths.tolist() == [24, 23, 24]
    autumn = Calendar.between(
        "hour",
        "America/New_York",
        datetime(2026, 11, 1, 4, tzinfo=UTC),
        datetime(2026, 11, 2, 5, tzinfo=UTC),
    )
    own = autumn.slots[autumn.first :]
    assert len(own) == 25
    assert own[1] == own[2]  # the hour that comes twice has one place in the week
    assert set(autumn.days[autumn.first :].tolist()) == {autumn.first}


def test_buckets_begin_at_or_after_since_and_are_over_by_until() -> None:
    since, until = datetime(2026, 3, 2, 10, 7, tzinfo=UTC), datetime(2026, 3, 2, 13, 59, tzinfo=UTC)
    found = Calendar.between("hour", "UTC", since, until, lookback=5)
    ends = found.edges[[found.first, -1]] // 3_600_000_000
    assert [int(end) % 24 for end in ends] == [11, 13]
    assert found.first >= 5
    weeks = Calendar.between("week", "Asia/Shanghai", since, until + timedelta(days=14))
    assert len(weeks) - weeks.first == 1
