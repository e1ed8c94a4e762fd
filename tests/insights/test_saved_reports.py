"""Reports that people put together: saved by a question, checked, written with their filters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hydra import compose, initialize_config_dir

from ingest.configuration import configuration
from insights.__main__ import run
from insights.filters import Chosen, Filters
from insights.report import Report, Section, render
from insights.saved import NoReportError, SavedReports
from insights.tables import Tables
from serving.api.app import create_app
from serving.api.report_schemas import SavedReportList
from serving.api.settings import ApiSettings
from serving.errors import NoChampionError
from serving.recommend import Engine
from tests.insights.script import write

CHATS = """
    02T10:00 a customer:c1 channel=web
    02T10:04 a agent:ann channel=web
    03T10:00 b customer:c2 channel=phone
    03T10:30 b agent:bob channel=phone
    03T11:00 c customer:c3 channel=phone
"""
WEB = Section(finding="volume", by=["day"], only=Chosen(channel="web"))
PHONE = Section(finding="volume", by=["day"], only=Chosen(channel=("phone",)))


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return write(tmp_path, CHATS)


@pytest.fixture
def verb(tables: Tables, tmp_path: Path) -> Callable[..., None]:
    def call(*overrides: str) -> None:
        with initialize_config_dir(configuration(), version_base=None):
            run(compose("insights", ["workspace=shop", f"data_dir={tmp_path}", *overrides]))

    return call


def test_sections_count_what_their_own_filters_keep(tables: Tables) -> None:
    page = render(Report(title="Mine", title_zh="我的", sections=[WEB, PHONE]), tables, Filters())
    assert "Only · 仅限: channel web" in page
    assert "Only · 仅限: channel phone" in page
    assert "1 records behind these numbers" in page
    assert "2 records behind these numbers" in page
    assert "负责人" not in page  # nobody was named
    glance = page[page.index("At a glance") : page.index("<svg")]
    assert "会话量  channel web" in glance or "会话量 channel web" in glance
    assert "channel phone" in glance


def test_a_section_never_shows_more_than_whoever_asks_may_see(tables: Tables) -> None:
    bobs = Section(finding="volume", by=["channel"], only=Chosen(own_of="bob"))
    report = Report(title="Mine", title_zh="我的", sections=[bobs])
    page = render(report, tables, Filters())
    assert "phone" in page
    assert "own_of bob" in page
    page = render(report, tables, Filters(own_of="ann"))
    assert "web" in page
    assert "phone" not in page


def test_a_question_becomes_a_report_that_grows(
    verb: Callable[..., None], tables: Tables, tmp_path: Path
) -> None:
    verb("finding=volume", "by=day", "channel=[web]", "save=morning", "title=My morning")
    verb("finding=reply_time", "save=morning")
    saved = SavedReports(tables.workspace)
    report = saved.read("morning")
    assert (report.title, report.sections) == ("My morning", [WEB, Section(finding="reply_time")])
    assert saved.names() == ["morning"]
    verb("saved=morning", f"out={tmp_path}/morning.html")
    page = (tmp_path / "morning.html").read_text("utf-8")
    assert "My morning" in page
    assert "Only · 仅限: channel web" in page


def test_what_cannot_be_computed_is_not_saved(verb: Callable[..., None], tables: Tables) -> None:
    for told, expected in (
        (["finding=volume", "room=[x]", "save=morning"], "can be filtered by"),
        (["finding=volume", "by=[color]", "save=morning"], "can be split by"),
        (["finding=volume", "save=../morning"], "expected small letters"),
    ):
        with pytest.raises(ValueError, match=expected):
            verb(*told)
    with pytest.raises(NoReportError, match="no saved report 'evening': there are none"):
        verb("saved=evening", "out=x.html")
    assert SavedReports(tables.workspace).names() == []


def test_a_file_that_is_no_report_is_named(tables: Tables) -> None:
    saved = SavedReports(tables.workspace)
    saved.add("morning", WEB, tables)
    file = tables.workspace.root / "reports" / "morning.yaml"
    file.write_text("title: x\n", "utf-8")
    with pytest.raises(ValueError, match=r"morning\.yaml"):
        saved.read("morning")
    with pytest.raises(NoReportError, match="did you mean 'morning'"):
        saved.read("mornin")


def nobody(*_: Any) -> Engine:
    raise NoChampionError("Nobody leads.")


def test_reports_are_saved_listed_and_shown_over_http(tables: Tables, tmp_path: Path) -> None:
    app = create_app(ApiSettings(workspace="shop", data_dir=tmp_path, port=0), load=nobody)
    with TestClient(app, raise_server_exceptions=False) as client:
        assert client.get("/v1/reports").json() == {"reports": []}
        told = Report(title="Mine", title_zh="我的", sections=[WEB]).model_dump(mode="json")
        assert client.put("/v1/reports/morning", json=told).status_code == 200
        listed = SavedReportList.model_validate(client.get("/v1/reports").json())
        assert [(one.name, one.report.sections) for one in listed.reports] == [("morning", [WEB])]
        page = client.get("/v1/reports/morning/page", params={"zone": "Asia/Shanghai"})
        assert page.headers["content-type"].startswith("text/html")
        assert "Only · 仅限: channel web" in page.text
        wrong = {**told, "sections": [{"finding": "volum"}]}
        assert client.put("/v1/reports/evening", json=wrong).status_code == 404
        wrong = {**told, "sections": [{"finding": "volume", "only": {"room": ["x"]}}]}
        assert client.put("/v1/reports/evening", json=wrong).status_code == 422
        assert client.put("/v1/reports/Evening", json=told).status_code == 422
        assert client.get("/v1/reports/evening/page").status_code == 404
