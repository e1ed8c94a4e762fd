"""``python -m features``: bring the features and profiles of a workspace up to date."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ingest.runtime import prepare
from ingest.told import reason
from ingest.verb import verb

prepare()

import hydra
from omegaconf import DictConfig, OmegaConf

if TYPE_CHECKING:
    from features.report import Report
    from features.settings import FeatureSettings


_TIMES = ("as_of", "fit_until", "snapshots", "step_days")
_KEYS = (*_TIMES, "max_items", "progress", "only", "registry")
_PARTS = ("text", "behavior", "profile", "online")


def read_settings(config: DictConfig) -> FeatureSettings:
    """Turn the composed configuration into checked settings.

    Raises
    ------
    pydantic.ValidationError
        If a value has the wrong type or range.
    """
    from features.settings import FeatureSettings

    plain = OmegaConf.to_container(config, resolve=True)
    values = {key: plain[key] for key in _KEYS}  # type: ignore[index, call-overload]
    parts = {name: hydra.utils.instantiate(config[name], _convert_="all") for name in _PARTS}
    return FeatureSettings(**values, **parts)


def _show(report: Report, workspace: str) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"Features of {workspace}")
    table.add_column("stage")
    table.add_column("rows", justify="right")
    table.add_column("seconds", justify="right")
    table.add_column("")
    for name, rows, seconds, note in report.lines:
        table.add_row(name, f"{rows:,}" if rows else "", f"{seconds:.1f}", note)
    table.add_row("total", "", f"{sum(line[2] for line in report.lines):.1f}", "")
    Console().print(table)


@verb("features")
def main(config: DictConfig) -> None:
    """Run the verb; a user's mistake ends with one clear line instead of a traceback."""
    from ingest.workspace import Workspace

    try:
        settings = read_settings(config)
        from features.pipeline import run

        workspace = Workspace.named(config.workspace, config.data_dir)
        report = run(workspace, settings)
    except (ValueError, hydra.errors.InstantiationException) as error:
        print(f"features: {reason(error.__cause__ or error)}", file=sys.stderr)
        sys.exit(2)
    _show(report, workspace.name)


if __name__ == "__main__":
    main()
