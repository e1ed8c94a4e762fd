"""What a load did: counts by table, errors, and where to look."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True)
class Counts:
    """Rows of one table: ``read = accepted + duplicate + rejected``, checked when built."""

    read: int = 0
    accepted: int = 0
    duplicate: int = 0
    rejected: int = 0

    def __post_init__(self) -> None:
        if self.read != self.accepted + self.duplicate + self.rejected:
            raise AssertionError(f"rows went missing: {self}")

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.read + other.read,
            self.accepted + other.accepted,
            self.duplicate + other.duplicate,
            self.rejected + other.rejected,
        )


@dataclass(frozen=True)
class LoadReport:
    """The result of a load.

    Attributes
    ----------
    source : str
        Name of the source.
    tables : dict of str to Counts
        Counts by canonical table.
    seconds : float
        Duration.
    errors : tuple of str
        Files that could not be read to their end; what was read before is loaded.
    notes : tuple of str
        What the source decided by itself, such as guessed columns.
    versions : dict of str to int
        Table versions after the load.
    rejected_dir : str
        Folder of the rejected rows.
    """

    source: str
    tables: dict[str, Counts]
    seconds: float
    errors: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    versions: dict[str, int] = field(default_factory=dict)
    rejected_dir: str = ""

    @property
    def total(self) -> Counts:
        """Counts over all tables."""
        return sum(self.tables.values(), Counts())

    @property
    def ok(self) -> bool:
        """Whether every file was read to its end. Rejected rows do not make a load fail."""
        return not self.errors

    def write(self, path: Path) -> None:
        """Write the report as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2))

    def render(self) -> RenderableType:
        """Return the report as a table to print."""
        from rich.console import Group  # noqa: PLC0415 (only people need it)
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        speed = self.total.read / self.seconds if self.seconds else 0.0
        table = Table(title=f"Load of {self.source}: {self.seconds:.1f} s, {speed:,.0f} rows/s")
        for heading in ("table", "read", "accepted", "duplicate", "rejected", "version"):
            table.add_column(heading, justify="left" if heading == "table" else "right")
        for name, counts in self.tables.items():
            numbers = (counts.read, counts.accepted, counts.duplicate, counts.rejected)
            version = self.versions.get(name)
            cells = [f"{number:,}" for number in numbers]
            table.add_row(name, *cells, "-" if version is None else str(version))
        lines = [Text(f"note: {note}") for note in self.notes]
        if self.total.rejected:
            lines.append(
                Text(
                    f"{_rows(self.total.rejected)} rejected; kept in {self.rejected_dir}. "
                    "See them with list_rejected=true, load corrected ones with reload_rejected=all"
                )
            )
        lines += [Text(f"error: {error}", style="red") for error in self.errors]
        return Group(table, *lines)


def _rows(count: int) -> str:
    return "1 row was" if count == 1 else f"{count:,} rows were"
