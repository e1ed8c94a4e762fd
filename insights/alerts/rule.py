"""What every alert rule tells: what it is called, what it looks at, who is told and how often."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt

from features.text.taxonomy.taxonomy import named_taxonomy
from insights.alerts.calendar import Bucket
from insights.filters import Chosen, Filters

About = Literal["opened", "updated", "closed"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Said = dict[Literal["zh", "en"], Annotated[str, Field(min_length=1, max_length=300)]]


class BaseRule(BaseModel):
    """What every rule tells.

    Parameters
    ----------
    name : str
        Identifier; the file is called after it.
    title, action : dict
        What happened and what to do about it, by language (``zh``, ``en``).
    owner : str
        Who is told, unless ``taxonomy`` knows better.
    taxonomy : str, optional
        Taxonomy whose labels the groups are (``by: category``): the label's owner is told.
    severity : {"info", "warning", "critical"}
        How urgent it is.
    bucket : {"quarter_hour", "hour", "day", "week"}
        Length of time that is judged as one.
    by : str, optional
        What splits the number; each value has incidents of its own.
    only : Chosen
        Which records count.
    cooldown_minutes : int
        Breaches that begin within this time after the last one belong to the same incident.
    lag_minutes : int
        How long after its end a bucket is judged, for records that arrive late.
    notify : tuple
        Changes of an incident that are delivered.
    enabled : bool
        Whether it is evaluated unless it is asked for by name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    counts: ClassVar[bool] = True  # a bucket without records is 0, not unknown

    name: Name
    title: Said
    action: Said
    owner: Name
    taxonomy: Name | None = None
    severity: Literal["info", "warning", "critical"] = "warning"
    bucket: Bucket = "hour"
    by: str | None = None
    only: Chosen = Chosen()
    cooldown_minutes: NonNegativeInt = 0
    lag_minutes: NonNegativeInt = 0
    notify: tuple[About, ...] = ("opened", "closed")
    enabled: bool = True

    @property
    def lookback(self) -> int:
        """Buckets before the judged one that its judgment reads."""
        return 0

    def filters(self, **more: object) -> Filters:
        """Return which records count, and what more is told of them: a range and its zone."""
        return Filters.model_validate(more | self.only.model_dump())

    def owner_of(self, group: str) -> str:
        """Return who is told about a group."""
        if self.taxonomy is None:
            return self.owner
        taxonomy = named_taxonomy(self.taxonomy)
        return taxonomy.owner_of(group) if group in taxonomy.codes else self.owner
