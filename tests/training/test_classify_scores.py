"""Figures of classifiers: against scikit-learn, and where the answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, precision_recall_fscore_support

from training.classify.scores import (
    by_label,
    calibration_error,
    confusion,
    macro_f1,
    macro_f1_difference,
    reliability,
)

LABELS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from("abcu")), min_size=1, max_size=30
)


@settings(max_examples=50, deadline=None)
@given(LABELS)
def test_macro_f1_is_scikit_learns(pairs: list[tuple[str, str]]) -> None:
    truth, answers = ([pair[n] for pair in pairs] for n in (0, 1))
    known = sorted(set(truth))
    found = macro_f1(truth, answers, resamples=20)
    assert found.value == pytest.approx(
        f1_score(truth, answers, labels=known, average="macro", zero_division=0)
    )
    assert 0 <= found.low <= found.high <= 1
    assert found.n == len(pairs)
    rows = by_label(truth, answers)
    other = precision_recall_fscore_support(truth, answers, labels=known, zero_division=0)
    for n, name in enumerate(("precision", "recall", "f1", "texts")):
        assert [row[name] for row in rows] == pytest.approx(list(other[n]))


def test_a_difference_is_paired() -> None:
    rng = np.random.default_rng(0)
    truth = rng.choice(list("abcd"), 400).tolist()
    wrong = rng.random(400) < 0.4
    worse = [("a" if label != "a" else "b") if w else label
             for label, w in zip(truth, wrong, strict=True)]  # fmt: skip
    better = list(worse)
    for row in np.flatnonzero(wrong)[:20]:
        better[row] = truth[row]  # the same answers, but for twenty mistakes less
    found = macro_f1_difference(truth, better, worse)
    one, two = macro_f1(truth, better), macro_f1(truth, worse)
    assert found.value == pytest.approx(one.value - two.value)
    assert found.low > 0
    assert two.high > one.low, "apart, the intervals would not tell"
    swapped = macro_f1_difference(truth, worse, better)
    assert (swapped.low, swapped.high) == pytest.approx((-found.high, -found.low))
    same = macro_f1_difference(truth, worse, worse)
    assert (same.value, same.low, same.high) == (0, 0, 0)


def test_calibration_of_ten_bins() -> None:
    sure = np.array([0.95, 0.95, 0.95, 0.95, 0.15, 1.0])
    right = np.array([True, True, True, False, False, True])
    bins = reliability(sure, right)
    assert bins == [pytest.approx((0.15, 0.0, 1)), pytest.approx((0.96, 0.8, 5))]
    assert calibration_error(sure, right) == pytest.approx(0.15 / 6 + 5 / 6 * 0.16)
    assert calibration_error(np.array([]), np.array([], dtype=bool)) == 0


def test_confusions_are_counted() -> None:
    labels, table = confusion(["a", "a", "b"], ["a", "unknown", "a"])
    assert labels == ("a", "b", "unknown")
    assert table.tolist() == [[1, 0, 1], [1, 0, 0], [0, 0, 0]]
