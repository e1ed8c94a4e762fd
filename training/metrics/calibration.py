"""Whether what a model promises comes true: predictions in bins beside what was observed.

Two kinds of promise can be checked: the chance that a recommended item is chosen in the window, of
models whose scores are chances, and the rating a customer gives, of models that predict ratings.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

BINS = 10
_SURE = 1.96  # standard errors of a 95 % interval


def promises(predicted: NDArray[np.floating], observed: NDArray[np.generic]) -> pd.DataFrame:
    """Return the pairs whose prediction is known: ``predicted`` and ``observed``, float64 [n]."""
    told, came = predicted.ravel().astype(np.float64), observed.ravel().astype(np.float64)
    known = ~np.isnan(told)
    return pd.DataFrame({"predicted": told[known], "observed": came[known]})


def reliability(pairs: pd.DataFrame, bins: int = BINS) -> pd.DataFrame:
    """Return promises by bin, lowest predictions first.

    Bins hold equally many pairs; equal predictions share one. An interval takes the pairs of a bin
    as independent, which those of one customer are not quite.

    Parameters
    ----------
    pairs : DataFrame
        ``predicted`` and ``observed`` of each pair: chance and 0 or 1, or rating and rating.
    bins : int
        At most so many.

    Returns
    -------
    DataFrame
        ``predicted`` and ``observed`` (means), ``low`` and ``high`` (95 % interval of the observed
        mean) and ``n``.

    Source: Murphy and Winkler 1977, "Reliability of Subjective Probability Forecasts".
    """
    if pairs.empty:
        return pd.DataFrame(columns=["predicted", "observed", "low", "high", "n"])
    bin_of = pd.qcut(pairs["predicted"], bins, labels=False, duplicates="drop").fillna(0)
    found = pairs.groupby(bin_of).agg(
        predicted=("predicted", "mean"),
        observed=("observed", "mean"),
        spread=("observed", lambda values: float(np.std(values))),
        n=("observed", "size"),
    )
    error = _SURE * found.pop("spread") / np.sqrt(found["n"])
    found.insert(2, "low", found["observed"] - error)
    found.insert(3, "high", found["observed"] + error)
    return found.reset_index(drop=True)


def expected_error(table: pd.DataFrame) -> float:
    """Return the mean distance of promise and observation over pairs (ECE); NaN without any.

    Source: Naeini, Cooper and Hauskrecht 2015, "Obtaining Well Calibrated Probabilities Using
    Bayesian Binning".
    """
    if table.empty:
        return float("nan")
    distance = (table["predicted"] - table["observed"]).abs()
    return float(np.average(distance, weights=table["n"]))
