"""How import, report and memory grow between the sizes that were measured."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping

from insights.bench.figures import figure
from insights.bench.settings import Bench, told
from training.report import Row, read_rows

MODELS = (
    "import",
    "weekly report, cold",
    "weekly report, warm",
    "filtered findings, slowest",
    "all processes",
)
_log = logging.getLogger(__name__)


def measure(bench: Bench) -> Iterator[Row]:
    """Yield the slope of the logarithms from the smallest to the largest size, a row a figure."""
    small, large = min(bench.sizes), max(bench.sizes)
    if small == large:
        _log.info("growth is left out: give two sizes, such as bench.sizes=[1000000,10000000]")
        return
    rows = read_rows(bench.kept) if bench.kept.exists() else []
    known = {(row["dataset"], row["model"]): row for row in rows}
    for model in MODELS:
        ends = [known.get((told(size), model)) for size in (small, large)]
        if None in ends:
            _log.info("growth of %s is left out: one of the sizes was not measured", model)
            continue
        first, last = (row for row in ends if row is not None)
        value = slope({small: first["value"], large: last["value"]})
        between = f"{told(small).split()[0]} to {told(large)}"
        yield figure(between, model, f"slope of {first['metric']}", value, protocol="log-log")


def slope(values: Mapping[int, float]) -> float:
    """Return the slope of the logarithms: 1 doubles with the data, 2 quadruples.

    Parameters
    ----------
    values : dict of int to float
        Size -> what was measured, of two sizes.
    """
    (small, first), (large, last) = sorted(values.items())
    return math.log(last / first) / math.log(large / small)
