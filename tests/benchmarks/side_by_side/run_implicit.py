"""Rank with implicit (github.com/benfred/implicit): ALS and item-kNN."""

from __future__ import annotations

import numpy as np
from common import EQUAL, Exported, K, exported, long_form, timed
from implicit.cpu.als import AlternatingLeastSquares
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender
from scipy.sparse import csr_matrix


def main(split: Exported) -> None:
    """Fit, rank and keep each model; BM25 learns from counts, the others from what there is."""
    customers, items = split.numbers()
    rows = customers.get_indexer(split.train["customer_id"])
    columns = items.get_indexer(split.train["item_id"])
    shape = (len(customers), len(items))
    counts = csr_matrix((split.train["count"].to_numpy(np.float32), (rows, columns)), shape=shape)
    binary = csr_matrix((np.ones_like(counts.data), (rows, columns)), shape=shape)
    als, bm25 = EQUAL["als"], EQUAL["item_knn_bm25"]
    models = {
        "als": (
            AlternatingLeastSquares(
                factors=als["dimensions"], regularization=als["regularization"],
                alpha=als["alpha"], iterations=als["iterations"], random_state=als["seed"],
            ),
            binary,
        ),
        "item_knn_cosine": (CosineRecommender(K=EQUAL["item_knn_cosine"]["neighbors"]), binary),
        "item_knn_bm25": (BM25Recommender(bm25["neighbors"], K1=bm25["k1"], B=bm25["b"]), counts),
    }  # fmt: skip
    asked = customers.get_indexer(split.asked)
    for name, (model, matrix) in models.items():
        seconds = timed(lambda m=model, x=matrix: m.fit(x, show_progress=False))
        found, scores = model.recommend(asked, matrix[asked], N=K, filter_already_liked_items=True)
        ranked = [
            [items[i] for i, score in zip(row, values, strict=True) if i >= 0 and score > -1e30]
            for row, values in zip(found, scores, strict=True)
        ]
        split.keep("implicit", name, long_form(split.asked, ranked), seconds)


if __name__ == "__main__":
    main(exported())
