"""Measure every ranking, and our own models, with our metric code: ``side_by_side.json``."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from common import EQUAL, Exported, K
from numpy.typing import NDArray
from questions import ROOT, Question, questions
from scipy.sparse import csr_matrix

from training.answers import relevant_pairs
from training.evaluate import Evaluation, evaluate
from training.models.als import ALS
from training.models.base import Recommender
from training.models.ease import EASE
from training.models.ials import IALS
from training.models.item_knn import ItemKNN
from training.models.popular import RecentPopularity
from training.report import Row, write_rows

if TYPE_CHECKING:
    from features.store.reader import FeatureReader
    from training.ids import FloatArray, IntArray
    from training.interactions import Interactions

REPORT = ROOT / "data" / "reports" / "side_by_side.json"
METRICS = (f"recall@{K}", f"ndcg@{K}", f"coverage@{K}")
OURS: dict[str, Recommender] = {
    "ease": EASE(**EQUAL["ease"], max_items=100_000, threads=1),
    "als": ALS(**EQUAL["als"]),
    "ials": IALS(dimensions=64, epochs=15, threads=1),
    "item_knn_cosine": ItemKNN(similarity="cosine", weighting="binary", **EQUAL["item_knn_cosine"]),
    "item_knn_bm25": ItemKNN(similarity="bm25", weighting="count", **EQUAL["item_knn_bm25"]),
    "popular_28": RecentPopularity(**EQUAL["popular_28"]),
    "popular_ever": RecentPopularity(days=36_500),
}


class Written(Recommender):
    """Answers with a ranking that someone else wrote: what is not in it cannot be scored."""

    def __init__(self, *, ranking: pd.DataFrame) -> None:
        self.ranking = ranking

    def _fit(
        self, matrix: csr_matrix, interactions: Interactions, features: FeatureReader | None
    ) -> None:
        del matrix, features
        rows = interactions.customers.numbers(self.ranking["customer_id"].to_numpy())
        columns = interactions.items.numbers(self.ranking["item_id"].to_numpy())
        ranks = self.ranking["rank"].to_numpy(dtype=np.float32)
        shape = (len(interactions.customers), len(interactions.items))
        self._ranks = csr_matrix((ranks, (rows, columns)), shape=shape)

    def _score(
        self, numbers: IntArray, histories: csr_matrix, features: FeatureReader | None
    ) -> FloatArray:
        del histories, features
        ranks = self._ranks[numbers].toarray()
        return np.where(ranks > 0, -ranks, np.float32(np.nan))

    def _arrays(self) -> Mapping[str, NDArray[Any]]:
        return {"ranks": self._ranks.toarray()}

    def _restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._ranks = csr_matrix(arrays["ranks"])


def judged(model: Recommender, question: Question) -> tuple[Evaluation, float]:
    """Fit and measure; return the evaluation and the seconds of the fit."""
    started = time.perf_counter()
    model.fit(question.split.train)
    seconds = time.perf_counter() - started
    return evaluate(model, question.split, question.plan.task, K), seconds


def rows_of(
    question: Question, name: str, found: Evaluation, seconds: float, ours: Evaluation | None
) -> list[Row]:
    """Return a row a metric; ``ours`` is what our model of the same kind reached."""
    rows = []
    for metric in METRICS:
        each = found.summary[metric]
        reference = None if ours is None else ours.summary[metric].value
        low, high = (None, None) if np.isnan(each.low) else (each.low, each.high)
        rows.append(
            Row(question.name, f"{question.plan.task.value}, {question.split.name}", name, metric,
                each.value, low, high, each.n, round(seconds, 2), None, reference,
                each.value / reference if reference else None)
        )  # fmt: skip
    shown = ", ".join(f"{row.metric} {row.value:.4f}" for row in rows)
    sys.stdout.write(f"{question.name}, {name}: {shown}, fitted in {seconds:.1f} s\n")
    return rows


def main() -> None:
    """Judge every dataset that was exported."""
    for question in questions():
        asked = relevant_pairs(question.split, question.plan.task)["customer_id"].unique()
        if Exported(question.folder).asked != list(asked):
            raise ValueError(f"{question.folder} was exported from other data; export it again")
        ours = {}
        for name, model in OURS.items():
            ours[name], seconds = judged(model, question)
            write_rows(REPORT, rows_of(question, f"huaxiang {name}", ours[name], seconds, None))
        for path in sorted((question.folder / "rankings").glob("*.csv")):
            library, name = path.stem.split(".")
            ranking = pd.read_csv(path, dtype={"customer_id": str, "item_id": str})
            seconds = json.loads(path.with_suffix(".json").read_text())["seconds"]
            found, _ = judged(Written(ranking=ranking), question)
            rows = rows_of(question, f"{library} {name}", found, seconds, ours[name])
            write_rows(REPORT, rows)


if __name__ == "__main__":
    main()
