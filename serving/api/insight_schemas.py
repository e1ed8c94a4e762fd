"""Forms of questions about insights and of their answers."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, Field, Json, JsonValue

from insights.filters import Filters, Names
from insights.finding import Chart as Kind
from insights.finding import Family
from serving.api.schemas import Form, example

_INSIGHT: dict[str, JsonValue] = {
    "id": "corrected/reply_time",
    "name": "reply_time",
    "family": "corrected",
    "title": "Reply time",
    "title_zh": "回复时间",
    "definition": "human reply - first customer message since the last human reply",
    "differs": "chatwoot leaves the first reply out",
    "unit": "minutes",
    "action": "Compare channels and hours.",
    "owner": "service_lead",
    "chart": {"kind": "line", "x": "period", "series": ["channel"], "value": "median"},
    "groups": ["period", "channel", "series"],
    "splits": ["hour", "day", "week", "month", "channel", "agent", "series"],
    "filters": ["since", "until", "zone", "channel", "agent", "label", "label_match"],
}
_ROW: dict[str, JsonValue] = {
    "period": "2026-03-02",
    "count": 12,
    "mean": 4.5,
    "median": 3.0,
    "p90": 9.0,
    "simulated_share": 0.0,
    "members": "/v1/insights/reply_time/members?group=%7B%22period%22%3A%222026-03-02%22%7D",
}
_MEMBER: dict[str, JsonValue] = {
    "record_id": "web-5512#0",
    "conversation_id": "web-5512",
    "at": "2026-03-02T09:30:00+00:00",
    "value": 4.5,
}


def _filled(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if name)


Split = Annotated[Names, AfterValidator(_filled)]
Scalar = str | int | float | bool | None


class Selection(Filters):
    """Which records a question is about."""

    @property
    def filters(self) -> Filters:
        """What the verb calls filters."""
        return Filters.model_validate(self.model_dump(include=set(Filters.model_fields)))


class InsightQuestion(Selection):
    """Which records an insight counts, and what splits the number; as the verb has it.

    ``by`` may be given several times: ``by=week&by=channel``. Empty, ``by=``, it asks for one row
    over everything.
    """

    by: Split | None = None
    family: Family | None = None


class MembersQuestion(InsightQuestion):
    """One number of an insight's table, and which of the records behind it to show.

    ``group`` names its row as JSON, such as ``{"channel": "web"}``.
    """

    group: Json[dict[str, Scalar]] = Field(default={})
    limit: int = Field(default=100, ge=1, le=1000)
    offset: int = Field(default=0, ge=0)


class Chart(Form):
    """How a table is best drawn: ``value`` over ``x``, one line or bar for each of ``series``."""

    kind: Kind
    x: str
    series: list[str]
    value: str


class Insight(Form):
    """One number people act on."""

    model_config = example(_INSIGHT)

    id: str
    name: str
    family: Family | None = Field(description="Whose definition it is.")
    title: str
    title_zh: str
    definition: str
    differs: str = Field(description="What the other family does differently.")
    unit: str
    action: str = Field(description="What to do about it.")
    owner: str | None = Field(description="Who looks after it; null where nobody was named.")
    chart: Chart
    groups: list[str] = Field(description="What splits it unless `by` says otherwise.")
    splits: list[str] = Field(description="What `by` may name.")
    filters: list[str]


class InsightList(Form):
    """The registry: every insight there is."""

    model_config = example({"insights": [_INSIGHT], "left_out": []})

    insights: list[Insight]
    left_out: list[str] = Field(description="Broken files of own metrics, and what is wrong.")


class Counted(Form):
    """How numbers were counted."""

    insight: Insight
    since: AwareDatetime | None
    until: AwareDatetime | None
    zone: str = Field(description="Where hours, days, weeks and months begin.")
    session_gap: str = Field(description="Silence that cuts sources without conversations.")
    simulated: bool = Field(description="Whether simulated records are among those counted.")


_COUNTED: dict[str, JsonValue] = {
    "insight": _INSIGHT,
    "since": None,
    "until": None,
    "zone": "Asia/Shanghai",
    "session_gap": "30 min",
    "simulated": False,
}


class InsightTable(Counted):
    """The table of an insight: a row a group, which ``members`` opens."""

    model_config = example({**_COUNTED, "by": ["period"], "rows": [_ROW]})

    by: list[str] = Field(description="Columns that split the number.")
    rows: list[dict[str, Any]]


class Members(Counted):
    """Records behind one number, oldest first; ``total`` is the ``count`` of its row."""

    model_config = example(
        {**_COUNTED, "group": {"period": "2026-03-02"}, "total": 1, "next": None, "rows": [_MEMBER]}
    )

    group: dict[str, Scalar]
    total: int
    next: str | None = Field(description="Where the next page is.")
    rows: list[dict[str, Any]]
