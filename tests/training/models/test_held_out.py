"""What a fit keeps apart to judge itself by: what is held out, and nDCG on known answers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix, random_array

from training.models.held_out import HeldOut, hit, hold_out


def test_a_fifth_of_some_customers_is_held_out() -> None:
    matrix = csr_matrix(random_array((40, 30), density=0.4, rng=np.random.default_rng(0)))
    matrix.data[:] = 1
    learned, held_out = hold_out(matrix, 0.25, seed=3)
    assert len(held_out.customers) == 10
    whole = learned.tolil()
    whole[held_out.customers] = held_out.given + held_out.wanted
    np.testing.assert_array_equal(whole.toarray(), matrix.toarray())
    assert learned.nnz + held_out.wanted.nnz == matrix.nnz
    lengths = np.diff(matrix.indptr)[held_out.customers]
    np.testing.assert_array_equal(np.diff(held_out.wanted.indptr), np.round(0.2 * lengths))
    again = hold_out(matrix, 0.25, seed=3)[1]
    np.testing.assert_array_equal(again.wanted.indices, held_out.wanted.indices)
    assert hold_out(matrix, 0.25, seed=4)[1].customers.tolist() != held_out.customers.tolist()


def test_ndcg_of_known_rankings() -> None:
    given = csr_matrix(np.array([[1, 0, 0, 0], [0, 0, 0, 0]], dtype=np.float32))
    wanted = csr_matrix(np.array([[0, 1, 0, 0], [0, 0, 1, 1]], dtype=np.float32))
    held_out = HeldOut(np.array([0, 1], dtype=np.int32), given, wanted)
    items = np.eye(4, dtype=np.float32)
    scores = np.array([[9, 3, 4, 1], [1, 2, 3, 4]], dtype=np.float32)  # ranks: 2; 1 and 2
    assert held_out.ndcg(scores, items) == pytest.approx((1 / np.log2(3) + 1) / 2)
    assert hit(wanted, np.array([[1, -1], [0, 3]])).tolist() == [[True, False], [False, True]]


def test_nobody_to_ask_is_no_answer() -> None:
    matrix = csr_matrix(np.eye(3, dtype=np.float32))
    learned, held_out = hold_out(matrix, 0.5, seed=0)
    assert learned.nnz == 3
    assert np.isnan(held_out.ndcg(np.zeros((0, 2), np.float32), np.zeros((3, 2), np.float32)))
