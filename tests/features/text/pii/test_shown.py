from __future__ import annotations

import io
import json
import logging
import logging.config
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from features.text.pii.shown import MaskFilter, shown, shown_table

PHONE, MASKED = "13800138000", "138****8000"
ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"received '{PHONE}'", f"received '{MASKED}'"),
        ("write to ann@example.com", "write to a***@example.com"),
        ("Unknown Item: expected one of Mary Jones", "Unknown Item: expected one of Mary Jones"),
        ("took 12.5 s for 1,000,000 rows", "took 12.5 s for 1,000,000 rows"),
        ("", ""),
    ],
)
def test_messages_of_the_program(text: str, masked: str) -> None:
    assert shown(text) == masked


@pytest.fixture
def log() -> tuple[logging.Logger, io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(MaskFilter())
    logger = logging.getLogger("tests.shown")
    logger.handlers, logger.propagate = [handler], False
    return logger, stream


def test_logs_hold_no_phone(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    logger.error("call %s at %d", PHONE, 5)
    logger.warning("nothing to hide: %s", 7)
    try:
        int(f"bad row {PHONE}")
    except ValueError:
        logger.exception("failed for ann@example.com")
    said = stream.getvalue()
    assert PHONE not in said
    assert "ann@" not in said
    assert f"call {MASKED} at 5" in said
    assert "nothing to hide: 7" in said
    assert f"bad row {MASKED}" in said


def test_every_verb_logs_through_the_filter() -> None:
    settings = yaml.safe_load((ROOT / "conf" / "common.yaml").read_text("utf-8"))
    logs = settings["hydra"]["job_logging"]
    assert logs["handlers"]["console"]["filters"] == ["masked"]
    configured = {"version": 1, "disable_existing_loggers": False, "filters": logs["filters"]}
    configured["handlers"] = {"null": {"class": "logging.NullHandler", "filters": ["masked"]}}
    logging.config.dictConfig(configured | {"loggers": {"tests.none": {"handlers": ["null"]}}})
    (handler,) = logging.getLogger("tests.none").handlers
    assert isinstance(handler.filters[0], MaskFilter)


def test_tables_for_people_hold_no_phone() -> None:
    table = pd.DataFrame(
        {"customer_id": [PHONE], "label": [f"回电{PHONE}"], "count": [3], "mixed": [None]}
    )
    masked = shown_table(table)
    assert masked.to_dict("records") == [
        {"customer_id": PHONE, "label": f"回电{MASKED}", "count": 3, "mixed": None}
    ]
    assert table["label"][0] == f"回电{PHONE}"


@pytest.mark.parametrize("ending", [".csv", ".html", ".xlsx", ".parquet"])
def test_files_of_findings_hold_no_phone(ending: str, tmp_path: Path) -> None:
    from insights.answer import Answer
    from insights.export import write
    from insights.filters import Filters
    from insights.registry import FINDINGS

    table = pd.DataFrame({"label": [f"call {PHONE}"], "value": [1.0]})
    out = tmp_path / f"finding{ending}"
    write(Answer(next(iter(FINDINGS.values())), Filters(), "30 min", table), out)
    if ending in (".csv", ".html"):
        said = out.read_text("utf-8")
    elif ending == ".parquet":
        said = pq.read_table(out).to_pandas().to_string()
    else:
        said = pd.read_excel(out, sheet_name="numbers").to_string()
    assert PHONE not in said
    assert MASKED in said


def test_errors_of_the_api_hold_no_phone() -> None:
    from serving.api.errors import TABLE, fault, problem
    from serving.errors import BadRequestError

    answer = problem(TABLE[BadRequestError], f"no such {PHONE}", received=PHONE, errors=[{}])
    assert PHONE not in bytes(answer.body).decode()
    assert json.loads(bytes(answer.body))["received"] == MASKED
    entry = {"loc": ("body", 0), "msg": f"not {PHONE}", "input": {"phone": PHONE}}
    assert PHONE not in str(fault(entry))
