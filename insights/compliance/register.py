"""What people found of cases: an append-only file of the workspace, whose last word counts."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ingest.workspace import Workspace
from insights.journal import Journal, now

Found = Literal["open", "confirmed", "false_alarm"]


class Verdict(BaseModel):
    """What somebody found of one case.

    Parameters
    ----------
    case : str
        Its id.
    at : datetime
        When, UTC.
    author : str
        Who.
    verdict : {"open", "confirmed", "false_alarm"}
        A breach, none, or to be looked at again.
    note : str
        Why, or what was done.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    case: str = Field(min_length=1)
    at: datetime
    author: str = Field(min_length=1, max_length=200)
    verdict: Found
    note: str = Field(default="", max_length=2000)


class Verdicts:
    """The verdicts of a workspace, oldest first.

    Parameters
    ----------
    workspace : Workspace
        Whose folder holds ``compliance/verdicts.jsonl``.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._journal = Journal(workspace.root / "compliance" / "verdicts.jsonl", Verdict)

    def add(self, case: str, verdict: Found, *, author: str, note: str = "") -> Verdict:
        """Keep a verdict; it is on disk when this returns."""
        told = Verdict(case=case, at=now(), author=author, verdict=verdict, note=note)
        self._journal.add(told)
        return told

    def latest(self) -> dict[str, Verdict]:
        """Return the last word about each case that anybody spoke of."""
        return {one.case: one for one in self._journal}

    def history(self, case: str) -> list[Verdict]:
        """Return what was found of one case, oldest first."""
        return [one for one in self._journal if one.case == case]
