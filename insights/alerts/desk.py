"""What people do with alerts: look at them, take note, and silence them for a while."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from ingest.workspace import Workspace
from insights.alerts.calendar import moment
from insights.alerts.database import changing, file_of, opened
from insights.alerts.incidents import Incident
from insights.filters import microseconds

Status = Literal["open", "acknowledged", "closed"]
_ALERTS = """
SELECT * FROM (
    SELECT i.id, i.rule, i.whose, i.owner, i.opened_at, i.body,
        CASE WHEN i.status = 'closed' THEN 'closed' WHEN a.number IS NULL THEN 'open'
             ELSE 'acknowledged' END AS status,
        a.at AS noted_at, a.author, a.note, a.false_alarm,
        (SELECT m.until FROM mutes m WHERE m.rule = i.rule AND m.whose = i.whose
            ORDER BY m.number DESC LIMIT 1) AS muted_until
    FROM incidents i LEFT JOIN acknowledgments a ON a.number =
        (SELECT max(number) FROM acknowledgments WHERE incident = i.id))
"""
_CONDITIONS = {
    "id": "id = ?",
    "status": "status = ?",
    "rule": "rule = ?",
    "owner": "owner = ?",
    "since": "opened_at >= ?",
}


class NoAlertError(LookupError):
    """There is no alert of this id.

    Parameters
    ----------
    alert : str
        The id.
    """

    def __init__(self, alert: str) -> None:
        super().__init__(
            f"no alert {alert!r}: expected an id that `python -m insights.alert action=list` shows"
        )
        self.alert = alert


@dataclass(frozen=True)
class Page:
    """Alerts that were asked for.

    Attributes
    ----------
    total : int
        How many there are.
    alerts : list of dict
        Some of them, newest first: the incident, who took note, and until when it is muted.
    """

    total: int
    alerts: list[dict[str, Any]]


class Desk:
    """The alerts of one workspace, for people.

    Parameters
    ----------
    workspace : Workspace
        Whose.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._file = file_of(workspace)

    def page(
        self,
        *,
        status: Status | None = None,
        rule: str | None = None,
        owner: str | None = None,
        since: datetime | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> Page:
        """Return alerts, newest first.

        Parameters
        ----------
        status : {"open", "acknowledged", "closed"}, optional
            ``open`` is what nobody took note of yet.
        rule, owner : str, optional
            Of this rule, for this owner.
        since : datetime, optional
            Raised then or later.
        limit, offset : int
            How many, after how many.
        """
        begin = None if since is None else microseconds(since)
        asked = {"status": status, "rule": rule, "owner": owner, "since": begin}
        told = {name: value for name, value in asked.items() if value is not None}
        return self._page(told, limit, offset)

    def one(self, alert: str) -> dict[str, Any]:
        """Return one alert.

        Raises
        ------
        NoAlertError
            If there is none of this id.
        """
        found = self._page({"id": alert}, 1, 0).alerts
        if not found:
            raise NoAlertError(alert)
        return found[0]

    def acknowledge(
        self,
        alert: str,
        *,
        by: str,
        note: str = "",
        false_alarm: bool = False,
        at: datetime | None = None,
    ) -> dict[str, Any]:
        """Keep who took note of an alert, and whether it was one; the last word counts.

        Raises
        ------
        NoAlertError
            If there is none of this id.
        """
        self.one(alert)
        row = (alert, _now(at), by, note, false_alarm)
        with changing(self._file) as book:
            book.execute(
                "INSERT INTO acknowledgments (incident, at, author, note, false_alarm) "
                "VALUES (?, ?, ?, ?, ?)",
                row,
            )
        return self.one(alert)

    def mute(
        self, alert: str, *, until: datetime, by: str, note: str = "", at: datetime | None = None
    ) -> dict[str, Any]:
        """Deliver nothing of this alert's rule about its group until a moment; it is still kept.

        Raises
        ------
        NoAlertError
            If there is none of this id.
        """
        known = self.one(alert)
        row = (alert, known["rule"], known["group"], _now(at), microseconds(until), by, note)
        with changing(self._file) as book:
            book.execute(
                "INSERT INTO mutes (incident, rule, whose, at, until, author, note) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                row,
            )
        return self.one(alert)

    def history(self, alert: str) -> list[dict[str, Any]]:
        """Return what happened to an alert, oldest first: its steps and every attempt to tell it.

        Raises
        ------
        NoAlertError
            If there is none of this id.
        """
        self.one(alert)
        steps = "SELECT at, step, CAST(value AS TEXT) FROM steps WHERE incident = ?"
        attempts = (
            "SELECT t.at, n.about || ' to ' || n.channel, t.told FROM attempts t "
            "JOIN notices n ON n.id = t.notice WHERE n.incident = ?"
        )
        with opened(self._file) as book:
            rows = [*book.execute(steps, (alert,)), *book.execute(attempts, (alert,))]
        told = sorted(rows, key=lambda row: row[0])
        return [{"at": moment(at), "what": what, "told": text} for at, what, text in told]

    def _page(self, told: dict[str, Any], limit: int, offset: int) -> Page:
        if not self._file.exists():  # looking creates nothing
            return Page(0, [])
        where = " AND ".join(_CONDITIONS[name] for name in told)
        asked = _ALERTS + (f" WHERE {where}" if where else "")
        values: Sequence[Any] = tuple(told.values())
        with opened(self._file) as book:
            book.row_factory = sqlite3.Row
            (total,) = book.execute(f"SELECT count(*) FROM ({asked})", values).fetchone()  # noqa: S608 (conditions are ours)
            rows = book.execute(
                f"{asked} ORDER BY opened_at DESC, id LIMIT ? OFFSET ?", (*values, limit, offset)
            ).fetchall()
        return Page(int(total), [_shown(row) for row in rows])


def _now(at: datetime | None) -> int:
    return microseconds(at or datetime.now(UTC))


def _shown(row: sqlite3.Row) -> dict[str, Any]:
    incident = Incident.from_json(row["body"])
    noted = None
    if row["noted_at"] is not None:
        noted = {
            "by": row["author"],
            "at": moment(row["noted_at"]),
            "note": row["note"],
            "false_alarm": bool(row["false_alarm"]),
        }
    times = ("started_at", "opened_at", "last_at", "closed_at")
    told = asdict(incident)
    told |= {name: moment(told[name]) for name in times if told[name] is not None}
    muted = row["muted_until"]
    return told | {
        "status": row["status"],
        "acknowledged": noted,
        "muted_until": None if muted is None else moment(muted),
    }
