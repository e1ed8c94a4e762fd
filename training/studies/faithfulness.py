"""Are a model's reasons its reasons: deletion tests of what it names, beside controls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from pydantic import NonNegativeInt, PositiveInt, validate_call
from scipy.sparse import csr_matrix

from training.data import Prepared
from training.explanations import teller_of
from training.faithfulness import MEASURES, Deletions, Names, of_history
from training.group_faithfulness import of_groups
from training.ids import FloatArray, IntArray
from training.metrics import Interval
from training.models.base import Recommender
from training.models.latent import item_vectors
from training.models.ranker import Ranker
from training.models.reranking.base import scorer_of
from training.plan import Plan
from training.report import Row
from training.runner import fit
from training.splits import Split
from training.studies.base import Findings
from training.tracking.table import interval_text


class Faithfulness:
    """Fit the model of the plan and delete what its explanations name.

    Of the items of the history: what the model says each of them gave (``terms``), the cosine of
    the items' vectors (``cosine``), and the model's own numbers dealt to other items of the
    history (``shuffled``), which must do no better than chance. Of a ranker's groups of features:
    the contributions read off the trees (``groups``) and the same dealt to other groups.

    Parameters
    ----------
    customers : int
        How many customers with a history of two items or more are drawn.
    items : int
        Best items of each that are explained.
    others : int
        Most items of a history that are drawn to compare with.
    seed : int
        Of all that is drawn.
    """

    @validate_call
    def __init__(
        self,
        *,
        customers: PositiveInt = 200,
        items: PositiveInt = 5,
        others: PositiveInt = 10,
        seed: NonNegativeInt = 0,
    ) -> None:
        self.customers = customers
        self.items = items
        self.others = others
        self.seed = seed

    def measure(self, plan: Plan, prepared: Prepared) -> Findings:
        """Return comprehensiveness and sufficiency of every kind of reason, with intervals.

        Raises
        ------
        ValueError
            If the model names neither items of the history nor groups of features.
        """
        split = prepared.splits[0]
        model = scorer_of(fit(plan, prepared, split.train, split.cutoff))
        asked = self._drawn(model)
        found = {name: each.intervals(self.seed) for name, each in self._cases(model, asked)}
        if not found:
            raise ValueError(
                f"{plan.model_name}: names neither items of the history nor groups of features; "
                "choose a model that does, such as ease, item_knn, ials or ranker"
            )
        return Findings(
            value=next(iter(found.values()))["comprehensiveness over chance"].value,
            rows=[
                row
                for name, each in found.items()
                for row in _rows(name, each, plan, prepared, split)
            ],
            table=_table(plan.model_name, found),
        )

    def _drawn(self, model: Recommender) -> list[str]:
        """Return ids of customers with a history, drawn by lot."""
        enough = np.flatnonzero(np.diff(model.histories.indptr) > 1)
        drawn = np.random.default_rng(self.seed).permutation(enough)[: self.customers]
        ids: list[str] = model.customers.ids[np.sort(drawn)].tolist()
        return ids

    def _cases(self, model: Recommender, asked: Sequence[str]) -> Iterator[tuple[str, Deletions]]:
        if isinstance(model, Ranker):
            for name, by_lot in {"groups": False, "groups shuffled": True}.items():
                yield name, of_groups(model, asked, k=self.items, shuffled=by_lot, seed=self.seed)
        teller = teller_of(model)
        if teller is None:
            return
        nobody = np.zeros(0, dtype=np.int32)
        by_factors = model.factors(nobody, csr_matrix((0, len(model.items)))) is not None
        ways: dict[str, Names] = {
            "terms": teller.contributions,
            "cosine": _cosine(item_vectors(model)),
            "shuffled": _shuffled(teller.contributions, self.seed),
        }
        for name, names in ways.items():
            yield name, of_history(
                model, asked, names,
                k=self.items, others=self.others, seed=self.seed,
                folded_in=by_factors, sized=name == "terms" and teller is model,
            )  # fmt: skip


def _cosine(vectors: FloatArray) -> Names:
    def names(history: csr_matrix, items: IntArray) -> FloatArray:
        found: FloatArray = vectors[history.indices] @ vectors[items].T
        return found

    return names


def _shuffled(names: Names, seed: int) -> Names:
    """Deal the contributions of ``names`` to the items of the history anew, for each item."""
    rng = np.random.default_rng(seed)

    def dealt(history: csr_matrix, items: IntArray) -> FloatArray:
        return rng.permuted(names(history, items), axis=0)

    return dealt


def _rows(
    name: str, found: dict[str, Interval], plan: Plan, prepared: Prepared, split: Split
) -> list[Row]:
    return [
        Row(
            dataset=prepared.workspace.name,
            protocol=f"deletion, {split.name}",
            model=f"{plan.model_name}, {name}",
            metric=measure,
            value=each.value,
            low=each.low,
            high=each.high,
            n=each.n,
        )
        for measure, each in found.items()
        if each.n
    ]


def _table(model: str, found: dict[str, dict[str, Interval]]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"model": model, "reasons": name}
            | {m: interval_text(each[m].value, each[m].low, each[m].high) for m in MEASURES}
            for name, each in found.items()
        ]
    )
