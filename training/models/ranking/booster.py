"""The trees that put candidates in order, and what each group of features gave to a score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from training.ids import FloatArray

Objective = Literal["binary", "lambdarank"]
_SMALL = 2_000  # rows below which waking a second thread costs more than it saves


class Booster:
    """Gradient-boosted trees over named columns, grouped for reasons.

    Parameters
    ----------
    model : lightgbm.Booster
        Fitted trees.
    columns : sequence of str
        Names of the columns, in order.
    owners : dict of str to str
        Group of each column.
    """

    def __init__(self, model: Any, columns: Sequence[str], owners: Mapping[str, str]) -> None:
        self.model = model
        self.columns = tuple(columns)
        self.owners = dict(owners)

    def score(self, table: FloatArray) -> FloatArray:
        """Score rows float32 [n, columns] by their log-odds (or relevance), float32 [n]."""
        found = self.model.predict(table, raw_score=True, num_threads=_threads(len(table)))
        return np.asarray(found, dtype=np.float32)

    def contributions(self, table: FloatArray) -> dict[str, FloatArray]:
        """Split the score of each row by group of features (Shapley values, Lundberg 2018)."""
        found = np.asarray(
            self.model.predict(table, pred_contrib=True, num_threads=_threads(len(table))),
            dtype=np.float32,
        ).reshape(len(table), len(self.columns) + 1)
        groups: dict[str, FloatArray] = {}
        for place, name in enumerate(self.columns):
            owner = self.owners[name]
            groups[owner] = groups.get(owner, np.zeros(len(table), np.float32)) + found[:, place]
        return groups

    def importance(self) -> dict[str, float]:
        """Return the total gain of each column, largest first."""
        gains = self.model.feature_importance("gain")
        order = np.argsort(-gains, kind="stable")
        return {self.columns[i]: float(gains[i]) for i in order}

    def to_bytes(self) -> NDArray[np.uint8]:
        """Return the trees as text, in bytes."""
        return np.frombuffer(self.model.model_to_string().encode(), dtype=np.uint8)

    @classmethod
    def from_bytes(cls, text: NDArray[np.uint8], owners: Mapping[str, str]) -> Booster:
        """Read what :meth:`to_bytes` returned."""
        import lightgbm  # noqa: PLC0415  (heavy: only rankers need it)

        model = lightgbm.Booster(model_str=text.tobytes().decode())
        return cls(model, model.feature_name(), owners)


def fit_booster(
    table: FloatArray,
    labels: NDArray[np.bool_],
    sizes: Sequence[int],
    owners: Mapping[str, str],
    *,
    objective: Objective,
    trees: int,
    leaves: int,
    learning_rate: float,
    seed: int,
) -> Booster:
    """Grow trees on pairs grouped by customer.

    Parameters
    ----------
    table : ndarray float32 [pairs, columns]
        Features in the order of ``owners``.
    labels : ndarray bool [pairs]
        Whether the customer chose the item.
    sizes : sequence of int
        Pairs of each customer, in order.
    """
    import lightgbm  # noqa: PLC0415  (heavy: only rankers need it)

    settings = {
        "objective": objective,
        "learning_rate": learning_rate,
        "num_leaves": leaves,
        "min_data_in_leaf": max(5, min(100, len(table) // 200)),
        "feature_fraction": 0.5,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "lambda_l2": 5.0,
        "max_bin": 63,
        "lambdarank_truncation_level": 40,
        "seed": seed,
        "deterministic": True,
        "force_col_wise": True,
        "num_threads": _threads(len(table) // 10),
        "verbose": -1,
    }
    data = lightgbm.Dataset(
        table,
        label=labels.astype(np.float32),
        group=list(sizes) if objective == "lambdarank" else None,
        feature_name=list(owners),
        params={"max_bin": 63, "verbose": -1},
    )
    model = lightgbm.train(settings, data, num_boost_round=trees)
    return Booster(model, list(owners), owners)


def _threads(rows: int) -> int:
    """Return 1 for few rows, 0 (all cores) for many."""
    return 1 if rows < _SMALL else 0
