"""Where benchmarks keep their figures: ``data/reports/speed.json``, the README's table of them."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from training.report import Row, write_rows

REPORT = Path(__file__).resolve().parents[2] / "data" / "reports" / "speed.json"


def keep(
    script: str,
    metric: str,
    value: float,
    *,
    on: str,
    against: str = "",
    reference: float | None = None,
    ratio: float | None = None,
) -> None:
    """Print one figure and keep it; measured again, it replaces the old one.

    Parameters
    ----------
    script : str
        ``__file__`` of the benchmark.
    metric : str
        What was measured, with its unit, such as ``fit_seconds``.
    value : float
        The figure.
    on : str
        On which data.
    against : str
        What the reference is.
    reference : float, optional
        Figure of the reference in the same run, or the limit.
    ratio : float, optional
        Default: value / reference; rounds of both sides may give a better one.
    """
    if ratio is None and reference:
        ratio = value / reference
    numbers = {"reference": reference, "ratio": ratio}
    known = {name: float(number) for name, number in numbers.items() if number is not None}
    row = Row(on, against, Path(script).stem, metric, float(value), **known)
    write_rows(REPORT, [row])
    beside = "" if reference is None else f"; {against} {reference:,.4g}, ratio {ratio:.2f}"
    sys.stdout.write(f"{row.model} {on}: {metric} {value:,.4g}{beside}\n")
