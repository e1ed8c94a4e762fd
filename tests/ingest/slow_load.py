"""A load that takes its time, so that a test can kill it: ``python slow_load.py FOLDER``."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from ingest import load as load_module
from ingest.identity import KeyMaker
from ingest.sources.base import RawBatch
from ingest.store import Store

BATCHES = 24
ROWS = 100


class Slow:
    """Events, customers whose attributes change on the way, and a bad row in every batch."""

    name = "slow"

    def __init__(self, pause: float) -> None:
        self.pause = pause

    def batches(self) -> Iterator[RawBatch]:
        maker = KeyMaker()
        for number in range(BATCHES):
            time.sleep(self.pause)
            bought = pa.table({
                "customer_id": [f"c{(number * ROWS + n) % 37}" for n in range(ROWS)],
                "item_id": [f"i{n % 11}" for n in range(ROWS)],
                "kind": ["purchase"] * (ROWS - 1) + ["Broken Kind"],
                "occurred_at": [f"2024-01-{1 + number:02d}"] * ROWS,
            })  # fmt: skip
            keyed = maker.add(bought, "event_id")
            first = 2 + number * ROWS
            yield RawBatch("events", keyed, "slow.csv", first, derived_key=True)
            people = pa.table({
                "customer_id": [f"c{n}" for n in range(number, number + 20)],
                "attributes": [f'{{"batch":{number}}}'] * 20,
            })  # fmt: skip
            yield RawBatch("customers", people, "people.csv", 2 + 20 * number)


def run(root: Path, pause: float) -> None:
    """Load everything into ``root``, a commit every second batch."""
    load_module.COMMIT_ROWS = 40
    source = Slow(pause)
    load_module.load(source, Store(root / "store"), root / "rejected", progress=False)


if __name__ == "__main__":
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    run(Path(sys.argv[1]), pause=0.01)
    sys.stdout.write("done\n")
