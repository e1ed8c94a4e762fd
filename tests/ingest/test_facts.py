"""What was taken back: retractions, and retractions of those, however deep."""

from __future__ import annotations

import random

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.facts import taken_back


def rows(**retracts: str | None) -> pa.Table:
    names = list(retracts)
    random.Random(len(names)).shuffle(names)
    column = pa.array([retracts[name] for name in names], pa.string())
    return pa.table({"fact_id": names, "retracts": column})


def test_an_undone_retraction_counts_no_more() -> None:
    assert taken_back(rows(a=None, b=None)) == set()
    assert taken_back(rows(a=None, b="a")) == {"a"}
    assert taken_back(rows(a=None, b="a", c="b")) == {"b"}
    assert taken_back(rows(a=None, b="a", c="b", d="a")) == {"a", "b"}
    assert taken_back(rows(a=None, b="missing")) == {"missing"}


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 40))
def test_of_a_chain_of_undos_every_second_counts(depth: int) -> None:
    chain = {f"r{n}": None if n == 0 else f"r{n - 1}" for n in range(depth + 1)}
    gone = {f"r{n}" for n in range(depth + 1) if (depth - n) % 2}
    assert taken_back(rows(**chain)) == gone


def test_rows_that_retract_each_other_take_nothing_back() -> None:
    assert "a" not in taken_back(rows(a=None, b="c", c="b"))
    assert taken_back(rows(a="a")) == set()
