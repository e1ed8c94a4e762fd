"""Importing Feast leaves the process as it was."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import os
import sys
import warnings
filters = list(warnings.filters)
import features.store.feast_api
added = [found for found in warnings.filters if found not in filters]
from prometheus_client import CollectorRegistry, Counter, generate_latest
import typeguard

mine, other = CollectorRegistry(), CollectorRegistry()
Counter("asked", "Questions.", registry=mine).inc(3)
Counter("asked", "Questions.", registry=other).inc()
for registry in (mine, other):
    print([line for line in generate_latest(registry).decode().splitlines() if line[0] != "#"])
print(sorted(name for name in os.environ if name.startswith("PROMETHEUS")))
print([found for found in added if found[2] is DeprecationWarning])
print("torch" in sys.modules, typeguard.typechecked.__module__.split(".")[0])
"""


def test_counters_stay_apart_and_nothing_is_left_behind() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    first, second, environment, warned, modules = done.stdout.splitlines()
    assert first.startswith("['asked_total 3.0'")
    assert second.startswith("['asked_total 1.0'")
    assert environment == "[]"
    assert warned == "[]"
    assert modules == "False typeguard"
