"""``python -m training --help``: at most 1.5 s, best of five, and as a ratio to a bare interpreter.

Run: ``python tests/benchmarks/bench_help.py``. Writes ``data/reports/help.json``.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from training.report import Row, write_rows

ROOT = Path(__file__).resolve().parents[2]
LIMIT, TRIES = 1.5, 5


def best_of(command: Sequence[str], tries: int = TRIES) -> float:
    """Return the quickest of several runs of ``command``, in seconds."""
    found = []
    for _ in range(tries):
        started = time.perf_counter()
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        found.append(time.perf_counter() - started)
    return min(found)


def main() -> int:
    """Measure, write the report, and fail above the limit."""
    bare = best_of([sys.executable, "-c", "pass"])
    seconds = best_of([sys.executable, "-m", "training", "--help"])
    row = Row(
        dataset="none",
        protocol=f"best of {TRIES}",
        model="python -m training --help",
        metric="seconds",
        value=seconds,
        seconds=seconds,
        reference=bare,
        ratio=seconds / bare,
    )
    write_rows(ROOT / "data" / "reports" / "help.json", [row])
    sys.stdout.write(f"--help {seconds:.2f} s (limit {LIMIT} s), bare python {bare:.2f} s\n")
    return 0 if seconds <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
