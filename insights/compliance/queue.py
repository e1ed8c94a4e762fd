"""The queue of cases: what waits for a verdict, the gravest and newest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ibis
from ibis import _

from features.text.pii.mask import mask
from insights.compliance.register import Found, Verdict, Verdicts
from insights.filters import Filters
from insights.findings.violations import VIOLATIONS
from insights.splits import shown_times
from insights.tables import Tables

_GRAVITY = ("critical", "warning", "info")
_SHOWN = (
    *("case", "rule", "severity", "verdict", "agent", "at", "matched", "text", "message_id"),
    *("conversation_id", "customer_id", "channel", "category", "simulated"),
)


class NoCaseError(LookupError):
    """No message is a case of this id.

    Parameters
    ----------
    case : str
        The id.
    """

    def __init__(self, case: str) -> None:
        super().__init__(f"no case {case!r}: expected an id that `python -m insights.case` shows")
        self.case = case


@dataclass(frozen=True)
class Queue:
    """Cases that were asked for.

    Attributes
    ----------
    total : int
        How many there are.
    cases : list of dict
        Some of them: case, rule, severity, verdict, agent, at, matched, text (masked),
        message_id, conversation_id, customer_id, channel, category, simulated, judged (who, when,
        why, or None).
    """

    total: int
    cases: list[dict[str, Any]]


def queue(
    tables: Tables,
    filters: Filters,
    *,
    verdict: Found | None = "open",
    rule: str | None = None,
    case: str | None = None,
    limit: int = 50,
    offset: int = 0,
) -> Queue:
    """Return cases, the gravest first, of equal ones the newest.

    Parameters
    ----------
    tables : Tables
        Records of one business.
    filters : Filters
        Range and selection.
    verdict : {"open", "confirmed", "false_alarm"}, optional
        What people found; None for all.
    rule, case : str, optional
        Of this rule; this one.
    limit, offset : int
        How many, after how many.
    """
    rows = VIOLATIONS.rows(tables, filters)
    for column, value in (("verdict", verdict), ("rule", rule), ("case", case)):
        rows = rows if value is None else rows.filter(rows[column] == value)
    total = int(rows.count().to_pandas())
    gravity = ibis.cases(*((rows.severity == name, n) for n, name in enumerate(_GRAVITY)))
    rows = rows.mutate(gravity=gravity).order_by("gravity", _.at.desc(), "record_id")
    page = shown_times(rows.limit(limit, offset=offset).select(*_SHOWN))
    latest = Verdicts(tables.workspace).latest()
    found = [_shown(row, latest.get(str(row["case"]))) for row in page.to_dict("records")]
    return Queue(total, found)


def judge(
    tables: Tables, case: str, verdict: Found, *, author: str, note: str = ""
) -> dict[str, Any]:
    """Keep a verdict, and return the case; the verdict is on disk then.

    Raises
    ------
    NoCaseError
        If no message is a case of this id.
    """
    if not queue(tables, Filters(), verdict=None, case=case, limit=1).cases:
        raise NoCaseError(case)
    Verdicts(tables.workspace).add(case, verdict, author=author, note=mask(note))
    return queue(tables, Filters(), verdict=None, case=case, limit=1).cases[0]


def _shown(row: Mapping[Any, Any], judged: Verdict | None) -> dict[str, Any]:
    told = {str(name): value for name, value in row.items()}
    known = None
    if judged is not None:
        known = {"by": judged.author, "at": judged.at, "note": judged.note}
    return told | {
        "at": row["at"].to_pydatetime(),
        "text": mask(str(row["text"])),
        "matched": mask(str(row["matched"])),
        "simulated": bool(row["simulated"]),
        "judged": known,
    }
