"""``python -m insights.schedule``: make reports that are due or were missed, and send them."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import hydra
from omegaconf import DictConfig, OmegaConf

from ingest.runtime import prepare
from ingest.told import reason
from ingest.verb import verb
from ingest.workspace import Workspace
from insights.delivery.channels import Delivery
from insights.schedules.deliveries import Attempt, Deliveries, checked, deliver_made
from insights.schedules.history import History, Run
from insights.schedules.plan import Schedule
from insights.schedules.run import run_due

_LONGEST = timedelta(minutes=1)  # of one sleep: clocks are set, machines wake up


@verb("schedule")
def main(config: DictConfig) -> None:
    """Run the verb; exit code 1 if a report or its delivery failed, 2 if a setting is wrong."""
    prepare()
    try:
        schedules, delivery = planned(config), delivered_by(config)
        checked(schedules, delivery)
        root = Workspace.named(config.workspace, config.data_dir).root
        history, deliveries = History(root), Deliveries(root)
    except ValueError as error:
        sys.stderr.write(f"insights.schedule: {reason(error)}\n")
        sys.exit(2)
    if config.list:
        _show(overview(schedules, history, datetime.now(UTC), deliveries))
        return
    failed = _call(schedules, history, config)
    failed |= _bring(schedules, history, deliveries, delivery)
    while config.watch:
        _wait(schedules)
        _call(schedules, history, config)
        _bring(schedules, history, deliveries, delivery)
    sys.exit(int(failed))


def planned(config: DictConfig) -> dict[str, Schedule]:
    """Return the schedules by name.

    Raises
    ------
    ValueError
        If there is none, or one cannot be read.
    """
    told = OmegaConf.to_container(config.schedules, resolve=True) or {}
    if not isinstance(told, Mapping) or not told:
        raise ValueError(
            "schedules: there is none; add one in conf/schedule.yaml or as "
            "+schedules.monday='{report: weekly, cron: \"0 8 * * mon\"}'"
        )
    return {str(name): Schedule.model_validate(each) for name, each in told.items()}


def delivered_by(config: DictConfig) -> Delivery:
    """Return the ways to tell people."""
    return Delivery.model_validate(OmegaConf.to_container(config.delivery, resolve=True))


def overview(
    schedules: Mapping[str, Schedule],
    history: History,
    now: datetime,
    deliveries: Iterable[Attempt] = (),
) -> list[str]:
    """Return a line for each schedule, and one for each of its last runs and deliveries."""
    attempts = list(deliveries)
    lines = []
    for name, schedule in schedules.items():
        due = schedule.next(now)
        told = "never again" if due is None else f"next {due.isoformat()}"
        lines.append(f"{name}: report={schedule.report}, '{schedule.cron}' {schedule.zone}, {told}")
        runs = [run for run in history if run.schedule == name]
        lines += [f"  {line}" for line in map(_line, runs[-10:])]
        tried = [attempt for attempt in attempts if attempt.schedule == name]
        lines += [f"  {line}" for line in map(_told, tried[-10:])]
    return lines


def _call(schedules: Mapping[str, Schedule], history: History, config: DictConfig) -> bool:
    """Make what is due; return whether one failed."""
    runs = run_due(schedules, history, datetime.now(UTC), lambda *told: _make(config, *told))
    _show(map(_line, runs) if runs else ["nothing is due"])
    return any(run.status == "failed" for run in runs)


def _bring(
    schedules: Mapping[str, Schedule],
    history: History,
    deliveries: Deliveries,
    delivery: Delivery,
) -> bool:
    """Send what was made; return whether something has not arrived."""
    outcome = deliver_made(schedules, list(history), deliveries, delivery, datetime.now(UTC))
    if any(outcome.values()):
        told = ", ".join(f"{count} {what}" for what, count in outcome.items() if count)
        _show([f"deliveries: {told}"])
    return outcome["failed"] > 0


def _make(config: DictConfig, name: str, schedule: Schedule, due: datetime) -> None:
    """Write one report by the verb itself, as a person would."""
    from insights.__main__ import run  # noqa: PLC0415  (slow: only when something is due)

    run(
        hydra.compose(
            "insights",
            [
                f"workspace={config.workspace}",
                f"data_dir='{config.data_dir}'",
                f"report={schedule.report}",
                f"zone={schedule.zone}",
                f"until='{schedule.until(due)}'",
                f"out='{schedule.file(name, due)}'",
                *schedule.settings,
            ],
        )
    )


def _wait(schedules: Mapping[str, Schedule]) -> None:
    now = datetime.now(UTC)
    times = [due for each in schedules.values() if (due := each.next(now)) is not None]
    time.sleep(min([*(due - now for due in times), _LONGEST]).total_seconds())


def _line(run: Run) -> str:
    return (
        f"{run.schedule} due {run.due.isoformat()}: {run.status} {run.file or run.error}".rstrip()
    )


def _told(attempt: Attempt) -> str:
    return (
        f"{attempt.schedule} due {attempt.due.isoformat()} to {attempt.channel}: "
        f"{attempt.state}, {attempt.told}"
    )


def _show(lines: Iterable[str]) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
