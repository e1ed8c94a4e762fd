"""Changes between two ranges: counts, means, what is sure, and where it came from."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from insights.changes import changes, explaining
from insights.digest import digest, sentences
from insights.registry import find

VOLUME, LENGTH = find("volume"), find("duration")


def records(**counts: int) -> pd.DataFrame:
    names = [name for name, count in counts.items() for _ in range(count)]
    return pd.DataFrame({"channel": names, "agent": "ann", "value": 1.0})


def timed(values: dict[str, list[float]]) -> pd.DataFrame:
    rows = [(name, value) for name, each in values.items() for value in each]
    return pd.DataFrame(rows, columns=["channel", "value"])


def test_counts_are_rates_of_equal_ranges() -> None:
    (found,) = changes(
        VOLUME, records(web=90, app=30), records(web=30, app=30), ["channel", "agent"]
    )
    assert (found.counted, found.before, found.now, found.difference) == (True, 60, 120, 60)
    share = stats.binomtest(120, 180).proportion_ci(0.95, method="wilson")
    assert found.low == pytest.approx(180 * (2 * share.low - 1))
    assert found.high == pytest.approx(180 * (2 * share.high - 1))
    assert found.sure
    (driver,) = found.drivers
    assert (driver.dimension, driver.value, driver.part, driver.share) == ("channel", "web", 60, 1)


def test_means_are_compared_by_welch_and_explained_by_what_moved_them() -> None:
    rng = np.random.default_rng(0)
    calm = rng.normal(10, 1, 200).tolist()
    now = timed({"web": rng.normal(30, 1, 100).tolist(), "app": calm[:100]})
    before = timed({"web": calm[100:], "app": calm[:100]})
    (found,) = changes(LENGTH, now, before, ["channel"])
    welch = stats.ttest_ind(now["value"], before["value"], equal_var=False).confidence_interval()
    assert (found.low, found.high) == (pytest.approx(welch.low), pytest.approx(welch.high))
    assert found.sure
    assert [(d.value, round(d.share, 2)) for d in found.drivers] == [("web", 1.0)]
    assert found.drivers[0].part == pytest.approx(found.difference)


def test_chance_is_no_change_and_names_nobody() -> None:
    (found,) = changes(VOLUME, records(web=52, app=50), records(web=50, app=50), ["channel"])
    assert not found.sure
    assert found.drivers == ()


def test_too_little_says_nothing() -> None:
    (none,) = changes(VOLUME, records(), records(), ["channel"])
    assert (none.before, none.now, none.sure) == (0, 0, False)
    nobody = timed({}).assign(series=[])
    assert list(changes(find("reply_time"), nobody, nobody, [])) == []
    (few,) = changes(LENGTH, timed({"web": [1.0, 90.0]}), timed({"web": [2.0] * 9}), ["channel"])
    assert math.isnan(few.low)
    assert not few.sure


def test_series_are_told_apart_and_the_calendar_explains_nothing() -> None:
    reply = find("reply_time")
    now = timed({"web": [5.0, 6.0, 7.0, 5.5] * 5}).assign(series="first")
    before = timed({"web": [1.0, 2.0, 1.5, 2.5] * 5}).assign(series="later")
    found = {each.series: each for each in changes(reply, now, before, [])}
    assert set(found) == {"first", "later"}
    assert math.isnan(found["first"].before)
    assert not set(explaining(reply)) & {"period", "weekday", "hour_of_day"}
    assert "channel" in explaining(reply)


@settings(deadline=None)
@given(now=st.lists(st.integers(0, 60), min_size=3, max_size=3),
       before=st.lists(st.integers(0, 60), min_size=3, max_size=3))  # fmt: skip
def test_named_parts_never_exceed_what_their_value_moved_by(
    now: list[int], before: list[int]
) -> None:
    names = ("web", "app", "phone")
    mine, theirs = (records(**dict(zip(names, counts, strict=True))) for counts in (now, before))
    (found,) = changes(VOLUME, mine, theirs, ["channel"])
    moved = {name: a - b for name, a, b in zip(names, now, before, strict=True)}
    assert found.difference == sum(moved.values())
    for driver in found.drivers:
        assert driver.part == moved[driver.value]
        assert driver.part * found.difference > 0


def test_sentences_tell_size_interval_and_source_in_both_languages() -> None:
    (found,) = changes(VOLUME, records(web=90, app=30), records(web=30, app=30), ["channel"])
    english, chinese = sentences(found)
    assert english.startswith("Conversations opened: 60 → 120 conversations, +60.00 [")
    assert english.endswith("; from channel=web (100%).")
    assert chinese.startswith("会话量:60 → 120,差 +60.00 [")
    shown = digest([found])
    assert '<a href="#corrected/volume">' in shown
    assert "0 more numbers" in shown
    assert "Nothing changed beyond chance" in digest([])
