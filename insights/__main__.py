"""``python -m insights``: list findings, show one, or open the records behind a number."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.runtime import prepare

prepare()

import hydra
from omegaconf import DictConfig, OmegaConf

if TYPE_CHECKING:
    import pandas as pd

    from insights.answer import Answer
    from insights.filters import Filters
    from insights.settings import InsightSettings

CONF = str(Path(__file__).resolve().parent.parent / "conf")
_CONFIGURED = ("sessions", "hours", "sla", "staffing", "repeat_days")
_FILTERS = ("since", "until", "zone", "period", "channel", "agent", "customer", "source")


def _show(table: pd.DataFrame, title: str, caption: str = "") -> None:
    from rich.console import Console
    from rich.table import Table

    from insights.answer import readable

    view = Table(title=title, caption=caption)
    for column in table.columns:
        view.add_column(str(column))
    for row in table.itertuples(index=False):
        view.add_row(*(readable(value) for value in row))
    Console().print(view)


def _list() -> None:
    import pandas as pd

    from insights.registry import FINDINGS

    rows = [(known.id, known.title, known.unit, known.action) for known in FINDINGS.values()]
    _show(pd.DataFrame(rows, columns=["finding", "title", "unit", "what to do"]), "Findings")


def _filters(settings: DictConfig) -> tuple[Filters, list[str] | None]:
    """Return the filters and what to split by; a length of time in ``by`` is the period."""
    from insights.filters import PERIODS, Filters

    told = OmegaConf.to_container(settings, resolve=True)
    assert isinstance(told, dict)  # noqa: S101 - the primary configuration is a mapping
    by = [told["by"]] if isinstance(told["by"], str) else told["by"]
    grains = [name for name in by or [] if name in PERIODS]
    if len(grains) > 1:
        raise ValueError(f"by={by}: expected one of {', '.join(PERIODS)}, received {len(grains)}")
    chosen = {name: told[name] for name in (*_FILTERS, "label", "label_match")}
    if grains:
        chosen["period"] = grains[0]
    split = None if by is None else ["period" if name in PERIODS else name for name in by]
    return Filters(**chosen), split


def _settings(settings: DictConfig) -> InsightSettings:
    from insights.settings import InsightSettings

    told = {name: settings[name] for name in _CONFIGURED}
    return InsightSettings.model_validate(OmegaConf.to_container(OmegaConf.create(told)))


def _present(answer: Answer, out: str | None) -> None:
    from insights.export import write

    if out is not None:
        write(answer, Path(out))
        return
    _show(answer.table, answer.title, answer.caption)


def run(settings: DictConfig) -> None:
    """Carry out one call of the verb."""
    from ingest.workspace import Workspace
    from insights.answer import Answer
    from insights.registry import find
    from insights.tables import Tables

    if settings.finding == "list":
        _list()
        return
    finding = find(settings.finding, settings.family)
    filters, by = _filters(settings)
    tables = Tables(Workspace.named(settings.workspace, settings.data_dir), _settings(settings))
    if settings.drill is None:
        table = finding.table(tables, filters, by)
    else:
        group = {str(name): value for name, value in settings.drill.items()}
        table = finding.drill(tables, filters, group)
    _present(Answer(finding, filters, tables.settings.sessions.told(), table), settings.out)


@hydra.main(version_base=None, config_path=CONF, config_name="insights")
def main(settings: DictConfig) -> None:
    """Run the verb; a user's mistake ends with one clear line instead of a traceback."""
    try:
        run(settings)
    except (ValueError, LookupError, FileNotFoundError) as error:
        sys.exit(f"insights: {error}")


if __name__ == "__main__":
    main()
