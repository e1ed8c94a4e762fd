"""Fairlearn's report of groups: by hand, small groups told and not judged, kept with runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.training.conftest import Bench
from tests.training.test_groups import know
from training.fairness import by_attribute, markdown, write_fairness
from training.runner import forget, run
from training.tracking.log import log_result, tracked_run

METRIC = "recall@20"


def figures(**groups: list[float]) -> tuple[pd.DataFrame, pd.Series]:
    pairs = [(name, value) for name, each in groups.items() for value in each]
    values = pd.DataFrame({METRIC: [v for _, v in pairs], "answered": 1.0})
    return values, pd.Series([name for name, _ in pairs], name="region")


def test_by_hand() -> None:
    values, names = figures(north=[1.0, 0.5], south=[0.25, 0.25], west=[0.0])
    names.iloc[4] = "west"
    table = by_attribute(values, names, min_size=2).set_index(["row", "group"])
    assert table[METRIC].to_dict() == {
        ("group", "north"): 0.75,
        ("group", "south"): 0.25,
        ("group", "west"): 0.0,
        ("overall", ""): 0.4,
        ("difference", ""): 0.5,  # the west is too small to judge
        ("ratio", ""): pytest.approx(1 / 3),
    }
    assert table[table["judged"]].index.tolist()[:2] == [("group", "north"), ("group", "south")]
    assert table["customers"].tolist()[:4] == [2, 2, 1, 5]
    assert table.loc[("ratio", ""), "answered"] == 1.0
    text = markdown(table.reset_index()[["attribute", "row", "group", "judged", "customers",
                                         METRIC, "answered"]])  # fmt: skip
    assert "| west (too few to judge) | 1 | 0.0000 | 1.0000 |" in text
    assert "| **difference** | – | 0.5000 | 0.0000 |" in text


def test_the_unknown_are_left_out_and_one_group_has_no_difference(tmp_path: Path) -> None:
    values, names = figures(north=[1.0, 0.5, np.nan], south=[0.5])
    names.iloc[3] = None
    table = by_attribute(values, names)
    assert table["customers"].tolist()[:2] == [2, 2]
    assert table[METRIC].iloc[-2:].isna().all()
    assert by_attribute(values, names.where(names.isna(), None)).empty
    write_fairness(tmp_path, pd.DataFrame())
    assert list(tmp_path.iterdir()) == []


def test_nothing_found_for_anybody_is_no_difference() -> None:
    values, names = figures(north=[0.0, 0.0], south=[0.0])
    table = by_attribute(values, names)
    assert table[METRIC].iloc[-2] == 0.0
    assert np.isnan(table[METRIC].iloc[-1])  # 0 of 0


def test_a_run_keeps_the_report_beside_its_gaps(own_bench: Bench, tmp_path: Path) -> None:
    forget()
    know(own_bench, {f"c{n:03d}": f'{{"region":"{"ab"[n % 2]}"}}' for n in range(80)})
    plan = own_bench.plan("model=ease", "groups.attributes=[region]", "groups.min_size=10")
    with tracked_run(own_bench.store, plan) as run_id:
        result = run(plan)
        log_result(own_bench.store, result, run_id, bundle=False)
    client = own_bench.store.client()
    table = pd.read_csv(client.download_artifacts(run_id, "fairlearn.csv", str(tmp_path)))
    gap = result.gaps[0]
    ours = {group.name: (group.metric.value, group.metric.n) for group in gap.groups}
    groups = table[table["row"] == "group"]
    theirs = zip(groups[METRIC], groups["customers"], strict=True)
    assert dict(zip(groups["group"], theirs, strict=True)) == {
        name: (pytest.approx(value), n) for name, (value, n) in ours.items()
    }
    difference = table.loc[table["row"] == "difference", METRIC].item()
    assert difference == pytest.approx(gap.difference.value)
    assert groups["answered"].between(0, 1).all()
    assert {"hit_rate@20", "answered"} <= set(table)
    assert (
        "# Groups of customers"
        in Path(client.download_artifacts(run_id, "fairlearn.md", str(tmp_path))).read_text()
    )
