"""Rows of the benchmark: what was asked stands beside what was measured."""

from __future__ import annotations

from training.report import Row

IMPORT_SECONDS = 180.0  # of a million messages
REPORT_SECONDS = 60.0  # the whole weekly report over a million messages
FILTERED_SECONDS = 1.0  # one finding, filtered, once it was asked before
LISTED_SECONDS = 0.3  # a filtered page of conversations, 95 of 100 times
PEAK_MB = 4096.0  # all processes together
LIVE_SECONDS = 5.0  # from a posted message to the number that counts it
LIMITED = 1_000_000  # messages; the limits are asked for so many, or fewer


def figure(
    dataset: str,
    model: str,
    metric: str,
    value: float,
    asked: float | None = None,
    *,
    protocol: str = "",
    n: int | None = None,
    peak_mb: float | None = None,
) -> Row:
    """Return one figure.

    Parameters
    ----------
    dataset : str
        Which messages.
    model : str
        What was done.
    metric : str
        What was measured, with its unit.
    value : float
        The figure.
    asked : float, optional
        The most it may be.
    protocol : str
        How it was measured.
    n : int, optional
        Of how many records, questions or rounds.
    peak_mb : float, optional
        Most memory meanwhile, in MB.
    """
    ratio = None if not asked else value / asked
    return Row(
        dataset, protocol, model, metric, float(value),
        n=n, peak_mb=peak_mb, reference=asked, ratio=ratio,
    )  # fmt: skip


def limit(asked: float, size: int) -> float | None:
    """Return the limit where it is asked for so many messages."""
    return asked if size <= LIMITED else None
