"""Everything known at one moment: what customers did, who they are, what the items are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.interactions import Interactions
from training.models.ranking.demographics import Demographics
from training.models.ranking.groups import computed
from training.models.ranking.items import ItemState
from training.models.ranking.named import Arrays, below, under
from training.models.ranking.past import Past
from training.models.ranking.people import CustomerState
from training.models.ranking.promotions import Promotions

if TYPE_CHECKING:
    from features.store.reader import FeatureReader


@dataclass(frozen=True, eq=False)
class World:
    """The states of one moment; None where the data have no attributes or promotions."""

    past: Past
    people: CustomerState
    items: ItemState
    demographics: Demographics | None = None
    promotions: Promotions | None = None

    @classmethod
    def of(
        cls,
        interactions: Interactions,
        matrix: csr_matrix,
        features: FeatureReader | None,
        without: Collection[str] = (),
    ) -> World:
        """Read the states as of ``interactions.until``; ``matrix`` is its count matrix.

        Of the groups ``without``, those that have a state of their own are not read.
        """
        past, until = Past.of(interactions, matrix), interactions.until
        ids = interactions.customers.ids.tolist()
        people = CustomerState.of(ids, until, features)
        items = ItemState.of(interactions, past, features)
        demographics = promotions = None
        wanted = computed(without)
        if "demographics" in wanted:
            demographics = Demographics.of(ids, until, past, items, features)
        if "promotions" in wanted:
            promotions = Promotions.of(interactions, features)
        return cls(past, people, items, demographics, promotions)

    def arrays(self) -> Arrays:
        """Return the states as named arrays, without the counts."""
        found: Arrays = {}
        for name in ("past", "people", "items", "demographics", "promotions"):
            state = getattr(self, name)
            found |= {} if state is None else under(f"{name}/", state.arrays())
        return found

    @classmethod
    def restore(cls, counts: csr_matrix, arrays: Mapping[str, NDArray[Any]]) -> World:
        """Take over what :meth:`arrays` returned."""
        return cls(
            Past.restore(counts, below(arrays, "past/")),
            CustomerState.restore(below(arrays, "people/")),
            ItemState.restore(below(arrays, "items/")),
            Demographics.restore(below(arrays, "demographics/")),
            Promotions.restore(below(arrays, "promotions/")),
        )
