"""``python -m insights``: list findings, show one, or open the records behind a number."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.runtime import prepare

prepare()

import hydra
from omegaconf import DictConfig

if TYPE_CHECKING:
    import pandas as pd

CONF = str(Path(__file__).resolve().parent.parent / "conf")


def _show(table: pd.DataFrame, title: str) -> None:
    from rich.console import Console
    from rich.table import Table

    view = Table(title=title)
    for column in table.columns:
        view.add_column(str(column))
    for row in table.itertuples(index=False):
        view.add_row(*(f"{value:.3f}" if isinstance(value, float) else str(value) for value in row))
    Console().print(view)


def _write(table: pd.DataFrame, out: Path) -> None:
    writers = {
        ".csv": lambda: table.to_csv(out, index=False),
        ".parquet": lambda: table.to_parquet(out, index=False),
    }
    if out.suffix not in writers:
        raise ValueError(f"out={out}: expected a file ending in .csv or .parquet")
    out.parent.mkdir(parents=True, exist_ok=True)
    writers[out.suffix]()


def run(settings: DictConfig) -> None:
    """Carry out one call of the verb."""
    import pandas as pd

    from ingest.workspace import Workspace
    from insights.filters import Filters
    from insights.registry import FINDINGS, find
    from insights.tables import Tables

    if settings.finding == "list":
        rows = [
            (finding.name, finding.title, finding.unit, finding.action)
            for finding in FINDINGS.values()
        ]
        _show(pd.DataFrame(rows, columns=["finding", "title", "unit", "what to do"]), "Findings")
        return
    finding = find(settings.finding)
    filters = Filters(
        since=settings.since, until=settings.until, zone=settings.zone, period=settings.period
    )
    tables = Tables(Workspace.named(settings.workspace, settings.data_dir))
    if settings.drill is None:
        table = finding.table(tables, filters)
    else:
        group = {str(name): value for name, value in settings.drill.items()}
        table = finding.drill(tables, filters, group)
    if settings.out is not None:
        _write(table, Path(settings.out))
        return
    _show(table, f"{finding.title} ({finding.unit}, {filters.zone}): {finding.formula}")


@hydra.main(version_base=None, config_path=CONF, config_name="insights")
def main(settings: DictConfig) -> None:
    """Run the verb; a user's mistake ends with one clear line instead of a traceback."""
    try:
        run(settings)
    except (ValueError, LookupError, FileNotFoundError) as error:
        sys.exit(f"insights: {error}")


if __name__ == "__main__":
    main()
