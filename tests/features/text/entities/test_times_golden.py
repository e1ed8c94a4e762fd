"""Expressions whose meaning was checked by hand against the calendar."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from features.text.entities import festivals
from features.text.entities.festivals import FESTIVALS, festival_day
from features.text.entities.moments import Period, resolve
from features.text.entities.times import times
from features.text.spans import folded, settle

GOLDEN = Path(__file__).parents[3] / "golden" / "text" / "times.yaml"


def _cases() -> list[tuple[str, str, str, str, str]]:
    groups: list[dict[str, Any]] = yaml.safe_load(GOLDEN.read_text("utf-8"))
    return [
        (text, str(group["said"]), group["zone"], since, until)
        for group in groups
        for text, since, until in group["means"]
    ]


def _utc(local: str, zone: str) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def test_there_are_enough_expressions() -> None:
    assert len(_cases()) >= 80


@pytest.mark.parametrize(("text", "said", "zone", "since", "until"), _cases())
def test_expressions_mean_what_they_mean(
    text: str, said: str, zone: str, since: str, until: str
) -> None:
    (span,) = settle(text, times(folded(text)))
    assert span.text == text
    assert resolve(span.value, _utc(said, zone), zone) == Period(
        _utc(since, zone), _utc(until, zone)
    )


def test_a_day_of_changing_clocks_is_shorter_or_longer() -> None:
    said = _utc("2024-03-09 15:00", "America/New_York")
    period = resolve("days=+1", said, "America/New_York")
    assert period.end - period.start == timedelta(hours=23)


@pytest.mark.parametrize("number", range(len(FESTIVALS)))
def test_every_festival_falls_on_a_day(number: int) -> None:
    assert festival_day(number, 2025).year in (2024, 2025)


def test_festivals_that_are_not_known_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="festival 99"):
        festival_day(99, 2024)
    festivals._lunar_day.cache_clear()
    with pytest.raises(ValueError, match="not known for the year"):
        festival_day(0, 1800)
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(ValueError, match="pip install holidays"):
        festival_day(0, 2024)
    festivals._lunar_day.cache_clear()


@pytest.mark.parametrize("text", ["618", "商品编号618", "五一路", "十一点半的会", "Easterly winds"])
def test_what_only_looks_like_a_festival(text: str) -> None:
    assert all("festival" not in span.value for span in times(folded(text)))
