"""What every runner shares: reading the exported split and writing a ranking. Needs only pandas."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

K = 20
EQUAL = {  # hyperparameters, equal wherever two libraries share them
    "ease": {"regularization": 500.0},
    "als": {"dimensions": 64, "regularization": 0.01, "alpha": 10.0, "iterations": 15, "seed": 0},
    "item_knn_cosine": {"neighbors": 100},
    "item_knn_bm25": {"neighbors": 100, "k1": 1.2, "b": 0.75},
    "popular_28": {"days": 28},
}


class Exported:
    """One exported split.

    Parameters
    ----------
    folder : Path
        Holds ``train.csv`` (customer_id, item_id, count, last) and ``asked.csv`` (customer_id).
    """

    def __init__(self, folder: Path) -> None:
        ids = {"customer_id": str, "item_id": str}
        self.folder = folder
        self.train = pd.read_csv(folder / "train.csv", dtype=ids, parse_dates=["last"])
        self.asked: list[str] = pd.read_csv(folder / "asked.csv", dtype=ids)["customer_id"].tolist()

    def numbers(self) -> tuple[pd.Index, pd.Index]:
        """Return customers and items, each in ascending order of id."""
        return (
            pd.Index(sorted(self.train["customer_id"].unique())),
            pd.Index(sorted(self.train["item_id"].unique())),
        )

    def keep(self, library: str, model: str, ranking: pd.DataFrame, seconds: float) -> None:
        """Write ``ranking`` (customer_id, item_id, rank from 1) and what the fit took."""
        place = self.folder / "rankings"
        place.mkdir(exist_ok=True)
        ranking = ranking[["customer_id", "item_id", "rank"]]
        ranking.to_csv(place / f"{library}.{model}.csv", index=False)
        (place / f"{library}.{model}.json").write_text(json.dumps({"seconds": seconds}))
        sys.stdout.write(f"{self.folder.name}, {library} {model}: fitted in {seconds:.1f} s, "
                         f"{len(ranking):,} places\n")  # fmt: skip


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that ``work`` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def exported() -> Exported:
    """Return the split of the folder that the command names."""
    if len(sys.argv) != 2:
        sys.exit(f"usage: python {sys.argv[0]} data/side_by_side/<dataset>")
    return Exported(Path(sys.argv[1]))


def long_form(customers: list[str], items: list[list[str]]) -> pd.DataFrame:
    """Return lists of items, best first, as one row a place."""
    rows = [
        (customer, item, rank)
        for customer, ranked in zip(customers, items, strict=True)
        for rank, item in enumerate(ranked, 1)
    ]
    return pd.DataFrame(rows, columns=["customer_id", "item_id", "rank"])
