"""Agreement of annotators: published figures, and what follows from the definition."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ingest.schemas import LABELS
from training.labeling.agreement import agreement, cohen_kappa, krippendorff_alpha

# Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), nominal data: examples A
# (binary), B (two observers) and C (four observers, who did not code everything).
ALPHAS = [
    (("0100000000", "1110010010"), 0.095),
    (("aabbdcccedda", "babbbccceddd"), 0.692),
    (("123321412...", "1233224125.3", ".3332342251.", "12332441251."), 0.743),
]


def units(coders: tuple[str, ...]) -> list[list[str]]:
    return [[code for code in unit if code != "."] for unit in zip(*coders, strict=True)]


def rows(*given_labels: tuple[str, str, str]) -> pa.Table:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    return pa.Table.from_pylist(
        [
            {
                "label_id": f"l{n}", "source": "api", "text_id": None, "text": text,
                "taxonomy": "service_intents", "label": label, "annotator": annotator,
                "at": start + timedelta(minutes=n), "retracts": None,
            }
            for n, (text, label, annotator) in enumerate(given_labels)
        ],
        schema=LABELS.schema,
    )  # fmt: skip


@pytest.mark.parametrize(("coders", "alpha"), ALPHAS)
def test_published_values_of_alpha(coders: tuple[str, ...], alpha: float) -> None:
    assert krippendorff_alpha(units(coders)) == pytest.approx(alpha, abs=5e-4)


def test_a_known_value_of_kappa() -> None:
    """20 times both yes, 15 times both no, 5 and 10 times not the same: (.7 - .5) / (1 - .5)."""
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    assert cohen_kappa(first, second) == pytest.approx(0.4)


def test_what_cannot_be_told_is_not_a_number() -> None:
    assert cohen_kappa(["a", "a"], ["a", "a"]) is None
    assert krippendorff_alpha([["a", "a"], ["b"]]) is None
    assert krippendorff_alpha([]) is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=2, max_size=12))
def test_alpha_of_two_is_its_definition_by_pairs(pairs: list[tuple[str, str]]) -> None:
    totals = Counter(label for pair in pairs for label in pair)
    assume(len(totals) > 1)
    n = totals.total()
    observed = sum(one != other for one, other in pairs) / len(pairs)
    expected = sum(totals[a] * totals[b] for a in totals for b in totals if a != b) / (n * (n - 1))
    assert krippendorff_alpha(pairs) == pytest.approx(1 - observed / expected)


def test_pairs_and_confusions_of_stored_labels() -> None:
    found = agreement(
        rows(
            ("a", "greeting", "ann"), ("a", "greeting", "bob"), ("a", "complaint", "cid"),
            ("b", "complaint", "ann"), ("b", "greeting", "bob"), ("b", "complaint", "bob"),
            ("c", "promotion", "ann"),
        ),
        "service_intents",
    )  # fmt: skip
    assert found.texts == 2
    assert [(pair.first, pair.second, pair.texts, pair.agreed) for pair in found.pairs] == [
        ("ann", "bob", 2, 1.0),
        ("ann", "cid", 1, 0.0),
        ("bob", "cid", 1, 0.0),
    ]
    assert found.pairs[0].kappa == pytest.approx(1.0)
    assert [(c.one, c.other, c.texts) for c in found.confusions] == [("complaint", "greeting", 1)]
    assert "ann and bob: Cohen's kappa 1.000, agree on 100% of 2 texts" in found.words
    assert "complaint or greeting? 1 texts" in found.words
    assert found.as_dict()["pairs"][0]["first"] == "ann"


def test_one_annotator_is_told_what_to_do() -> None:
    found = agreement(rows(("a", "greeting", "ann")), "service_intents")
    assert found.alpha is None
    assert "give the same file to two annotators" in found.words
