"""The traits people read follow their rules."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.profile.traits import (
    STAGES,
    TraitRules,
    interests,
    mood_labels,
    price_bands,
    stages,
)

RULES = TraitRules()
COLUMNS = ["recency_days", "tenure_days", "purchases", "active_days", "repeat_days"]
NAN = float("nan")


def stage(*rows: tuple[float, ...]) -> list[str]:
    return stages(pd.DataFrame(rows, columns=COLUMNS), RULES)


def test_each_stage_by_its_rule() -> None:
    found = stage(
        (NAN, 300, 0, 0, NAN),
        (3, 10, 2, 1, NAN),
        (5, 200, 9, 5, 10),
        (2, 400, 90, 40, 10),
        (35, 400, 9, 5, 10),
        (70, 400, 9, 5, 10),
    )
    assert found == ["lead", "new", "active", "loyal", "at_risk", "lost"]
    assert set(found) == set(STAGES)


def test_a_customers_own_rhythm_decides_when_silence_is_long() -> None:
    monthly, weekly = (45, 400, 9, 8, 30), (45, 400, 9, 8, 7)
    assert stage(monthly, weekly, (1, 400, 30, 30, 9))[:2] == ["active", "lost"]


def test_few_active_days_use_the_rhythm_of_all() -> None:
    usual = [(5, 400, 9, 9, 20)] * 3
    assert stage((50, 90, 2, 2, 1), *usual)[0] == "active"
    assert stage((61, 90, 2, 2, 1), *usual)[0] == "at_risk"


def test_no_rhythm_at_all() -> None:
    assert stage((3, 100, 1, 1, NAN), (100, 100, 1, 1, NAN)) == ["new", "at_risk"]


def test_price_bands_by_thirds_of_customers_or_by_level() -> None:
    many = price_bands(np.array([*np.linspace(0.45, 0.55, 30), NAN]))
    assert many[0] == "low"
    assert many[15] == "mid"
    assert many[29] == "high"
    assert many[30] is None
    assert price_bands(np.array([0.1, 0.5, 0.9, 1.0, NAN])) == ["low", "mid", "high", "high", None]


def test_mood_labels() -> None:
    labels = mood_labels(np.array([-0.5, -0.1, 0.2, NAN]), 0.2)
    assert labels == ["negative", "neutral", "positive", None]


def test_interests_are_leaves_then_topic_words() -> None:
    names = ["Food", "Food > Dairy > Milk", "Toys", "Food > Bread"]
    found = interests([names, None], [["coffee", "Milk"], ["tea"]], RULES)
    assert found == [["Milk", "Toys", "Bread", "coffee"], ["tea"]]


def test_unknown_rules_are_refused() -> None:
    with pytest.raises(ValueError, match="Extra inputs"):
        TraitRules(new_weeks=3)  # type: ignore[call-arg]
