"""The customer tower of a fitted model in NumPy: three sub-towers, fused, and the history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags

from features.profile.fusion import WeightedFusion
from training.ids import FloatArray
from training.models.two_tower.people import BLOCKS, Portraits

State = Mapping[str, NDArray[Any]]
SHORTEST = 1e-6  # added to a squared length before its root
_NEVER = np.float32(-1e9)


def fused(
    state: State, portraits: Portraits, edges: tuple[int, ...], weights: WeightedFusion | None
) -> tuple[FloatArray, FloatArray]:
    """Return fused profiles float32 [n, d], NaN where no block is present, and shares [n, 3].

    ``weights`` share the blocks out; None: the learned gates do.
    """
    parts = []
    for place in range(len(BLOCKS)):
        columns = portraits.columns[:, edges[place] : edges[place + 1]]
        inner = np.maximum(columns @ state[f"inner_{place}"] + state[f"inner_bias_{place}"], 0)
        outer = inner @ state[f"outer_{place}"] + state[f"outer_bias_{place}"]
        parts.append(outer / np.sqrt((outer**2).sum(axis=1, keepdims=True) + SHORTEST))
    if weights is None:
        shares = _gates(state, parts, portraits.present)
    else:
        shares = weights.shares(portraits.present)
    found = np.einsum("nb,bnd->nd", shares, np.stack(parts)) * state["strength"]
    found[~shares.any(axis=1)] = np.nan
    return found.astype(np.float32), shares


def _gates(state: State, parts: list[FloatArray], present: NDArray[np.bool_]) -> FloatArray:
    """Return softmax gates over the blocks that are present, [n, 3]; 0 where none is."""
    shown = [part * present[:, [place]] for place, part in enumerate(parts)]
    inner = np.tanh(np.hstack([*shown, present]) @ state["gate"] + state["gate_bias"])
    scores = np.where(present, inner @ state["gates"] + state["gates_bias"], _NEVER)
    raised = np.exp(scores - scores.max(axis=1, keepdims=True)) * present
    total = raised.sum(axis=1, keepdims=True)
    return np.asarray(raised / np.where(total > 0, total, 1), dtype=np.float32)


def means(histories: csr_matrix) -> csr_matrix:
    """Return binary ``histories`` with rows that sum to 1; an empty one stays empty."""
    counts = np.maximum(np.diff(histories.indptr), 1)
    return (diags(1 / counts, dtype=np.float32) @ histories).tocsr().astype(np.float32)
