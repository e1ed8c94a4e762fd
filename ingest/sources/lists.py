"""Published sequences: text files with one line a customer, ``user item item …`` in time order.

Such files have an order but no times: an event's time is 2000-01-01T00:00:00Z plus as many seconds
as the customer has earlier events. Fixed folds are kept in ``attributes`` as ``{"fold": "train"}``
and ``{"fold": "test"}``, test after train.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, PositiveInt, validate_call

from ingest.sources.base import Broken, RawBatch, SourceError
from ingest.sources.readers.text import Utf8Stream

_START = 946_684_800_000_000  # 2000-01-01T00:00:00Z in microseconds
_TIME = pa.timestamp("us", tz="UTC")


class Lists:
    """Lists of items by customer, from one file or from fixed train and test files.

    Parameters
    ----------
    file : Path, optional
        The only file; or ``train`` and ``test`` together.
    train, test : Path, optional
        Fixed folds.
    name : str
        Name of the source, written on every row.
    kind : str
        Kind of the events.
    batch_lines : int
        Lines of one batch.

    Raises
    ------
    SourceError
        If neither one file nor two folds are given; from :meth:`batches`, if a file is missing or
        truncated: then after its complete lines.
    """

    @validate_call
    def __init__(
        self,
        *,
        file: Path | None = None,
        train: Path | None = None,
        test: Path | None = None,
        name: str = "lists",
        kind: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")] = "rate",
        batch_lines: PositiveInt = 2_000,
    ) -> None:
        given = [path for path in (file, train, test) if path is not None]
        if len(given) != (1 if file else 2):
            raise SourceError(
                f"{name}: expected either `file` or both `train` and `test`, received "
                f"{', '.join(map(str, given)) or 'none of them'}"
            )
        self.folds = [(file, None)] if file else [(train, "train"), (test, "test")]
        self.name = name
        self.kind = kind
        self.batch_lines = batch_lines

    def batches(self) -> Iterator[RawBatch]:
        """Yield customers, items and events of some lines at a time."""
        positions: dict[str, int] = {}
        items: set[str] = set()
        for path, fold in self.folds:
            assert path is not None  # noqa: S101 - checked when built
            stream = Utf8Stream(path)
            lines = enumerate(stream.lines(), start=1)
            while block := list(islice(lines, self.batch_lines)):
                yield from self._block(path, fold, block, positions, items)
            if stream.failure is not None:
                raise stream.failure

    def _block(
        self,
        path: Path,
        fold: str | None,
        block: list[tuple[int, bytes]],
        positions: dict[str, int],
        items: set[str],
    ) -> Iterator[RawBatch]:
        users: list[str] = []
        starts: list[int] = []
        lengths: list[int] = []
        bought: list[str] = []
        broken: list[Broken] = []
        fresh: list[str] = []
        for row, line in block:
            user, *listed = line.decode().split() or [""]
            if not listed:
                broken += _complain(row, line)
                continue
            if user not in positions:
                fresh.append(user)
            users.append(user)
            starts.append(positions.get(user, 0))
            lengths.append(len(listed))
            positions[user] = starts[-1] + len(listed)
            bought += listed
        first, file = block[0][0], str(path)
        yield RawBatch("customers", pa.table({"customer_id": pa.array(fresh, pa.string())}), file)
        known = pa.array(sorted(set(bought) - items), pa.string())
        items.update(bought)
        yield RawBatch("items", pa.table({"item_id": known}), file)
        events = self._events(fold, users, starts, lengths, bought)
        yield RawBatch("events", events, file, first, tuple(broken))

    def _events(
        self,
        fold: str | None,
        users: list[str],
        starts: list[int],
        lengths: list[int],
        bought: list[str],
    ) -> pa.Table:
        """Return one row an item; ``starts`` are the customers' earlier numbers of events."""
        counts = np.array(lengths, dtype=np.int64)
        ends = np.cumsum(counts)
        place = np.arange(len(bought)) - np.repeat(ends - counts, counts)
        place += np.repeat(np.array(starts, dtype=np.int64), counts)
        customers = pa.array(np.repeat(np.array(users, dtype=object), counts), pa.string())
        position = pa.array(place, pa.int64())
        attributes = pa.scalar(f'{{"fold":"{fold}"}}' if fold else None, pa.string())
        return pa.table(
            {
                "event_id": pc.binary_join_element_wise(
                    self.name, customers, position.cast(pa.string()), "-"
                ),
                "customer_id": customers,
                "kind": pa.repeat(self.kind, len(bought)),
                "item_id": pa.array(bought, pa.string()),
                "occurred_at": pa.array(_START + 1_000_000 * place, pa.int64()).cast(_TIME),
                "attributes": pa.repeat(attributes, len(bought)),
            }
        )


def _complain(row: int, line: bytes) -> list[Broken]:
    """Return what is wrong with a line that has no items; an empty line is nothing."""
    text = line.decode().strip()
    reason = "expected a customer and at least one item, received a customer alone"
    return [Broken(row, reason, text)] if text else []
