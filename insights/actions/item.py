"""An action item and the changes it is the fold of (requirement M27)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from insights.filters import Filters
from insights.finding import Family

Status = Literal["open", "in_progress", "done", "dismissed"]
STATUSES: tuple[Status, ...] = get_args(Status)
Value = str | int | float | bool | None
_ABOUT = frozenset({"action", "at", "author"})


class Measure(BaseModel):
    """The number an action shall move.

    Parameters
    ----------
    finding : str
        Its name in the registry.
    family : {"corrected", "chatwoot"}, optional
        Whose definition.
    number : {"count", "mean"}
        How often, or how much.
    better : {"lower", "higher"}
        Which way it shall go.
    group : dict
        The row of the finding's table, such as ``{"channel": "web"}``; empty for all records.
    filters : Filters
        Zone and selection; the range is made of the time before and after the action.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    finding: str = Field(min_length=1)
    family: Family | None = None
    number: Literal["count", "mean"] = "count"
    better: Literal["lower", "higher"] = "lower"
    group: dict[str, Value] = Field(default_factory=dict)
    filters: Filters = Filters()

    @field_validator("filters")
    @classmethod
    def _open(cls, filters: Filters) -> Filters:
        if filters.since is not None or filters.until is not None:
            raise ValueError(
                "expected filters without since and until: an effect is measured before and after "
                "the action began"
            )
        return filters

    def told(self) -> str:
        """Return it in words."""
        name = f"{self.family}/{self.finding}" if self.family else self.finding
        row = ", ".join(f"{column} {value}" for column, value in self.group.items())
        return f"{self.number} of {name}" + (f" ({row})" if row else "")


class Change(BaseModel):
    """One change of an action item; what is None stays as it was.

    Parameters
    ----------
    action : str
        Id of the item.
    at : datetime
        When it was said, UTC.
    author : str
        Who said it.
    title : str, optional
        What is to be done, in a few words; the first change gives one.
    measure : Measure, optional
        What it shall move.
    alert, need : str, optional
        Ids of what it came from.
    status : {"open", "in_progress", "done", "dismissed"}, optional
        Where it stands.
    owner, plan : str, optional
        Who acts, and how.
    due : date, optional
        Until when.
    began : datetime, optional
        Since when it works: its effect is measured from then on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: str = Field(min_length=1)
    at: datetime
    author: str = ""
    title: str | None = Field(default=None, min_length=1, max_length=200)
    measure: Measure | None = None
    alert: str | None = Field(default=None, min_length=1)
    need: str | None = Field(default=None, min_length=1)
    status: Status | None = None
    owner: str | None = Field(default=None, min_length=1, max_length=200)
    plan: str | None = Field(default=None, min_length=1, max_length=2000)
    due: date | None = None
    began: datetime | None = None

    @model_validator(mode="after")
    def _changes(self) -> Change:
        if not self.changed():
            raise ValueError(
                "expected a title, measure, status, owner, plan, due or began; got none"
            )
        return self

    def changed(self) -> Mapping[str, object]:
        """Return what this changes."""
        names = (name for name in type(self).model_fields if name not in _ABOUT)
        told = ((name, getattr(self, name)) for name in names)
        return {name: value for name, value in told if value is not None}


class Action(BaseModel):
    """Where an action item stands after all changes of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    opened_at: datetime
    title: str
    measure: Measure | None = None
    alert: str | None = None
    need: str | None = None
    status: Status = "open"
    owner: str | None = None
    plan: str | None = None
    due: date | None = None
    began: datetime | None = None

    def overdue(self, today: date) -> bool:
        """Return whether it should be done by now and is not."""
        unfinished = self.status in ("open", "in_progress")
        return unfinished and self.due is not None and self.due < today


def fold(changes: Sequence[Change]) -> Action:
    """Return where an item stands: of each field what was said last.

    Parameters
    ----------
    changes : sequence of Change
        Of one item, oldest first, at least one.
    """
    told: dict[str, object] = {"id": changes[0].action, "opened_at": changes[0].at}
    for one in changes:
        told |= one.changed()
    return Action.model_validate(told)
