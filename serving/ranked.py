"""Questions and answers of the recommendation use case: options in, ranked items out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from serving.catalog import Catalog
from serving.reasons import Language, fallback_message, short_message
from training.ids import FloatArray, IntArray
from training.models.context import Context

TABLE = pa.schema(
    [
        ("customer_id", pa.string()),
        ("item_id", pa.string()),
        ("title", pa.string()),
        ("score", pa.float32()),
        ("rank", pa.int32()),
        ("origin", pa.string()),
        ("reason", pa.string()),
    ]
)


@dataclass(frozen=True)
class Options:
    """What may be recommended, in which situation, and the language of the reasons.

    Attributes
    ----------
    exclude_seen : bool, optional
        Whether to leave out what the customer acted on; None: as the model's task has it.
    category : str, optional
        Leading levels of a category path, any case.
    lang : Language
        Language of reasons and messages.
    context : Context, optional
        When and through which channel it is asked; None: not known. Models that tell no contexts
        apart do without.
    """

    exclude_seen: bool | None = None
    category: str | None = None
    lang: Language = Language.EN
    context: Context | None = None


@dataclass(frozen=True)
class Facts:
    """Which model answers.

    Attributes
    ----------
    version : str
        Registered version.
    name : str
        Name of its configuration, such as ``als``.
    trained_until : datetime
        As-of time (UTC): it knows nothing from then on.
    kinds : tuple of str
        Event kinds it learned from.
    exclude_seen : bool
        Whether its task leaves out what the customer acted on.
    min_value : float, optional
        Least value of an event that counted.
    """

    version: str
    name: str
    trained_until: datetime
    kinds: tuple[str, ...]
    exclude_seen: bool = True
    min_value: float | None = None


@dataclass(frozen=True)
class Ranked:
    """Ranked items of several customers.

    Attributes
    ----------
    customers : tuple of str
        Customers in the order asked, each once.
    items : ndarray of int32 [n, k]
        Item numbers, best first; -1 where fewer than k can be recommended.
    scores : ndarray of float32 [n, k]
        Scores; comparable within one row and origin only.
    fallback : ndarray of bool [n, k]
        Whether popularity stood in for the model.
    reasons : tuple of tuple of str
        One sentence an item, rows as long as the customer's list.
    lang : Language
        Language of the reasons and messages.
    """

    customers: tuple[str, ...]
    items: IntArray
    scores: FloatArray
    fallback: npt.NDArray[np.bool_]
    reasons: tuple[tuple[str, ...], ...]
    lang: Language = Language.EN

    def message(self, row: int, k: int) -> str | None:
        """Return what there is to know about the first ``k`` items of one customer's list."""
        length = min(k, len(self.reasons[row]))
        if length and bool(self.fallback[row, :length].all()):
            return fallback_message(self.lang)
        return short_message(length, k, self.lang) if length < k else None

    def table(self, catalog: Catalog) -> pa.Table:
        """Return the rows as a table: see ``TABLE`` for the columns."""
        row, place = np.nonzero(self.items >= 0)
        numbers = self.items[row, place].tolist()
        origins = np.where(self.fallback[row, place], "fallback", "model")
        columns = [
            [self.customers[n] for n in row.tolist()],
            [catalog.ids[number] for number in numbers],
            [catalog.titles[number] for number in numbers],
            self.scores[row, place],
            (place + 1).astype(np.int32),
            origins.tolist(),
            [reason for reasons in self.reasons for reason in reasons],
        ]
        arrays = [pa.array(c, f.type) for c, f in zip(columns, TABLE, strict=True)]
        return pa.Table.from_arrays(arrays, schema=TABLE)
