"""Guards: what a champion must not lose, judged against limits known by construction."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from omegaconf import OmegaConf

from tests.contracts.recommender import checkerboard
from training.guards import Limits, Side, guards_of, table
from training.models.ease import EASE
from training.models.fallback import WithFallback
from training.models.popular import RecentPopularity
from training.models.state import size_bytes

CONF = Path(__file__).parents[2] / "conf"
FIGURES = {"coverage_at_20": 0.4, "seconds/rank_1000": 4.0, "memory/model_mb": 1_000.0}


def side(hot: float = 0.3, warm: float = 0.2, cold: float = 0.1, **figures: float) -> Side:
    """Return a model of 40 hot and 40 warm customers, and 10 cold ones."""
    strata = ["hot"] * 40 + ["warm"] * 40 + ["cold"] * 10
    values = [hot] * 40 + [warm] * 40 + [cold] * 10
    frame = pd.DataFrame({"stratum": strata, "recall@20": values})
    return Side(FIGURES | figures, frame)


def test_the_champion_itself_passes_every_guard() -> None:
    found = guards_of(side(), side(), "recall@20", Limits())
    assert [guard.name for guard in found] == [
        "recall@20 of cold customers",
        "recall@20 of warm customers",
        "recall@20 of hot customers",
        "coverage@20",
        "seconds to rank for 1,000 customers",
        "size of the model in MB",
    ]
    assert all(guard.held for guard in found)
    assert found[0].outcome == "not judged: only 10 customers"
    assert found[1].limit == pytest.approx(0.18)


@pytest.mark.parametrize(
    ("candidate", "failing"),
    [
        (side(hot=0.5, warm=0.17), "recall@20 of warm customers"),
        (side(coverage_at_20=0.35), "coverage@20"),
        (Side(FIGURES | {"seconds/rank_1000": 12.1}, side().customers), "seconds to rank"),
        (Side(FIGURES | {"memory/model_mb": 3_001.0}, side().customers), "size of the model"),
    ],
)
def test_each_limit_shuts_the_gate_alone(candidate: Side, failing: str) -> None:
    found = guards_of(candidate, side(), "recall@20", Limits())
    bad = [guard for guard in found if not guard.held]
    assert len(bad) == 1
    assert bad[0].name.startswith(failing)
    assert bad[0].outcome == "past its limit"
    assert "past its limit (" in bad[0].words


def test_on_the_limit_is_within_it() -> None:
    candidate = side(hot=0.27, warm=0.18, coverage_at_20=0.36)
    found = guards_of(candidate, side(), "recall@20", Limits())
    assert all(guard.held for guard in found)


def test_fast_and_small_enough_is_never_too_slow_or_too_large() -> None:
    champion = Side(
        FIGURES | {"seconds/rank_1000": 0.001, "memory/model_mb": 1.0}, side().customers
    )
    candidate = Side(
        FIGURES | {"seconds/rank_1000": 1.9, "memory/model_mb": 499.0}, side().customers
    )
    assert all(g.held for g in guards_of(candidate, champion, "recall@20", Limits()))
    strict = Limits(quick=0.0, small=0.0)
    bad = [g.name for g in guards_of(candidate, champion, "recall@20", strict) if not g.held]
    assert bad == ["seconds to rank for 1,000 customers", "size of the model in MB"]


def test_what_nobody_measured_shuts_the_gate() -> None:
    old = Side({"coverage_at_20": 0.4}, side().customers)
    for candidate, champion in ((old, side()), (side(), old)):
        found = guards_of(candidate, champion, "recall@20", Limits(stratum=None, size=None))
        assert [guard.outcome for guard in found] == ["held", "not measured: train again"]
        assert not found[1].held


def test_guards_can_be_left_out() -> None:
    none = Limits(stratum=None, coverage=None, latency=None, size=None)
    assert guards_of(side(), side(), "recall@20", none) == ()


def test_groups_are_guarded_where_both_runs_compared_them() -> None:
    def outcome(found: float, **known: float) -> list[tuple[str, bool]]:
        limits = Limits(stratum=None, coverage=None, latency=None, size=None, gap=0.02)
        candidate = Side({"groups/region/gap": found}, side().customers)
        champion = Side(
            {f"groups/{name}/gap": gap for name, gap in known.items()}, side().customers
        )
        guards = guards_of(candidate, champion, "recall@20", limits)
        assert (
            guards_of(candidate, champion, "recall@20", limits.model_copy(update={"gap": None}))
            == ()
        )
        return [(guard.name, guard.held) for guard in guards]

    assert outcome(0.06, region=0.05) == [("gap of recall@20 by region", True)]
    assert outcome(0.08, region=0.05) == [("gap of recall@20 by region", False)]
    assert outcome(0.08, language=0.05) == []


def test_the_table_has_a_row_a_guard() -> None:
    lines = table(guards_of(side(coverage_at_20=0.1), side(), "recall@20", Limits())).splitlines()
    assert lines[0] == "| guard | candidate | champion | limit | outcome |"
    assert lines[5] == "| coverage@20 | 0.1 | 0.4 | ≥ 0.36 | past its limit |"
    assert lines[6] == "| seconds to rank for 1,000 customers | 4 | 4 | ≤ 12 | held |"
    assert len(lines) == 8


@pytest.mark.parametrize("wrong", [{"coverage": 1.1}, {"stratum": 0}, {"size": 0.5}, {"speed": 2}])
def test_wrong_limits_are_refused(wrong: dict[str, float]) -> None:
    (name,) = wrong
    with pytest.raises(ValueError, match=f"^guards: {name}: .*, received"):
        Limits.of(wrong)


def test_the_configuration_names_every_limit_with_its_default() -> None:
    for path in (CONF / "guards").glob("*.yaml"):
        found = OmegaConf.to_container(OmegaConf.load(path))
        assert isinstance(found, dict)
        assert set(found) == set(Limits.model_fields)
    assert Limits.model_validate(OmegaConf.load(CONF / "guards" / "default.yaml")) == Limits()


def test_the_size_of_a_model_is_that_of_its_arrays_and_its_history_once() -> None:
    alone = EASE(regularization=5.0).fit(checkerboard())
    history = alone.histories
    kept = history.data.nbytes + history.indices.nbytes + history.indptr.nbytes
    arrays = sum(array.nbytes for array in alone._arrays().values())
    assert size_bytes(alone) == kept + arrays
    both = WithFallback(primary=EASE(regularization=5.0), fallback=RecentPopularity())
    both.fit(checkerboard())
    popular = sum(array.nbytes for array in both.fallback._arrays().values())
    assert size_bytes(both) == kept + arrays + popular
