"""A finding's table with everything that must stand beside its numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from insights.filters import Filters
from insights.finding import Finding

SIMULATED = "simulated"
_NOTHING = "n/a"


@dataclass(frozen=True)
class Answer:
    """What one question about a workspace brought.

    Parameters
    ----------
    finding : Finding
        The definition.
    filters : Filters
        Range, calendar and selection.
    gap : str
        Silence that cuts sources without conversations into sessions, in words.
    table : pandas.DataFrame
        Rows of :meth:`~insights.finding.Finding.table` or
        :meth:`~insights.finding.Finding.drill`.
    owner : str, optional
        Who looks after the number, see :func:`insights.owners.owner_of`.
    """

    finding: Finding
    filters: Filters
    gap: str
    table: pd.DataFrame
    owner: str | None = None

    @property
    def simulated(self) -> bool:
        """Whether any row counts simulated records."""
        column = "simulated_share" if "simulated_share" in self.table else SIMULATED
        return column in self.table and bool((self.table[column].fillna(0) > 0).any())

    @property
    def title(self) -> str:
        """Definition id, title and unit, with a label where records are simulated."""
        label = " · SIMULATED DATA" if self.simulated else ""
        return f"{self.finding.id}: {self.finding.title} ({self.finding.unit}){label}"

    @property
    def caption(self) -> str:
        """How the numbers were counted, in one paragraph."""
        finding, filters = self.finding, self.filters
        since = filters.since.isoformat() if filters.since else "the beginning"
        until = filters.until.isoformat() if filters.until else "now"
        parts = [
            f"{finding.formula}.",
            finding.differs,
            f"From {since} until {until}, zone {filters.zone}; session gap {self.gap}.",
            self._once,
            f"Looked after by {self.owner}." if self.owner else "",
        ]
        return " ".join(part for part in parts if part)

    @property
    def _once(self) -> str:
        """What every row says, in words."""
        said = self.table[[name for name in self.finding.once if name in self.table]].head(1)
        told = (
            f"{str(name).replace('_', ' ')} {readable(value)}" for name, (value,) in said.items()
        )
        return f"In every row: {', '.join(told)}." if said.size else ""

    @property
    def brief(self) -> pd.DataFrame:
        """The columns for people where the finding names some: what splits it, and those.

        Tables of records have no count and are shown whole.
        """
        columns = list(self.table)
        if not self.finding.brief or "count" not in columns:
            return self.table
        groups = columns[: columns.index("count")]
        named = [name for name in self.finding.brief if name in columns]
        return self.table[list(dict.fromkeys((*groups, *named)))]

    def export(self) -> pd.DataFrame:
        """Return the table with the definition, unit, zone, gap and owner in each row."""
        about = pd.DataFrame(
            {
                "finding": self.finding.id,
                "unit": self.finding.unit,
                "zone": self.filters.zone,
                "session_gap": self.gap,
                "owner": self.owner,
            },
            index=self.table.index,
        )
        return pd.concat([about, self.table], axis=1)


def readable(value: object) -> str:
    """Return a number or text as people read it: ``n/a`` for what could not be measured."""
    if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return _NOTHING
    if isinstance(value, float):
        return f"{value:,.2f}"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    return str(value)
