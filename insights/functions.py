"""Database functions that Ibis has no name for: times as integers, local wall clocks, JSON text.

Times inside insights are whole microseconds since 1970 in UTC: differences of integers are exact
and mean the same in every engine. Local calendars are computed last, where a number is grouped.
"""

from __future__ import annotations

import ibis
from ibis.expr.types import Value

MINUTE = 60_000_000  # microseconds
DAY = 1440 * MINUTE


@ibis.udf.scalar.builtin(signature=(("timestamp('UTC')",), "int64"))
def epoch_us(at: Value) -> Value:
    """Return microseconds since 1970, UTC."""


@ibis.udf.scalar.builtin(signature=(("int64",), "timestamp('UTC')"))
def make_timestamptz(at: Value) -> Value:
    """Return the moment that is so many microseconds after 1970."""


@ibis.udf.scalar.builtin(signature=(("int64",), "timestamp"))
def make_timestamp(at: Value) -> Value:
    """Return the same moment as UTC shows it, without a zone."""


@ibis.udf.scalar.builtin(name="timezone", signature=(("string", "timestamp('UTC')"), "timestamp"))
def wall_clock(zone: Value, at: Value) -> Value:
    """Return what a clock on the wall of ``zone`` shows at a moment."""


@ibis.udf.scalar.builtin(name="json_extract_string", signature=(("string", "string"), "string"))
def json_text(document: Value, path: Value) -> Value:
    """Return the text at a path of a JSON document, null where there is none."""


def minutes(microseconds: Value) -> Value:
    """Return microseconds as a float number of minutes."""
    return microseconds.cast("float64") / MINUTE


def utc(at: Value) -> Value:
    """Return integer microseconds as a moment."""
    return make_timestamptz(at)
