"""What can be killed in the middle: ``python slow_backup.py take|restore|archive DATA FOLDER``."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingest.archived import ArchivedKeys
from ingest.archives import catalog, move
from ingest.archives.months import Month
from ingest.backups import bring_back, objects, take
from ingest.store import Store
from ingest.workspace import Workspace

WHEN = datetime(2026, 3, 1, tzinfo=UTC)


def slowly(call: Any) -> Any:
    """Return the call with a word after it, and a wait."""

    def slow(*given: Any, **named: Any) -> Any:
        done = call(*given, **named)
        sys.stdout.write("one\n")
        sys.stdout.flush()
        sys.stdin.readline()  # until it is told to go on
        return done

    return slow


def main(what: str, data: str, folder: str) -> None:
    """Back up or archive the workspace ``shop``, or restore it as ``again``."""
    shop, place = Workspace.named("shop", data), Path(folder)
    if what == "archive":
        for owner, step in ((catalog, "settle"), (ArchivedKeys, "add"), (move, "_remove")):
            setattr(owner, step, slowly(getattr(owner, step)))
        there = catalog.opened(place, "shop", "UTC")
        move.archive(Store(shop.store), there, Month(2025, 1), progress=False)
    else:
        objects._copied = slowly(objects._copied)
        if what == "take":
            take.backup(shop, place, WHEN, progress=False)
        else:
            again = Workspace.named("again", data)
            bring_back.restore(place, bring_back.chosen(place), again, progress=False)
    sys.stdout.write("done\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
