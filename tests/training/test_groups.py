"""Gaps between groups: by hand, against chance, kept with runs, refused with a sentence."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pytest

from ingest.schemas import TABLES
from ingest.store import Store
from ingest.workspace import Workspace
from tests.training.conftest import Bench
from training.groups import GROUPS, Gap, GroupRules, gap, kept_gaps, write_gaps
from training.plan import PlanError
from training.runner import forget, prepare, run
from training.tracking.log import log_result, tracked_run
from training.verb import train

ANY = GroupRules(attributes=("region",), min_size=2, limit=0.2)


def values(**groups: list[float]) -> tuple[pd.Series, pd.Series]:
    pairs = [(name, value) for name, each in groups.items() for value in each]
    index = [f"c{n}" for n in range(len(pairs))]
    metric = pd.Series([value for _, value in pairs], index=index, name="recall@20")
    return metric, pd.Series([name for name, _ in pairs], index=index, name="region")


def test_by_hand() -> None:
    groups = values(north=[1.0, 0.5], south=[0.25, 0.25], east=[0.5, 0.5], west=[1.0])
    found = gap(*groups, rules=ANY)
    assert [(g.name, g.metric.value, g.metric.n, g.judged) for g in found.groups] == [
        ("north", 0.75, 2, True),
        ("east", 0.5, 2, True),
        ("south", 0.25, 2, True),
        ("west", 1.0, 1, False),
    ]
    assert found.difference.value == 0.5
    assert found.difference.low == 0.25  # both of the north drew 0.5
    assert found.difference.high == 0.75
    assert found.share == pytest.approx(2 / 3)
    assert "1 groups too small to judge" in found.words


def test_a_planted_gap_is_past_the_limit_and_chance_is_not() -> None:
    rng = np.random.default_rng(0)
    high, low = rng.random(300) < 0.6, rng.random(300) < 0.3
    planted = gap(*values(a=high.astype(float).tolist(), b=low.astype(float).tolist()), rules=ANY)
    assert not planted.passed
    assert planted.difference.low > planted.by_chance
    assert "past the limit of 20%" in planted.words
    names = {f"g{n}": (rng.random(10) < 0.3).astype(float).tolist() for n in range(12)}
    by_lot = gap(*values(**names), rules=ANY)
    assert by_lot.share > 0.2
    assert by_lot.passed
    assert "as groups by lot would be" in by_lot.words


def test_nothing_to_compare_is_no_gap() -> None:
    found = gap(*values(north=[1.0, 0.5], south=[0.0]), rules=ANY)
    assert np.isnan(found.share)
    assert found.passed
    assert "nothing to compare" in found.words
    zero = gap(*values(north=[0.0, 0.0], south=[0.0, 0.0]), rules=ANY)
    assert (zero.share, zero.passed) == (0.0, True)


def test_unknown_groups_and_values_are_left_out() -> None:
    metric, names = values(north=[1.0, 0.5, np.nan], south=[0.25, 0.25])
    names.iloc[0] = None
    found = gap(metric, names, rules=ANY)
    assert [(group.name, group.metric.n) for group in found.groups] == [("south", 2), ("north", 1)]


def know(bench: Bench, attributes: dict[str, str | None]) -> None:
    """Load customers with attributes (JSON) into the bench's shop."""
    schema = TABLES["customers"].schema
    columns = {
        "customer_id": list(attributes),
        "source": ["shop"] * len(attributes),
        "attributes": list(attributes.values()),
        "first_seen_at": [datetime(2024, 1, 1, tzinfo=UTC)] * len(attributes),
    }
    blank = [None] * len(attributes)
    arrays = [pa.array(columns.get(field.name, blank), field.type) for field in schema]
    store = Store(Workspace.named("shop", bench.data).store)
    store.add("customers", pa.Table.from_arrays(arrays, schema=schema))


def test_an_experiment_compares_groups_and_keeps_the_gap(
    own_bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    forget()
    regions = {f"c{n:03d}": f'{{"region":"{"ab"[n % 2]}","level":{n % 3}}}' for n in range(80)}
    know(own_bench, {**regions, "c000": None})
    asked = ["groups.attributes=[region,level]", "groups.min_size=10", "groups.limit=0"]
    plan = own_bench.plan("model=popular", *asked)
    with caplog.at_level(logging.INFO), tracked_run(own_bench.store, plan) as run_id:
        result = run(plan)
        log_result(own_bench.store, result, run_id, bundle=False)
    assert [each.attribute for each in result.gaps] == ["region", "level"]
    region = result.gaps[0]
    unknown = int("c000" in result.evaluation.customers.index)
    told = sum(group.metric.n for group in region.groups)
    assert told == result.evaluation.counts["customers"] - unknown
    client = own_bench.store.client()
    assert kept_gaps(client, run_id) == list(result.gaps)
    metrics = client.get_run(run_id).data.metrics
    assert metrics["groups/region/gap"] == pytest.approx(region.difference.value)
    assert metrics["groups/region/passed"] == float(region.passed)
    past = [each.words for each in result.gaps if not each.passed]
    assert client.get_run(run_id).data.tags.get("warning", "") == "; ".join(past)
    kept = {file.path for file in client.list_artifacts(run_id, "plots")}
    assert {"plots/groups_1.png", "plots/groups_2.png"} <= kept
    assert any("recall@20 by region" in record.message for record in caplog.records)


def test_rows_of_groups_are_reported(own_bench: Bench) -> None:
    forget()
    know(own_bench, {f"c{n:03d}": f'{{"region":"{"ab"[n % 2]}"}}' for n in range(80)})
    asked = ["groups.attributes=[region]", "groups.min_size=10", "tracking.bundle=false"]
    train(own_bench.config("model=popular", *asked), "popular")
    text = (own_bench.data / "reports" / "shop.json").read_text()
    for name in ("recall@20 region a", "recall@20 region b", "recall@20 gap by region"):
        assert f'"{name}"' in text


def test_an_unknown_attribute_fails_before_work(
    own_bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    forget()
    know(own_bench, {"c001": '{"region":"a"}'})
    with pytest.raises(SystemExit):
        train(own_bench.config("groups.attributes=[language]"), "als")
    assert "has language; there are: region" in capsys.readouterr().err
    with pytest.raises(PlanError, match="groups: limit"):
        own_bench.plan("groups.limit=2")
    assert prepare(own_bench.plan()).workspace.name == "shop"


def test_a_run_without_groups_kept_none(own_bench: Bench) -> None:
    forget()
    plan = own_bench.plan("model=popular")
    with tracked_run(own_bench.store, plan) as run_id:
        log_result(own_bench.store, run(plan), run_id, bundle=False)
    assert kept_gaps(own_bench.store.client(), run_id) == []


def test_nan_survives_keeping(tmp_path: Path) -> None:
    found = gap(*values(north=[1.0, 0.5], south=[0.0]), rules=ANY)
    write_gaps(tmp_path, [found])
    again = Gap.of_dict(orjson.loads((tmp_path / GROUPS).read_bytes())[0])
    assert again.words == found.words
    assert np.isnan(again.by_chance)
    assert np.isnan(again.difference.value)
