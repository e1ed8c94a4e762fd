"""Who looks after a number: named by the business, shown wherever the number is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from fastapi.testclient import TestClient
from hydra import compose, initialize_config_dir

from ingest.configuration import configuration
from insights.__main__ import run
from insights.filters import Filters
from insights.owners import check_owners, owner_of
from insights.registry import FINDINGS, find
from insights.report import Report, Section, render
from insights.settings import InsightSettings
from insights.tables import Tables
from serving.api.app import create_app
from serving.api.settings import ApiSettings
from serving.errors import NoChampionError
from serving.recommend import Engine
from tests.insights.script import write

CHAT = """
    10:00 a customer:c1
    10:07 a agent:ann
"""
OWNERS = {"reply_time": "service_lead", "chatwoot/reply_time": "auditor", "volume": "ops"}
OWN = """---
name: words
title: Words
title_zh: 字数
formula: messages
unit: messages
action: Read them.
reads: [messages]
---
SELECT message_id AS record_id, occurred_at AS at, 1 AS value, source, channel FROM messages
"""


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return write(tmp_path, CHAT, {"owners": OWNERS})


@pytest.fixture
def verb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    monkeypatch.setenv("COLUMNS", "300")
    write(tmp_path, CHAT)

    def call(*overrides: str) -> None:
        with initialize_config_dir(configuration(), version_base=None):
            run(compose("insights", ["workspace=shop", f"data_dir={tmp_path}", *overrides]))

    return call


def test_a_definition_goes_before_a_name(tables: Tables) -> None:
    check_owners(tables)
    found = {name: owner_of(find(name), tables.settings) for name in FINDINGS}
    assert (found["corrected/reply_time"], found["chatwoot/reply_time"]) == (
        "service_lead",
        "auditor",
    )
    assert found["corrected/volume"] == found["chatwoot/volume"] == "ops"
    assert {found[name] for name in found if find(name).name not in ("reply_time", "volume")} == {
        None
    }


def test_the_owner_of_no_finding_is_refused(tmp_path: Path) -> None:
    tables = write(tmp_path, CHAT, {"owners": {"volume": "ops", "reply_tyme": "ann"}})
    with pytest.raises(ValueError, match=r"no 'reply_tyme'; did you mean '.*reply_time'\?"):
        check_owners(tables)
    with pytest.raises(ValueError, match="reply_tyme"):
        create_app(ApiSettings(workspace="shop", data_dir=tmp_path, reports=tables.settings))


def test_findings_of_the_business_have_owners_too(tmp_path: Path) -> None:
    tables = write(tmp_path, CHAT, {"owners": {"words": "ann"}})
    with pytest.raises(ValueError, match="there is no 'words'"):
        check_owners(tables)
    folder = tables.workspace.root / "metrics"
    folder.mkdir()
    (folder / "words.sql").write_text("no metric yet", encoding="utf-8")
    check_owners(tables)  # broken: it may be the one that is meant
    (folder / "words.sql").write_text(OWN, encoding="utf-8")
    check_owners(tables)
    assert owner_of(find("words", tables=tables), tables.settings) == "ann"


def test_an_owner_has_a_name() -> None:
    with pytest.raises(ValueError, match=r"owners\.volume"):
        InsightSettings.model_validate({"owners": {"volume": ""}})


def test_the_verb_shows_and_exports_the_owner(
    verb: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    owners = "+owners={first_response_time: service_lead}"
    verb("finding=first_response_time", owners)
    assert "Looked after by service_lead." in " ".join(capsys.readouterr().out.split())
    verb(owners)
    assert "service_lead" in capsys.readouterr().out
    for name, expected in (("first_response_time", "service_lead"), ("volume", None)):
        verb(f"finding={name}", owners, f"out={tmp_path}/{name}.parquet")
        assert set(pd.read_parquet(tmp_path / f"{name}.parquet")["owner"]) == {expected}
    verb("finding=first_response_time", owners, f"out={tmp_path}/one.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "one.xlsx")["numbers"]
    place = [cell.value for cell in sheet[1]].index("owner")
    assert sheet[2][place].value == "service_lead"
    with pytest.raises(ValueError, match="no 'nothing'"):
        verb("finding=volume", "+owners={nothing: ann}")


def test_a_report_has_the_owner_beside_the_number(tables: Tables) -> None:
    sections = [Section(finding=name) for name in ("volume", "duration")]
    shown = render(Report(title="t", title_zh="t", sections=sections), tables, Filters())
    glance = shown.split("At a glance")[1].split("</table>")[0]
    lines = {name: line for line in glance.split("<tr>") for name in ("volume", "duration")
             if f"corrected/{name}<" in line}  # fmt: skip
    assert "owner 负责人" in glance
    assert "<td>ops</td>" in lines["volume"]
    assert "<td>ops</td>" not in lines["duration"]
    assert shown.count("Looked after by ops.") == 1


def nobody(*_: Any) -> Engine:
    raise NoChampionError("Nobody leads.")


def test_the_registry_over_http_tells_owners(tables: Tables, tmp_path: Path) -> None:
    settings = ApiSettings(workspace="shop", data_dir=tmp_path, port=0, reports=tables.settings)
    with TestClient(create_app(settings, load=nobody)) as client:
        told = {one["id"]: one["owner"] for one in client.get("/v1/insights").json()["insights"]}
        assert (told["corrected/volume"], told["corrected/duration"]) == ("ops", None)
        answer = client.get("/v1/insights/volume", params={"by": "channel"}).json()
        assert answer["insight"]["owner"] == "ops"
