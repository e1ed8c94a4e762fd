"""Times of Python keep their instant on the way into a table."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from ingest.schemas import TIME


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "UTC"])
def test_a_wall_clock_in_any_zone_is_the_same_instant_in_utc(zone: str) -> None:
    instant = datetime(2026, 3, 1, 1, tzinfo=UTC)
    told = instant.astimezone(ZoneInfo(zone))
    rows = pa.Table.from_pylist([{"at": told}], schema=pa.schema([("at", TIME)]))
    assert rows["at"].to_pylist() == [instant]
    assert pa.array([told], TIME).to_pylist() == [instant]
