"""Rank with RecTools (github.com/MobileTeleSystems/RecTools): EASE, ALS, item-kNN, popularity."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
from common import EQUAL, Exported, K, exported, timed
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import CosineRecommender
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import (
    EASEModel,
    ImplicitALSWrapperModel,
    ImplicitItemKNNWrapperModel,
    PopularModel,
)


def main(split: Exported) -> None:
    """Fit, rank and keep each model."""
    pairs = pd.DataFrame(
        {
            Columns.User: split.train["customer_id"],
            Columns.Item: split.train["item_id"],
            Columns.Weight: 1.0,
            Columns.Datetime: split.train["last"],
        }
    )
    data, als = Dataset.construct(pairs), EQUAL["als"]
    models = {
        "ease": EASEModel(regularization=EQUAL["ease"]["regularization"]),
        "als": ImplicitALSWrapperModel(
            AlternatingLeastSquares(
                factors=als["dimensions"], regularization=als["regularization"],
                alpha=als["alpha"], iterations=als["iterations"], random_state=als["seed"],
            )
        ),
        "item_knn_cosine": ImplicitItemKNNWrapperModel(
            CosineRecommender(K=EQUAL["item_knn_cosine"]["neighbors"])
        ),
        "popular_28": PopularModel(period=timedelta(days=EQUAL["popular_28"]["days"])),
        "popular_ever": PopularModel(),
    }  # fmt: skip
    for name, model in models.items():
        seconds = timed(lambda m=model: m.fit(data))
        found = model.recommend(split.asked, dataset=data, k=K, filter_viewed=True)
        names = {Columns.User: "customer_id", Columns.Item: "item_id", Columns.Rank: "rank"}
        split.keep("rectools", name, found.rename(columns=names), seconds)


if __name__ == "__main__":
    main(exported())
