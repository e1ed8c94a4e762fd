"""Incidents: breaches that follow each other are one, whoever walks over the buckets and how."""

from __future__ import annotations

from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from insights.alerts.incidents import Following, Incident, Observation, identity
from insights.alerts.rules import Rule
from tests.insights.alerts.sample import HOUR, hours, rule

ALWAYS = rule("threshold", finding="volume", above=5)
BREACHES = st.lists(st.sampled_from([True, False, None]), max_size=40)


def followed(told: Rule, observations: list[Observation]) -> Following:
    following = Following(told, {})
    following.follow(observations)
    return following


def test_consecutive_breaches_are_one_incident_that_opens_grows_and_closes() -> None:
    found = followed(ALWAYS, hours([False, True, True, True, False, False]))
    assert [step for step, _ in found.steps] == ["opened", "updated", "updated", "closed"]
    (incident,) = found.incidents
    assert (incident.started_at, incident.opened_at) == (1 * HOUR, 2 * HOUR)
    assert (incident.last_at, incident.closed_at) == (4 * HOUR, 5 * HOUR)
    assert (incident.buckets, incident.value, incident.peak) == (3, 10.0, 10.0)
    assert (incident.status, incident.expected, incident.records) == ("closed", 5.0, ("m1",))


def test_what_cannot_be_judged_changes_nothing() -> None:
    found = followed(ALWAYS, hours([None, True, None, None, True, None]))
    assert [step for step, _ in found.steps] == ["opened", "updated"]
    assert found.incidents[0].status == "open"


def test_within_the_cooldown_it_is_the_same_incident() -> None:
    again = [True, False, False, True, False]
    apart = followed(ALWAYS, hours(again))
    assert len({incident.id for incident in apart.incidents}) == 2
    calm = rule("threshold", finding="volume", above=5, cooldown_minutes=120)
    (one,) = (found := followed(calm, hours(again))).incidents
    assert [step for step, _ in found.steps] == ["opened", "closed", "reopened", "closed"]
    assert (one.buckets, one.closed_at) == (2, 5 * HOUR)
    short = rule("threshold", finding="volume", above=5, cooldown_minutes=119)
    assert len(followed(short, hours(again)).incidents) == 2


def test_groups_have_incidents_of_their_own() -> None:
    found = followed(ALWAYS, [*hours([True], "web"), *hours([True], "phone")])
    assert {incident.group for incident in found.incidents} == {"web", "phone"}
    assert len({incident.id for incident in found.incidents}) == 2


def test_the_peak_is_furthest_from_what_was_expected_either_way() -> None:
    observations = hours([True, True, True])
    values = (3.0, -20.0, 8.0)
    told = [
        Observation(o.group, o.start, o.end, type(o.verdict)(value, True, expected=5.0))
        for o, value in zip(observations, values, strict=True)
    ]
    (incident,) = followed(ALWAYS, told).incidents
    assert (incident.value, incident.peak) == (8.0, -20.0)


def test_an_incident_is_read_as_it_was_written() -> None:
    (incident,) = followed(ALWAYS, hours([True], "微信")).incidents
    assert Incident.from_json(incident.to_json()) == incident
    assert incident.id == identity("threshold", "微信", 0)


def test_the_owner_of_the_category_is_told() -> None:
    routed = rule(
        "threshold", finding="volume", above=5, by="category", taxonomy="service_categories"
    )
    for group, owner in (
        ("after_sales", "after_sales_team"),
        ("product_enquiry", "sales_team"),
        ("uncategorized", "customer_service"),
    ):
        assert followed(routed, hours([True], group)).incidents[0].owner == owner


@given(BREACHES, st.integers(0, 300))
def test_there_are_never_more_incidents_than_runs_of_breaches(
    breaches: list[bool | None], cooldown: int
) -> None:
    calm = rule("threshold", finding="volume", above=5, cooldown_minutes=cooldown)
    found = followed(calm, hours(breaches))
    judged = [breach for breach in breaches if breach is not None]
    runs = sum(1 for breach, _ in groupby(judged) if breach)
    incidents = found.incidents
    assert len(incidents) <= runs
    assert sum(incident.status == "open" for incident in incidents) <= 1
    assert sum(incident.buckets for incident in incidents) == sum(map(bool, breaches))
    if cooldown == 0:
        assert len(incidents) == runs


@given(BREACHES, st.integers(0, 300), st.lists(st.integers(1, 7)))
def test_buckets_one_by_one_or_in_any_parts_make_the_same_incidents(
    breaches: list[bool | None], cooldown: int, parts: list[int]
) -> None:
    calm = rule("threshold", finding="volume", above=5, cooldown_minutes=cooldown)
    observations = hours(breaches)
    whole = followed(calm, observations)
    steps = []
    known: dict[str, Incident] = {}
    while observations:
        size = parts.pop() if parts else 1
        following = Following(calm, known)
        following.follow(observations[:size])
        observations = observations[size:]
        known = dict(following.latest)
        steps += following.steps
    assert steps == whole.steps
