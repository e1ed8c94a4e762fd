"""Surges on simulated traffic: one alert for a spike, none for a Monday peak or before history."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from insights.alerts.book import Book
from insights.alerts.calendar import moment
from insights.alerts.evaluate import evaluate
from insights.alerts.incidents import Incident
from insights.alerts.replay import replay
from insights.alerts.rules import Rule
from insights.bench.traffic import MONDAY, draw, shape, write
from insights.delivery.channels import Delivery
from insights.tables import Tables
from tests.insights.alerts.sample import rule, surge

WEEKS = 7
SPIKE = 6 * 168 + 3 * 24 + 14  # Thursday of the last week, 14:00
RULE = surge(weeks=6, cooldown_minutes=120)


def raised(tables: Tables, told: Rule = RULE, since_week: int = 6) -> list[Incident]:
    since, until = MONDAY + timedelta(weeks=since_week), MONDAY + timedelta(weeks=WEEKS)
    return replay([told], tables, zone="UTC", since=since, until=until).incidents


@pytest.fixture(scope="module")
def quiet() -> NDArray[np.int64]:
    return draw(WEEKS, 15, 0.05, np.random.default_rng(5))


@pytest.fixture(scope="module")
def spiked(quiet: NDArray[np.int64], tmp_path_factory: pytest.TempPathFactory) -> Tables:
    counts = quiet.copy()
    counts[SPIKE] *= 5
    return write(tmp_path_factory.mktemp("spiked"), counts)


def test_a_spike_raises_one_alert_at_the_end_of_its_bucket(
    spiked: Tables, quiet: NDArray[np.int64]
) -> None:
    (incident,) = raised(spiked)
    assert moment(incident.started_at) == MONDAY + timedelta(hours=SPIKE)
    assert moment(incident.opened_at) == MONDAY + timedelta(hours=SPIKE + 1)
    assert (incident.buckets, incident.status) == (1, "closed")
    assert incident.value == quiet[SPIKE] * 5
    assert incident.expected == pytest.approx(shape(15)[SPIKE % 168], rel=0.25)
    assert incident.p_value is not None
    assert incident.p_value < 1e-6
    assert incident.simulated


def test_a_spike_of_several_hours_is_one_alert(quiet: NDArray[np.int64], tmp_path: Path) -> None:
    counts = quiet.copy()
    counts[SPIKE : SPIKE + 4] *= 5
    (incident,) = raised(write(tmp_path, counts))
    assert incident.buckets >= 3  # an hour that chance made small does not end it
    assert incident.opened_at - incident.started_at == 3600 * 10**6


def test_a_monday_peak_like_earlier_ones_raises_none(
    quiet: NDArray[np.int64], tmp_path: Path
) -> None:
    assert shape(15)[10] > 2.5 * shape(15)[34]  # Monday and Tuesday, 10:00
    assert raised(write(tmp_path / "peaks", quiet)) == []
    moved = quiet.copy()
    tuesday = 6 * 168 + 24
    moved[tuesday + 9 : tuesday + 12] = quiet[6 * 168 + 9 : 6 * 168 + 12]
    (incident,) = raised(write(tmp_path / "moved", moved))  # the same peak on a Tuesday does
    assert moment(incident.started_at).weekday() == 1


def test_without_history_it_says_that_it_cannot_judge(spiked: Tables) -> None:
    since, until = MONDAY + timedelta(weeks=3), MONDAY + timedelta(weeks=4)
    found = replay([RULE], spiked, zone="UTC", since=since, until=until)
    assert (found.buckets, found.unjudged, found.incidents) == (168, 168, [])
    evaluated = evaluate(
        RULE, spiked, Book(spiked.workspace), Delivery(), zone="UTC", now=until + timedelta(hours=5)
    )
    assert evaluated.why == ""
    early = surge(name="early", weeks=6)
    evaluated = evaluate(
        early,
        spiked,
        Book(spiked.workspace),
        Delivery(),
        zone="UTC",
        now=until - timedelta(hours=5),
    )
    assert (evaluated.unjudged, evaluated.why) == (1, "3 earlier weeks, 4 needed")


def test_silence_is_an_anomaly_downwards(quiet: NDArray[np.int64], tmp_path: Path) -> None:
    counts = quiet.copy()
    counts[SPIKE : SPIKE + 2] = 0
    tables = write(tmp_path, counts)
    assert raised(tables) == []
    for direction in ("down", "either"):
        (incident,) = raised(tables, surge(weeks=6, direction=direction, minimum=5, p_value=0.005))
        assert (incident.value, incident.buckets) == (0.0, 2)


def test_channels_have_levels_of_their_own(spiked: Tables) -> None:
    (incident,) = raised(spiked, surge(weeks=6, by="channel"))
    assert incident.group == "web"


def test_hour_by_hour_finds_what_a_replay_finds(spiked: Tables) -> None:
    """And the second time finds nothing."""
    told = surge(name="hourly", weeks=6)
    book, steps = Book(spiked.workspace), []
    for hour in range(SPIKE - 1, SPIKE + 4):
        now = MONDAY + timedelta(hours=hour, minutes=7)
        for _ in range(2):
            found = evaluate(told, spiked, book, Delivery(), zone="UTC", now=now)
            steps += [step for step, _ in found.steps]
    assert steps == ["opened", "closed"]
    (replayed,) = raised(spiked, told)
    assert list(book.latest(told.name, 0).values()) == [replayed]


def test_missed_evaluations_are_made_up_for(spiked: Tables) -> None:
    told = surge(name="late", weeks=6)
    book = Book(spiked.workspace)
    for hour in (SPIKE - 3, SPIKE + 30):
        now = MONDAY + timedelta(hours=hour)
        found = evaluate(told, spiked, book, Delivery(), zone="UTC", now=now)
    assert found.buckets == 33
    assert [step for step, _ in found.steps] == ["opened", "closed"]


def test_a_finding_of_the_moment_has_no_history(spiked: Tables) -> None:
    with pytest.raises(ValueError, match="true at one moment"):
        raised(spiked, surge(finding="waiting_now"))


def test_changes_are_against_the_bucket_or_the_week_before(spiked: Tables) -> None:
    told = {"finding": "volume", "percent": 200, "minimum": 30}
    (incident,) = raised(spiked, rule("change", against="week_before", **told))
    assert moment(incident.started_at) == MONDAY + timedelta(hours=SPIKE)
    before = raised(spiked, rule("change", **told))
    assert incident.started_at in {found.started_at for found in before}
    down = raised(spiked, rule("change", direction="down", **{**told, "percent": 70}))
    assert moment(down[0].started_at) == MONDAY + timedelta(hours=SPIKE + 1)
