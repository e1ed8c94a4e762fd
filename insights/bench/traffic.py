"""Simulated traffic whose expected counts are known: alerts are measured on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ingest.schemas import canonical
from ingest.store import Store
from ingest.workspace import Workspace
from insights.tables import Tables

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
_HOURS = 168
_SATURDAY = 5
_MORNING = (9, 10, 11)
Numbers = NDArray[np.float64]


def shape(level: float) -> Numbers:
    """Return the expected conversations of each hour of a week: quiet nights, a Monday peak."""
    hour = np.arange(_HOURS) % 24
    day = np.arange(_HOURS) // 24
    daily = 0.15 + 0.85 * np.exp(-(((hour - 14) / 5.0) ** 2))
    weekend = np.where(day >= _SATURDAY, 0.6, 1.0)
    monday = np.where((day == 0) & np.isin(hour, _MORNING), 3.0, 1.0)
    return level * daily * weekend * monday


def draw(
    weeks: int, level: float, dispersion: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return counts of consecutive hours: negative binomial around the week's shape."""
    mean = np.tile(shape(level), weeks)
    if dispersion == 0:
        return rng.poisson(mean)
    size = 1 / dispersion
    return rng.negative_binomial(size, size / (size + mean))


def write(root: Path, counts: NDArray[np.int64], begin: datetime = MONDAY) -> Tables:
    """Store one message a conversation, evenly within its hour; every row is simulated."""
    hours = np.repeat(np.arange(len(counts)), counts)
    place = np.arange(len(hours)) - np.repeat(np.cumsum(counts) - counts, counts)
    seconds = hours * 3600 + place * 3600 // np.maximum(np.repeat(counts, counts), 1)
    at = pa.array([begin + timedelta(seconds=int(s)) for s in seconds], pa.timestamp("us", "UTC"))
    size = len(hours)
    names = np.arange(size).astype(str)
    columns = {
        "message_id": pa.array(np.char.add("m", names)),
        "source": pa.array(["simulated"] * size),
        "conversation_id": pa.array(np.char.add("c", names)),
        "customer_id": pa.array(np.char.add("p", names)),
        "sender_role": pa.array(["customer"] * size),
        "kind": pa.array(["text"] * size),
        "text": pa.array(["hello"] * size),
        "recalled": pa.array([False] * size),
        "private": pa.array([False] * size),
        "channel": pa.array(["web"] * size),
        "occurred_at": at,
        "available_at": at,
    }
    schema = canonical("messages").schema
    blank = {name: pa.nulls(size, schema.field(name).type) for name in schema.names}
    table = pa.table({name: columns.get(name, blank[name]) for name in schema.names}, schema)
    workspace = Workspace.named("traffic", root)
    Store(workspace.store).add("messages", table)
    return Tables(workspace)
