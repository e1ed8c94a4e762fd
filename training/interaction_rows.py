"""Rows of interactions: cast from any frame, read from the canonical tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from ingest.store import Store

COLUMNS = ("customer_id", "item_id", "occurred_at", "available_at", "value", "quantity")
OPTIONAL = ("fold", "channel")  # attributes of an event that some data have
MICROSECONDS = "datetime64[us, UTC]"


def cast_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of interactions with their types; optional ones are filled in.

    Raises
    ------
    ValueError
        If a column is missing, or ids or times are.
    """
    if missing := [name for name in ("customer_id", "item_id", "occurred_at") if name not in frame]:
        raise ValueError(f"interactions: missing columns {missing}, received {list(frame.columns)}")
    ready = pd.DataFrame(index=frame.index)
    for name in ("customer_id", "item_id"):
        if frame[name].isna().any():
            raise ValueError(f"interactions.{name}: {int(frame[name].isna().sum())} rows have none")
        ready[name] = frame[name].astype(object)
    ready["occurred_at"] = _utc(frame["occurred_at"])
    known = frame["available_at"] if "available_at" in frame else frame["occurred_at"]
    ready["available_at"] = _utc(known)
    for name in ("value", "quantity"):
        ready[name] = frame[name].astype("float64") if name in frame else np.nan
    for name in OPTIONAL:
        if name in frame:
            ready[name] = frame[name].astype(object)
    return ready


def _utc(column: pd.Series[Any]) -> pd.Series[Any]:
    if column.isna().any():
        raise ValueError(
            f"interactions.{column.name}: {int(column.isna().sum())} rows have no time"
        )
    times: pd.Series[Any] = pd.to_datetime(column, utc=True).dt.as_unit("us")
    return times


def told_kinds(store: Store) -> str:
    """Return which kinds of events with an item there are, in words."""
    import pyarrow.compute as pc  # noqa: PLC0415  (kept off the import path of fitted models)

    rows = store.read("events", columns=["kind"], filter=pc.field("item_id").is_valid())
    found = sorted(set(rows["kind"].to_pylist()))
    return f"which holds {', '.join(found)}" if found else "which holds no event with an item"


def read_events(
    store: Store, kinds: Sequence[str], before: datetime | None, sources: Sequence[str] | None
) -> pd.DataFrame:
    """Read events of ``kinds`` that name an item, known and happened before ``before``."""
    import pyarrow.compute as pc  # noqa: PLC0415  (kept off the import path of fitted models)

    wanted = pc.field("kind").isin(list(kinds)) & pc.field("item_id").is_valid()
    if before is not None:
        wanted = wanted & (pc.field("available_at") < before) & (pc.field("occurred_at") < before)
    if sources is not None:
        wanted = wanted & pc.field("source").isin(list(sources))
    rows = store.read("events", columns=[*COLUMNS, "attributes"], filter=wanted)
    attributes = rows["attributes"].cast("string")
    frame: pd.DataFrame = rows.drop_columns(["attributes"]).to_pandas()
    for name in OPTIONAL:
        if not pc.any(pc.match_substring(attributes, f'"{name}"')).as_py():
            continue
        found = pc.extract_regex(attributes, rf'"{name}":\s*"(?P<found>[^"]+)"')
        values = pc.struct_field(found, "found")
        if values.null_count < len(values):
            frame[name] = values.to_pandas()
    return frame
