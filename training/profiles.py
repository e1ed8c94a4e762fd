"""Features as of one moment: what training and evaluation read, so that nobody sees the future."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from features.store.reader import FeatureReader
from ingest.workspace import Workspace

_KEPT = 24  # frames remembered: windows of one model, and of the models after it


class AsOfReader(FeatureReader):
    """Read features point-in-time, as of ``moment`` where a caller names no time.

    The online store is never read. Frames are remembered: in a sweep, every model asks for the same
    few moments.

    Parameters
    ----------
    workspace : Workspace
    moment : datetime
        The cutoff (UTC) of the split that is worked on.
    """

    def __init__(self, workspace: Workspace, moment: datetime) -> None:
        super().__init__(workspace)
        self.moment = moment
        self._frames: dict[tuple[object, ...], pd.DataFrame] = {}

    def customers(
        self, ids: Sequence[str], as_of: datetime | None = None, service: str = "ranker_v1"
    ) -> pd.DataFrame:
        """Return features of customers as of ``as_of``, at the latest ``moment``."""
        return self._remembered(ids, as_of, service)

    def items(
        self, ids: Sequence[str], as_of: datetime | None = None, service: str = "ranker_items_v1"
    ) -> pd.DataFrame:
        """Return features of items as of ``as_of``, at the latest ``moment``."""
        return self._remembered(ids, as_of, service)

    def _remembered(self, ids: Sequence[str], as_of: datetime | None, service: str) -> pd.DataFrame:
        if as_of is not None and as_of > self.moment:
            raise ValueError(
                f"features as of {as_of.isoformat()} were asked for while working on a split at "
                f"{self.moment.isoformat()}: that would show a model the future"
            )
        key = (service, as_of or self.moment, len(ids), hash(tuple(ids)))
        if key not in self._frames:
            while len(self._frames) >= _KEPT:
                self._frames.pop(next(iter(self._frames)))
            read = super().items if service.startswith("ranker_items") else super().customers
            self._frames[key] = read(ids, as_of=as_of or self.moment, service=service)
        return self._frames[key]
