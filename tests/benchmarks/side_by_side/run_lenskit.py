"""Rank with LensKit (github.com/lenskit/lkpy): EASE, implicit ALS, item-kNN, popularity."""

from __future__ import annotations

from common import EQUAL, Exported, K, exported, timed
from lenskit.als import ImplicitMFScorer
from lenskit.basic import PopScorer
from lenskit.batch import recommend
from lenskit.data import from_interactions_df
from lenskit.knn import EASEScorer, ItemKNNScorer
from lenskit.pipeline import topn_pipeline
from lenskit.training import TrainingOptions


def main(split: Exported) -> None:
    """Fit, rank and keep each model."""
    pairs = split.train[["customer_id", "item_id"]]
    data = from_interactions_df(pairs, user_col="customer_id", item_col="item_id")
    als, neighbors = EQUAL["als"], EQUAL["item_knn_cosine"]["neighbors"]
    models = {
        "ease": EASEScorer(regularization=EQUAL["ease"]["regularization"]),
        "als": ImplicitMFScorer(
            embedding_size=als["dimensions"], epochs=als["iterations"],
            regularization=als["regularization"], weight=als["alpha"] - 1,
        ),
        "item_knn_cosine": ItemKNNScorer(
            max_nbrs=neighbors, save_nbrs=neighbors, feedback="implicit"
        ),
        "popular_ever": PopScorer(score="count"),
    }  # fmt: skip
    for name, scorer in models.items():
        pipe = topn_pipeline(scorer, n=K)
        options = TrainingOptions(rng=als["seed"])
        seconds = timed(lambda p=pipe, o=options: p.train(data, o))
        found = recommend(pipe, split.asked, n=K, n_jobs=1).to_df()
        found = found.rename(columns={"user_id": "customer_id"})
        split.keep("lenskit", name, found, seconds)


if __name__ == "__main__":
    main(exported())
