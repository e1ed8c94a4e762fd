"""``python -m training.promote``: the best run of the latest sweep serves, if it earned it.

A candidate must beat recent popularity and the champion on the same customers, with the lower end
of the paired 95 % interval above 0, and lose nothing that is guarded (``guards``: strata, coverage,
speed, size). The winner is fitted again on everything that is known and registered with the
metrics it earned in evaluation.

``taxonomy=NAME`` judges the latest classifier of texts instead, on the same held-out texts as the
champion; the winner is exported to where text analysis looks for it.
"""

from __future__ import annotations

import sys
from typing import NoReturn

from omegaconf import DictConfig, OmegaConf

from ingest.runtime import prepare
from ingest.verb import verb


@verb("promote")
def main(config: DictConfig) -> None:
    """Promote, or roll back; exit code 1 if the gate stays shut, 2 if there is nothing to judge."""
    prepare()
    if config.get("taxonomy") is not None or config.name is not None:
        _classifier(config)
        return
    from training.gate import GateError, judge  # noqa: PLC0415  (MLflow is slow to import)
    from training.guards import Limits  # noqa: PLC0415
    from training.promotion import promote  # noqa: PLC0415
    from training.registry import NoChampionError, Registry  # noqa: PLC0415
    from training.tracking.store import TrackingStore  # noqa: PLC0415

    try:
        store = TrackingStore(config.tracking.folder, config.tracking.uri)
        if config.rollback:
            now, before = Registry(config.workspace, store).rollback()
            _say(
                f"{config.workspace}: version {now.number} steps down, {before.number} serves again"
            )
            return
        verdict = judge(
            store,
            config.workspace,
            config.task,
            metric=config.metric,
            baseline=config.baseline,
            limits=Limits.of(OmegaConf.to_container(config.guards)),
        )
        _say(verdict.text)
        if not verdict.passed:
            sys.exit(1)
        version = promote(store, verdict, refit=config.refit)
        _say(f"version {version.number} of huaxiang-{config.workspace} is champion")
    except (GateError, NoChampionError, ValueError) as error:
        _stop(error)


def _classifier(config: DictConfig) -> None:
    """Judge the latest classifier of a taxonomy, or go back to the one before."""
    from ingest.workspace import Workspace  # noqa: PLC0415
    from training.classify.gate import judge_classifier, promote_classifier, roll_back  # noqa: PLC0415
    from training.gate import GateError  # noqa: PLC0415
    from training.registry import NoChampionError  # noqa: PLC0415
    from training.tracking.store import TrackingStore  # noqa: PLC0415

    name = str(config.name or config.taxonomy.name)
    try:
        store = TrackingStore(config.tracking.folder, config.tracking.uri)
        workspace = Workspace.named(config.workspace, config.data_dir)
        if config.rollback:
            now, before = roll_back(store, workspace, name)
            again = f"version {before.number} sorts texts again"
            _say(f"{name}: version {now.number} steps down, {again}")
            return
        verdict = judge_classifier(store, workspace, name)
        _say(verdict.words)
        if verdict.passed or verdict.stale:
            _say(f"text analysis reads it from {promote_classifier(store, workspace, verdict)}")
        if not verdict.passed:
            sys.exit(1)
    except (GateError, NoChampionError, ValueError) as error:
        _stop(error)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _stop(error: Exception) -> NoReturn:
    sys.stderr.write(f"error: {error}\n")
    sys.exit(2)


if __name__ == "__main__":
    main()
