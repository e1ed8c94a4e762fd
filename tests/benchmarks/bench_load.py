"""Loading speed and memory: ``python tests/benchmarks/bench_load.py [--rows 2000000]``.

Prints rows/s of loading a Parquet file of events with all contracts checked, the same file read
by pyarrow and written by deltalake and nothing else, the ratio of the two, the time of loading the
file a second time, the time of appending 50 rows, and the peak memory for one and for four times
the rows. Every measurement runs in a process of its own.
"""

# ruff: noqa: T201 (a script prints)

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from kept import keep

BATCH = 250_000


def write_events(path: Path, rows: int) -> None:
    """Write events such as a shop exports: identifiers, kind, amounts, times."""
    rng = np.random.default_rng(7)
    writer = None
    for start in range(0, rows, BATCH):
        count = min(BATCH, rows - start)
        price = np.round(rng.gamma(2.0, 5.0, count), 2)
        table = pa.table({
            "event_id": pa.array([f"order-{start + number:012d}" for number in range(count)]),
            "customer_id": pa.array(rng.integers(0, 50_000, count)).cast(pa.string()),
            "kind": pa.array(rng.choice(["view", "cart", "purchase"], count)),
            "item_id": pa.array(rng.integers(0, 20_000, count)).cast(pa.string()),
            "quantity": pa.array(rng.integers(1, 5, count).astype(float)),
            "price": pa.array(price),
            "occurred_at": pa.array(
                1_700_000_000_000_000 + np.arange(start, start + count) * 1_000_000,
                pa.timestamp("us", "UTC"),
            ),
        })  # fmt: skip
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def plain(file: Path, root: Path) -> dict[str, float]:
    """Read with pyarrow, write with deltalake: no contract, no key, no count."""
    from deltalake import write_deltalake

    start = time.perf_counter()
    with pq.ParquetFile(file) as parquet:
        batches = parquet.iter_batches(batch_size=125_000)
        write_deltalake(
            root, pa.RecordBatchReader.from_batches(parquet.schema_arrow, batches), mode="append"
        )
        rows = parquet.metadata.num_rows
    return {"rows": rows, "seconds": time.perf_counter() - start}


def ours(file: Path, root: Path) -> dict[str, float]:
    """Load the file as ``python -m ingest`` does."""
    from ingest.load import load
    from ingest.sources.files import Files
    from ingest.store import Store

    source = Files(path=str(file))
    report = load(source, Store(root / "store"), root / "rejected", progress=False)
    if not report.ok or report.total.rejected:
        raise AssertionError(report)
    return {"rows": report.total.read, "seconds": report.seconds, "new": report.total.accepted}


def small(file: Path, root: Path) -> dict[str, float]:
    """Append 50 events at a time to a table that is loaded already."""
    from ingest.schemas import canonical
    from ingest.store import Store

    store = Store(root / "store")
    some = store.dataset("events").head(50)
    spent = []
    for number in range(101):
        keys = pa.array([f"posted-{number}-{row}" for row in range(50)])
        fresh = some.set_column(0, canonical("events").schema.field("event_id"), keys)
        start = time.perf_counter()
        store.add("events", fresh)
        spent.append(time.perf_counter() - start)
    first, later = spent[0], np.array(spent[1:])
    return {
        "first_ms": 1e3 * first,
        "p50_ms": 1e3 * float(np.quantile(later, 0.5)),
        "p99_ms": 1e3 * float(np.quantile(later, 0.99)),
        "min_ms": 1e3 * float(later.min()),
    }


MEASURES = {"plain": plain, "ours": ours, "small": small}


def measured(measure: str, file: Path, root: Path) -> dict[str, float]:
    """Run one measure in a process of its own."""
    command = [sys.executable, __file__, "--measure", measure, str(file), str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def told(name: str, result: dict[str, float]) -> None:
    """Print one line a load."""
    speed = result["rows"] / result["seconds"]
    print(
        f"{name:<34}{result['rows']:>12,.0f} rows {result['seconds']:>7.2f} s"
        f"{speed:>12,.0f} rows/s {result['peak_mb']:>7,.0f} MB"
    )


def main() -> None:
    """Measure everything, or one thing for the parent process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--measure", nargs=3, metavar=("NAME", "FILE", "ROOT"))
    chosen = parser.parse_args()
    if chosen.measure:
        name, file, root = chosen.measure
        result = MEASURES[name](Path(file), Path(root))
        result["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(result))
        return
    folder = Path(tempfile.mkdtemp(prefix="bench_load_"))
    try:
        report(folder, chosen.rows, chosen.repeat)
    finally:
        shutil.rmtree(folder)


def report(folder: Path, rows: int, repeat: int) -> None:
    """Print all figures."""
    one, four = folder / "events.parquet", folder / "events4.parquet"
    write_events(one, rows)
    write_events(four, 4 * rows)
    pairs = []
    for number in range(repeat):
        base = measured("plain", one, folder / f"plain{number}")
        load = measured("ours", one, folder / f"ours{number}")
        pairs.append((load, base))
        told("pyarrow read, deltalake write", base)
        told("python -m ingest", load)
    load, base = min(pairs, key=lambda pair: pair[0]["seconds"])
    kept_load(f"{rows:,} events, Parquet into Delta, contracts checked", load, base)
    told("the same file again, nothing new", measured("ours", one, folder / "ours0"))
    large = measured("ours", four, folder / "ours_four")
    told("four times the rows", large)
    kept_load(f"{4 * rows:,} events", large, None)
    quick = measured("small", one, folder / "ours0")
    print(
        f"50 rows appended to {rows:,}: p50 {quick['p50_ms']:.1f} ms, p99 {quick['p99_ms']:.1f}, "
        f"best {quick['min_ms']:.1f}; the first, which reads the keys, {quick['first_ms']:.0f}"
    )


def kept_load(on: str, load: dict[str, float], base: dict[str, float] | None) -> None:
    """Keep speed and memory of a load, beside the plain copy where there is one."""
    plain = base and base["rows"] / base["seconds"]
    against = "pyarrow read, deltalake write, no checks" if base else ""
    speed = load["rows"] / load["seconds"]
    keep(__file__, "rows_per_second", speed, on=on, against=against, reference=plain)
    keep(__file__, "peak_mb", load["peak_mb"], on=on)


if __name__ == "__main__":
    main()
