"""The trees that put candidates in order, and what each group of features gave to a score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from training.ids import FloatArray
from training.models.ranking.learning import Examples
from training.models.ranking.paths import PathTable

Objective = Literal["binary", "lambdarank"]
_FIXED: Mapping[str, Any] = {
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "max_bin": 63,
    "max_depth": 7,
    "lambdarank_truncation_level": 40,
    "deterministic": True,
    "force_col_wise": True,
    "verbose": -1,
}
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
        """Split the score of each row by group of features; see :class:`PathTable`."""
        if not len(table):
            return {name: np.zeros(0, dtype=np.float32) for name in self.paths.groups}
        threads = _threads(len(table))
        leaves = self.model.predict(table, pred_leaf=True, num_threads=threads)
        return self.paths.contributions(np.asarray(leaves, dtype=np.int64).reshape(len(table), -1))

    @cached_property
    def paths(self) -> PathTable:
        """What every leaf says about the groups."""
        return PathTable.of(self.model.dump_model(), self.owners)

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
    learned: Examples,
    *,
    objective: Objective,
    trees: int,
    leaves: int,
    learning_rate: float,
    seed: int,
) -> Booster:
    """Grow trees on labeled candidates (LightGBM; Ke 2017)."""
    import lightgbm  # noqa: PLC0415  (heavy: only rankers need it)

    given = {
        "objective": objective,
        "learning_rate": learning_rate,
        "num_leaves": leaves,
        "seed": seed,
        "min_data_in_leaf": max(5, min(100, len(learned) // 200)),
        "num_threads": _threads(len(learned) // 10),
    }
    data = lightgbm.Dataset(
        learned.matrix,
        label=learned.labels.astype(np.float32),
        group=learned.sizes.tolist() if objective == "lambdarank" else None,
        feature_name=list(learned.owners),
        params={"max_bin": _FIXED["max_bin"], "verbose": -1},
    )
    model = lightgbm.train({**_FIXED, **given}, data, num_boost_round=trees)
    return Booster(model, list(learned.owners), learned.owners)


def _threads(rows: int) -> int:
    """Return 1 for few rows, 0 (all cores) for many."""
    return 1 if rows < _SMALL else 0
