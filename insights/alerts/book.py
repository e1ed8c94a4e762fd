"""What evaluations found, how far they came, who is to be told and whether it arrived.

What one evaluation of a rule finds is one transaction together with how far it came: a process
killed at any moment leaves whole evaluations behind, and of two at the same time one counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Update, case, exists, or_, select, update

from ingest.state.statements import insert
from ingest.workspace import Workspace
from insights.alerts import database as tables
from insights.alerts.calendar import moment
from insights.alerts.database import alerts_of, attempts, incidents, judged, mutes, notices
from insights.alerts.incidents import Incident, Step
from insights.filters import microseconds

_first = notices.alias()
# Who was not told that something began is not told that it is over.
_SILENT = (
    update(notices)
    .where(notices.c.about != "opened", notices.c.state == "pending")
    .where(
        exists().where(
            _first.c.incident == notices.c.incident,
            _first.c.channel == notices.c.channel,
            _first.c.about == "opened",
            _first.c.state.in_(("muted", "expired")),
        )
    )
    .values(state="expired")
)
_TOLD_IN_ORDER = case({"opened": 0, "updated": 1}, value=notices.c.about, else_=2)


@dataclass(frozen=True)
class Notice:
    """One message about one incident through one channel.

    Attributes
    ----------
    id : str
        The same however often it is made or sent.
    incident : Incident
        As it is now.
    about : str
        ``opened``, ``updated`` or ``closed``.
    channel : str
        Name of the channel.
    made_at : datetime
        When it became due.
    """

    id: str
    incident: Incident
    about: str
    channel: str
    made_at: datetime


class Book:
    """The alerts of one workspace.

    Parameters
    ----------
    workspace : Workspace
        Whose.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._kept = alerts_of(workspace)

    def delivering(self) -> AbstractContextManager[None]:
        """Be the only one who delivers: of two at the same time the second waits."""
        return self._kept.turn("alerts")

    def judged_until(self, rule: str) -> int | None:
        """Return the end of the last bucket that was judged by a rule, None before the first."""
        with self._kept.reading() as book:
            return _judged_until(book, rule)

    def latest(self, rule: str, after: int) -> dict[str, Incident]:
        """Return the last incident of each group of a rule that is open or breached since then."""
        asked = (
            select(incidents.c.body)
            .where(incidents.c.rule == rule)
            .where(or_(incidents.c.status == "open", incidents.c.last_at >= after))
            .order_by(incidents.c.opened_at)
        )
        with self._kept.reading() as book:
            found = [Incident.from_json(body) for body in book.scalars(asked)]
        return {incident.group: incident for incident in found}

    def incidents(self, rule: str) -> list[Incident]:
        """Return every incident of a rule as it is now, oldest first."""
        asked = (
            select(incidents.c.body)
            .where(incidents.c.rule == rule)
            .order_by(incidents.c.opened_at, incidents.c.id)
        )
        with self._kept.reading() as book:
            return [Incident.from_json(body) for body in book.scalars(asked)]

    def record(
        self,
        rule: str,
        *,
        before: int | None,
        until: int,
        steps: Sequence[tuple[Step, Incident]],
        notices: Iterable[tuple[str, str, str, str]] = (),
        at: datetime,
    ) -> bool:
        """Keep what one evaluation found; False, and nothing is kept, if another came first.

        Parameters
        ----------
        rule : str
            Evaluated rule.
        before, until : int
            How far it was judged before, and is now; microseconds since 1970.
        steps : sequence of (step, Incident)
            What happened, oldest first.
        notices : iterable of (incident, about, channel, state)
            Whom to tell.
        at : datetime
            The clock.
        """
        with self._kept.changing() as book:
            if _judged_until(book, rule) != before:
                return False
            for step, incident in steps:
                _keep(book, step, incident)
            for incident_id, about, channel, state in notices:
                row = {
                    "id": f"{incident_id}-{about}-{channel}",
                    "incident": incident_id,
                    "about": about,
                    "channel": channel,
                    "made_at": microseconds(at),
                    "state": state,
                }
                book.execute(insert(book, tables.notices).values(row).on_conflict_do_nothing())
            book.execute(_SILENT)
            done = insert(book, judged).values(rule=rule, until=until)
            book.execute(done.on_conflict_do_update(index_elements=["rule"], set_={"until": until}))
        return True

    def pending(self) -> list[Notice]:
        """Return what has not arrived yet, oldest first."""
        asked = (
            select(notices.c.id, incidents.c.body, notices.c.about)
            .add_columns(notices.c.channel, notices.c.made_at)
            .join(incidents, incidents.c.id == notices.c.incident)
            .where(notices.c.state == "pending")
            .order_by(notices.c.made_at, incidents.c.opened_at, incidents.c.id)
            .order_by(_TOLD_IN_ORDER, notices.c.channel)
        )
        with self._kept.reading() as book:
            rows = book.execute(asked).all()
        return [
            Notice(name, Incident.from_json(body), about, channel, moment(made_at))
            for name, body, about, channel, made_at in rows
        ]

    def attempted(self, notice: str, *, arrived: bool, told: str, at: datetime) -> None:
        """Keep one attempt to deliver a notice; it is done once it arrived."""
        row = {"notice": notice, "at": microseconds(at), "arrived": int(arrived), "told": told}
        with self._kept.changing() as book:
            book.execute(insert(book, attempts).values(row))
            if arrived:
                book.execute(_state_of(notice, "arrived"))

    def give_up(self, notice: str) -> None:
        """Try a notice no more: it is too old to be news."""
        with self._kept.changing() as book:
            book.execute(_state_of(notice, "expired"))
            book.execute(_SILENT)

    def muted(self, rule: str, at: datetime) -> set[str]:
        """Return the groups of a rule about which nobody wants to hear at a moment.

        Of several mutes of a group the last counts.
        """
        asked = select(mutes.c.whose, mutes.c.until).where(mutes.c.rule == rule)
        with self._kept.reading() as book:
            last = {row.whose: row.until for row in book.execute(asked.order_by(mutes.c.number))}
        return {whose for whose, until in last.items() if until > microseconds(at)}


def _judged_until(book: Connection, rule: str) -> int | None:
    return book.scalar(select(judged.c.until).where(judged.c.rule == rule))


def _state_of(notice: str, state: str) -> Update:
    return update(notices).where(notices.c.id == notice).values(state=state)


def _keep(book: Connection, step: Step, incident: Incident) -> None:
    row = {
        "id": incident.id,
        "rule": incident.rule,
        "whose": incident.group,
        "owner": incident.owner,
        "status": incident.status,
        "opened_at": incident.opened_at,
        "last_at": incident.last_at,
        "body": incident.to_json().decode(),
    }
    now = {name: row[name] for name in ("status", "last_at", "body")}
    kept = insert(book, incidents).values(row)
    book.execute(kept.on_conflict_do_update(index_elements=["id"], set_=now))
    at = incident.closed_at if step == "closed" else incident.last_at
    told = {"incident": incident.id, "at": at, "step": step, "value": incident.value}
    book.execute(insert(book, tables.steps).values(told).on_conflict_do_nothing())
