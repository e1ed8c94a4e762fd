"""Action items: opened from an insight, changed, and what they changed counted by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ingest.workspace import Workspace
from insights.actions.effect import effect
from insights.actions.item import Measure
from insights.actions.register import Actions, NoActionError
from insights.alerts.book import Book
from insights.alerts.desk import Desk, NoAlertError
from insights.alerts.evaluate import evaluate
from insights.alerts.rules import load_rules
from insights.delivery.channels import Delivery
from insights.filters import Filters
from insights.tables import Tables
from tests.insights.actions.written import chats
from tests.insights.alerts.sample import rule
from tests.insights.script import moment, write

BEGAN = moment("15T00:00")


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    web = {day: (4, 20) if day < 15 else (1, 5) for day in range(1, 29)}
    phone = dict.fromkeys(range(1, 29), (2, 10))
    told = {"w": chats(web), "p": chats(phone, "phone")}
    return write(tmp_path_factory.mktemp("actions"), told)


def test_a_count_is_held_against_as_much_time_before(tables: Tables) -> None:
    fewer = effect(tables, Measure(finding="volume", group={"channel": "web"}), BEGAN)
    assert (fewer.before.count, fewer.after.count) == (56, 14)
    assert fewer.before.days == pytest.approx(13 + 14 / 24)  # from the first record on
    assert fewer.after.days == pytest.approx(13 + (10 + 1 / 60) / 24, abs=1e-3)
    assert fewer.verdict.startswith("better: down")
    assert fewer.compared is not None
    assert fewer.compared.high < 1
    wanted = Measure(finding="volume", group={"channel": "web"}, better="higher")
    assert effect(tables, wanted, BEGAN).verdict.startswith("worse: down")
    same = effect(tables, Measure(finding="volume", filters=Filters(channel="phone")), BEGAN)
    assert (same.verdict, same.enough) == ("no clear change", True)


def test_a_mean_is_compared_by_its_values(tables: Tables) -> None:
    measure = Measure(finding="first_response_time", number="mean", group={"channel": "web"})
    faster = effect(tables, measure, BEGAN)
    assert (faster.before.mean, faster.after.mean) == (20.5, 5.0)
    assert faster.verdict.startswith("better: down")
    assert faster.compared is not None
    assert faster.compared.value == -15.5
    assert faster.compared.high < -15
    short = effect(tables, measure, BEGAN, days=10)
    assert (short.before.count, short.after.count) == (40, 10)


def test_too_little_is_said_to_be_too_little(tables: Tables) -> None:
    early = effect(tables, Measure(finding="volume"), moment("27T00:00"))
    assert not early.enough
    assert early.verdict.startswith("not enough data: 1.4 days since it began, expected 7")
    before_all = effect(tables, Measure(finding="volume"), moment("2026-01-01T00:00"))
    assert before_all.verdict.startswith("not enough data: 0.0 days before")
    few = effect(tables, Measure(finding="volume", filters=Filters(customer="w-c3")), BEGAN)
    assert few.enough
    none = effect(tables, Measure(finding="volume", filters=Filters(customer="x")), BEGAN)
    assert "0 records on both sides" in none.verdict


def test_what_has_no_past_cannot_be_an_aim(tables: Tables) -> None:
    for name in ("waiting_now", "staffing_need"):
        with pytest.raises(ValueError, match="no past"):
            effect(tables, Measure(finding=name), BEGAN)
    with pytest.raises(LookupError, match="did you mean 'volume'"):
        effect(tables, Measure(finding="volum"), BEGAN)
    with pytest.raises(ValidationError, match="without since and until"):
        Measure(finding="volume", filters=Filters(since=BEGAN))


def test_an_item_is_the_fold_of_its_changes(tmp_path: Path) -> None:
    actions = Actions(Workspace.named("shop", tmp_path))
    assert actions.every() == []
    first = actions.open(title="Second shift", author="ann", due=date(2026, 4, 30), owner="kim")
    other = actions.open(title="Second shift", author="ann")
    assert first.id != other.id
    assert (first.status, first.measure, first.due) == ("open", None, date(2026, 4, 30))
    changed = actions.change(first.id, author="kim", status="in_progress", plan="one more")
    assert (changed.status, changed.owner, changed.plan) == (
        "in_progress",
        "kim",
        "one more",
    )
    assert changed.overdue(date(2026, 5, 1))
    assert not changed.overdue(date(2026, 4, 30))
    assert not actions.change(first.id, status="done").overdue(date(2026, 5, 1))
    assert [item.id for item in actions.every()] == [first.id, other.id]  # dated ones first
    assert [one.author for one in actions.history(first.id)] == ["ann", "kim", ""]
    assert Actions(Workspace.named("shop", tmp_path)).one(first.id).status == "done"
    with pytest.raises(NoActionError, match="no action 'nothing'"):
        actions.change("nothing", status="done")
    with pytest.raises(ValidationError, match="got none"):
        actions.change(first.id)
    assert len(actions.history(first.id)) == 3


def test_a_line_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    actions = Actions(Workspace.named("shop", tmp_path))
    actions.open(title="One")
    file = tmp_path / "shop" / "actions" / "changes.jsonl"
    file.write_text(file.read_text("utf-8") + "no json\n", "utf-8")
    with pytest.raises(ValueError, match="line 2"):
        actions.every()


def alert_of(tables: Tables, **told: Any) -> str:
    """Raise one alert and return its id; the rule has the name of one that ships."""
    book = Book(tables.workspace)
    now = datetime(2026, 3, 3, tzinfo=UTC)
    found = evaluate(rule(**told), tables, book, Delivery(), zone="UTC", now=now)
    return found.steps[0][1].id


def test_of_an_alert_about_a_finding_and_of_a_need_the_number_follows(tmp_path: Path) -> None:
    tables = write(tmp_path, "02T10:00 a customer:c1\n02T10:50 a agent:ann")
    (ours,) = load_rules(["slow_replies"])
    told = {"finding": "first_response_time", "number": "median", "above": 30, "bucket": "day"}
    alert = alert_of(tables, kind="threshold", name="slow_replies", **told)
    assert ours.kind == "threshold"
    actions = Actions(tables.workspace)
    item = actions.open(title="More people", alert=alert)
    assert item.alert == alert
    assert item.measure == Measure(finding="first_response_time", number="mean", better="lower")
    late = alert_of(tables, kind="words", name="private_payment", words=["hello"], bucket="day")
    assert actions.open(title="Train them", alert=late).measure is None
    need = actions.open(title="A courier", need="pain_point.delivery")
    assert need.measure == Measure(finding="needs", group={"need": "pain_point.delivery"})
    own = Measure(finding="volume")
    assert actions.open(title="Own aim", alert=alert, measure=own).measure == own
    with pytest.raises(NoAlertError):
        actions.open(title="Nothing", alert="nothing")
    assert len(actions.every()) == 4
    assert Desk(tables.workspace).one(alert)["status"] == "open"  # an item acknowledges nothing
