"""``python -m insights.action``: open, change and list action items, with what each changed."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

from omegaconf import DictConfig, OmegaConf

from ingest.configuration import quoted_words
from ingest.runtime import prepare
from ingest.told import reason
from ingest.verb import verb
from ingest.workspace import Workspace

if TYPE_CHECKING:
    from insights.actions.item import Action, Measure
    from insights.actions.register import Actions
    from insights.tables import Tables

_CHANGED = ("status", "owner", "plan", "due", "began")
_CAME_FROM = {"alert": "alert_id", "need": "need_id"}


def run(settings: DictConfig) -> None:
    """Open or change an item where one is told; then show it, or the list."""
    from insights.actions.register import Actions  # noqa: PLC0415 (the help needs no tables)
    from insights.settings import InsightSettings  # noqa: PLC0415
    from insights.tables import Tables  # noqa: PLC0415

    told = cast("dict[str, Any]", OmegaConf.to_container(settings, resolve=True))
    workspace = Workspace.named(told["workspace"], told["data_dir"])
    own = {name: told[name] for name in InsightSettings.model_fields if name in told}
    tables = Tables(workspace, InsightSettings.model_validate(own))
    register, measure = Actions(workspace), _measure(told, tables)
    if told["id"] is None and told["title"] is None:
        if measure is not None:
            raise ValueError("title: expected what is to be done about the number, received none")
        _list(register, tables, told)
        return
    if told["id"] is None:
        came = {name: told[of] for name, of in _CAME_FROM.items() if told[of] is not None}
        more = _chosen(told) | came
        opened = register.open(author=told["author"], measure=measure, **more)
        _show(register, tables, opened.id, told)
        return
    changes = _chosen(told) | ({} if measure is None else {"measure": measure})
    if changes:
        register.change(str(told["id"]), author=told["author"], **changes)
    _show(register, tables, str(told["id"]), told)


def _chosen(told: dict[str, Any]) -> dict[str, Any]:
    """Return what was told; a moment without a zone is one of ``zone``."""
    found = {name: told[name] for name in (*_CHANGED, "title") if told[name] is not None}
    if "began" in found:
        moment = datetime.fromisoformat(str(found["began"]))
        found["began"] = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(told["zone"]))
    return found


def _measure(told: dict[str, Any], tables: Tables) -> Measure | None:
    if told["finding"] is None:
        return None
    from insights.actions.item import Measure  # noqa: PLC0415
    from insights.filters import Filters  # noqa: PLC0415
    from insights.registry import find  # noqa: PLC0415

    names = ("finding", "family", "number", "better", "group")
    wanted = {name: told[name] for name in names} | {"group": told["group"] or {}}
    measure = Measure(**wanted, filters=Filters.of(told))
    finding = find(measure.finding, measure.family, tables)
    finding.split_by(tuple(measure.group))
    return measure


def _effect(tables: Tables, item: Action, days: int) -> str:
    """Return what an item changed in one line, or why that cannot be told."""
    from insights.actions.effect import effect  # noqa: PLC0415

    if item.measure is None:
        return "no number to measure it by"
    if item.began is None:
        return "not measured: it has not begun (began=...)"
    found = effect(tables, item.measure, item.began, days)
    sides = (found.before.a_day, found.after.a_day)
    if item.measure.number == "mean":
        sides = (found.before.mean, found.after.mean)
    was, now = ("n/a" if one is None else f"{one:.2f}" for one in sides)
    unit = "" if item.measure.number == "mean" else " a day"
    return f"{found.verdict}; {was} -> {now}{unit} ({found.before.count}, {found.after.count})"


def _list(register: Actions, tables: Tables, told: dict[str, Any]) -> None:
    today = datetime.now(ZoneInfo(told["zone"])).date()
    chosen = [
        item
        for item in register.every()
        if told["status"] in (None, item.status)
        and told["owner"] in (None, item.owner)
        and (item.overdue(today) or not told["overdue"])
    ]
    for item in chosen:
        due = f" due {item.due}" if item.due else ""
        late = " OVERDUE" if item.overdue(today) else ""
        _say(f"{item.id} {item.status}{late}{due} {item.owner or 'nobody'}: {item.title}")
        if item.began is not None:
            _say(f"  {_effect(tables, item, told['days'])}")
    if not chosen:
        _say("no action items" + (" of this kind" if register.every() else " yet"))


def _show(register: Actions, tables: Tables, action: str, told: dict[str, Any]) -> None:
    item = register.one(action)
    _say(f"{item.id} {item.status} {item.owner or 'nobody'}: {item.title}")
    if item.measure is not None:
        _say(f"  shall move: {item.measure.told()}, {item.measure.better} is better")
    _say(f"  effect: {_effect(tables, item, told['days'])}")
    for one in register.history(action):
        plain = one.model_dump(mode="json", exclude_none=True, exclude={"measure"})
        what = ", ".join(
            f"{k}={v}" for k, v in plain.items() if k not in ("action", "at", "author")
        )
        at = one.at.astimezone(UTC)
        _say(f"  {at:%Y-%m-%d %H:%M} {what or 'another number'} ({one.author or 'unknown'})")


def _say(line: str) -> None:
    from features.text.pii.shown import shown  # noqa: PLC0415

    sys.stdout.write(shown(line) + "\n")


@verb("action")
def main(settings: DictConfig) -> None:
    """Run the verb; a user's mistake ends with one clear line instead of a traceback."""
    prepare()
    try:
        run(settings)
    except (ValueError, LookupError, FileNotFoundError) as error:
        sys.exit(f"insights.action: {reason(error)}")


if __name__ == "__main__":
    sys.argv[1:] = quoted_words(sys.argv[1:])
    main()
