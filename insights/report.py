"""A saved report: findings in order, with charts, definitions and the records behind them.

One HTML page that needs nothing from anywhere else, in English and Chinese.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from html import escape
from typing import Literal
from zoneinfo import ZoneInfo

import pandas as pd
from ibis import _
from pydantic import BaseModel, ConfigDict, PositiveInt

from insights.answer import Answer
from insights.changes import Change, changes, explaining
from insights.digest import digest
from insights.export import page, rows, section
from insights.filters import Chosen, Filters, Split
from insights.finding import Chart, Family, Finding
from insights.owners import owner_of
from insights.registry import find
from insights.tables import Tables

_SERIES = 4  # lines of one finding at a glance; those with more have a table of their own
_OWNER = "owner 负责人"
_BEHIND = 20  # records shown in the page; the command beside them opens all


class Section(BaseModel):
    """One finding of a report.

    Parameters
    ----------
    finding : str
        Its name.
    family : {"corrected", "chatwoot"}
        Whose definition.
    by : list of str, optional
        What splits it, as in ``by=``; its own groups by default.
    chart : {"line", "bar", "heatmap"}, optional
        Its own chart by default.
    only : Chosen
        Filters of this section, beside those of the whole report.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    finding: str
    family: Family | None = None
    by: list[str] | None = None
    chart: Literal["line", "bar", "heatmap"] | None = None
    only: Chosen = Chosen()

    @property
    def split(self) -> Split:
        """What splits the number, a length of time told apart."""
        return Split.of(self.by)


class Report(BaseModel):
    """A saved report.

    Parameters
    ----------
    title, title_zh : str
        Headline in both languages.
    days : int
        Length of the range where ``since`` is not given.
    sections : list of Section
        Findings in the order of the page.
    only_changes : bool
        Leave out charts and tables: what changed against the range before, and why.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    title_zh: str
    days: PositiveInt = 7
    sections: list[Section]
    only_changes: bool = False


@dataclass(frozen=True)
class _Part:
    only: str
    finding: Finding
    answer: Answer
    chart: Chart
    overall: pd.DataFrame
    before: pd.DataFrame
    behind: pd.DataFrame
    changes: tuple[Change, ...]


def render(report: Report, tables: Tables, filters: Filters) -> str:
    """Return the report as HTML.

    Parameters
    ----------
    report : Report
        What it shows.
    tables : Tables
        Records of one business.
    filters : Filters
        Range and selection; a range that is open ends after the last conversation.
    """
    filters = ranged(report, tables, filters)
    parts = [_part(each, tables, filters) for each in report.sections]
    simulated = any(part.answer.simulated for part in parts)
    shown = [] if report.only_changes else _shown(parts)
    found = {part.finding.id: part.changes for part in parts if len(part.overall) <= _SERIES}
    changed = digest([change for each in found.values() for change in each])
    head = _head(report, tables, filters, simulated)
    body = "\n".join([*head, changed, _glance(parts), *shown])
    return page(f"{report.title} · {report.title_zh}", body)


def ranged(report: Report, tables: Tables, filters: Filters) -> Filters:
    """Return the filters with both ends of the range, whole local days."""
    until = filters.until or day_after_last(tables, filters)
    zone = ZoneInfo(filters.zone)
    start = until.astimezone(zone).replace(tzinfo=None) - timedelta(days=report.days)
    since = filters.since or start.replace(tzinfo=zone).astimezone(UTC)
    return Filters.model_validate(filters.model_dump() | {"since": since, "until": until})


def day_after_last(tables: Tables, filters: Filters) -> datetime:
    """Return the local midnight after the last conversation, else after now."""
    last = tables.chats.rows.aggregate(last=_.last_at.max()).to_pandas()["last"][0]
    zone = ZoneInfo(filters.zone)
    moment = datetime.now(UTC) if pd.isna(last) else datetime.fromtimestamp(int(last) / 1e6, UTC)
    day = moment.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def _part(told: Section, tables: Tables, filters: Filters) -> _Part:
    finding = find(told.finding, told.family, tables)
    split = told.split
    chosen = {name: getattr(told.only, name) for name in told.only.model_fields_set}
    chosen["own_of"] = filters.own_of or told.only.own_of  # nobody sees more than they may
    own = filters.model_copy(update={"period": split.period or "day", **chosen})
    assert own.since is not None  # noqa: S101 - `ranged` closed the range
    assert own.until is not None  # noqa: S101
    earlier = {"since": own.since - (own.until - own.since), "until": own.since}
    gap, owner = tables.settings.sessions.told(), owner_of(finding, tables.settings)
    members = finding.rows(tables, own).cache()
    behind = finding.drill(tables, own, rows=members)
    past = own.model_copy(update=earlier)
    before = finding.rows(tables, past).cache()
    former = finding.drill(tables, past, rows=before)
    return _Part(
        only=told.only.told(),
        finding=finding,
        answer=Answer(finding, own, gap, finding.table(tables, own, split.by, rows=members), owner),
        chart=told.chart or finding.chart,
        overall=finding.table(tables, own, [], rows=members),
        before=finding.table(tables, past, [], rows=before),
        behind=behind,
        changes=tuple(changes(finding, behind, former, explaining(finding))),
    )


def _head(report: Report, tables: Tables, filters: Filters, simulated: bool) -> Iterator[str]:
    zone = ZoneInfo(filters.zone)
    ends = [moment.astimezone(zone) for moment in (filters.since, filters.until) if moment]
    told = " - ".join(end.strftime("%Y-%m-%d %H:%M") for end in ends)
    yield f"<h1>{escape(report.title)} · {escape(report.title_zh)}</h1>"
    yield (
        f"<p>{escape(tables.workspace.name)}, {told}, {escape(filters.zone)}; sources without "
        f"conversations are cut after {escape(tables.settings.sessions.told())} of silence.</p>"
    )
    if simulated:
        yield '<p class="simulated">Some of these records are simulated. 部分数据为模拟数据。</p>'


def _glance(parts: list[_Part]) -> str:
    """Return the overall numbers beside those of the range before."""
    lines: list[dict[str, object]] = []
    for part in parts:
        known = {(line["definition"], line["only"]) for line in lines}
        if (part.finding.id, part.only) in known or len(part.overall) > _SERIES:
            continue
        titles = (part.finding.title, "·", part.finding.title_zh)
        for _place, row in part.overall.iterrows():
            series = " ".join(str(row[name]) for name in part.finding.series)
            same = part.before
            for name in part.finding.series:
                same = same[same[name] == row[name]]
            lines.append(
                {
                    "number 指标": " ".join((*titles, series, part.only)).strip(),
                    "definition": part.finding.id,
                    "only": part.only,
                    "unit": part.finding.unit,
                    _OWNER: part.answer.owner,
                    "count": int(row["count"]),
                    "mean": row["mean"],
                    "median": row["median"],
                    "p90": row["p90"],
                    "count before": int(same["count"].sum()),
                    "mean before": same["mean"].iloc[0] if len(same) else float("nan"),
                }
            )
    return "<h2>At a glance · 概览</h2>\n" + _linked(rows(_without(lines)), parts)


def _without(lines: list[dict[str, object]]) -> pd.DataFrame:
    """Return the lines without the filters, which stand in their names, and owners of none."""
    table = pd.DataFrame(lines).drop(columns="only", errors="ignore")
    nobody = _OWNER in table and table[_OWNER].isna().all()
    return table.drop(columns=_OWNER) if nobody else table


def _linked(table: str, parts: list[_Part]) -> str:
    """Return the table with each definition leading to its section."""
    for identity in {escape(part.finding.id) for part in parts}:
        link = f'<td><a href="#{identity}">{identity}</a></td>'
        table = table.replace(f"<td>{identity}</td>", link)
    return table


def _shown(parts: list[_Part]) -> Iterator[str]:
    from insights.charts import draw  # noqa: PLC0415  (matplotlib: half a second)

    for part in parts:
        only = f'<p class="note">Only · 仅限: {escape(part.only)}</p>\n' if part.only else ""
        yield section(part.answer, draw(part.answer, part.chart)) + only + _behind(part)


def _behind(part: _Part) -> str:
    wanted = ("record_id", "conversation_id", "customer_id", "agent", "channel", "at", "value")
    columns = [name for name in (*wanted, *part.finding.series) if name in part.behind]
    shown = rows(part.behind[list(dict.fromkeys(columns))].head(_BEHIND))
    command = f"python -m insights finding={part.finding.id} 'drill={{}}'"
    return (
        f"<details><summary>{len(part.behind)} records behind these numbers · 明细</summary>\n"
        f'{shown}\n<p class="note">All of them: <code>{escape(command)}</code></p></details>'
    )
