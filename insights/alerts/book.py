"""What evaluations found, how far they came, who is to be told and whether it arrived.

What one evaluation of a rule finds is one transaction together with how far it came: a process
killed at any moment leaves whole evaluations behind, and of two at the same time one counts.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ingest.workspace import Workspace
from insights.alerts.calendar import moment
from insights.alerts.database import changing, file_of, opened
from insights.alerts.incidents import Incident, Step
from insights.filters import microseconds

# Who was not told that something began is not told that it is over.
_SILENT = """
UPDATE notices SET state = 'expired' WHERE about <> 'opened' AND state = 'pending' AND EXISTS (
    SELECT 1 FROM notices o WHERE o.incident = notices.incident AND o.channel = notices.channel
        AND o.about = 'opened' AND o.state IN ('muted', 'expired'))
"""


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
        self._file = file_of(workspace)
        self.lock = self._file.with_suffix(".lock")

    def judged_until(self, rule: str) -> int | None:
        """Return the end of the last bucket that was judged by a rule, None before the first."""
        with opened(self._file) as book:
            row = book.execute("SELECT until FROM judged WHERE rule = ?", (rule,)).fetchone()
        return None if row is None else int(row[0])

    def latest(self, rule: str, after: int) -> dict[str, Incident]:
        """Return the last incident of each group of a rule that is open or breached since then."""
        asked = (
            "SELECT body FROM incidents WHERE rule = ? AND (status = 'open' OR last_at >= ?) "
            "ORDER BY opened_at"
        )
        with opened(self._file) as book:
            found = [Incident.from_json(body) for (body,) in book.execute(asked, (rule, after))]
        return {incident.group: incident for incident in found}

    def incidents(self, rule: str) -> list[Incident]:
        """Return every incident of a rule as it is now, oldest first."""
        asked = "SELECT body FROM incidents WHERE rule = ? ORDER BY opened_at, id"
        with opened(self._file) as book:
            return [Incident.from_json(body) for (body,) in book.execute(asked, (rule,))]

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
        now = microseconds(at)
        with changing(self._file) as book:
            row = book.execute("SELECT until FROM judged WHERE rule = ?", (rule,)).fetchone()
            if (None if row is None else row[0]) != before:
                return False
            for step, incident in steps:
                _keep(book, step, incident)
            for incident_id, about, channel, state in notices:
                name = f"{incident_id}-{about}-{channel}"
                book.execute(
                    "INSERT OR IGNORE INTO notices VALUES (?, ?, ?, ?, ?, ?)",
                    (name, incident_id, about, channel, now, state),
                )
            book.execute(_SILENT)
            book.execute("INSERT OR REPLACE INTO judged VALUES (?, ?)", (rule, until))
        return True

    def pending(self) -> list[Notice]:
        """Return what has not arrived yet, oldest first."""
        asked = (
            "SELECT n.id, i.body, n.about, n.channel, n.made_at FROM notices n "
            "JOIN incidents i ON i.id = n.incident WHERE n.state = 'pending' "
            "ORDER BY n.made_at, n.rowid"
        )
        with opened(self._file) as book:
            rows = book.execute(asked).fetchall()
        return [
            Notice(name, Incident.from_json(body), about, channel, moment(made_at))
            for name, body, about, channel, made_at in rows
        ]

    def attempted(self, notice: str, *, arrived: bool, told: str, at: datetime) -> None:
        """Keep one attempt to deliver a notice; it is done once it arrived."""
        with changing(self._file) as book:
            book.execute(
                "INSERT INTO attempts (notice, at, arrived, told) VALUES (?, ?, ?, ?)",
                (notice, microseconds(at), arrived, told),
            )
            if arrived:
                book.execute("UPDATE notices SET state = 'arrived' WHERE id = ?", (notice,))

    def give_up(self, notice: str) -> None:
        """Try a notice no more: it is too old to be news."""
        with changing(self._file) as book:
            book.execute("UPDATE notices SET state = 'expired' WHERE id = ?", (notice,))
            book.execute(_SILENT)

    def muted(self, rule: str, at: datetime) -> set[str]:
        """Return the groups of a rule about which nobody wants to hear at a moment.

        Of several mutes of a group the last counts.
        """
        asked = "SELECT whose, until FROM mutes WHERE rule = ? ORDER BY number"
        with opened(self._file) as book:
            last = dict(book.execute(asked, (rule,)).fetchall())
        return {whose for whose, until in last.items() if until > microseconds(at)}


def _keep(book: sqlite3.Connection, step: Step, incident: Incident) -> None:
    at = incident.closed_at if step == "closed" else incident.last_at
    book.execute(
        "INSERT INTO incidents VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
        "status = excluded.status, last_at = excluded.last_at, body = excluded.body",
        (
            incident.id,
            incident.rule,
            incident.group,
            incident.owner,
            incident.status,
            incident.opened_at,
            incident.last_at,
            incident.to_json().decode(),
        ),
    )
    book.execute(
        "INSERT OR IGNORE INTO steps (incident, at, step, value) VALUES (?, ?, ?, ?)",
        (incident.id, at, step, incident.value),
    )
