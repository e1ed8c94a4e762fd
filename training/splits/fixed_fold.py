"""Fixed train and test files, as published with a data set."""

from __future__ import annotations

import pandas as pd
from pydantic import validate_call

from training.interactions import Interactions
from training.splits.base import Split, distinct_pairs


class FixedFold:
    """Use the fold each event was published in (event attribute ``fold``).

    Parameters
    ----------
    train, test : str
        Names of the folds.
    """

    @validate_call
    def __init__(self, *, train: str = "train", test: str = "test") -> None:
        self.train = train
        self.test = test

    def splits(
        self,
        interactions: Interactions,
        availability: pd.DataFrame | None = None,  # noqa: ARG002  (folds carry no time)
    ) -> list[Split]:
        """Return one split: the two named folds, items of train only.

        Raises
        ------
        ValueError
            If the rows carry no fold, or a named fold is empty.
        """
        if "fold" not in interactions.frame:
            raise ValueError(
                "fixed folds: no event carries a fold; this data was not loaded from fixed train "
                "and test files, use split=global_temporal"
            )
        fold = interactions.frame["fold"]
        for name in (self.train, self.test):
            if not (fold == name).any():
                raise ValueError(
                    f"fixed folds: fold {name!r} is empty, "
                    f"the data has {sorted(fold.dropna().unique())}"
                )
        train = interactions.where((fold == self.train).to_numpy())
        rows = interactions.frame[fold == self.test]
        rows = rows[rows["item_id"].isin(train.items.ids)]
        return [Split(train, distinct_pairs(rows), None, "fixed-folds", train.items)]
