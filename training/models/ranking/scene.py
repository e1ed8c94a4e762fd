"""Everything the features of a block of customers are computed from, as of one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from training.ids import FloatArray
from training.models.context import Context
from training.models.ranking.candidates import Candidates
from training.models.ranking.demographics import Demographics
from training.models.ranking.items import ItemState
from training.models.ranking.past import Past
from training.models.ranking.people import CustomerState
from training.models.ranking.promotions import Promotions
from training.models.ranking.situation import Habits


@dataclass(frozen=True)
class Scene:
    """Everything the features of a block of customers are computed from, as of one moment.

    Parameters
    ----------
    pairs : Candidates
        The pairs; ``pairs.rows`` are rows of ``past`` and ``people``.
    grounds : dict of str to str
        Group that the scores of each source belong to, by its name.
    past : Past
        What the customers did, [n, n_items].
    people : CustomerState
        Their profiles, n rows.
    items : ItemState
        The state of all items.
    totals : dict of str to ndarray float32 [groups]
        Share of all customers' events in each group of a level.
    seen_out : bool
        Whether the pairs leave out what the customer had.
    habits : Habits, optional
        In which situations items are chosen; None where contexts are not told apart.
    context : Context, optional
        The situation that is asked about; None: it is not known.
    demographics : Demographics, optional
        Attributes of the customers, n rows, and whom items attract; None where there are none.
    promotions : Promotions, optional
        What is promoted, and to which of the customers, n rows; None where nothing is.
    """

    pairs: Candidates
    grounds: Mapping[str, str]
    past: Past
    people: CustomerState
    items: ItemState
    totals: Mapping[str, FloatArray]
    seen_out: bool
    habits: Habits | None = None
    context: Context | None = None
    demographics: Demographics | None = None
    promotions: Promotions | None = None
