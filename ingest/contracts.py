"""Row contracts: pandera checks that run as one vectorized mask over Arrow-backed columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import orjson
import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
import pyarrow.compute as pc

EARLIEST = pd.Timestamp("1900-01-01", tz="UTC")
LATEST = pd.Timestamp("2200-01-01", tz="UTC")


def broken(check: pandera.Check, values: pa.Array) -> pa.Array | None:
    """Return a boolean mask, true where ``check`` fails on a value; None if it holds everywhere.

    Missing values break no check: whether they are allowed is the column's own contract.
    """
    series = pd.Series(pd.arrays.ArrowExtensionArray(values))
    result = check(series)
    return None if result.check_passed else pc.invert(pa.array(result.check_output))


def vectorized(test: Callable[[pa.Array], pa.Array], expected: str) -> pandera.Check:
    """Return a check from a function of an Arrow array to a boolean Arrow array."""

    def run(series: pd.Series[Any]) -> pd.Series[bool]:
        passed = pc.fill_null(test(pa.array(series)), True)
        return pd.Series(passed.to_numpy(zero_copy_only=False), index=series.index)

    # Missing values go in and come out as passed: dropping them first costs a copy of the column.
    return pandera.Check(run, error=expected, ignore_na=False)


def between(low: object, high: object, expected: str) -> pandera.Check:
    """Return a check that ``low <= value <= high``."""
    return vectorized(
        lambda values: pc.and_(
            pc.greater_equal(values, pa.scalar(low, values.type)),
            pc.less_equal(values, pa.scalar(high, values.type)),
        ),
        expected,
    )


def one_of(names: Iterable[str]) -> pandera.Check:
    """Return a check that a value is one of ``names``."""
    allowed = pa.array(list(names))
    return vectorized(
        _on_distinct(lambda values: pc.is_in(values, value_set=allowed)),
        f"one of {', '.join(allowed.to_pylist())}",
    )


def _on_distinct(test: Callable[[pa.Array], pa.Array]) -> Callable[[pa.Array], pa.Array]:
    """Return the test run on distinct values only: columns such as ``kind`` hold a handful."""

    def run(values: pa.Array) -> pa.Array:
        distinct = values.dictionary_encode()
        return test(distinct.dictionary).take(distinct.indices)

    return run


def _readable(text: str | None) -> bool:
    try:
        return text is None or orjson.loads(text) is not ...
    except orjson.JSONDecodeError:
        return False


def _is_json(values: pa.Array) -> pa.Array:
    return pa.array([_readable(text) for text in values.to_pylist()], type=pa.bool_())


FILLED = vectorized(
    lambda values: pc.invert(
        pc.or_(pc.equal(pc.binary_length(values), 0), pc.utf8_is_space(values))
    ),
    "text that is not empty",
)
SNAKE = vectorized(
    _on_distinct(lambda values: pc.match_substring_regex(values, r"^[a-z][a-z0-9_]*$")),
    "a name in lower_snake letters, such as purchase or contact_added",
)
JSON = vectorized(_on_distinct(_is_json), "JSON text")
FINITE = vectorized(pc.is_finite, "a finite number")
RATING = between(1, 5, "a number 1..5")
SHARE = between(0, 1, "a number 0..1")
AMOUNT = between(0, 1e15, "a number >= 0")
SANE_TIME = between(EARLIEST, LATEST, "a time between 1900 and 2200")
