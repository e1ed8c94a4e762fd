"""Delivery to real local servers: signed, retried, recorded, masked, and never twice."""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from ingest.workspace import Workspace
from insights.alerts.book import Book
from insights.alerts.calendar import moment
from insights.alerts.deliver import deliver
from insights.alerts.desk import Desk
from insights.alerts.evaluate import notices_of
from insights.alerts.incidents import Following
from insights.alerts.message import message_of
from insights.alerts.rules import Rule
from insights.delivery.channels import Delivery
from insights.delivery.message import Message
from insights.delivery.post import wecom_body
from tests.insights.alerts.receivers import Mailbox, Receiver, mail_server, receiving
from tests.insights.alerts.sample import HOUR, hours, rule

NOW = moment(3 * HOUR)
RULE = rule("threshold", name="busy", finding="volume", above=5, by="agent")
WHSEC = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


@pytest.fixture
def book(tmp_path: Path, state_url: str | None) -> Book:
    return Book(Workspace(tmp_path / "shop", state_url))


def settings(channel: dict[str, Any], **more: Any) -> Delivery:
    told = {"channels": {"one": {"pause": 0.001, **channel}}, "contacts": {"default": ["one"]}}
    return Delivery.model_validate(told | more)


def raise_alert(
    book: Book, delivery: Delivery, group: str = "ann", told: Rule = RULE, at: datetime = NOW
) -> str:
    """Keep an alert that opened and closed, with its notices; return its id."""
    following = Following(told, {})
    following.follow(hours([True, False], group))
    steps, muted = following.steps, book.muted(told.name, at)
    notices = list(notices_of(told, steps, delivery, muted, at))
    before = book.judged_until(told.name)
    until = (before or 0) + 1
    assert book.record(told.name, before=before, until=until, steps=steps, notices=notices, at=at)
    return following.incidents[0].id


def sent(book: Book, delivery: Delivery, now: datetime = NOW, told: Rule = RULE) -> dict[str, int]:
    pauses: list[float] = []
    found = deliver(book, delivery, {told.name: told}, zone="UTC", now=now, sleep=pauses.append)
    return {name: count for name, count in found.items() if count}


def test_a_webhook_is_signed_and_sent_once(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", WHSEC)
    receiver = Receiver()
    with receiving(receiver) as url:
        delivery = settings({"kind": "webhook", "url": url, "secret_env": "HOOK_SECRET"})
        alert = raise_alert(book, delivery)
        assert sent(book, delivery) == {"arrived": 2}
        assert sent(book, delivery) == {}
    body, headers = receiver.bodies[0], receiver.headers[0]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = b"0123456789abcdef0123456789abcdef"
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{digest}"
    assert headers["webhook-id"] == f"{alert}-opened-one"
    assert abs(int(headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 60
    told = orjson.loads(body)
    assert (told["type"], told["alert"]["id"], told["alert"]["value"]) == (
        "alert.opened",
        alert,
        10,
    )
    assert [orjson.loads(body)["type"] for body in receiver.bodies] == [
        "alert.opened",
        "alert.closed",
    ]


def test_what_fails_is_tried_again_with_longer_pauses_and_every_attempt_is_kept(
    book: Book,
) -> None:
    receiver = Receiver(answers=[(503, b""), (500, b""), (200, b"")])
    with receiving(receiver) as url:
        delivery = settings({"kind": "webhook", "url": url, "pause": 1})
        told = rule("threshold", name="busy", finding="volume", above=5, notify=["opened"])
        alert = raise_alert(book, delivery, told=told)
        pauses: list[float] = []
        deliver(book, delivery, {"busy": told}, zone="UTC", now=NOW, sleep=pauses.append)
    assert pauses == [1.0, 2.0]
    attempts = [row["told"] for row in Desk(book.workspace).history(alert) if "to" in row["what"]]
    assert attempts == ["status 503", "status 500", "status 200"]
    assert {headers["webhook-id"] for headers in receiver.headers} == {f"{alert}-opened-one"}


def test_what_was_refused_waits_for_the_next_evaluation_and_expires(book: Book) -> None:
    receiver = Receiver(answers=[(400, b"")])
    with receiving(receiver) as url:
        delivery = settings({"kind": "webhook", "url": url})
        raise_alert(book, delivery)
        assert sent(book, delivery) == {"failed": 2}
        assert len(receiver.bodies) == 2  # once each: a refusal will not change at once
        assert sent(book, delivery) == {"failed": 2}
        late = NOW + timedelta(hours=25)
        assert sent(book, delivery, late) == {"expired": 2}
        assert sent(book, delivery) == {}


def test_a_server_that_is_gone_is_told_without_its_address(book: Book) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    delivery = settings({"kind": "webhook", "url": f"http://127.0.0.1:{port}/s3cret"})
    alert = raise_alert(book, delivery)
    assert sent(book, delivery) == {"failed": 2}
    told = [row["told"] for row in Desk(book.workspace).history(alert) if " to " in row["what"]]
    assert len(told) == 6
    assert set(told) == {"ConnectError"}


def test_a_missing_secret_is_named(book: Book) -> None:
    delivery = settings({"kind": "wecom", "url_env": "NO_SUCH_ROBOT"})
    alert = raise_alert(book, delivery)
    assert sent(book, delivery) == {"failed": 2}
    (first, *_) = [row for row in Desk(book.workspace).history(alert) if " to " in row["what"]]
    assert first["told"] == "the environment variable NO_SUCH_ROBOT is not set"


def test_a_robot_of_wecom_gets_markdown(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    receiver = Receiver(
        answers=[(200, b'{"errcode":45009,"errmsg":"limit"}'), (200, b'{"errcode":0}')]
    )
    with receiving(receiver) as url:
        monkeypatch.setenv("ROBOT", url)
        channel = {"kind": "wecom", "url_env": "ROBOT", "lang": "zh", "mention": ["zhang"]}
        delivery = settings(channel)
        raise_alert(book, delivery, "<@all> [王](http://x) 13800138000" + "很" * 3000)
        assert sent(book, delivery) == {"arrived": 2}
    assert len(receiver.bodies) == 3  # the first was over the robot's limit
    told = orjson.loads(receiver.bodies[1])
    assert set(told) == {"msgtype", "markdown"}
    content = told["markdown"]["content"]
    assert len(content.encode()) <= 4096
    assert content.startswith('<font color="warning">告警: 太多</font>\n')
    assert content.endswith("\n<@zhang>")
    assert "<@all>" not in content
    assert "](" not in content
    assert "13800138000" not in content
    assert "查看原因" in content


def test_a_robot_takes_4096_bytes_of_whole_characters() -> None:
    long = Message("很长", {"例如": "很" * 3000})
    content = orjson.loads(wecom_body(long, "info", ("zhang",)))["markdown"]["content"]
    assert 4090 < len(content.encode()) <= 4096
    assert content.endswith("很\n<@zhang>")


@pytest.mark.parametrize(
    "answer", [b'{"errcode":93000,"errmsg":"invalid webhook url"}', b"ok", b"[]"]
)
def test_a_robot_that_refuses_has_not_been_told(
    book: Book, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    with receiving(Receiver(answers=[(200, answer)])) as url:
        monkeypatch.setenv("ROBOT", url)
        delivery = settings({"kind": "wecom", "url_env": "ROBOT"})
        raise_alert(book, delivery)
        assert sent(book, delivery) == {"failed": 2}


def test_a_mail_arrives_masked_and_is_recognized_if_sent_twice(book: Book) -> None:
    mailbox = Mailbox()
    with mail_server(mailbox) as port:
        delivery = settings(mail(port))
        alert = raise_alert(book, delivery, "客服 13800138000\nBcc: x@example.com")
        assert sent(book, delivery) == {"arrived": 2}
    first = mailbox.mails[0]
    assert first["Subject"] == "Alert: Too many"
    assert first["Message-ID"] == f"<{alert}-opened-one@example.com>"
    assert first["Bcc"] is None
    assert mailbox.recipients[:2] == ["ann@example.com", "bob@example.com"]
    text = first.get_content()
    assert "138****8000" in text
    assert "13800138000" not in text
    assert "Look into it." in text
    assert "1970-01-01 00:00 UTC" in text
    assert mailbox.mails[1]["Subject"] == "Over: Too many"


@pytest.mark.parametrize(
    ("refused", "attempts", "outcome"),
    [
        ({"MAIL": ["451 later"]}, 3, {"arrived": 2}),
        ({"MAIL": ["550 never", "550 never"]}, 2, {"failed": 2}),
        ({"RCPT": ["550 unknown"] * 4}, 2, {"failed": 2}),
        ({"RCPT": ["550 unknown"]}, 2, {"arrived": 2}),
        ({"EHLO": ["421 busy"], "HELO": ["421 busy"]}, 3, {"arrived": 2}),
    ],
)
def test_what_a_mail_server_says_decides_whether_to_try_again(
    book: Book, refused: dict[str, list[str]], attempts: int, outcome: dict[str, int]
) -> None:
    answers = {verb: list(said) for verb, said in refused.items()}  # the server uses them up
    with mail_server(Mailbox(refused=answers)) as port:
        delivery = settings(mail(port))
        alert = raise_alert(book, delivery)
        assert sent(book, delivery) == outcome
    history = Desk(book.workspace).history(alert)
    assert sum(" to " in row["what"] for row in history) == attempts


def mail(port: int) -> dict[str, Any]:
    return {
        "kind": "email", "host": "127.0.0.1", "port": port, "security": "none",
        "sender": "alerts@example.com", "to": ["ann@example.com", "bob@example.com"],
    }  # fmt: skip


def test_a_muted_group_is_recorded_and_not_delivered(book: Book) -> None:
    receiver = Receiver()
    with receiving(receiver) as url:
        delivery = settings({"kind": "webhook", "url": url})
        alert = raise_alert(book, delivery)
        assert sent(book, delivery) == {"arrived": 2}
        Desk(book.workspace).mute(alert, until=NOW + timedelta(hours=1), by="ann", at=NOW)
        later = rule("threshold", name="busy", finding="volume", above=5, by="agent")
        following = Following(later, {})
        following.follow(hours([True], "ann", begin=50))
        muted = book.muted("busy", NOW)
        told = list(notices_of(later, following.steps, delivery, muted, moment(51 * HOUR)))
        assert [state for *_, state in told] == ["muted"]
        assert book.muted("busy", NOW + timedelta(hours=1)) == set()


def test_old_news_is_recorded_and_not_delivered(book: Book) -> None:
    delivery = settings({"kind": "wecom", "url_env": "ROBOT"})
    raise_alert(book, delivery, at=NOW + timedelta(days=3))
    assert sent(book, delivery, NOW + timedelta(days=3)) == {}


def test_who_was_not_told_of_an_alert_is_not_told_that_it_is_over(book: Book) -> None:
    delivery = settings({"kind": "wecom", "url_env": "ROBOT"})
    following = Following(RULE, {})
    following.follow([*hours([True] * 30, "ann"), *hours([False], "ann", begin=30)])
    now = moment(31 * HOUR)
    notices = list(notices_of(RULE, following.steps, delivery, set(), now))
    assert [state for *_, state in notices] == ["expired", "pending"]
    book.record("busy", before=None, until=1, steps=following.steps, notices=notices, at=now)
    assert book.pending() == []


def test_two_calls_at_the_same_time_tell_once(book: Book) -> None:
    receiver = Receiver()
    with receiving(receiver) as url, ThreadPoolExecutor(3) as pool:
        delivery = settings({"kind": "webhook", "url": url})
        raise_alert(book, delivery)
        found = list(pool.map(lambda _: sent(book, delivery), range(3)))
    assert sorted(found, key=len) == [{}, {}, {"arrived": 2}]
    assert len(receiver.bodies) == 2


def test_owners_have_channels_of_their_own() -> None:
    hook = {"kind": "webhook", "url": "http://127.0.0.1/"}
    told = {"channels": {"a": hook, "b": hook}, "contacts": {"sales_team": ["b"]}}
    delivery = Delivery.model_validate(told)
    assert delivery.channels_of("sales_team") == ("b",)
    assert delivery.channels_of("somebody") == ()
    with pytest.raises(ValidationError, match=r"contacts\.x: no channel 'c'; there are a, b"):
        Delivery.model_validate({**told, "contacts": {"x": ["c"]}})


def test_a_channel_that_is_gone_is_told(book: Book) -> None:
    raise_alert(book, settings({"kind": "webhook", "url": "http://127.0.0.1/"}))
    assert sent(book, Delivery()) == {"failed": 2}


@pytest.mark.parametrize(
    ("channel", "expected"),
    [
        ({"kind": "webhook"}, "url or url_env"),
        ({"kind": "webhook", "url": "x", "url_env": "X"}, "url or url_env"),
        ({"kind": "wecom", "url_env": "https://robot"}, "match pattern"),
        ({**mail(25), "user_env": "U"}, "user_env and password_env"),
        ({**mail(25), "user_env": "U", "password_env": "P"}, "encrypted"),
        ({**mail(25), "to": ["a@b\nBcc: c@d"]}, "match pattern"),
    ],
)
def test_channels_that_cannot_work_are_refused(channel: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        settings(channel)


def test_messages_label_simulated_data_and_hide_what_customers_wrote(book: Book) -> None:
    delivery = settings({"kind": "webhook", "url": "http://127.0.0.1/"})
    raise_alert(book, delivery)
    (first, _) = book.pending()
    incident = type(first.incident)(
        **{**vars(first.incident), "simulated": True, "excerpt": "我叫王小明", "p_value": 0.0001}
    )
    notice = type(first)(**{**vars(first), "incident": incident})
    message = message_of(notice, RULE, "zh", "Asia/Shanghai")
    assert message.title == "告警: 太多 [模拟数据]"
    assert message.facts["例如"] == "我叫王**"
    assert message.facts["偶然出现的概率"] == "0.0001"
    assert message.facts["开始"] == "1970-01-01 08:00 CST"
