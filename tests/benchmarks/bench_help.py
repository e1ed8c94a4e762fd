"""``python -m training --help``: at most 1.5 s, best of five, and as a ratio to a bare interpreter.

Run: ``python tests/benchmarks/bench_help.py``. Writes ``data/reports/speed.json``.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from kept import keep

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
    on = f"python -m training --help, best of {TRIES}"
    keep(__file__, "seconds", seconds, on=on, against="limit", reference=LIMIT)
    keep(__file__, "bare_seconds", bare, on="python -c pass, best of the same")
    return 0 if seconds <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
