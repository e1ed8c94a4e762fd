"""One measured figure of the text benchmark."""

from __future__ import annotations

from dataclasses import dataclass

from training import report


@dataclass(frozen=True)
class Row(report.Row):
    """What one model reached on one data set.

    Parameters
    ----------
    dataset, protocol, model, metric : str
        What was measured: the data, how it was split, what answered, and in what it is counted.
    value : float
        The figure.
    low, high : float, optional
        Ends of its 95 % interval, by bootstrap over the test texts where nothing else is said.
    n : int, optional
        Number of test texts.
    seconds : float, optional
        Time that it took, fitting included.
    peak_mb : float, optional
        Greatest memory of the process, in megabytes.
    reference : float, optional
        A published or earlier figure of the same protocol.
    ratio : float, optional
        This figure over another one measured in the same run, where only ratios mean something.

    Raises
    ------
    ValueError
        If a name is empty, or the interval ends before it begins.
    """

    def __post_init__(self) -> None:
        """Check that it says what it is about."""
        for name in ("dataset", "protocol", "model", "metric"):
            if not getattr(self, name):
                raise ValueError(f"benchmark row: {name} is empty, expected a name")
        low = self.value if self.low is None else self.low
        high = self.value if self.high is None else self.high
        if low > high:
            raise ValueError(
                f"benchmark row {self.dataset}/{self.model}/{self.metric}: expected low <= high, "
                f"got {low} and {high}"
            )
