"""Insights over HTTP: the desk that keeps their tables warm, and the answers it gives."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlencode

import orjson
import pandas as pd

from features.text.pii.shown import shown, shown_table
from ingest.workspace import Workspace
from insights.answer import Answer
from insights.filters import PERIODS, Filters, Split
from insights.finding import Finding
from insights.owners import check_owners, owner_of
from insights.registry import FINDINGS, find, own
from insights.settings import InsightSettings
from insights.splits import shown_times
from insights.tables import Tables
from serving.api.insight_schemas import InsightQuestion, MembersQuestion
from serving.errors import BadRequestError, TablesMissingError, UnknownInsightError

_LOG = logging.getLogger(__name__)
_URL = "/v1/insights"

R = TypeVar("R")


class InsightDesk:
    """Answers questions about one workspace, one after the other in a thread of its own.

    The tables of conversations are made at the first question, or by :meth:`warm`, and follow the
    store from then on: an answer counts whatever was stored before its question came.

    Parameters
    ----------
    workspace : Workspace
        Whose records are counted.
    settings : InsightSettings
        Gaps, opening hours, promises and owners.

    Raises
    ------
    ValueError
        If the settings name an owner of a finding that there is not.
    """

    def __init__(self, workspace: Workspace, settings: InsightSettings) -> None:
        self._tables = Tables(workspace, settings)
        check_owners(self._tables)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="insights")

    async def ask(self, work: Callable[[Tables], R]) -> R:
        """Return what ``work`` makes of the tables."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, self._tables)

    def registry(self) -> bytes:
        """Return what there is to ask for, at once: no table is needed."""
        return registry(self._tables)

    def warm(self) -> None:
        """Begin to make the tables, before anybody asks; returns at once."""
        self._pool.submit(self._made)

    def close(self) -> None:
        """Finish what was asked and stop the thread."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _made(self) -> None:
        try:
            messages = int(self._tables.chats.messages.count().to_pandas())
        except Exception:
            _LOG.exception("the tables of conversations could not be made")
        else:
            _LOG.info("insights: %d messages in their conversations", messages)


def registry(tables: Tables) -> bytes:
    """Return every insight as JSON (``InsightList``), those of the business's own last."""
    added = own(tables)
    every = [*FINDINGS.values(), *added.findings.values()]
    left_out = [shown(why.replace(f"{file}", file.name)) for file, why in added.broken.items()]
    return orjson.dumps(
        {"insights": [described(each, tables.settings) for each in every], "left_out": left_out}
    )


def described(finding: Finding, settings: InsightSettings) -> dict[str, object]:
    """Return the definition of a finding (``Insight``)."""
    splits = [*finding.dimensions, *finding.series]
    if "period" in splits:
        splits[splits.index("period") : splits.index("period") + 1] = PERIODS
    own = finding.split_by(None)
    x = "hour_of_day" if finding.chart == "heatmap" else own[0]
    more = ["label_match", "sentiment"] if "label" in finding.filtered_by else []
    more += ["own_of"] if "customer" in finding.filtered_by else []
    return {
        "id": finding.id,
        "name": finding.name,
        "family": finding.family,
        "title": finding.title,
        "title_zh": finding.title_zh,
        "definition": finding.formula,
        "differs": finding.differs,
        "unit": finding.unit,
        "action": finding.action,
        "owner": owner_of(finding, settings),
        "chart": {
            "kind": finding.chart,
            "x": x,
            "series": [name for name in own if name != x],
            "value": finding.drawn,
        },
        "groups": own,
        "splits": list(dict.fromkeys(splits)),
        "filters": ["since", "until", "zone", "period", *finding.filtered_by, *more],
    }


def table(tables: Tables, name: str, question: InsightQuestion) -> bytes:
    """Return the table of an insight as JSON (``InsightTable``)."""
    finding, split, filters = _asked(tables, name, question)
    with usable():
        by = finding.split_by(split.by)
        rows = finding.rows(tables, filters)
        found = finding.table(tables, filters, split.by, rows=rows)  # a forecast may refuse
    groups = [column for column in by if column in found]
    body = _counted(finding, filters, tables, found) | {
        "by": by,
        "rows": [
            row | {"members": _link(finding, filters, {each: row[each] for each in groups})}
            for row in records(found)
        ],
    }
    return encoded(body)


def members(tables: Tables, name: str, question: MembersQuestion) -> bytes:
    """Return records behind one number of an insight as JSON (``Members``)."""
    finding, split, filters = _asked(tables, name, question)
    with usable():
        finding.split_by(split.by)
        behind = finding.behind(tables, filters, question.group)
    total = int(behind.count().to_pandas())
    page = shown_times(behind.limit(question.limit, offset=question.offset))
    following = question.offset + question.limit
    paged = {"limit": question.limit, "offset": following}
    more = _link(finding, filters, question.group, **paged) if following < total else None
    body = _counted(finding, filters, tables, page) | {
        "group": question.group,
        "total": total,
        "next": more,
        "rows": records(page),
    }
    return encoded(body)


@contextmanager
def usable() -> Iterator[None]:
    """Turn what a finding says about a question it cannot answer into an error for the caller."""
    try:
        yield
    except FileNotFoundError as error:
        raise TablesMissingError(str(error)) from error
    except ValueError as error:
        todo = "GET /v1/insights tells what splits and filters each insight."
        raise BadRequestError(str(error), todo=todo) from error


def records(table: pd.DataFrame | list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows for people and programs: personal data masked, null where nothing is known."""
    rows = shown_table(pd.DataFrame(table)).astype(object).to_dict("records")
    return [
        {str(name): None if pd.api.types.is_scalar(each) and pd.isna(each) else each
         for name, each in row.items()}
        for row in rows
    ]  # fmt: skip


def encoded(body: Mapping[str, object]) -> bytes:
    """Return JSON; moments in ISO 8601."""
    options = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    return orjson.dumps(body, default=_plain, option=options)


def _plain(value: Any) -> object:
    return value.tolist() if hasattr(value, "tolist") else value.isoformat()


def query(filters: Filters, **more: object) -> str:
    """Return filters as the query of an address; what is as usual is left out."""
    told = filters.model_dump(mode="json", exclude_defaults=True) | more
    return urlencode({name: value for name, value in told.items() if value is not None}, True)


def _asked(tables: Tables, name: str, question: InsightQuestion) -> tuple[Finding, Split, Filters]:
    try:
        finding = find(name, question.family, tables)
    except LookupError as error:
        raise UnknownInsightError(
            str(error.args[0]), todo="GET /v1/insights lists them."
        ) from error
    with usable():
        split = Split.of(None if question.by is None else list(question.by))
    period = {"period": split.period} if split.period else {}
    return finding, split, question.filters.model_copy(update=period)


def _counted(
    finding: Finding, filters: Filters, tables: Tables, found: pd.DataFrame
) -> dict[str, object]:
    gap = tables.settings.sessions.told()
    return {
        "insight": described(finding, tables.settings),
        "since": filters.since,
        "until": filters.until,
        "zone": filters.zone,
        "session_gap": gap,
        "simulated": Answer(finding, filters, gap, found).simulated,
    }


def _link(finding: Finding, filters: Filters, group: Mapping[str, object], **more: object) -> str:
    told = {"family": finding.family, "group": orjson.dumps(group).decode() if group else None}
    asked = query(filters, **told, **more)
    return f"{_URL}/{finding.name}/members" + (f"?{asked}" if asked else "")
