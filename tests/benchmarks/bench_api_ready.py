"""Seconds from the start of ``python -m serving.api`` to the first 200 of ``/ready``.

    python tests/benchmarks/bench_api_ready.py

The champion (ALS, 64 factors, 100,000 items, 3,000 customers) is registered in an MLflow store in a
temporary folder, as training does it; the server finds it by its alias. The first run also fills
the file cache; the figure is the median of the others.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from kept import keep
from served_shop import HOUSE, free_port, running, serve_command

RUNS, TARGET_SECONDS = 4, 10.0


def main() -> None:
    taken = []
    with tempfile.TemporaryDirectory() as name:
        maker = str(Path(__file__).with_name("served_shop.py"))
        subprocess.run([sys.executable, maker, name], check=True, cwd=HOUSE)
        for _ in range(RUNS):
            port = free_port()
            command = serve_command(Path(name), port)
            with running(command, f"http://127.0.0.1:{port}/ready") as seconds:
                taken.append(seconds)
    median = statistics.median(taken[1:])
    on = f"process start to /ready 200, 100,000 items, median of {len(taken) - 1} after the first"
    keep(__file__, "seconds", median, on=on, against="limit", reference=TARGET_SECONDS)


if __name__ == "__main__":
    main()
