"""What each group of features gave to a score, read off the paths of the trees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class PathTable:
    """Contribution of every group to every leaf of every tree.

    On the way from the root to a leaf each split changes the expected score; the change belongs to
    the group of the feature that was asked (Saabas 2014, "Interpreting random forests"). A leaf
    always has the same contributions, so a row costs one look-up a tree: about fifty times less
    than Shapley values (Lundberg 2018), which also average over the orders in which features could
    be asked. ``tests/benchmarks/bench_reasons.py`` prints how often both name the same group first.

    Parameters
    ----------
    groups : tuple of str
        Names of the groups.
    values : ndarray float32 [leaves of all trees, groups]
    starts : ndarray int64 [trees]
        First row of each tree in ``values``.
    base : float
        Expected score before any split; ``base`` and a row's contributions sum to its score.
    """

    groups: tuple[str, ...]
    values: NDArray[np.float32]
    starts: NDArray[np.int64]
    base: float

    @classmethod
    def of(cls, model: Mapping[str, Any], owners: Mapping[str, str]) -> PathTable:
        """Read the trees of ``lightgbm.Booster.dump_model()``; ``owners`` group its columns."""
        groups = tuple(sorted(set(owners.values())))
        place = [groups.index(owners[name]) for name in model["feature_names"]]
        roots = [tree["tree_structure"] for tree in model["tree_info"]]
        sizes = [int(tree["num_leaves"]) for tree in model["tree_info"]]
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
        values = np.zeros((sum(sizes), len(groups)), dtype=np.float32)
        for start, root in zip(starts, roots, strict=True):
            for leaf, given in _leaves(root, np.zeros(len(groups)), place):
                values[start + leaf] = given
        return cls(groups, values, starts, float(sum(_expected(root) for root in roots)))

    def contributions(self, leaves: NDArray[np.integer]) -> dict[str, NDArray[np.float32]]:
        """Sum over the trees: float32 [n] a group, from the leaf of each row int [n, trees]."""
        total = np.zeros((len(leaves), len(self.groups)), dtype=np.float32)
        for tree, start in enumerate(self.starts):
            total += self.values[start + leaves[:, tree]]
        return {name: total[:, place] for place, name in enumerate(self.groups)}


def _leaves(
    node: Mapping[str, Any], given: NDArray[np.float64], place: Sequence[int]
) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Give every leaf below ``node`` with what the path to it added to each group."""
    if "split_feature" not in node:
        yield int(node.get("leaf_index", 0)), given
        return
    here = _expected(node)
    for child in _children(node):
        there = given.copy()
        there[place[node["split_feature"]]] += _expected(child) - here
        yield from _leaves(child, there, place)


def _children(node: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    return node["left_child"], node["right_child"]


def _expected(node: Mapping[str, Any]) -> float:
    """Return the mean score of the rows that came to ``node`` in training."""
    if "split_feature" not in node:
        return float(node["leaf_value"])
    left, right = _children(node)
    rows = _rows(left), _rows(right)
    return (rows[0] * _expected(left) + rows[1] * _expected(right)) / sum(rows)


def _rows(node: Mapping[str, Any]) -> int:
    """Return how many rows came to ``node`` in training."""
    return int(node["internal_count"] if "split_feature" in node else node["leaf_count"])
