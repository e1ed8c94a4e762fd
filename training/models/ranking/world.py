"""Everything known at one moment: what customers did, who they are, what the items are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.interactions import Interactions
from training.models.ranking.items import ItemState
from training.models.ranking.named import Arrays, below, under
from training.models.ranking.past import Past
from training.models.ranking.people import CustomerState

if TYPE_CHECKING:
    from features.store.reader import FeatureReader


@dataclass(frozen=True, eq=False)
class World:
    """The three states of one moment."""

    past: Past
    people: CustomerState
    items: ItemState

    @classmethod
    def of(
        cls, interactions: Interactions, matrix: csr_matrix, features: FeatureReader | None
    ) -> World:
        """Read the states as of ``interactions.until``; ``matrix`` is its count matrix."""
        past = Past.of(interactions, matrix)
        ids = interactions.customers.ids.tolist()
        people = CustomerState.of(ids, interactions.until, features)
        return cls(past, people, ItemState.of(interactions, past, features))

    def arrays(self) -> Arrays:
        """Return the states as named arrays, without the counts."""
        found: Arrays = {}
        for name in ("past", "people", "items"):
            found |= under(f"{name}/", getattr(self, name).arrays())
        return found

    @classmethod
    def restore(cls, counts: csr_matrix, arrays: Mapping[str, NDArray[Any]]) -> World:
        """Take over what :meth:`arrays` returned."""
        return cls(
            Past.restore(counts, below(arrays, "past/")),
            CustomerState.restore(below(arrays, "people/")),
            ItemState.restore(below(arrays, "items/")),
        )
