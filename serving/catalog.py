"""What is known about the items of the served model, in the model's own item order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ingest.store import Store

LEVELS = " > "
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SIMULATED = "simulated"


def microseconds(time: datetime) -> int:
    """Return a UTC time as microseconds since 1970."""
    return (time - _EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True)
class Catalog:
    """Facts about items, one entry an item, in the number order of the served model.

    Attributes
    ----------
    ids : tuple of str
        Item ids; the position is the model's item number.
    titles : tuple of str
        What people call the item; the id where the title is missing.
    category_codes : ndarray of int32 [n_items]
        Position in ``category_names``; -1 where the category is missing.
    category_names : tuple of str
        Distinct category paths, levels joined by " > ".
    available_from, available_until : ndarray of int64 [n_items]
        Microseconds since 1970 (UTC); the extreme values where there is no limit.
    simulated : ndarray of bool [n_items]
        Whether the item itself was simulated.
    """

    ids: tuple[str, ...]
    titles: tuple[str, ...]
    category_codes: npt.NDArray[np.int32]
    category_names: tuple[str, ...]
    available_from: npt.NDArray[np.int64]
    available_until: npt.NDArray[np.int64]
    simulated: npt.NDArray[np.bool_]

    def __post_init__(self) -> None:
        """Check that every column has one entry an item."""
        columns = (
            self.titles,
            self.category_codes,
            self.available_from,
            self.available_until,
            self.simulated,
        )
        lengths = {len(column) for column in columns}
        if lengths != {len(self.ids)}:
            raise ValueError(
                f"catalog of {len(self.ids)} items: expected as many entries in every column, "
                f"received lengths {sorted(lengths)}"
            )

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of(cls, ids: Sequence[str], items: pa.Table) -> Catalog:
        """Return the facts of ``items`` rearranged to the order of ``ids``.

        Parameters
        ----------
        ids : sequence of str
            Item ids in the model's number order.
        items : Table
            Rows of the canonical ``items`` table; items without a row keep their id as title.
        """
        wanted = pa.table({"item_id": pa.array(ids, pa.string())})
        frame = items.select(_COLUMNS).to_pandas().set_index("item_id")
        frame = frame.loc[~frame.index.duplicated()].reindex(wanted["item_id"].to_pandas())
        codes, names = pd.factorize(frame["category"].replace("", None))
        titles = frame["title"].replace("", None).where(frame["title"].notna(), frame.index)
        return cls(
            ids=tuple(ids),
            titles=tuple(titles.fillna(frame.index.to_series()).astype(str)),
            category_codes=codes.astype(np.int32),
            category_names=tuple(str(name) for name in names),
            available_from=_limits(frame["available_from"], np.iinfo(np.int64).min),
            available_until=_limits(frame["available_until"], np.iinfo(np.int64).max),
            simulated=(frame["source"] == _SIMULATED).to_numpy(bool),
        )

    @classmethod
    def from_store(cls, store: Store, ids: Sequence[str]) -> Catalog:
        """Read the facts of the items ``ids`` from the canonical tables."""
        wanted = pc.field("item_id").isin(list(ids)) if len(ids) < _PUSHED_DOWN else None
        return cls.of(ids, store.read("items", _COLUMNS, wanted))

    def category_of(self, number: int) -> str | None:
        """Return the category path of an item number, None where it is missing."""
        code = int(self.category_codes[number])
        return None if code < 0 else self.category_names[code]

    def leaf_of(self, number: int) -> str | None:
        """Return the last level of an item's category, None where it is missing."""
        path = self.category_of(number)
        return None if path is None else path.rsplit(LEVELS, 1)[-1]


_COLUMNS = ["item_id", "source", "title", "category", "available_from", "available_until"]
_PUSHED_DOWN = 1_000


def _limits(times: pd.Series, missing: int) -> npt.NDArray[np.int64]:
    values = times.astype("datetime64[us, UTC]")
    numbers: npt.NDArray[np.int64] = np.array(values.astype("int64"), dtype=np.int64)
    numbers[values.isna().to_numpy()] = missing
    return numbers
