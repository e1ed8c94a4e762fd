"""What a retrain is told, checked before any work starts."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Literal, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError

from ingest.told import reason
from training.guards import Limits


class Window(BaseModel):
    """The test window; None: as the champion was judged.

    Parameters
    ----------
    window_days, min_customers_per_item : int, optional
        As of :class:`training.splits.GlobalTemporal`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    window_days: PositiveInt | None = None
    min_customers_per_item: PositiveInt | None = None


class Settings(BaseModel):
    """What ``conf/retrain.yaml`` holds.

    Parameters
    ----------
    workspace : str
    data_dir : Path
    challengers : list of str
        Models fitted beside the champion's configuration, as of ``model=NAME``.
    metric : str, optional
        What decides; None: what the champion was judged by.
    baseline : str
        Model that has to be beaten in any case.
    tuned : bool or "known"
        Whether challengers take the settings that ``python -m training.tune`` found.
    watch : bool
        Whether the champion may be rolled back.
    refresh : {"always", "judged"}
        Whether the champion's configuration, fitted anew, may follow a champion that was too young
        to be judged as it serves.
    force : bool
        Work also where nothing is new.
    split : Window
    guards : Limits
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    workspace: str
    data_dir: Path
    challengers: list[str] = Field(default_factory=list)
    metric: str | None = None
    baseline: str = "popular"
    tuned: bool | Literal["known"] = False
    watch: bool = True
    refresh: Literal["always", "judged"] = "always"
    force: bool = False
    split: Window = Window()
    guards: Limits = Limits()

    @classmethod
    def of(cls, given: Any) -> Self:
        """Check what was configured.

        Raises
        ------
        ValueError
            Naming the setting, what was expected and what was received.
        """
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise ValueError(reason(error)) from None

    @property
    def asked(self) -> str:
        """Equal for calls that would decide the same on the same data."""
        named = self.model_dump(mode="json", exclude={"data_dir", "force", "workspace"})
        return hashlib.sha256(orjson.dumps(named, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
