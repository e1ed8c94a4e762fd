"""``python -m insights.alert``: what it prints, keeps and delivers, and how it answers mistakes."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from hydra import compose, initialize_config_dir

from ingest.configuration import configuration
from insights.alert import run
from insights.alerts.desk import Desk
from insights.tables import Tables
from tests.insights.alerts.receivers import Receiver, receiving
from tests.insights.script import write

CHATS = """
    02T10:00 a customer:c1
    02T10:20 b customer:c2
    02T12:45 a agent:ann
    02T12:50 b agent:ann
    02T15:00 c customer:c3
"""
OWN = """
name: busy
kind: threshold
title: {en: Busy, zh: 繁忙}
action: {en: Look., zh: 看。}
owner: service
finding: volume
above: 1
"""
Verb = Callable[..., int]


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return write(tmp_path, CHATS)


@pytest.fixture
def verb(tables: Tables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Verb:
    monkeypatch.setenv("COLUMNS", "250")
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "busy.yaml").write_text(OWN, encoding="utf-8")

    def call(*overrides: str) -> int:
        told = ["workspace=shop", f"data_dir={tmp_path}", f"folder={rules}", *overrides]
        with initialize_config_dir(configuration(), version_base=None):
            return run(compose("alert", told))

    return call


def test_all_rules_are_evaluated_and_what_cannot_be_judged_says_why(
    verb: Verb, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verb("as_of='2026-03-02T11:05'") == 0
    told = capsys.readouterr().out
    assert re.search(r"busy: 1 bucket\n  opened \w{16} everything 2\n", told)
    assert "mood_drop: not judged, no analyzed texts" in told
    assert re.search(r"conversation_surge: 1 bucket, 1 not judged \(0 earlier weeks, 4", told)
    assert "0 messages arrived, 0 messages failed, 0 messages expired" in told


def test_an_alert_is_delivered_once_listed_noted_and_muted(
    verb: Verb, tables: Tables, capsys: pytest.CaptureFixture[str]
) -> None:
    receiver = Receiver()
    with receiving(receiver) as url:
        hook = f"+delivery.channels.hook={{kind: webhook, url: '{url}'}}"
        called = (hook, "+delivery.contacts.service=[hook]", "rules=busy")
        assert verb(*called, "as_of='2026-03-02T11:05'") == 0
        assert verb(*called, "as_of='2026-03-02T11:50'") == 0
        assert verb(*called, "as_of='2026-03-02T12:00'") == 0
    types = [orjson.loads(body)["type"] for body in receiver.bodies]
    assert types == ["alert.opened", "alert.closed"]
    (alert,) = Desk(tables.workspace).page().alerts
    verb("action=list", "status=closed", "rules=[busy]")
    verb("action=ack", f"id={alert['id']}", "by=ann", "note=seen", "false_alarm=true")
    verb("action=mute", f"id={alert['id']}", "by=ann", "until='2030-01-01'", "zone=Asia/Shanghai")
    verb("action=show", f"id={alert['id']}")
    told = capsys.readouterr().out
    for part in ("1 alerts", "a false alarm, says ann", "opened to hook", "status 200"):
        assert part in told
    noted = Desk(tables.workspace).one(alert["id"])
    assert noted["acknowledged"]["false_alarm"] is True
    assert noted["muted_until"] == datetime(2029, 12, 31, 16, tzinfo=UTC)


def test_what_does_not_arrive_ends_with_code_1(verb: Verb) -> None:
    robot = "+delivery.channels.robot={kind: wecom, url_env: NO_SUCH_ROBOT}"
    called = (robot, "+delivery.contacts.default=[robot]", "rules=busy")
    assert verb(*called, "as_of='2026-03-02T11:05'") == 1
    assert verb(*called, "as_of='2026-03-02T11:06'") == 1  # and is tried again
    assert verb("delivery=example", "rules=busy", "as_of='2026-03-04'") == 0  # until it is old


def test_a_replay_shows_incidents_and_lead_times_and_keeps_nothing(
    verb: Verb, tables: Tables, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = tmp_path / "truth.csv"
    rows = "at,rule\n2026-03-02T12:30,busy\n2026-02-01T12:00,\n"
    truth.write_text(rows, encoding="utf-8")
    span = ("since='2026-03-02'", "until='2026-03-03'")
    assert verb("action=replay", "rules=busy", f"truth={truth}", *span) == 0
    told = capsys.readouterr().out
    assert "1 incidents in 24 judged buckets, 10 not judged" in told
    assert "90.00" in told  # minutes from 11:00 to 12:30
    assert "n/a" in told  # nothing in February
    assert Desk(tables.workspace).page().total == 0


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["action=judge"], "expected one of evaluate, list"),
        (["action=ack"], "expected id="),
        (["action=ack", "id=nothing"], "no alert 'nothing'"),
        (["action=mute", "id=nothing"], "expected until="),
        (["action=replay", "since='2026-03-02'"], "expected since= and until="),
        (["action=replay", "since='2026-03-02'", "until='2026-03-03'", "truth=x.csv"], "no such"),
        (["rules=[nothing]"], "no alert nothing: there are"),
        (["zone=Mars"], "unknown time zone"),
    ],
)
def test_mistakes_say_what_was_expected(verb: Verb, overrides: list[str], expected: str) -> None:
    with pytest.raises((ValueError, LookupError), match=re.escape(expected)):
        verb(*overrides)


def test_a_list_of_truths_without_times_is_refused(verb: Verb, tmp_path: Path) -> None:
    truth = tmp_path / "truth.csv"
    truth.write_text("when\n2026-03-02\n", encoding="utf-8")
    with pytest.raises(ValueError, match="expected the column at, received when"):
        verb("action=replay", f"truth={truth}", "since='2026-03-02'", "until='2026-03-03'")
