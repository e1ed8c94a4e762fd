"""What was decided about needs: an append-only file of the workspace, whose fold is the state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, model_validator

from ingest.workspace import Workspace
from insights.journal import Journal

Status = Literal["open", "planned", "in_progress", "done", "dismissed"]
STATUSES: tuple[Status, ...] = get_args(Status)
_ABOUT = ("need", "at", "author")


class Decision(BaseModel):
    """One change of what is planned for a need; what is None stays as it was.

    Parameters
    ----------
    need : str
        Its id.
    at : datetime
        When it was decided, UTC.
    author : str
        Who decided.
    status : {"open", "planned", "in_progress", "done", "dismissed"}, optional
        Where it stands.
    owner, plan : str, optional
        Who acts, and what will be done.
    due : date, optional
        Until when.
    shipped : datetime, optional
        Since when customers have what was done: its effect is measured from then on.
    effort : float, optional
        Person-months.

    Raises
    ------
    pydantic.ValidationError
        If nothing changes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    need: str = Field(min_length=1)
    at: datetime
    author: str = ""
    status: Status | None = None
    owner: str | None = Field(default=None, min_length=1)
    plan: str | None = Field(default=None, min_length=1, max_length=2000)
    due: date | None = None
    shipped: datetime | None = None
    effort: PositiveFloat | None = None

    @model_validator(mode="after")
    def _changes(self) -> Decision:
        if not self.changed():
            raise ValueError("expected a status, owner, plan, due, shipped or effort; got none")
        return self

    def changed(self) -> Mapping[str, object]:
        """Return what this changes."""
        told = self.model_dump(exclude=set(_ABOUT))
        return {name: value for name, value in told.items() if value is not None}


class Standing(BaseModel):
    """Where a need stands after all decisions about it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: Status = "open"
    owner: str | None = None
    plan: str | None = None
    due: date | None = None
    shipped: datetime | None = None
    effort: float | None = None


class Register:
    """The decisions of a workspace, oldest first.

    Parameters
    ----------
    workspace : Workspace
        Whose folder holds ``needs/decisions.jsonl``.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._journal = Journal(workspace.root / "needs" / "decisions.jsonl", Decision)

    @property
    def file(self) -> Path:
        """Where the decisions are."""
        return self._journal.file

    def add(self, decision: Decision) -> None:
        """Append a decision; it is on disk when this returns."""
        self._journal.add(decision)

    def decisions(self, need: str | None = None) -> list[Decision]:
        """Return all decisions, or those about one need, oldest first.

        Raises
        ------
        ValueError
            If a line cannot be read; the message says which.
        """
        return [one for one in self._journal if need is None or one.need == need]

    def standings(self) -> dict[str, Standing]:
        """Return where each need stands about which anything was decided."""
        by_need: dict[str, list[Decision]] = {}
        for one in self.decisions():
            by_need.setdefault(one.need, []).append(one)
        return {need: fold(told) for need, told in by_need.items()}


def fold(decisions: Sequence[Decision]) -> Standing:
    """Return where a need stands: of each field what was said last."""
    told: dict[str, object] = {}
    for one in decisions:
        told |= one.changed()
    return Standing.model_validate(told)
