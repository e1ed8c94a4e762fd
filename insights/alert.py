"""``python -m insights.alert``: judge what is over, tell whom it concerns, and look back."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ingest.runtime import prepare
from ingest.told import reason
from ingest.verb import verb

prepare()

from omegaconf import DictConfig, OmegaConf  # noqa: E402

if TYPE_CHECKING:
    import pandas as pd

    from ingest.workspace import Workspace
    from insights.alerts.desk import Desk
    from insights.alerts.rules import Rule
    from insights.tables import Tables

_SETTINGS = ("sessions", "hours", "sla", "staffing", "repeat_days", "metrics")
_LISTED = ("id", "status", "rule", "group", "owner", "opened_at", "value", "expected", "buckets")


def run(settings: DictConfig) -> int:
    """Carry out one call of the verb and return its exit code.

    Raises
    ------
    ValueError
        If a setting is wrong.
    LookupError
        If an alert or a finding does not exist.
    """
    actions = {
        "evaluate": _evaluate,
        "list": _list,
        "show": _history,
        "ack": _acknowledge,
        "mute": _mute,
        "replay": _replay,
    }
    if settings.action not in actions:
        raise ValueError(f"action={settings.action}: expected one of {', '.join(actions)}")
    from insights.filters import known_zone  # noqa: PLC0415  (the help needs no database)

    known_zone(settings.zone)
    return actions[settings.action](settings)


def _evaluate(settings: DictConfig) -> int:
    from insights.alerts.book import Book  # noqa: PLC0415  (nor these)
    from insights.alerts.deliver import deliver  # noqa: PLC0415
    from insights.alerts.evaluate import evaluate  # noqa: PLC0415
    from insights.delivery.channels import Delivery  # noqa: PLC0415

    tables, rules = _tables(settings), _rules(settings)
    delivery = Delivery.model_validate(_plain(settings)["delivery"])
    now = _moment(settings, "as_of") or datetime.now(UTC)
    book = Book(tables.workspace)
    for rule in rules:
        try:
            found = evaluate(rule, tables, book, delivery, zone=settings.zone, now=now)
        except FileNotFoundError as error:  # nothing was analyzed yet
            _say(f"{rule.name}: not judged, {error}")
            continue
        why = f", {found.unjudged} not judged ({found.why})" if found.unjudged else ""
        _say(f"{rule.name}: {found.buckets} bucket{'' if found.buckets == 1 else 's'}{why}")
        for step, incident in found.steps:
            _say(f"  {step} {incident.id} {_shown(incident.group)} {incident.value:g}")
    by_name = {rule.name: rule for rule in rules}
    outcome = deliver(book, delivery, by_name, zone=settings.zone, now=now)
    _say(", ".join(f"{count} messages {what}" for what, count in outcome.items()))
    return 1 if outcome["failed"] else 0


def _list(settings: DictConfig) -> int:
    import pandas as pd  # noqa: PLC0415

    names = [settings.rules] if isinstance(settings.rules, str) else list(settings.rules or [None])
    pages = [
        _desk(settings).page(
            status=settings.status,
            rule=name,
            owner=settings.owner,
            since=_moment(settings, "since"),
            limit=settings.limit,
        )
        for name in names
    ]
    rows = [alert for page in pages for alert in page.alerts]
    _table(pd.DataFrame(rows, columns=list(_LISTED)), f"{sum(p.total for p in pages)} alerts")
    return 0


def _history(settings: DictConfig) -> int:
    import pandas as pd  # noqa: PLC0415

    alert, desk = _named(settings), _desk(settings)
    facts = desk.one(alert)
    about = pd.DataFrame([(name, str(fact)) for name, fact in facts.items()])
    _table(about.set_axis(["what", "told"], axis=1), f"Alert {alert}")
    _table(pd.DataFrame(desk.history(alert)), "What happened")
    return 0


def _acknowledge(settings: DictConfig) -> int:
    found = _desk(settings).acknowledge(
        _named(settings),
        by=str(settings.by),
        note=str(settings.note),
        false_alarm=settings.false_alarm,
    )
    word = "a false alarm" if settings.false_alarm else "seen"
    _say(f"{found['id']} {found['rule']}: {word}, says {settings.by}")
    return 0


def _mute(settings: DictConfig) -> int:
    until = _moment(settings, "until")
    if until is None:
        raise ValueError("action=mute: expected until=2026-03-09T09:00, received none")
    found = _desk(settings).mute(
        _named(settings), until=until, by=str(settings.by), note=str(settings.note)
    )
    _say(f"{found['rule']} {_shown(found['group'])}: muted until {until.isoformat()}")
    return 0


def _replay(settings: DictConfig) -> int:
    from insights.alerts.replay import incident_table, lead_times, read_truths, replay  # noqa: PLC0415

    since, until = _moment(settings, "since"), _moment(settings, "until")
    if since is None or until is None:
        raise ValueError("action=replay: expected since= and until=")
    zone = str(settings.zone)
    known = None if settings.truth is None else read_truths(Path(settings.truth), zone)
    found = replay(_rules(settings), _tables(settings), zone=zone, since=since, until=until)
    title = f"{len(found.incidents)} incidents in {found.buckets} judged buckets"
    _table(incident_table(found.incidents, zone), f"{title}, {found.unjudged} not judged")
    if known is not None:
        _table(lead_times(found.incidents, known), "Lead times")
    return 0


def _tables(settings: DictConfig) -> Tables:
    from insights.settings import InsightSettings  # noqa: PLC0415
    from insights.tables import Tables  # noqa: PLC0415

    told = _plain(settings)
    own = InsightSettings.model_validate({name: told[name] for name in _SETTINGS})
    return Tables(_workspace(settings), own)


def _rules(settings: DictConfig) -> tuple[Rule, ...]:
    from insights.alerts.rules import FOLDER, load_rules  # noqa: PLC0415

    own = () if settings.folder is None else (Path(settings.folder),)
    names = settings.rules
    if isinstance(names, str):
        names = [names]
    return load_rules(None if names is None else [str(name) for name in names], (FOLDER, *own))


def _desk(settings: DictConfig) -> Desk:
    from insights.alerts.desk import Desk  # noqa: PLC0415

    return Desk(_workspace(settings))


def _workspace(settings: DictConfig) -> Workspace:
    from ingest.workspace import Workspace  # noqa: PLC0415

    return Workspace.named(settings.workspace, settings.data_dir, settings.state.url)


def _named(settings: DictConfig) -> str:
    if settings.id is None:
        raise ValueError(f"action={settings.action}: expected id=..., as action=list shows it")
    return str(settings.id)


def _moment(settings: DictConfig, name: str) -> datetime | None:
    """Return a moment of the settings; naive ones are those of the zone."""
    if settings[name] is None:
        return None
    from insights.filters import Filters  # noqa: PLC0415

    return Filters(zone=settings.zone, since=settings[name]).since


def _plain(settings: DictConfig) -> dict[str, Any]:
    return cast("dict[str, Any]", OmegaConf.to_container(settings, resolve=True))


def _table(table: pd.DataFrame, title: str) -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    from features.text.pii.shown import shown_table  # noqa: PLC0415
    from insights.answer import readable  # noqa: PLC0415

    view = Table(title=title)
    for column in table.columns:
        view.add_column(str(column), overflow="fold")  # nothing is cut off
    for row in shown_table(table).itertuples(index=False):
        view.add_row(*(readable(value) for value in row))
    Console().print(view)


def _shown(group: str) -> str:
    from insights.alerts.message import plain  # noqa: PLC0415

    return plain(group) or "everything"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


@verb("alert")
def main(settings: DictConfig) -> None:
    """Run the verb; a user's mistake ends with one clear line instead of a traceback."""
    try:
        code = run(settings)
    except (ValueError, LookupError, ConnectionError) as error:
        sys.exit(f"insights.alert: {reason(error)}")
    if code:
        sys.exit(code)


if __name__ == "__main__":
    main()
