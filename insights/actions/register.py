"""The action items of a workspace: opened, changed, listed; kept in an append-only file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from ingest.workspace import Workspace
from insights.actions.item import Action, Change, Measure, fold
from insights.alerts.desk import Desk
from insights.alerts.finding_rules import FindingRule
from insights.alerts.rules import load_rules
from insights.journal import Journal, now

_LENGTH = 8


class NoActionError(LookupError):
    """There is no action item of this id.

    Parameters
    ----------
    action : str
        The id.
    """

    def __init__(self, action: str) -> None:
        super().__init__(
            f"no action {action!r}: expected an id that `python -m insights.action` shows"
        )
        self.action = action


class Actions:
    """The action items of one workspace.

    Parameters
    ----------
    workspace : Workspace
        Whose folder holds ``actions/changes.jsonl``.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._journal = Journal(workspace.root / "actions" / "changes.jsonl", Change)

    def open(self, *, title: str, author: str = "", **told: Any) -> Action:
        """Open an item, and return it; it is on disk then.

        What it shall move follows from the need or the alert it came from where no measure is
        told and that is about a number of a finding.

        Raises
        ------
        NoAlertError
            If there is no alert of the id told.
        """
        at, known = now(), len(list(self._journal))
        key = hashlib.sha256(f"{title}\n{at.isoformat()}\n{known}".encode()).hexdigest()[:_LENGTH]
        if told.get("measure") is None:
            told["measure"] = self._measure(told.get("alert"), told.get("need"))
        change = Change(action=key, at=at, author=author, title=title, **told)
        self._journal.add(change)
        return fold([change])

    def change(self, action: str, *, author: str = "", **told: Any) -> Action:
        """Change an item, and return it; the change is on disk then.

        Raises
        ------
        NoActionError
            If there is none of this id.
        """
        before = self.history(action)
        change = Change(action=action, at=now(), author=author, **told)
        self._journal.add(change)
        return fold([*before, change])

    def history(self, action: str) -> list[Change]:
        """Return the changes of one item, oldest first.

        Raises
        ------
        NoActionError
            If there is none of this id.
        """
        found = [one for one in self._journal if one.action == action]
        if not found:
            raise NoActionError(action)
        return found

    def one(self, action: str) -> Action:
        """Return one item.

        Raises
        ------
        NoActionError
            If there is none of this id.
        """
        return fold(self.history(action))

    def every(self) -> list[Action]:
        """Return all items, those that are due first before those without a date."""
        changes: dict[str, list[Change]] = {}
        for one in self._journal:
            changes.setdefault(one.action, []).append(one)
        items = [fold(told) for told in changes.values()]
        return sorted(items, key=lambda item: (item.due is None, str(item.due), item.opened_at))

    def _measure(self, alert: str | None, need: str | None) -> Measure | None:
        if need is not None:
            return Measure(finding="needs", group={"need": need})
        if alert is None:
            return None
        return _of_alert(Desk(self._workspace).one(alert))


def _of_alert(alert: Mapping[str, Any]) -> Measure | None:
    """Return the number that an alert was about; None where its rule reads no finding."""
    known = {rule.name: rule for rule in load_rules()}
    rule = known.get(alert["rule"])
    if not isinstance(rule, FindingRule):
        return None
    return Measure(
        finding=rule.finding,
        family=rule.family,
        number="count" if rule.number == "count" else "mean",
        better="lower" if _too_high(alert) else "higher",
        group={} if rule.by is None else {rule.by: alert["group"]},
    )


def _too_high(alert: Mapping[str, Any]) -> bool:
    return alert["expected"] is None or alert["value"] >= alert["expected"]
