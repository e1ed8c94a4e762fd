"""Whether a change helped: against numbers computed by hand, and silent where data lack."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from insights.filters import Filters
from insights.journal import now
from insights.needs.effect import Side, effect
from insights.needs.register import Decision, Register
from insights.needs.settings import NeedSettings
from insights.registry import find
from insights.tables import Tables
from tests.insights.needs.workspace import START, said, write

NEED = "code.customer_needs.service_quality"
SLOW = {"labels": {"customer_needs": "service_quality"}}
SHIPPED = START + timedelta(days=20)


def _texts() -> list[dict[str, Any]]:
    """Thirty texts in the 20 days before, all bad; ten in the 20 after, four of them bad."""
    before = [said(number * 0.66, f"a{number}", **SLOW) for number in range(30)]
    after = [
        said(20 + number * 1.9, f"b{number}", mood="negative" if number < 4 else "positive", **SLOW)
        for number in range(10)
    ]
    rest = [said(number + 0.5, f"c{number}", mood="neutral") for number in range(40)]
    return [*before, *after, *rest, said(40, "last", mood="neutral")]


def shop(root: Path, **chosen: Any) -> Tables:
    return write(root, _texts(), {"needs": {"effect_days": 20, **chosen}})


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return shop(tmp_path_factory.mktemp("launched"), change="2026-03-21T17:00")


def test_an_effect_computed_by_hand(tmp_path: Path) -> None:
    tables = shop(tmp_path)
    with pytest.raises(ValueError, match="no need has a date of change"):
        find("need_effect").table(tables, Filters())
    Register(tables.workspace).add(Decision(need=NEED, at=now(), status="done", shipped=SHIPPED))
    finding = find("need_effect")
    table = finding.table(tables, Filters())
    after, before = table.to_dict("records")
    assert (before["side"], before["count"], before["negative"]) == ("before", 30, 30)
    assert (after["side"], after["count"], after["negative"]) == ("after", 10, 4)
    assert (before["days"], after["days"]) == (20, 20)
    assert (before["texts_a_day"], after["texts_a_day"]) == (1.5, 0.5)
    assert after["rate_ratio"] == pytest.approx(1 / 3)
    assert after["rate_low"] < after["rate_ratio"] < after["rate_high"] < 1
    # Binomial(40, 1/2): 2 P(X <= 10) = 0.002221
    assert after["rate_p_value"] == pytest.approx(0.002221, abs=1e-6)
    assert after["of_all_ratio"] == pytest.approx((10 / 30) / (30 / 50))
    assert (before["negative_share"], after["negative_share"]) == (100, 40)
    assert after["negative_change"] == pytest.approx(-60)
    # Fisher: 210 ways of 40 choose 6 to take all six good ones from the ten texts after
    assert after["negative_p_value"] == pytest.approx(210 / 3838380, rel=1e-6)
    assert after["verdict"] == "texts a day: down (p 0.0022), negative share: down (p 5.5e-05)"
    assert after["title"] == "Service quality"
    assert len(finding.drill(tables, Filters(), {"side": "after"})) == 10


def test_one_date_for_all_needs_is_read_in_the_zone(launched: Tables) -> None:
    rows = find("need_effect").table(launched, Filters(zone="Asia/Shanghai"))
    assert rows["count"].tolist() == [10, 30]  # 17:00 there is 09:00 UTC
    behind = find("need_effect").drill(launched, Filters(), {"side": "before"})
    assert "b0" in set(behind["customer_id"])  # 17:00 UTC is eight hours later
    assert "mean" in find("need_effect").table(launched, Filters(), ["channel"])


def test_too_little_is_said_to_be_too_little() -> None:
    settings = NeedSettings()
    short = effect(Side(30, 3, 28, 100), Side(30, 3, 3, 100), settings)
    assert not short.enough
    assert short.verdict == "not enough data: 3.0 days after the change, expected 7"
    few = effect(Side(4, 1, 28, 100), Side(0, 0, 28, 100), settings)
    assert few.verdict == "not enough data: 4 texts on both sides, expected 10"
    assert (few.of_all, few.negative) == (None, None)
    same = effect(Side(30, 3, 28, 100), Side(30, 3, 28, 100), settings)
    assert same.verdict == "texts a day: no clear change, negative share: no clear change"
    grown = effect(Side(10, 0, 28, 100), Side(40, 20, 28, 100), settings)
    assert grown.verdict.startswith("texts a day: up")


def test_a_range_cuts_the_days_that_are_compared(launched: Tables) -> None:
    since, until = START + timedelta(days=16), START + timedelta(days=30)
    cut = Filters(since=since, until=until, zone="Asia/Shanghai")
    rows = find("need_effect").table(launched, cut).to_dict("records")
    assert [row["days"] for row in rows] == [10, 4]
    assert rows[0]["verdict"] == "not enough data: 4.0 days before the change, expected 7"
