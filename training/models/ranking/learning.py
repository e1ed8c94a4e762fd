"""What the trees learn from: candidates of a window, labeled by what happened inside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray
from training.models.ranking.situation import chosen_or_drawn
from training.models.ranking.stage import Stage, Table, in_order
from training.models.ranking.windows import Window

_UNTOLD = 0.3  # share of customers whose situation is hidden, so that requests without one work


@dataclass(frozen=True, eq=False)
class Examples:
    """Labeled candidates.

    Parameters
    ----------
    matrix : ndarray float32 [examples, columns]
    labels : ndarray bool [examples]
        Whether the customer chose the item in the window.
    sizes : ndarray int64 [customers]
        Examples of each customer, in order.
    owners : dict of str to str
        Group of each column, in order.
    """

    matrix: FloatArray
    labels: NDArray[np.bool_]
    sizes: NDArray[np.int64]
    owners: Mapping[str, str]

    def __len__(self) -> int:
        return len(self.labels)


def examples_of(
    stage: Stage, window: Window, matrix: csr_matrix, *, negatives: float, seed: Sequence[int]
) -> Examples:
    """Label the candidates of every customer known before the window and active inside it.

    Parameters
    ----------
    stage : Stage
        As of the start of the window.
    matrix : csr_matrix [n_customers, n_items]
        Counts before the window.
    negatives : float
        Share of what was not chosen that is kept. Customers who chose no candidate teach nothing
        and are left out.
    """
    active = (np.diff(window.happened.indptr) > 0) & (np.diff(matrix.indptr) > 0)
    numbers = np.flatnonzero(active).astype(np.int32)
    rng = np.random.default_rng(list(seed))
    parts = []
    for part in stage.blocks(len(numbers)):
        table = stage.table(numbers[part], matrix[numbers[part]])
        pairs = table.pairs
        chosen = window.happened[numbers[part]][pairs.rows, pairs.items]
        label = np.asarray(chosen).ravel() > 0
        _situate(table, stage, window, numbers[part], rng)
        reachable = np.bincount(pairs.rows, weights=label, minlength=part.stop - part.start)
        keep = label | (rng.random(len(label)) < negatives)
        keep &= reachable[pairs.rows] > 0
        sizes = np.unique(pairs.rows[keep], return_counts=True)[1]
        parts.append(Examples(table.matrix[keep], label[keep], sizes, table.owners))
    return joined(parts)


def _situate(
    table: Table, stage: Stage, window: Window, numbers: IntArray, rng: np.random.Generator
) -> None:
    """Put every pair, in place, in the situation it was chosen in or might have been."""
    if stage.habits is None:
        return
    rows, items = numbers[table.pairs.rows], table.pairs.items
    places, told = chosen_or_drawn(window.happened, rows, items, rng, _UNTOLD)
    situations = stage.habits.of_events(window.events).take(places, told)
    columns = stage.habits.columns(items, situations)
    for place, name in enumerate(table.owners):
        if name in columns:
            table.matrix[:, place] = columns[name]


def joined(parts: Sequence[Examples]) -> Examples:
    """Return all ``parts`` one after the other; of nothing, nothing.

    A moment before the first profiles has fewer columns than later ones: NaN takes their place.
    """
    parts = [part for part in parts if len(part)]
    if not parts:
        empty = np.zeros((0, 0), dtype=np.float32)
        return Examples(empty, np.zeros(0, dtype=bool), np.zeros(0, dtype=np.int64), {})
    owners = {name: owner for part in parts for name, owner in part.owners.items()}
    owners = {name: owners[name] for name in sorted(owners)}
    return Examples(
        np.concatenate([in_order(part.matrix, part.owners, owners) for part in parts]),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.sizes for part in parts]),
        owners,
    )
