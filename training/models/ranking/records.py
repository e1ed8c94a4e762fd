"""What the canonical tables say of customers and items beside features: read once a version.

Nothing here knows a moment: whoever uses these rows leaves out what was not known at theirs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pandas as pd

if TYPE_CHECKING:
    from features.store.reader import FeatureReader
    from ingest.store import Store
    from ingest.workspace import Workspace

_KEPT = 2  # stores remembered, so that the windows of a model, and a sweep, read them once


@dataclass(frozen=True, eq=False)
class Campaigns:
    """Promotions of items and campaigns with coupons.

    Parameters
    ----------
    weeks : DataFrame
        ``item_id``, ``starts_at`` (UTC), ``displays``, ``mailers``: stores that promote the item in
        the week that starts then.
    starts : tuple of Timestamp
        When each week starts, ascending; weeks nobody promotes anything in may be missing.
    items : DataFrame
        ``item_id``, ``campaign``: the campaigns that have a coupon for an item.
    received : DataFrame
        ``customer_id``, ``campaign``, ``known_at``, ``ends_at`` (NaT where unknown).
    redeemed : DataFrame
        ``customer_id``, ``campaign``, ``item_id`` (None where unclear), ``known_at``.
    """

    weeks: pd.DataFrame
    starts: tuple[pd.Timestamp, ...]
    items: pd.DataFrame
    received: pd.DataFrame
    redeemed: pd.DataFrame


def attributes_behind(features: FeatureReader | None) -> pd.DataFrame:
    """Return ``attributes`` (dict) and ``first_seen_at`` of customers, index ``customer_id``.

    Customers without attributes are left out; so is everybody where no store is behind
    ``features``.
    """
    place = _workspace(features)
    if place is None:
        return pd.DataFrame({"attributes": [], "first_seen_at": []})
    return _attributes(place.store, _version(place.store, "customers"))


def campaigns_behind(features: FeatureReader | None) -> Campaigns | None:
    """Return promotions and campaigns; None where there are none, or no store."""
    place = _workspace(features)
    if place is None:
        return None
    versions = [_version(place.store, name) for name in ("items", "events")]
    return _campaigns(place.store, *versions)


def _workspace(features: FeatureReader | None) -> Workspace | None:
    """Return whose features are read; None of a reader that stands in for one."""
    found: Workspace | None = getattr(getattr(features, "known", features), "workspace", None)
    return found


def _store(root: Path) -> Store:
    from ingest.store import Store  # noqa: PLC0415  (Delta costs a moment to import)

    return Store(root)


def _version(root: Path, table: str) -> int | None:
    return _store(root).version(table)


def _told(text: str | None) -> Mapping[str, Any]:
    """Return the attributes in a JSON text; none where it holds no map."""
    found = None if text is None else orjson.loads(text)
    return found if isinstance(found, dict) else {}


@lru_cache(maxsize=_KEPT)
def _attributes(root: Path, version: int | None) -> pd.DataFrame:
    names = ["customer_id", "attributes", "first_seen_at"]
    rows: pd.DataFrame = _store(root).read("customers", names, version=version).to_pandas()
    rows = rows.dropna(subset=["attributes"]).set_index("customer_id")
    rows["attributes"] = rows["attributes"].map(_told)
    return rows


@lru_cache(maxsize=_KEPT)
def _campaigns(root: Path, items: int | None, events: int | None) -> Campaigns | None:
    store = _store(root)
    weeks, offered = _of_items(store, items)
    if weeks.empty and offered.empty:
        return None
    starts = _starts(store, events, weeks["week"].unique())
    weeks = weeks.assign(starts_at=pd.to_datetime(weeks.pop("week").map(starts), utc=True))
    weeks = weeks.dropna(subset=["starts_at"])
    received = _sent(store, events, "campaign_received")
    ends = pd.to_datetime(received.pop("ends_at"), utc=True, errors="coerce")
    return Campaigns(
        weeks=weeks,
        starts=tuple(sorted(set(starts.values()))),
        items=offered,
        received=received.assign(ends_at=ends),
        redeemed=_sent(store, events, "coupon_redeemed").drop(columns="ends_at"),
    )


def _of_items(store: Store, version: int | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the promoted weeks and the campaigns that the attributes of items name."""
    rows = store.read("items", ["item_id", "attributes"], version=version)
    weeks: list[tuple[str, str, float, float]] = []
    offered: list[tuple[str, str]] = []
    for item, text in zip(rows["item_id"].to_pylist(), rows["attributes"].to_pylist(), strict=True):
        if text is None or not ("promotions" in text or "campaigns" in text):
            continue  # most items, at the price of a look
        attributes = _told(text)
        weeks += [(item, *each) for each in _promoted(attributes.get("promotions"))]
        named = attributes.get("campaigns")
        offered += [(item, str(one)) for one in (named if isinstance(named, list) else ())]
    return (
        pd.DataFrame(weeks, columns=["item_id", "week", "displays", "mailers"]),
        pd.DataFrame(offered, columns=["item_id", "campaign"]),
    )


def _promoted(given: Any) -> Iterator[tuple[str, float, float]]:
    """Yield week, displays and mailers of a map of weeks to one or two numbers."""
    for week, stores in (given if isinstance(given, Mapping) else {}).items():
        if isinstance(stores, list):
            displays, mailers = (*stores, 0, 0)[:2]
            yield week, float(displays), float(mailers)


def _starts(store: Store, version: int | None, weeks: Collection[str]) -> dict[str, pd.Timestamp]:
    """Return when weeks start: a date says so itself, a number starts with its first event."""
    dates = pd.to_datetime(pd.Series([week for week in weeks if not week.isdigit()], dtype=object),
                           utc=True, errors="coerce", format="ISO8601")  # fmt: skip
    dated = zip([week for week in weeks if not week.isdigit()], dates, strict=True)
    found = {week: date for week, date in dated if not pd.isna(date)}
    if len(found) == len(weeks):
        return found
    import pyarrow as pa  # noqa: PLC0415  (kept off the import path of fitted models)
    import pyarrow.compute as pc  # noqa: PLC0415

    parts = []
    rows = store.dataset("events", version=version)
    for batch in rows.to_batches(["occurred_at", "attributes"]):
        named = pc.extract_regex(batch["attributes"].cast("string"), r'"week":\s*"?(?P<n>\d+)')
        part = pa.table({"week": pc.struct_field(named, "n"), "at": batch["occurred_at"]})
        parts.append(part.group_by("week").aggregate([("at", "min")]).to_pandas())
    if parts:
        first = pd.concat(parts).dropna().groupby("week")["at_min"].min()
        found |= dict(zip(first.index, first, strict=True))
    return found


def _sent(store: Store, version: int | None, kind: str) -> pd.DataFrame:
    """Return the events of ``kind`` that name a campaign."""
    import pyarrow.compute as pc  # noqa: PLC0415  (kept off the import path of fitted models)

    names = ["customer_id", "item_id", "available_at", "attributes"]
    found = store.read("events", names, pc.field("kind") == kind, version=version)
    rows: pd.DataFrame = found.to_pandas()
    told = [_told(text) for text in rows.pop("attributes")]
    rows["campaign"] = pd.Series([each.get("campaign_id") for each in told], dtype=object)
    rows["ends_at"] = pd.Series([each.get("ends_at") for each in told], dtype=object)
    rows = rows.dropna(subset=["campaign"]).rename(columns={"available_at": "known_at"})
    return rows.assign(campaign=rows["campaign"].astype(str)).reset_index(drop=True)
