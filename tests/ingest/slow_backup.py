"""A backup or a restore that can be killed: ``python slow_backup.py take|restore DATA FOLDER``."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingest.backups import bring_back, objects, take
from ingest.workspace import Workspace

PAUSE = 0.05
WHEN = datetime(2026, 3, 1, tzinfo=UTC)


def slowly(call: Any) -> Any:
    """Return the call with a pause and a word after it."""

    def slow(*given: Any, **named: Any) -> Any:
        done = call(*given, **named)
        sys.stdout.write("one\n")
        sys.stdout.flush()
        time.sleep(PAUSE)
        return done

    return slow


def main(what: str, data: str, folder: str) -> None:
    """Back up the workspace ``shop``, or restore it as ``again``."""
    objects._copied = slowly(objects._copied)
    if what == "take":
        take.backup(Workspace.named("shop", data), Path(folder), WHEN, progress=False)
    else:
        again = Workspace.named("again", data)
        bring_back.restore(Path(folder), bring_back.chosen(Path(folder)), again, progress=False)
    sys.stdout.write("done\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
