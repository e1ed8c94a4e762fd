"""Forms of action items: what is done about a number, and what it changed."""

from __future__ import annotations

from datetime import date
from typing import Self

from pydantic import AwareDatetime, Field, JsonValue, model_validator

from insights.actions.item import Action, Change, Measure, Status
from insights.needs.rates import Compared
from serving.api.schemas import Form, example

_MEASURE: dict[str, JsonValue] = {
    "finding": "first_response_time",
    "number": "mean",
    "better": "lower",
    "group": {"channel": "web"},
    "filters": {"zone": "Asia/Shanghai", "label": ["vip"]},
}
_ITEM: dict[str, JsonValue] = {
    "id": "3fa91c20",
    "opened_at": "2026-04-01T08:00:00Z",
    "title": "Second shift on Mondays",
    "measure": _MEASURE,
    "status": "in_progress",
    "owner": "kim",
    "due": "2026-04-30",
    "began": "2026-04-20T00:00:00+08:00",
}
_SIDE: dict[str, JsonValue] = {"days": 28.0, "count": 120, "mean": 14.2}
_SHOWN: dict[str, JsonValue] = {
    "action": _ITEM,
    "overdue": False,
    "effect": {
        "before": _SIDE,
        "after": _SIDE,
        "compared": {"value": -3.1, "low": -4.0, "high": -2.2, "p_value": 0.0001},
        "enough": True,
        "verdict": "better: down (p 0.0001)",
    },
    "unmeasured": None,
}


class ActionChangeIn(Form):
    """What changes of an item; what is not named stays as it was."""

    model_config = example({"author": "ann", "status": "done", "began": "2026-04-20T00:00:00Z"})

    author: str = Field(min_length=1, max_length=200, description="Who says so.")
    title: str | None = Field(default=None, min_length=1, max_length=200)
    measure: Measure | None = Field(default=None, description="The number it shall move.")
    status: Status | None = None
    owner: str | None = Field(default=None, min_length=1, max_length=200)
    plan: str | None = Field(default=None, min_length=1, max_length=2000)
    due: date | None = None
    began: AwareDatetime | None = Field(
        default=None, description="Since when it works: its effect is measured from then on."
    )

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.model_dump(exclude={"author"}, exclude_none=True):
            raise ValueError("expected something that changes beside the author, received nothing")
        return self


class ActionIn(ActionChangeIn):
    """A new item. Of an alert about a finding, or of a need, the number follows."""

    model_config = example(
        {
            "author": "ann",
            "title": "Second shift on Mondays",
            "measure": _MEASURE,
            "owner": "kim",
            "due": "2026-04-30",
        }
    )

    title: str = Field(min_length=1, max_length=200)
    alert: str | None = Field(default=None, min_length=1, description="Id it came from.")
    need: str | None = Field(default=None, min_length=1, description="Id it came from.")


class SideOut(Form):
    """Records before or after an action began."""

    days: float
    count: int
    mean: float | None


class EffectOut(Form):
    """What changed since an action began; a difference, not its cause."""

    before: SideOut
    after: SideOut
    compared: Compared | None = Field(
        description="Of counts the ratio of the rates a day, of means the difference."
    )
    enough: bool
    verdict: str


class ActionOut(Form):
    """An item, with what it changed."""

    model_config = example(_SHOWN)

    action: Action
    overdue: bool
    effect: EffectOut | None
    unmeasured: str | None = Field(description="Why there is no effect, where there is none.")


class ActionDetail(ActionOut):
    """An item, with what it changed and every change of it, oldest first."""

    model_config = example(
        {
            **_SHOWN,
            "history": [
                {
                    "action": "3fa91c20",
                    "at": "2026-04-01T08:00:00Z",
                    "author": "ann",
                    "title": "Second shift on Mondays",
                    "owner": "kim",
                }
            ],
        }
    )

    history: list[Change]


class ActionList(Form):
    """Items, those that are due first before those without a date."""

    model_config = example({"total": 1, "actions": [_SHOWN]})

    total: int
    actions: list[ActionOut]
