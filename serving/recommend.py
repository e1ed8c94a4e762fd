"""The one use case behind batch scoring and the online endpoint: customers to ranked items.

Model, rules, newest events and reasons meet here and nowhere else, so both ways of asking give the
same answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.sparse import csr_matrix

from serving.cases import Cases
from serving.catalog import Catalog
from serving.errors import BadRequestError, UnknownItemError
from serving.grounds import Grounds
from serving.overlay import Overlay
from serving.profiles import LazyFeatures
from serving.ranked import Facts, Options, Ranked
from serving.reasons import Wording
from serving.rules import Rules
from training.ids import FloatArray
from training.models.base import Recommender
from training.models.popular import RecentPopularity
from training.models.reranking.base import scorer_of
from training.newer import alike
from training.topk import TopK

MAX_K = 200


class Engine:
    """Everything an answer needs, loaded once.

    Parameters
    ----------
    model : Recommender
        The champion, with its fallback.
    facts : Facts
        What is said about the model.
    catalog : Catalog
        Items in the model's number order.
    recent : ndarray of float32 [n_items]
        Customers an item had lately.
    features : LazyFeatures, optional
        Profiles for the reasons; used once they are open, never waited for.
    at : datetime, optional
        Time (UTC) at which items have to be available; the present when not given.
    """

    def __init__(
        self,
        *,
        model: Recommender,
        facts: Facts,
        catalog: Catalog,
        recent: FloatArray,
        features: LazyFeatures | None = None,
        at: datetime | None = None,
    ) -> None:
        if catalog.ids != tuple(model.items.ids):
            raise ValueError(
                f"catalog: expected the model's {len(model.items)} items in its order, "
                f"received {len(catalog)} items in another; build it with Catalog.from_store"
            )
        self.model = model
        self.facts = facts
        self.catalog = catalog
        self.overlay = Overlay(model.items, facts.kinds, facts.min_value)
        self._rules = Rules(catalog)
        self._grounds = Grounds(model, catalog, recent)
        self._wording = Wording(facts.kinds)
        self._cases = Cases(features)
        self._features = features
        scorer = scorer_of(model)
        self._impersonal = isinstance(scorer, RecentPopularity)  # nobody is known to it
        self._situated = bool(getattr(scorer, "context", False))
        self.at = at
        self._candidates: dict[int, tuple[npt.NDArray[np.bool_], list[str]]] = {}

    def settled(self, options: Options) -> Options:
        """Return ``options`` with no more of the context than the model tells apart.

        Questions whose settled options are equal have the same answer.
        """
        told = options.context
        situation = told.situation if self._situated and told is not None else None
        return options if situation == told else replace(options, context=situation)

    def rank(self, customers: Sequence[str], k: int, options: Options | None = None) -> Ranked:
        """Rank the best ``k`` items of each customer and say why.

        Parameters
        ----------
        customers : sequence of str
            Customer ids; unknown ones get what is popular, and a message that says so.
        k : int
            Most items a customer, 1 to 200.
        options : Options, optional
            Rules and language.

        Raises
        ------
        BadRequestError
            If k is out of range or a customer is named twice.
        UnknownCategoryError
            If no item carries the category.
        """
        options = self.settled(options or Options())
        asked = tuple(customers)
        _check(asked, k)
        allowed = self._rules.allowed(self.at or datetime.now(UTC), options.category)
        candidates = None if allowed is None else self._ids_of(allowed)
        best, fallback, rows = self._best(asked, k, options, candidates)
        reasons = tuple(
            tuple(self._wording.sentence(one, options.lang) for one in self._grounds.evidence(case))
            for case in self._cases.of(asked, best, fallback, rows)
        )
        return Ranked(asked, best.items, best.scores, fallback, reasons, options.lang)

    def recommend(
        self, customers: Sequence[str], k: int, options: Options | None = None
    ) -> pa.Table:
        """As :meth:`rank`, as a table with the columns of ``TABLE``."""
        return self.rank(customers, k, options).table(self.catalog)

    def title(self, item_id: str) -> str:
        """Return what people call an item of the model."""
        return self.catalog.titles[int(self.model.items.numbers([item_id])[0])]

    def similar(self, item_id: str, k: int) -> list[tuple[int, float]]:
        """Return the numbers and scores of the ``k`` items most similar to an item, best first.

        Raises
        ------
        UnknownItemError
            If the model does not know the item.
        """
        if item_id not in self.model.items:
            raise UnknownItemError(
                f"The served model does not know the item {item_id!r}.",
                expected=f"one of its {len(self.model.items)} items",
                received=repr(item_id),
                todo="Items appear in the model when it is trained on events about them.",
            )
        found = self.model.similar_items([item_id], k)
        numbers = self.model.items.numbers(found["similar_item_id"].to_numpy())
        return list(zip(numbers.tolist(), found["score"].tolist(), strict=True))

    def _best(
        self, asked: tuple[str, ...], k: int, options: Options, candidates: list[str] | None
    ) -> tuple[TopK, npt.NDArray[np.bool_], csr_matrix]:
        """Return the best items [n, k], which of them the fallback gave, and histories."""
        exclude = self.facts.exclude_seen if options.exclude_seen is None else options.exclude_seen
        numbers, trained = self.model.rows_of(asked)
        fresh = self.overlay.matrix(asked)
        rows = trained if fresh is None else (trained + fresh).tocsr()
        items = np.full((len(asked), k), -1, dtype=np.int32)
        scores = np.full((len(asked), k), np.nan, dtype=np.float32)
        fallback = np.zeros((len(asked), k), dtype=bool)
        parts: dict[str, FloatArray] = {}
        for group, histories in alike(numbers, rows, fresh):
            best, stood_in = self.model.top(
                [asked[n] for n in group],
                k,
                exclude_seen=exclude,
                candidates=candidates,
                histories=histories,
                features=None if self._features is None else self._features.opened,
                context=options.context,
            )
            items[group], scores[group], fallback[group] = best.items, best.scores, stood_in
            for name, values in (best.parts or {}).items():
                parts.setdefault(name, np.full_like(scores, np.nan))[group] = values
        if options.context is None:
            parts.pop("context", None)  # nothing was told of it: no reason
        if self._impersonal:
            fallback |= ((numbers < 0) & (np.diff(rows.indptr) == 0))[:, None]
        return TopK(items, scores, parts), fallback, rows

    def _ids_of(self, allowed: npt.NDArray[np.bool_]) -> list[str]:
        """Return the ids of allowed items; remembered for the masks that the rules keep."""
        if allowed.flags.writeable:
            return list(self.model.items.ids[allowed])
        kept = self._candidates.get(id(allowed))
        if kept is None or kept[0] is not allowed:
            kept = (allowed, list(self.model.items.ids[allowed]))
            self._candidates[id(allowed)] = kept
        return kept[1]


def _check(customers: tuple[str, ...], k: int) -> None:
    if not 1 <= k <= MAX_K:
        raise BadRequestError(
            "k is out of range.",
            expected=f"a whole number from 1 to {MAX_K}",
            received=repr(k),
            todo="Ask for fewer items.",
        )
    if len(set(customers)) < len(customers):
        twice = next(c for n, c in enumerate(customers) if c in customers[:n])
        raise BadRequestError(
            f"The customer {twice!r} is named more than once.",
            expected="each customer once",
            received=f"{len(customers)} names, {len(set(customers))} different",
            todo="Remove the repeats.",
        )
