"""What people do with alerts: look at them, take note, and silence them for a while."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, case, func, insert, select

from ingest.workspace import Workspace
from insights.alerts.calendar import moment
from insights.alerts.database import (
    acknowledgments,
    alerts_of,
    attempts,
    incidents,
    mutes,
    notices,
    steps,
)
from insights.alerts.incidents import Incident
from insights.filters import microseconds

Status = Literal["open", "acknowledged", "closed"]
_said = acknowledgments.alias()
_last = select(func.max(_said.c.number)).where(_said.c.incident == incidents.c.id)
_muted = (
    select(mutes.c.until)
    .where(mutes.c.rule == incidents.c.rule, mutes.c.whose == incidents.c.whose)
    .order_by(mutes.c.number.desc())
    .limit(1)
)
_STATUS = case(
    (incidents.c.status == "closed", "closed"),
    (acknowledgments.c.number.is_(None), "open"),
    else_="acknowledged",
)
_ALERTS = (
    select(
        incidents.c.body,
        _STATUS.label("status"),
        acknowledgments.c.at.label("noted_at"),
        acknowledgments.c.author,
        acknowledgments.c.note,
        acknowledgments.c.false_alarm,
        _muted.scalar_subquery().label("muted_until"),
    )
    .select_from(incidents)
    .outerjoin(acknowledgments, acknowledgments.c.number == _last.scalar_subquery())
)
_CONDITIONS: dict[str, Callable[[Any], ColumnElement[bool]]] = {
    "id": lambda told: incidents.c.id == told,
    "status": lambda told: told == _STATUS,
    "rule": lambda told: incidents.c.rule == told,
    "owner": lambda told: incidents.c.owner == told,
    "since": lambda told: incidents.c.opened_at >= told,
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
        self._kept = alerts_of(workspace)

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
        row = {
            "incident": alert,
            "at": _now(at),
            "author": by,
            "note": note,
            "false_alarm": int(false_alarm),
        }
        with self._kept.changing() as book:
            book.execute(insert(acknowledgments).values(row))
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
        row = {
            "incident": alert,
            "rule": known["rule"],
            "whose": known["group"],
            "at": _now(at),
            "until": microseconds(until),
            "author": by,
            "note": note,
        }
        with self._kept.changing() as book:
            book.execute(insert(mutes).values(row))
        return self.one(alert)

    def history(self, alert: str) -> list[dict[str, Any]]:
        """Return what happened to an alert, oldest first: its steps and every attempt to tell it.

        Raises
        ------
        NoAlertError
            If there is none of this id.
        """
        self.one(alert)
        happened = (
            select(steps.c.at, steps.c.step, steps.c.value)
            .where(steps.c.incident == alert)
            .order_by(steps.c.number)
        )
        tries = (
            select(attempts.c.at, notices.c.about, notices.c.channel, attempts.c.told)
            .join(notices, notices.c.id == attempts.c.notice)
            .where(notices.c.incident == alert)
            .order_by(attempts.c.number)
        )
        with self._kept.reading() as book:
            rows = [
                *((at, step, _told(value)) for at, step, value in book.execute(happened)),
                *(
                    (at, f"{about} to {channel}", told)
                    for at, about, channel, told in book.execute(tries)
                ),
            ]
        told = sorted(rows, key=lambda row: row[0])
        return [{"at": moment(at), "what": what, "told": text} for at, what, text in told]

    def _page(self, told: dict[str, Any], limit: int, offset: int) -> Page:
        if not self._kept.exists():  # looking creates nothing
            return Page(0, [])
        asked = _ALERTS.where(*(_CONDITIONS[name](value) for name, value in told.items()))
        some = asked.order_by(incidents.c.opened_at.desc(), incidents.c.id)
        with self._kept.reading() as book:
            total = book.scalar(select(func.count()).select_from(asked.subquery()))
            rows = book.execute(some.limit(limit).offset(offset)).mappings().all()
        return Page(int(total or 0), [_shown(row) for row in rows])


def _told(value: float | None) -> str | None:
    return None if value is None else str(value)


def _now(at: datetime | None) -> int:
    return microseconds(at or datetime.now(UTC))


def _shown(row: Mapping[Any, Any]) -> dict[str, Any]:
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
