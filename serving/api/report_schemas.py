"""Forms of reports that people put together themselves."""

from __future__ import annotations

from pydantic import JsonValue

from insights.report import Report
from serving.api.schemas import Form, example

REPORT: dict[str, JsonValue] = {
    "title": "Morning",
    "title_zh": "晨报",
    "days": 7,
    "sections": [
        {
            "finding": "reply_time",
            "family": None,
            "by": ["day", "channel"],
            "chart": None,
            "only": {"channel": ["web"]},
        }
    ],
    "only_changes": False,
}


class SavedReport(Form):
    """A report with its name."""

    model_config = example({"name": "morning", "report": REPORT})

    name: str
    report: Report


class SavedReportList(Form):
    """Every saved report of the workspace."""

    model_config = example({"reports": [{"name": "morning", "report": REPORT}]})

    reports: list[SavedReport]
