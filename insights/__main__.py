"""``python -m insights``: list findings, show one, or open the records behind a number."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ingest.runtime import prepare
from ingest.told import reason
from ingest.verb import verb

prepare()

from omegaconf import DictConfig, OmegaConf

if TYPE_CHECKING:
    import pandas as pd

    from insights.answer import Answer
    from insights.filters import Filters
    from insights.settings import InsightSettings
    from insights.tables import Tables


def _show(table: pd.DataFrame, title: str, caption: str = "") -> None:
    from rich.console import Console
    from rich.table import Table

    from features.text.pii.shown import shown_table
    from insights.answer import readable

    view = Table(title=title, caption=caption)
    for column in table.columns:
        view.add_column(str(column).replace("_", " "), overflow="fold")  # nothing is cut off
    for row in shown_table(table).itertuples(index=False):
        view.add_row(*(readable(value) for value in row))
    Console().print(view)


def _list(tables: Tables) -> None:
    import pandas as pd

    from insights.owners import owner_of
    from insights.registry import FINDINGS, own

    added = own(tables)
    every = [*FINDINGS.values(), *added.findings.values()]
    rows = [
        (known.id, known.title, known.unit, owner_of(known, tables.settings), known.action)
        for known in every
    ]
    columns = ["finding", "title", "unit", "owner", "what to do"]
    _show(pd.DataFrame(rows, columns=columns), "Findings")
    for why in added.broken.values():
        sys.stderr.write(f"insights: left out {why}\n")


def _filters(settings: DictConfig) -> tuple[Filters, list[str] | None]:
    """Return the filters and what to split by; a length of time in ``by`` is the period."""
    from insights.filters import Filters, Split

    told = _plain(settings)
    split = Split.of(told["by"])
    period = {"period": split.period} if split.period else {}
    return Filters.of(told | period), split.by


def _plain(settings: DictConfig) -> dict[str, Any]:
    return cast("dict[str, Any]", OmegaConf.to_container(settings, resolve=True))


def _settings(settings: DictConfig) -> InsightSettings:
    from insights.settings import InsightSettings

    told = _plain(settings)
    return InsightSettings.model_validate(
        {name: told[name] for name in InsightSettings.model_fields}
    )


def _save(settings: DictConfig, tables: Tables) -> None:
    """Put the question into a saved report, at its end."""
    from insights.filters import Chosen
    from insights.report import Section
    from insights.saved import SavedReports

    told = _plain(settings)
    by = [told["by"]] if isinstance(told["by"], str) else told["by"]
    section = Section(finding=told["finding"], family=told["family"], by=by, only=Chosen.of(told))
    report = SavedReports(tables.workspace).add(str(told["save"]), section, tables, told["title"])
    sys.stderr.write(f"saved {told['save']}: {len(report.sections)} sections\n")


def _report(settings: DictConfig, tables: Tables) -> None:
    from insights.pdf import write_pdf
    from insights.report import Report, render
    from insights.saved import SavedReports

    out = Path(settings.out or f"data/reports/{settings.workspace}-report.html")
    if out.suffix not in (".html", ".pdf"):
        raise ValueError(f"out={out}: a report is written as .html or .pdf")
    if settings.saved is None:
        report = Report.model_validate(_plain(settings)["report"])
    else:
        report = SavedReports(tables.workspace).read(str(settings.saved))
    out.parent.mkdir(parents=True, exist_ok=True)
    page = render(report, tables, _filters(settings)[0])
    if out.suffix == ".pdf":
        write_pdf(page, out)
    else:
        out.write_text(page, encoding="utf-8")
    sys.stderr.write(f"wrote {out}\n")


def _present(answer: Answer, out: str | None) -> None:
    from insights.export import write

    if out is not None:
        write(answer, Path(out))
        return
    _show(answer.brief, answer.title, answer.caption)


def run(settings: DictConfig) -> None:
    """Carry out one call of the verb."""
    from ingest.workspace import Workspace
    from insights.answer import Answer
    from insights.owners import check_owners, owner_of
    from insights.registry import find
    from insights.tables import Tables

    if settings.get("bench"):
        from insights.bench.verb import benchmark

        benchmark(settings, _settings(settings))
        return
    tables = Tables(Workspace.named(settings.workspace, settings.data_dir), _settings(settings))
    check_owners(tables)
    if settings.get("report") or settings.saved is not None:
        _report(settings, tables)
        return
    if settings.finding == "list":
        _list(tables)
        return
    finding = find(settings.finding, settings.family, tables)
    filters, by = _filters(settings)
    if settings.save is not None:
        _save(settings, tables)
    if settings.drill is None:
        table = finding.table(tables, filters, by)
    else:
        group = {str(name): value for name, value in settings.drill.items()}
        table = finding.drill(tables, filters, group)
    gap, owner = tables.settings.sessions.told(), owner_of(finding, tables.settings)
    _present(Answer(finding, filters, gap, table, owner), settings.out)


@verb("insights")
def main(settings: DictConfig) -> None:
    """Run the verb; a user's mistake ends with one clear line instead of a traceback."""
    try:
        run(settings)
    except (ValueError, LookupError, FileNotFoundError) as error:
        sys.exit(f"insights: {reason(error)}")


if __name__ == "__main__":
    main()
