"""Priorities and urgency: against numbers computed by hand, and monotone in their factors."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from ingest.configuration import configuration
from insights.needs.priority import Evidence, Priority, importance_score
from insights.needs.settings import UrgencySettings
from insights.needs.urgency import Urgency, urgency_score
from insights.settings import InsightSettings

FOLDER = Path(configuration()) / "priority"
PRESETS = {
    file.stem: TypeAdapter(Priority).validate_python(yaml.safe_load(file.read_text("utf-8")))
    for file in sorted(FOLDER.glob("*.yaml"))
}
GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "insights" / "need_priority.yaml"
CASES: list[dict[str, Any]] = yaml.safe_load(GOLDEN.read_text("utf-8"))
COUNTS = st.integers(0, 200)
EVIDENCE = st.builds(
    Evidence,
    positive=COUNTS,
    neutral=COUNTS,
    negative=COUNTS,
    customers=COUNTS,
    negative_customers=COUNTS,
    most_customers=st.just(200),
    growth=st.floats(0.01, 50),
    confidence=st.floats(0.01, 1),
    urgency=st.integers(1, 5),
    effort=st.floats(0.1, 20),
)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["case"]))
def test_presets_give_what_was_computed_by_hand(case: dict[str, Any], preset: str) -> None:
    evidence = Evidence(**case["evidence"])
    assert importance_score(evidence) == case["importance"]
    scored = PRESETS[preset].score(evidence)
    assert scored.priority == pytest.approx(case[preset], abs=1e-4)
    assert scored.factors
    assert all(name in scored.told() for name in scored.factors)


def test_every_preset_has_a_file_and_the_default_is_named() -> None:
    assert len(PRESETS) == 5
    assert InsightSettings().priority == PRESETS["negative_volume_trend"]
    assert {preset.preset for preset in PRESETS.values()} == set(PRESETS)
    with pytest.raises(ValidationError, match="'moscow'"):
        TypeAdapter(Priority).validate_python({"preset": "moscow"})


MORE = [
    ("negative_volume_trend", "negative"),
    ("negative_volume_trend", "growth"),
    ("negative_volume_trend", "negative_customers"),
    ("seed_formula", "urgency"),
    ("rice", "customers"),
    ("rice", "negative"),
    ("rice", "confidence"),
    ("opportunity", "customers"),
    ("opportunity", "negative"),
    ("kano", "negative"),
]


@pytest.mark.parametrize(("preset", "factor"), MORE)
@given(evidence=EVIDENCE, step=st.integers(1, 50))
def test_more_of_a_factor_is_never_less_urgent(
    preset: str, factor: str, evidence: Evidence, step: int
) -> None:
    most = {"urgency": 5, "confidence": 1.0, "customers": 200}.get(factor, float("inf"))
    more = replace(evidence, **{factor: min(asdict(evidence)[factor] + step, most)})
    score = PRESETS[preset].score
    if factor == "negative" and preset == "kano":  # of as much praise, as a share of all texts
        moved = min(step, evidence.neutral)
        more = replace(
            evidence, negative=evidence.negative + moved, neutral=evidence.neutral - moved
        )
    assert score(more).priority >= score(evidence).priority - 1e-3


@given(evidence=EVIDENCE, step=st.floats(0.1, 20))
def test_more_effort_is_never_better(evidence: Evidence, step: float) -> None:
    score = PRESETS["rice"].score
    costly = replace(evidence, effort=evidence.effort + step)
    assert score(costly).priority <= score(evidence).priority


@given(evidence=EVIDENCE)
def test_the_same_evidence_gives_the_same_scores(evidence: Evidence) -> None:
    for preset in PRESETS.values():
        assert preset.score(evidence) == preset.score(replace(evidence))
        assert preset.score(evidence).priority >= 0


PIECES = st.builds(
    Urgency,
    deadline_share=st.floats(0, 1),
    repeat_share=st.floats(0, 1),
    growth=st.floats(1, 10),
    waiting_days=st.floats(0, 30),
)


@given(evidence=PIECES, name=st.sampled_from(sorted(asdict(Urgency()))), more=st.floats(0, 5))
def test_urgency_is_one_to_five_and_grows_with_its_evidence(
    evidence: Urgency, name: str, more: float
) -> None:
    settings = UrgencySettings()
    score = urgency_score(evidence, settings)
    assert 1 <= score <= 5
    hastier = replace(evidence, **{name: asdict(evidence)[name] + more})
    assert urgency_score(hastier, settings) >= score


@pytest.mark.parametrize(
    ("evidence", "score"),
    [
        (Urgency(), 1),
        (Urgency(deadline_share=0.1), 2),  # half a point is rounded up
        (Urgency(deadline_share=0.09), 1),
        (Urgency(deadline_share=0.9, repeat_share=0.2), 3),
        (Urgency(growth=1.5, waiting_days=1.5), 2),
        (Urgency(deadline_share=1, repeat_share=1, growth=9, waiting_days=99), 5),
        (Urgency(growth=0.2), 1),
    ],
)
def test_urgency_computed_by_hand(evidence: Urgency, score: int) -> None:
    assert urgency_score(evidence, UrgencySettings()) == score
    assert "urgent words" in evidence.told()
