"""The verb: what it prints and writes, and how it answers mistakes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hydra import compose, initialize_config_dir

from ingest.configuration import configuration
from insights.__main__ import run
from insights.answer import Answer, readable
from insights.charts import draw
from insights.export import write as export
from insights.filters import Filters
from insights.registry import FINDINGS, find
from insights.workbook import harmless
from tests.insights.script import write

CHAT = """
    10:00 a customer:c1 channel==1+1
    10:07 a agent:ann channel==1+1
    10:30 a resolved
    10:40 a rated=5
    11:00 b customer:c2 source=simulated
    11:20 b agent:bob source=simulated
    03T03:00 c customer:c1 channel=微信
"""
Verb = Callable[..., None]


@pytest.fixture
def verb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Verb:
    monkeypatch.setenv("COLUMNS", "250")
    write(tmp_path, CHAT)

    def call(*overrides: str) -> None:
        with initialize_config_dir(configuration(), version_base=None):
            run(compose("insights", ["workspace=shop", f"data_dir={tmp_path}", *overrides]))

    return call


def test_findings_are_listed(verb: Verb, capsys: pytest.CaptureFixture[str]) -> None:
    verb()
    assert "chatwoot/reply_time" in capsys.readouterr().out


def test_the_help_names_every_finding() -> None:
    told = (Path(configuration()) / "insights.yaml").read_text(encoding="utf-8")
    names = set(re.findall(r"[a-z_]+", told.split("Findings, by")[1].split("Settings")[0]))
    assert {finding.name for finding in FINDINGS.values()} <= names


def test_a_table_shows_definition_zone_gap_and_simulation(
    verb: Verb, capsys: pytest.CaptureFixture[str]
) -> None:
    verb("finding=first_response_time", "family=chatwoot", "by=[day,agent]", "zone=Asia/Shanghai")
    shown = " ".join(capsys.readouterr().out.split())
    for part in ("chatwoot/first_response_time", "minutes", "Asia/Shanghai", "30 min", "bob"):
        assert part in shown
    assert "SIMULATED DATA" in shown
    assert "corrected counts it from the customer's first message" in shown


def test_real_records_are_not_called_simulated(
    verb: Verb, capsys: pytest.CaptureFixture[str]
) -> None:
    verb("finding=volume", "sources=test", "by=[]")
    assert "SIMULATED" not in capsys.readouterr().out


def test_what_cannot_be_measured_is_not_zero(
    verb: Verb, capsys: pytest.CaptureFixture[str]
) -> None:
    verb("finding=first_response_time_business", "by=[]")
    assert "n/a" in capsys.readouterr().out


def test_files_carry_the_definition(verb: Verb, tmp_path: Path) -> None:
    verb("finding=volume", "by=channel", f"out={tmp_path}/out/volume.csv")
    table = pd.read_csv(tmp_path / "out" / "volume.csv")
    told = table[["finding", "unit", "zone", "session_gap"]].drop_duplicates().to_numpy().tolist()
    assert told == [["corrected/volume", "conversations", "UTC", "30 min"]]
    counts = dict(zip(table["channel"], table["count"], strict=True))
    assert counts == {"'=1+1": 1, "web": 1, "微信": 1}


def test_every_format_holds_the_same_table(tmp_path: Path) -> None:
    table = pd.DataFrame({"channel": ["微信"], "count": [3], "simulated_share": [0.5]})
    answer = Answer(find("volume"), Filters(zone="Asia/Shanghai"), "30 min", table, "lead")
    for ending in ("csv", "parquet", "xlsx", "html"):
        export(answer, tmp_path / "new" / f"volume.{ending}")
    written = pd.read_parquet(tmp_path / "new" / "volume.parquet")
    pd.testing.assert_frame_equal(written, answer.export())
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "new" / "volume.csv"), answer.export())
    book = openpyxl.load_workbook(tmp_path / "new" / "volume.xlsx")
    assert [cell.value for cell in book["numbers"][2]] == list(answer.export().iloc[0])
    assert "SIMULATED" in book["definition"]["A2"].value
    shown = (tmp_path / "new" / "volume.html").read_text(encoding="utf-8")
    assert "会话量" in shown
    assert "simulated data" in shown


def test_records_behind_a_number_are_written_one_row_a_conversation(
    verb: Verb, tmp_path: Path
) -> None:
    verb("finding=volume", "drill={channel: web}", f"out={tmp_path}/rows.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "rows.xlsx")["numbers"]
    assert sheet.max_row == 2
    verb("finding=volume", "drill={}", f"out={tmp_path}/all.csv")
    assert pd.read_csv(tmp_path / "all.csv")["conversation_id"].tolist() == ["a", "b", "c"]
    verb("finding=reply_time", "drill={series: first}", f"out={tmp_path}/rows.csv")
    assert pd.read_csv(tmp_path / "rows.csv")["value"].tolist() == [7.0, 20.0]


@pytest.mark.slow
def test_the_weekly_report_is_one_page_of_its_own(verb: Verb, tmp_path: Path) -> None:
    verb("report=weekly", "hours=china_office", f"out={tmp_path}/week.html")
    shown = (tmp_path / "week.html").read_text(encoding="utf-8")
    for part in ("Weekly message report", "消息记录周报", "模拟数据", "<svg", "微信", "n/a"):
        assert part in shown
    assert "<script" not in shown
    assert "2026-02-25 00:00 - 2026-03-04 00:00" in shown
    for part in ("http-equiv", 'src="http', 'href="http', "@import", "url(http"):
        assert part not in shown


def test_a_report_shows_what_it_was_told_to(verb: Verb, tmp_path: Path) -> None:
    few = "report.sections=[{finding: sla, by: [day]}, {finding: csat, by: [channel], chart: bar}]"
    verb("report=weekly", few, "report.days=3", f"out={tmp_path}/week.html")
    shown = (tmp_path / "week.html").read_text(encoding="utf-8")
    assert shown.count("<section") == shown.count("<svg") == 2
    assert "2026-03-01 00:00 - 2026-03-04 00:00" in shown


def test_names_from_outside_are_text_in_charts() -> None:
    names = ["$a$", "_hidden", "<b>", "微信", r"\frac{"]
    table = pd.DataFrame(
        {"channel": names, "series": names, "count": 1, "mean": 1.0, "median": 1.0}
    )
    answer = Answer(find("reply_time"), Filters(), "30 min", table)
    for chart in ("bar", "line"):
        svg = draw(answer, chart)
        assert svg.startswith("<svg")
        assert "$a$" in svg
        assert "&lt;b&gt;" in svg
        assert "<b>" not in svg
    assert draw(Answer(find("csat"), Filters(), "30 min", table.head(0)), "bar") == ""


def test_an_empty_week_has_no_numbers(verb: Verb, tmp_path: Path) -> None:
    few = "report.sections=[{finding: volume, by: [day]}, {finding: traffic}]"
    verb("report=weekly", few, "since=2020-01-01", "until=2020-01-08", f"out={tmp_path}/week.html")
    assert "0 records behind" in (tmp_path / "week.html").read_text(encoding="utf-8")


def test_mistakes_say_what_was_expected(verb: Verb, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"ending in \.csv"):
        verb("finding=volume", f"out={tmp_path}/volume.doc")
    with pytest.raises(ValueError, match=r"a report is written as \.html or \.pdf"):
        verb("report=weekly", f"out={tmp_path}/week.docx")
    with pytest.raises(LookupError, match="did you mean"):
        verb("finding=volumes")
    with pytest.raises(ValueError, match="can be split by"):
        verb("finding=volume", "by=color")


def test_texts_that_a_spreadsheet_would_run_are_quoted() -> None:
    table = pd.DataFrame({"name": ["=cmd()", "plain", None], "value": [-1.0, 2.0, 3.0]})
    assert harmless(table)["name"].tolist() == ["'=cmd()", "plain", None]
    assert harmless(table)["value"].tolist() == [-1.0, 2.0, 3.0]
    assert readable(float("nan")) == readable(None) == readable(pd.NaT) == "n/a"
