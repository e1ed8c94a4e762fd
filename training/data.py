"""The data of an experiment: interactions of a workspace, divided, with profiles beside them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import pandas as pd
import pyarrow.compute as pc
from pydantic import Field, PositiveInt, validate_call

from features.store.catalog import is_applied
from features.store.files import snapshots_of
from ingest.workspace import Workspace
from training.interactions import Interactions
from training.splits import Split, Splitter, read_availability

if TYPE_CHECKING:
    from features.store.reader import FeatureReader
    from ingest.store import Store

_log = logging.getLogger(__name__)
Profiles = Literal["auto", "required", "off"]


@dataclass(frozen=True, eq=False)
class Prepared:
    """Data that several experiments share.

    Parameters
    ----------
    interactions : Interactions
        Everything, also after the cutoff: for refitting the winner.
    splits : list of Split
        The newest first.
    workspace : Workspace
    latest : datetime
        Midnight (UTC) after the last event of any kind: the time of the newest features.
    versions : dict of str to int
        Version of each canonical table at the time of reading.
    categories : Series or None
        Category by item id.
    profiled : bool
        Whether features of the workspace are to be read.
    """

    interactions: Interactions
    splits: Sequence[Split]
    workspace: Workspace
    latest: datetime
    versions: Mapping[str, int] = field(default_factory=dict)
    categories: pd.Series[str] | None = None
    profiled: bool = False
    readers: dict[datetime, FeatureReader] = field(default_factory=dict)

    def reader(self, moment: datetime | None) -> FeatureReader | None:
        """Return a reader that shows features as of ``moment``; None without features or time."""
        if not self.profiled or moment is None:
            return None
        if moment not in self.readers:
            from training.profiles import AsOfReader  # noqa: PLC0415  (Feast costs seconds)

            self.readers[moment] = AsOfReader(self.workspace, moment)
        return self.readers[moment]


class StoreData:
    """Interactions from the canonical tables of a workspace.

    Parameters
    ----------
    workspace : str
        Name of the workspace.
    kinds : list of str
        Event kinds that count as an interaction.
    data_dir : str
        Folder of all workspaces.
    sources : list of str, optional
        Only rows of these sources.
    min_value : float, optional
        Only events with at least this value, e.g. ratings of 4 and 5.
    min_events : int
        Leave out customers with fewer events.
    profiles : {"auto", "required", "off"}
        Whether models get features: where there are some, always, or never.
    """

    @validate_call
    def __init__(
        self,
        *,
        workspace: str,
        kinds: Annotated[list[str], Field(min_length=1)],
        data_dir: str = "data",
        sources: list[str] | None = None,
        min_value: float | None = None,
        min_events: PositiveInt = 1,
        profiles: Profiles = "auto",
    ) -> None:
        self.workspace = Workspace.named(workspace, data_dir)
        self.kinds = kinds
        self.sources = sources
        self.min_value = min_value
        self.min_events = min_events
        self.profiles = profiles

    def prepare(self, splitter: Splitter) -> Prepared:
        """Read and divide.

        Raises
        ------
        ValueError
            If nothing of these kinds is loaded, or a split has nothing to learn or to ask.
        FileNotFoundError
            If ``profiles`` are required and there are none, or none as of a cutoff.
        """
        from ingest.store import Store  # noqa: PLC0415  (Delta costs a moment to import)

        store = Store(self.workspace.store)
        found = Interactions.from_store(store, kinds=self.kinds, sources=self.sources)
        found = self._chosen(found)
        splits = splitter.splits(found, read_availability(store))
        _log.info(
            "%s: %d events, %d customers, %d items; split %s",
            self.workspace.name, len(found), len(found.customers), len(found.items), splits[0].name,
        )  # fmt: skip
        return Prepared(
            interactions=found,
            splits=splits,
            workspace=self.workspace,
            latest=_latest(store),
            versions=store.versions(),
            categories=_categories(store),
            profiled=self._profiled(splits),
        )

    def _chosen(self, found: Interactions) -> Interactions:
        if self.min_value is not None:
            keep = (found.frame["value"] >= self.min_value).to_numpy()
            if not keep.any():
                raise ValueError(f"data.min_value={self.min_value}: no event has such a value")
            found = found.where(keep)
        if self.min_events > 1:
            events = found.csr().sum(axis=1)
            enough = pd.Series(events.A1 if hasattr(events, "A1") else events.ravel())
            found = found.where((enough >= self.min_events).to_numpy()[found.customer_numbers])
        return found

    def _profiled(self, splits: Sequence[Split]) -> bool:
        there = is_applied(self.workspace)
        if self.profiles == "required" and not there:
            raise FileNotFoundError(
                f"data.profiles=required, but workspace {self.workspace.name!r} has no features; "
                f"run: python -m features workspace={self.workspace.name}"
            )
        if self.profiles == "auto" and not there:
            _log.info("%s has no features: models learn from events alone", self.workspace.name)
        if there and self.profiles != "off":
            self._check_moments([split.cutoff for split in splits if split.cutoff is not None])
        return there and self.profiles != "off"

    def _check_moments(self, cutoffs: Sequence[datetime]) -> None:
        """Tell of cutoffs that all features are later than: nothing can be read as of them."""
        first = min(snapshots_of(self.workspace), default=None)
        bare = sorted(each for each in cutoffs if first is None or first > each)
        if not bare:
            return
        days = [each.isoformat().removesuffix("+00:00").removesuffix("T00:00:00") for each in bare]
        name, times = self.workspace.name, ",".join(days)
        text = (
            f"workspace {name!r} has no features as of {times}, so that models would learn from "
            f"events alone; run: python -m features workspace={name} 'as_of=[{times},latest]' "
            f"fit_until={days[0]}"
        )
        if self.profiles == "required":
            raise FileNotFoundError(f"data.profiles=required, but {text}")
        _log.warning("%s", text)


def _latest(store: Store) -> datetime:
    """Return the midnight (UTC) after the last event."""
    last = pd.Timestamp(pc.max(store.read("events", columns=["available_at"])[0]).as_py())
    midnight: datetime = (last.floor("D") + pd.Timedelta(days=1)).to_pydatetime()
    return midnight


def _categories(store: Store) -> pd.Series[str] | None:
    """Return the category of each item, None where no item has one."""
    items = store.read("items", columns=["item_id", "category"]).to_pandas()
    known = items.dropna(subset=["category"])
    return None if known.empty else known.set_index("item_id")["category"]
