"""Peak memory of one piece of work, also when a process does several."""

from __future__ import annotations

import resource
import sys
from contextlib import suppress
from pathlib import Path

_STATUS = Path("/proc/self/status")
_RESET = Path("/proc/self/clear_refs")
_KIB = 1024


def reset_peak() -> None:
    """Start measuring anew, where the system allows it (Linux)."""
    with suppress(OSError):
        _RESET.write_text("5")


def peak_mb() -> float:
    """Return the peak resident memory since :func:`reset_peak`, or of the process, in MB."""
    with suppress(OSError, StopIteration, ValueError):
        line = next(x for x in _STATUS.read_text().splitlines() if x.startswith("VmHWM:"))
        return int(line.split()[1]) * _KIB / 1e6
    unit = 1 if sys.platform == "darwin" else _KIB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
