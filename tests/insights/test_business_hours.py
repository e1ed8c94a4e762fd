"""Opening hours: the staircase against a walk through the minutes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from insights.business_hours import BusinessHours
from insights.filters import microseconds
from insights.settings import DAYS, HoursSettings, InsightSettings

CONF = Path(__file__).resolve().parents[2] / "conf"
WEEK = {
    day: [{"opens": "09:00", "closes": "12:00"}, {"opens": "13:00", "closes": "18:00"}]
    for day in DAYS
}


def walked(hours: BusinessHours, zone: str, start: datetime, minutes: int) -> int:
    """Count open minutes one by one."""
    found = 0
    for number in range(minutes):
        local = (start + timedelta(minutes=number)).astimezone(ZoneInfo(zone))
        found += any(
            shift.opens <= local.time() < shift.closes for shift in hours.shifts(local.date())
        )
    return found


@settings(max_examples=25, deadline=None)
@given(
    start=st.datetimes(datetime(2026, 3, 5), datetime(2026, 3, 12)),  # noqa: DTZ001
    minutes=st.integers(0, 3000),
    zone=st.sampled_from(["America/New_York", "Asia/Shanghai", "Asia/Kolkata"]),
)
def test_the_staircase_is_the_walk(start: datetime, minutes: int, zone: str) -> None:
    told = HoursSettings.model_validate({"enabled": True, "zone": zone, "week": WEEK})
    hours = BusinessHours(told, date(2026, 3, 1), date(2026, 3, 20))
    begin = start.replace(second=0, microsecond=0, tzinfo=UTC)
    ends = [microseconds(begin), microseconds(begin + timedelta(minutes=minutes))]
    measured = hours.minutes(np.array(ends[:1]), np.array(ends[1:]))
    assert measured[0] == pytest.approx(walked(hours, zone, begin, minutes))


def test_nobody_is_ever_open() -> None:
    hours = BusinessHours(HoursSettings(enabled=True), date(2026, 3, 1), date(2026, 3, 2))
    assert hours.minutes(np.array([0]), np.array([10**15])).tolist() == [0.0]


def test_chinese_holidays_and_make_up_days() -> None:
    office = yaml.safe_load((CONF / "hours" / "china_office.yaml").read_text(encoding="utf-8"))
    hours = BusinessHours(
        HoursSettings.model_validate(office), date(2026, 1, 1), date(2026, 12, 31)
    )
    closed = [date(2026, 1, 1), date(2026, 2, 17), date(2026, 5, 1), date(2026, 10, 1)]
    assert [hours.shifts(day) for day in closed] == [()] * len(closed)
    worked = [date(2026, 2, 14), date(2026, 5, 9), date(2026, 10, 10)]  # Saturdays
    assert all(len(hours.shifts(day)) == 1 for day in worked)
    assert hours.shifts(date(2026, 5, 16)) == ()  # an ordinary Saturday


@pytest.mark.parametrize(
    "file", sorted((CONF / "hours").glob("*.yaml")), ids=lambda file: file.stem
)
def test_configured_hours_are_valid(file: Path) -> None:
    found = HoursSettings.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    assert found.enabled is (file.stem != "none")


@pytest.mark.parametrize("file", sorted((CONF / "sla").glob("*.yaml")), ids=lambda file: file.stem)
def test_configured_promises_are_valid(file: Path) -> None:
    told = yaml.safe_load(file.read_text(encoding="utf-8"))
    found = InsightSettings.model_validate({"sla": told}).sla.model_dump()
    assert {name: found[name] for name in told} == told


def test_hours_that_cannot_be_are_refused() -> None:
    night = {"monday": [{"opens": "22:00", "closes": "06:00"}]}
    with pytest.raises(ValidationError, match="split a night shift at midnight"):
        HoursSettings.model_validate({"week": night})
    with pytest.raises(ValidationError, match="unknown time zone"):
        HoursSettings(zone="Mars/Olympus")
