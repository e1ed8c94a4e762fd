"""Every definition of the message report against numbers that were counted by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from insights.filters import Filters
from insights.registry import find
from tests.insights.script import write

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "insights"


def cases(name: str) -> list[Any]:
    found = yaml.safe_load((GOLDEN / f"{name}.yaml").read_text(encoding="utf-8"))
    return [pytest.param(case, id=case["case"]) for case in found]


def check(tmp_path: Path, case: dict[str, Any], settings: dict[str, Any]) -> None:
    tables = write(tmp_path, case["chat"], settings)
    filters = Filters(until=case.get("until"))
    for told, values in case["expect"].items():
        family, name, *series = told.split("/")
        finding = find(name, family)
        group = dict(zip(finding.series, series, strict=False))
        opened = finding.drill(tables, filters, group)
        assert opened["value"].tolist() == pytest.approx(values), told
        counts = finding.table(tables, filters, [])
        for column, value in group.items():
            counts = counts[counts[column] == value]
        assert counts["count"].sum() == len(values), told
        if not values:
            assert counts["mean"].isna().all(), told


@pytest.mark.parametrize("case", [*cases("times"), *cases("shares")])
def test_definitions(tmp_path: Path, case: dict[str, Any]) -> None:
    check(tmp_path, case, case.get("settings", {}))


@pytest.mark.parametrize("case", cases("hours"))
def test_business_hours(tmp_path: Path, case: dict[str, Any]) -> None:
    check(tmp_path, case, case.get("settings", {}) | {"hours": hours(case["hours"])})


def hours(told: dict[str, Any] | str) -> dict[str, Any]:
    if isinstance(told, str):
        return {"enabled": False}
    shift = [{"opens": "09:00", "closes": "18:00"}]
    week = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), shift)
    if told.pop("sunday", False):
        week["sunday"] = shift
    phone = told.pop("phone", None)
    own = {}
    if phone:
        stretch = [{"opens": phone[0], "closes": phone[1]}]
        own = {"phone": {"zone": told["zone"], "week": dict.fromkeys(week, stretch)}}
    return {"enabled": True, "week": week, "channels": own, **told}


@pytest.mark.parametrize("case", cases("calendar"))
@pytest.mark.parametrize("family", ["chatwoot", "corrected"])
def test_periods(tmp_path: Path, case: dict[str, Any], family: Any) -> None:
    chat = "\n".join(f"{at} c{number} customer" for number, at in enumerate(case["opened"]))
    filters = Filters(zone=case["zone"], period=case["period"])
    table = find("volume", family).table(write(tmp_path, chat), filters, ["period"])
    assert table[["period", "count"]].to_numpy().tolist() == case["expect"]
