"""Keys for rows that come without: a hash of the content, and how often it came before."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingest.duck import session
from ingest.keys import Hashes, hash_keys


class KeyMaker:
    """Makes the same keys for the same rows, whenever and however often they are read.

    The key is the MD5 of the row's values by column name, followed by ``-2``, ``-3``, ... for
    further rows of the same file that say exactly the same: two equal purchases are two events,
    while the same export loaded twice adds nothing. Use one maker a file; it keeps 12 bytes a
    distinct row.

    Examples
    --------
    >>> rows = pa.table({"customer_id": ["ann", "ann"], "item_id": ["tea", "tea"]})
    >>> keys = KeyMaker().keys(rows).to_pylist()
    >>> keys[1] == keys[0] + "-2"
    True
    """

    def __init__(self) -> None:
        self._duck = session()
        self._seen: Hashes = np.array([], dtype=np.uint64)
        self._times: npt.NDArray[np.int32] = np.array([], dtype=np.int32)

    def keys(self, rows: pa.Table) -> pa.Array:
        """Return one key a row.

        Parameters
        ----------
        rows : pyarrow.Table
            Columns without the key; their order does not matter, missing values neither.
        """
        digests = self._digests(rows)
        numbers = self._number(hash_keys(digests))
        if not (numbers > 1).any():
            return digests
        again = pc.binary_join_element_wise(digests, pa.array(numbers).cast(pa.string()), "-")
        return pc.if_else(pa.array(numbers > 1), again, digests)

    def add(self, rows: pa.Table, key: str) -> pa.Table:
        """Return the rows with the column ``key`` in front."""
        return rows.add_column(0, key, self.keys(rows))

    def _digests(self, rows: pa.Table) -> pa.Array:
        names = sorted(rows.column_names)
        parts = ", ".join(f"'{name}=' || CAST(\"{name}\" AS VARCHAR)" for name in names)
        self._duck.register("rows", rows)
        query = f"SELECT md5(concat_ws(chr(31), {parts})) AS k FROM rows"  # noqa: S608 (our names)
        digests = self._duck.execute(query).to_arrow_table()["k"].combine_chunks()
        self._duck.unregister("rows")
        return digests

    def _number(self, hashes: Hashes) -> npt.NDArray[np.int32]:
        order = np.argsort(hashes, kind="stable")
        ordered = hashes[order]
        starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]][: len(ordered)])
        counts = np.diff(np.r_[starts, len(ordered)]).astype(np.int32)
        distinct = ordered[starts]
        place = np.searchsorted(self._seen, distinct)
        inside = np.flatnonzero(place < len(self._seen))
        known = inside[self._seen[place[inside]] == distinct[inside]]
        before = np.zeros(len(distinct), dtype=np.int32)
        before[known] = self._times[place[known]]
        numbers = np.empty(len(hashes), dtype=np.int32)
        ranks = np.arange(len(hashes), dtype=np.int32) - np.repeat(starts, counts)
        numbers[order] = ranks + np.repeat(before, counts) + 1
        self._remember(distinct, counts, place, known)
        return numbers

    def _remember(
        self,
        distinct: Hashes,
        counts: npt.NDArray[np.int32],
        place: npt.NDArray[np.intp],
        known: npt.NDArray[np.intp],
    ) -> None:
        self._times[place[known]] += counts[known]
        fresh = np.ones(len(distinct), dtype=bool)
        fresh[known] = False
        seen = np.concatenate([self._seen, distinct[fresh]])
        order = np.argsort(seen, kind="stable")
        self._seen = seen[order]
        self._times = np.concatenate([self._times, counts[fresh]])[order]
