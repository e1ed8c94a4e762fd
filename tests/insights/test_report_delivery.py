"""Reports that are sent: to a real mail server, a webhook and a robot, again and not twice."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from insights.delivery.channels import Delivery
from insights.schedule import overview
from insights.schedules import deliveries as room
from insights.schedules.deliveries import Deliveries, checked, deliver_made
from insights.schedules.history import History, Run
from insights.schedules.plan import Schedule
from tests.insights.alerts.receivers import Mailbox, Receiver, mail_server, receiving
from tests.insights.script import write

ROOT = Path(__file__).resolve().parents[2]
DUE = datetime(2026, 3, 2, tzinfo=UTC)
NOW = DUE + timedelta(hours=1)
PDF = b"%PDF-1.7 \x00\xff numbers of the week"


def mail(port: int, **more: Any) -> dict[str, Any]:
    return {
        "kind": "email", "host": "127.0.0.1", "port": port, "security": "none", "pause": 0.001,
        "sender": "reports@example.com", "to": ["ann@example.com"], **more,
    }  # fmt: skip


def planned(*to: str, **more: Any) -> dict[str, Schedule]:
    told = {"report": "weekly", "cron": "0 8 * * mon", "zone": "Asia/Shanghai", "to": to, **more}
    return {"monday": Schedule.model_validate(told)}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    file = tmp_path / "monday 13800138000-2026-03-02.pdf"
    file.write_bytes(PDF)
    return Run(schedule="monday", due=DUE, status="done", at=DUE, file=str(file))


class Sender:
    """Calls the room as the verb does, and remembers the pauses."""

    def __init__(self, root: Path, schedules: dict[str, Schedule], **channels: Any) -> None:
        self.kept, self.schedules = Deliveries(root), schedules
        self.delivery = Delivery.model_validate({"channels": channels})
        self.pauses: list[float] = []

    def __call__(self, *runs: Run, now: datetime = NOW) -> dict[str, int]:
        found = deliver_made(
            self.schedules, list(runs), self.kept, self.delivery, now, sleep=self.pauses.append
        )
        return {name: count for name, count in found.items() if count}


def test_a_mail_carries_the_report_once(run: Run, tmp_path: Path) -> None:
    mailbox = Mailbox()
    with mail_server(mailbox) as port:
        plans = planned("mail", link="https://reports.example.com/{file}")
        send = Sender(tmp_path, plans, mail=mail(port))
        assert send(run) == {"arrived": 1}
        assert send(run) == {}
    (arrived,) = mailbox.mails
    assert mailbox.recipients == ["ann@example.com"]
    assert arrived["Subject"] == "Report: monday, 2026-03-02"
    assert arrived["Message-ID"] == "<monday-20260302T0000-mail@example.com>"
    (attached,) = arrived.iter_attachments()  # type: ignore[attr-defined]
    assert attached.get_content_type() == "application/pdf"
    assert attached.get_filename() == Path(run.file).name
    assert attached.get_content() == PDF
    text = arrived.get_body(("plain",)).get_content()  # type: ignore[attr-defined]
    assert "up to: 2026-03-02 00:00 Asia/Shanghai" in text
    assert "https://reports.example.com/monday-2026-03-02.pdf" in text


def test_what_a_mail_server_refuses_is_tried_again_and_recorded(run: Run, tmp_path: Path) -> None:
    mailbox = Mailbox(refused={"MAIL": ["451 later", "451 later", "550 never"]})
    with mail_server(mailbox) as port:
        send = Sender(tmp_path, planned("mail"), mail=mail(port, pause=1, attempts=3))
        assert send(run) == {"failed": 1}
        assert send.pauses == [1.0, 2.0]
        assert send(run) == {"arrived": 1}
    kept = [(attempt.state, attempt.told) for attempt in send.kept]
    assert kept == [
        ("failed", "SMTP 451"), ("failed", "SMTP 451"), ("failed", "SMTP 550"),
        ("arrived", "accepted"),
    ]  # fmt: skip
    lines = overview(send.schedules, History(tmp_path), NOW, send.kept)
    assert lines[-1] == "  monday due 2026-03-02T00:00:00+00:00 to mail: arrived, accepted"


def test_one_channel_that_fails_holds_up_no_other(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook, robot = Receiver(answers=[(400, b"")]), Receiver(answers=[(200, b'{"errcode":0}')])
    with receiving(hook) as url, receiving(robot) as group:
        monkeypatch.setenv("ROBOT", group)
        channels = {
            "hook": {"kind": "webhook", "url": url},
            "robot": {"kind": "wecom", "url_env": "ROBOT", "lang": "zh"},
        }
        send = Sender(
            tmp_path, planned("hook", "robot", link="https://r.example/{file}"), **channels
        )
        assert send(run) == {"arrived": 1, "failed": 1}
        assert send(run) == {"failed": 1}
    told = orjson.loads(hook.bodies[0])
    assert told["type"] == "report.made"
    assert told["report"] == {
        "schedule": "monday", "report": "weekly", "due": "2026-03-02T00:00:00+00:00",
        "until": "2026-03-02", "file": Path(run.file).name,
        "link": "https://r.example/monday-2026-03-02.pdf",
    }  # fmt: skip
    content = orjson.loads(robot.bodies[0])["markdown"]["content"]
    assert len(robot.bodies) == 1
    assert content.startswith('<font color="info">报告: monday, 2026-03-02</font>')
    assert "查看: https://r.example/monday-2026-03-02.pdf" in content


def test_old_reports_expire_and_unmade_ones_are_not_sent(run: Run, tmp_path: Path) -> None:
    failed = run.model_copy(update={"status": "failed", "due": DUE - timedelta(days=7)})
    send = Sender(tmp_path, planned("mail"), mail=mail(1))
    assert send(run, failed, now=NOW + timedelta(days=2)) == {"expired": 1}
    assert send(run, failed, now=NOW + timedelta(days=2)) == {}
    assert [attempt.state for attempt in send.kept] == ["expired"]


def test_a_file_that_is_gone_and_a_channel_that_is_gone_are_told(run: Run, tmp_path: Path) -> None:
    send = Sender(tmp_path, planned("mail"))
    assert send(run) == {"failed": 1}
    Path(run.file).unlink()
    assert send(run) == {"failed": 1}
    told = [attempt.told for attempt in send.kept]
    assert told == ["no channel 'mail' any more", f"the file {run.file} is gone"]


def test_a_large_file_is_not_attached(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_MOST_BYTES", len(PDF) - 1)
    mailbox = Mailbox()
    with mail_server(mailbox) as port:
        assert Sender(tmp_path, planned("mail"), mail=mail(port))(run) == {"arrived": 1}
    assert not mailbox.mails[0].is_multipart()
    assert "too large for a mail" in mailbox.mails[0].get_content()


def test_two_calls_at_the_same_time_send_once(run: Run, tmp_path: Path) -> None:
    receiver = Receiver()
    with receiving(receiver) as url, ThreadPoolExecutor(3) as pool:
        hook = {"kind": "webhook", "url": url}
        found = list(
            pool.map(lambda _: Sender(tmp_path, planned("hook"), hook=hook)(run), range(3))
        )
    assert sorted(found, key=len) == [{}, {}, {"arrived": 1}]
    assert len(receiver.bodies) == 1


def test_wrong_settings_say_what_was_expected() -> None:
    with pytest.raises(ValueError, match=r"schedules\.monday\.to: no channel 'mail'; there are no"):
        checked(planned("mail"), Delivery())
    with pytest.raises(ValidationError, match=r"no fields but \{name\}, \{day\}, \{file\}"):
        planned(link="https://r.example/{path}")
    with pytest.raises(ValidationError, match=r"no fields but \{name\}, \{day\}$|no fields but"):
        planned(out="{file}.pdf")


@pytest.mark.slow
def test_from_the_command_line(tmp_path: Path) -> None:
    write(tmp_path, "10:00 a customer:c1\n10:07 a agent:ann\n")
    mailbox = Mailbox()
    with mail_server(mailbox) as port:
        channel = (
            f"{{kind: email, host: 127.0.0.1, port: {port}, security: none, "
            "sender: reports@example.com, to: [ann@example.com]}"
        )
        call = [sys.executable, "-m", "insights.schedule", "workspace=shop",
                f"data_dir={tmp_path}", "schedules.weekly.settings=['report.days=3']",
                f"schedules.weekly.out='{tmp_path}/{{name}}-{{day}}.html'",
                "schedules.weekly.to=[mail]"]  # fmt: skip
        sent = [*call, f"+delivery.channels.mail={channel}"]
        done = subprocess.run(sent, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "deliveries: 1 arrived" in done.stdout
    (attached,) = mailbox.mails[0].iter_attachments()  # type: ignore[attr-defined]
    assert "Weekly message report" in attached.get_content()
    wrong = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert "no channel 'mail'" in wrong.stderr
