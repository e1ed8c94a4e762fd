"""Reports that people put together themselves: numbers, splits, filters (requirement M26)."""

from __future__ import annotations

import os
import re
from difflib import get_close_matches
from pathlib import Path

import yaml
from filelock import FileLock
from pydantic import ValidationError

from ingest.told import reason
from ingest.workspace import Workspace
from insights.registry import find
from insights.report import Report, Section
from insights.tables import Tables

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


class NoReportError(LookupError):
    """No report is saved under this name.

    Parameters
    ----------
    name : str
        What was asked for.
    known : list of str
        What there is.
    """

    def __init__(self, name: str, known: list[str]) -> None:
        close = get_close_matches(name, known, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        super().__init__(
            f"no saved report {name!r}: there are {', '.join(known) or 'none'}{hint}; "
            "`python -m insights finding=... save=NAME` makes one"
        )
        self.name = name


class SavedReports:
    """The reports of one workspace, a yaml file each, as those of ``conf/report``.

    Parameters
    ----------
    workspace : Workspace
        Whose folder holds ``reports``.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._folder = workspace.root / "reports"

    def names(self) -> list[str]:
        """Return what there is."""
        return sorted(file.stem for file in self._folder.glob("*.yaml"))

    def read(self, name: str) -> Report:
        """Return one report.

        Raises
        ------
        NoReportError
            If there is none of this name.
        ValueError
            If its file is no report.
        """
        file = self._file(name)
        if not file.exists():
            raise NoReportError(name, self.names())
        try:
            return Report.model_validate(yaml.safe_load(file.read_text("utf-8")))
        except (ValidationError, yaml.YAMLError) as error:
            raise ValueError(f"report {file}: {reason(error)}") from error

    def write(self, name: str, report: Report, tables: Tables) -> None:
        """Save a report as a whole; it is on disk when this returns.

        Raises
        ------
        ValueError
            If a section cannot be split as it says, or the name is none.
        LookupError
            If a section names no finding.
        """
        for section in report.sections:
            check(section, tables)
        file = self._file(name)
        self._folder.mkdir(parents=True, exist_ok=True)
        told = report.model_dump(mode="json", exclude_defaults=True)
        unfinished = file.with_suffix(".tmp")
        with unfinished.open("w", encoding="utf-8") as out:
            yaml.safe_dump(told, out, allow_unicode=True, sort_keys=False)
            out.flush()
            os.fsync(out.fileno())
        unfinished.replace(file)

    def add(self, name: str, section: Section, tables: Tables, title: str | None = None) -> Report:
        """Put a section at the end of a report, which is made where there is none, and return it.

        Raises
        ------
        ValueError, LookupError
            As :meth:`write` does.
        """
        self._file(name)
        self._folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self._folder / f".{name}.lock"):
            known = self.read(name) if name in self.names() else None
            shown = title or (known.title if known else name.replace("_", " ").capitalize())
            sections = [*(known.sections if known else ()), section]
            days = known.days if known else 7
            chinese = known.title_zh if known and title is None else shown
            report = Report(title=shown, title_zh=chinese, days=days, sections=sections)
            self.write(name, report, tables)
        return report

    def _file(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"report name {name!r}: expected small letters, digits and underscores, a letter "
                "first, 64 at most"
            )
        return self._folder / f"{name}.yaml"


def check(section: Section, tables: Tables) -> None:
    """Refuse a section that cannot be computed: no such finding, split or filter.

    Raises
    ------
    LookupError, ValueError
        What is wrong with it.
    """
    finding = find(section.finding, section.family, tables)
    finding.split_by(section.split.by)
    chosen = section.only.model_dump(exclude_defaults=True, exclude={"label_match"})
    wrong = [name for name in chosen if name not in finding.filtered_by]
    if wrong:
        raise ValueError(
            f"finding {finding.id!r} can be filtered by {', '.join(finding.filtered_by)}; "
            f"received {', '.join(wrong)}"
        )
