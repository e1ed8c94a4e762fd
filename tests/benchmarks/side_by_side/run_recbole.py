"""Rank with RecBole (github.com/RUCAIBox/RecBole): EASE, item-kNN, popularity."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from common import EQUAL, Exported, K, exported, long_form, timed

_ROWS = 256  # customers scored at a time


def main(split: Exported) -> None:
    """Fit, rank and keep each model; they are fitted by their constructors."""
    sys.argv = sys.argv[:1]  # RecBole reads the command line as well
    from recbole.config import Config
    from recbole.data import create_dataset
    from recbole.model.general_recommender import EASE, ItemKNN, Pop

    settings = {
        "ease": (EASE, {"reg_weight": EQUAL["ease"]["regularization"]}),
        "item_knn_cosine": (ItemKNN, {"k": EQUAL["item_knn_cosine"]["neighbors"], "shrink": 0.0}),
        "popular_ever": (Pop, {}),
    }
    with tempfile.TemporaryDirectory() as folder:
        pairs = split.train[["customer_id", "item_id"]]
        place = Path(folder) / "split"
        place.mkdir()
        pairs.columns = ["user_id:token", "item_id:token"]
        pairs.to_csv(place / "split.inter", sep="\t", index=False)
        for name, (kind, given) in settings.items():
            options = {
                "data_path": folder,
                "use_gpu": False,
                "load_col": {"inter": ["user_id", "item_id"]},
            }
            config = Config(model=kind.__name__, dataset="split", config_dict=options | given)
            data = create_dataset(config)
            built: list = []
            seconds = timed(lambda b=built, k=kind, c=config, d=data: b.append(_fitted(k, c, d)))
            split.keep("recbole", name, _ranked(split, built[0], data), seconds)


def _fitted(kind: type, config: object, data: object) -> object:
    """Return a model; the counts of popularity are taken a customer at a time."""
    model = kind(config, data)
    if hasattr(model, "item_cnt"):
        matrix = data.inter_matrix(form="csr")
        for row in range(1, matrix.shape[0]):
            model.calculate_loss(
                {model.ITEM_ID: torch.from_numpy(matrix[row].indices.astype(np.int64))}
            )
    return model


def _ranked(split: Exported, model: object, data: object) -> object:
    """Score everything, leave out what was had and the padding item, and take the best."""
    matrix = data.inter_matrix(form="csr")
    users = data.token2id("user_id", split.asked)
    tokens = data.field2id_token["item_id"]
    lists = []
    for start in range(0, len(users), _ROWS):
        block = users[start : start + _ROWS]
        asked = {model.USER_ID: torch.from_numpy(np.asarray(block, dtype=np.int64))}
        scores = np.array(model.full_sort_predict(asked)).reshape(len(block), -1).astype(np.float64)
        had = matrix[block].tocoo()
        scores[had.row, had.col] = -np.inf
        scores[:, 0] = -np.inf
        best = np.argsort(-scores, axis=1, kind="stable")[:, :K]
        lists += [
            [tokens[i] for i in row if np.isfinite(values[i])]
            for row, values in zip(best, scores, strict=True)
        ]
    return long_form(split.asked, lists)


if __name__ == "__main__":
    main(exported())
