"""Everything the features verb can be told, declared once."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from features.behavior.settings import BehaviorSettings
from features.profile.settings import ProfileSettings
from features.store.online import OnlineStore
from features.text.pipeline.run import TextSettings


class RegistrySettings(BaseModel):
    """Where Feast registers views and services.

    Parameters
    ----------
    url : str, optional
        A database, such as ``postgresql://user@host/database``, without its password; ``sqlite``
        for a file of the workspace. By default what ``HUAXIANG_REGISTRY_URL`` names, else the file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str | None = None


class FeatureSettings(BaseModel):
    """Everything the verb can be told.

    Parameters
    ----------
    as_of : str or tuple of str, optional
        Snapshot times; see :func:`features.plan.make_plan`.
    fit_until : str, optional
        Nothing known at or after it is learned from.
    snapshots, step_days : int
        Number of default snapshots and days between them.
    max_items : int
        Items copied to the online store.
    progress : bool
        Show progress bars.
    only : {"text"}, optional
        Stop after this stage: analyze texts and leave features and profiles alone.
    text, behavior, profile, online, registry
        Settings of the parts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    as_of: str | tuple[str, ...] | None = None
    fit_until: str | None = None
    snapshots: PositiveInt = 5
    step_days: PositiveInt = 30
    max_items: PositiveInt = 10_000
    progress: bool = True
    only: Literal["text"] | None = None
    text: TextSettings = Field(default_factory=TextSettings)
    behavior: BehaviorSettings = Field(default_factory=BehaviorSettings)
    profile: ProfileSettings = Field(default_factory=ProfileSettings)
    online: OnlineStore = Field(default_factory=OnlineStore)
    registry: RegistrySettings = Field(default_factory=RegistrySettings)

    def fingerprint(self) -> dict[str, object]:
        """Return what decides the rows of a snapshot."""
        chosen = self.model_dump(mode="json", include={"text", "behavior", "profile"})
        for name in ("progress", "workers", "batch"):
            chosen["text"].pop(name, None)
        return chosen
