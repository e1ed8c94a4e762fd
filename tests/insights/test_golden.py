"""Every definition of the message report against numbers that were counted by hand.

Cases with the same settings share one store: each has conversations and customers of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from insights.filters import Filters
from insights.registry import find
from tests.insights.script import write

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "insights"


def cases(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((GOLDEN / f"{name}.yaml").read_text("utf-8"))
    return found


def params(found: list[dict[str, Any]]) -> list[Any]:
    return [pytest.param(case, id=case["case"]) for case in found]


DEFINITIONS = [*cases("times"), *cases("shares"), *cases("hours")]
PERIODS = cases("calendar")


def conditions(case: dict[str, Any]) -> str:
    """Return what cases must have in common to share a store."""
    told = {name: case.get(name) for name in ("settings", "hours", "until", "alone")}
    return json.dumps(told, sort_keys=True, default=str)


class Shared:
    """The store of all cases with the same conditions."""

    def __init__(self, root: Path, like: dict[str, Any]) -> None:
        self.root = root
        self.members = [case for case in DEFINITIONS if conditions(case) == conditions(like)]
        self.filters = Filters(until=like.get("until"))
        self.settings = like.get("settings", {}) | {"hours": hours(like.get("hours", "none"))}
        self._opened: dict[str, pd.DataFrame] = {}

    @cached_property
    def tables(self) -> Any:
        chats = {str(number): case["chat"] for number, case in enumerate(self.members)}
        return write(self.root, chats, self.settings)

    def opened(self, finding: Any) -> pd.DataFrame:
        """Return all members of a finding; the table counts as many."""
        if finding.id not in self._opened:
            members = finding.drill(self.tables, self.filters)
            table = finding.table(self.tables, self.filters, [])
            assert table["count"].sum() == len(members)
            assert table["mean"][table["count"] == 0].isna().all()
            self._opened[finding.id] = members
        return self._opened[finding.id]

    def values(self, case: dict[str, Any], told: str) -> list[float]:
        family, name, *series = told.split("/")
        finding = find(name, family)  # type: ignore[arg-type]
        rows = self.opened(finding)
        number = next(i for i, one in enumerate(self.members) if one["case"] == case["case"])
        rows = rows[rows["conversation_id"].str.startswith(f"{number}-")]
        for column, value in zip(finding.series, series, strict=False):
            rows = rows[rows[column] == value]
        return [float(value) for value in rows["value"]]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Callable[[dict[str, Any]], Shared]:
    stores: dict[str, Shared] = {}

    def of(case: dict[str, Any]) -> Shared:
        key = conditions(case)
        if key not in stores:
            stores[key] = Shared(tmp_path_factory.mktemp("golden"), case)
        return stores[key]

    return of


@pytest.mark.parametrize("case", params(DEFINITIONS))
def test_definitions(case: dict[str, Any], shared: Callable[[dict[str, Any]], Shared]) -> None:
    store = shared(case)
    for told, values in case["expect"].items():
        assert store.values(case, told) == pytest.approx(values), told


def hours(told: dict[str, Any] | str) -> dict[str, Any]:
    if isinstance(told, str):
        return {"enabled": False}
    own = dict(told)
    shift = [{"opens": "09:00", "closes": "18:00"}]
    week = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), shift)
    if own.pop("sunday", False):
        week["sunday"] = shift
    channels = {}
    if phone := own.pop("phone", None):
        stretch = [{"opens": phone[0], "closes": phone[1]}]
        channels = {"phone": {"zone": own["zone"], "week": dict.fromkeys(week, stretch)}}
    return {"enabled": True, "week": week, "channels": channels, **own}


@pytest.fixture(scope="module")
def openings(tmp_path_factory: pytest.TempPathFactory) -> Any:
    chats = {
        str(number): "\n".join(f"{at} c customer channel=case{number}" for at in case["opened"])
        for number, case in enumerate(PERIODS)
    }
    whole = {
        f"{number}-{place}": line.replace(" c ", f" c{place} ")
        for number, chat in chats.items()
        for place, line in enumerate(chat.splitlines())
    }
    return write(tmp_path_factory.mktemp("calendar"), whole)


@pytest.mark.parametrize("number", range(len(PERIODS)), ids=[case["case"] for case in PERIODS])
@pytest.mark.parametrize("family", ["chatwoot", "corrected"])
def test_periods(number: int, family: Any, openings: Any) -> None:
    case = PERIODS[number]
    filters = Filters(zone=case["zone"], period=case["period"], channel=f"case{number}")
    table = find("volume", family).table(openings, filters, ["period"])
    assert table[["period", "count"]].to_numpy().tolist() == case["expect"]
