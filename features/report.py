"""What a run of the features verb did, stage by stage."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter

log = logging.getLogger(__name__)


@dataclass
class Report:
    """What a run did: one line a stage."""

    lines: list[tuple[str, int, float, str]] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[dict[str, object]]:
        """Time a stage; the block fills in ``rows`` and ``note``."""
        found: dict[str, object] = {"rows": 0, "note": ""}
        started = perf_counter()
        yield found
        rows, note = int(str(found["rows"])), str(found["note"])
        self.lines.append((name, rows, perf_counter() - started, note))
        log.info("%s: %d rows, %.1f s %s", name, rows, perf_counter() - started, note)
