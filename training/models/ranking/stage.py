"""The state of the world at one moment, and the table of features of a block of customers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray
from training.models.base import Recommender
from training.models.context import Context
from training.models.ranking.candidates import Candidates, choose
from training.models.ranking.groups import CATALOG, Scene, computed, features_of
from training.models.ranking.past import Past
from training.models.ranking.situation import Habits
from training.models.ranking.world import World

SCORE_BYTES = 96 << 20  # most memory of the dense scores of one block
CATEGORY_SOURCE = "my_categories"


@dataclass(frozen=True, eq=False)
class Table:
    """Candidates of a block of customers with their features.

    Parameters
    ----------
    pairs : Candidates
    matrix : ndarray float32 [pairs, columns]
    owners : dict of str to str
        Group of each column, in order.
    """

    pairs: Candidates
    matrix: FloatArray
    owners: Mapping[str, str]


class Stage:
    """First-stage models and states as of one moment: makes candidates and features.

    Parameters
    ----------
    sources : dict of str to Recommender
        Fitted first-stage models.
    size : int
        Candidates each source may propose.
    world : World
        What is known as of the same moment.
    seen_out : bool
        Whether items a customer had are left out.
    without : collection of str
        Feature groups that are not computed.
    shuffle : ndarray of int32 [n_customers], optional
        Whose profile each customer is given instead of their own (a control).
    habits : Habits, optional
        In which situations items are chosen; None: contexts are not told apart.
    """

    def __init__(
        self,
        *,
        sources: Mapping[str, Recommender],
        size: int,
        world: World,
        seen_out: bool,
        without: Collection[str] = (),
        shuffle: IntArray | None = None,
        habits: Habits | None = None,
    ) -> None:
        self.sources, self.size, self.seen_out = sources, size, seen_out
        self.world = world
        self.past, self.people, self.items = world.past, world.people, world.items
        self.without, self.shuffle, self.habits = without, shuffle, habits
        self.grounds = {name: source.ground for name, source in sources.items()}
        self.grounds[CATEGORY_SOURCE] = "behavior"
        self.totals = {
            level: _shares(world.past, codes) for level, codes in world.items.levels.items()
        }

    def table(
        self, numbers: IntArray, histories: csr_matrix, context: Context | None = None
    ) -> Table:
        """Return candidates and features of customers ``numbers`` (-1 unknown).

        ``histories`` are their counts [n, n_items], ``context`` is when and where they ask.
        """
        borrowed = self._whose(numbers)
        own = self.past.rows(numbers, histories)
        past = own if self.shuffle is None else self.past.take(borrowed)
        scores = {n: s._score(numbers, histories, None) for n, s in self.sources.items()}
        favorites = self._favorites(past)
        if favorites is not None:
            scores[CATEGORY_SOURCE] = favorites
        pairs = choose(scores, self.size, histories if self.seen_out else None)
        people, world = self.people.take(borrowed), self.world
        scene = Scene(
            pairs, self.grounds, past, people, self.items, self.totals, self.seen_out, self.habits,
            context,
            None if world.demographics is None else world.demographics.take(borrowed),
            None if world.promotions is None else world.promotions.take(borrowed),
        )  # fmt: skip
        columns, owners = features_of(scene, self.without)
        owners = {name: owners[name] for name in sorted(owners)}  # the same after loading
        values = np.empty((len(pairs), len(columns)), dtype=np.float32)
        for place, name in enumerate(owners):
            values[:, place] = columns[name]
        return Table(pairs, values, owners)

    def blocks(self, n: int) -> Iterator[slice]:
        """Cut ``n`` customers into blocks whose dense scores fit in memory."""
        n_items = self.past.n_items
        step = max(1, SCORE_BYTES // (4 * n_items * (2 * len(self.sources) + 3)))
        for start in range(0, n, step):
            yield slice(start, min(start + step, n))

    def _whose(self, numbers: IntArray) -> IntArray:
        """Return whose profile each customer is given: their own, unless shuffled."""
        if self.shuffle is None:
            return numbers
        return np.where(numbers < 0, -1, self.shuffle[numbers]).astype(np.int32)

    def _favorites(self, past: Past) -> FloatArray | None:
        """Score items by what sells newly in the categories the customer is in lately."""
        known = "category" in self.items.levels and CATALOG not in self.without
        if not known or "behavior" not in computed(self.without):
            return None
        codes = self.items.levels["category"]
        (share,) = past.by_group(codes, len(self.totals["category"]), past.recent)
        share[:, 0] = 0
        newly = np.log1p(self.items.sales["new_customers_28d"])
        scores: FloatArray = np.asarray(share[:, codes] * newly, dtype=np.float32)
        scores[scores <= 0] = np.nan
        return scores


def in_order(matrix: FloatArray, known: Iterable[str], wanted: Iterable[str]) -> FloatArray:
    """Return columns of ``matrix`` [pairs, known] as ``wanted``, NaN where one is not known."""
    places = {name: place for place, name in enumerate(known)}
    wanted = list(wanted)
    if wanted == list(places):
        return matrix
    found = np.full((len(matrix), len(wanted)), np.nan, dtype=np.float32)
    for column, name in enumerate(wanted):
        if name in places:
            found[:, column] = matrix[:, places[name]]
    return found


def _shares(past: Past, codes: IntArray) -> FloatArray:
    """Return the share of all events in each group of items, float32 [groups]."""
    found = np.bincount(codes[past.items], weights=past.counts, minlength=int(codes.max()) + 1)
    return np.asarray(found / max(found.sum(), 1), dtype=np.float32)
