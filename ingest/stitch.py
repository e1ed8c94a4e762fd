"""``python -m ingest.stitch``: join the customers of several sources who are one, and say why."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

from omegaconf import DictConfig

from ingest.runtime import prepare
from ingest.stitching import record
from ingest.stitching.joins import Joins, join
from ingest.stitching.keys import held_keys, masked
from ingest.store import Store
from ingest.verb import verb
from ingest.workspace import Workspace


@verb("stitch")
def main(config: DictConfig) -> None:
    """Follow the sources, or undo and redo by hand; then show the groups that stand."""
    prepare()
    try:
        run(config)
    except (OSError, ValueError) as error:
        sys.exit(f"ingest.stitch: {error}")


def run(config: DictConfig) -> None:
    """Carry out one call."""
    workspace = Workspace.named(config.workspace, config.data_dir)
    store = Store(workspace.store)
    if store.version("customers") is None:
        raise ValueError(f"workspace {workspace.name!r} has no customers: load a source first")
    now = datetime.now(UTC)
    if config.undo or config.redo:
        decide = record.undo if config.undo else record.redo
        rows = decide(store, str(config.undo or config.redo), str(config.author), now)
        _decided(rows, "taken back" if config.undo else "stands again")
        _show(record.joins_of(record.standing(store)))
        return
    _show(_dry(store, config.region) if config.dry_run else _joined(store, config.region, now))


def _joined(store: Store, region: str, now: datetime) -> Joins:
    added, lost = record.follow(store, held_keys(store, region), now)
    _say(f"{added:,} keys recorded, {lost:,} taken back because no source tells them any more")
    return record.joins_of(record.standing(store))


def _dry(store: Store, region: str) -> Joins:
    held: dict[str, list[tuple[str, str]]] = {}
    for one in held_keys(store, region):
        held.setdefault(one.customer_id, []).append((one.kind, one.key))
    return join(held)


def _show(joins: Joins) -> None:
    for group in joins.groups:
        others = [member for member in group.members if member != group.canonical]
        _say(f"{group.canonical} is also {', '.join(others)}")
        for (kind, key), who in group.keys.items():
            _say(f"    {kind} {masked(kind, key)}: {', '.join(who)}")
    for conflict in joins.conflicts:
        keys = ", ".join(f"{kind} {masked(kind, key)}" for kind, key in conflict.keys)
        _say(f"not joined: {', '.join(conflict.customers)}\n    {conflict.reason} ({keys})")
    members, count = sum(len(group.members) for group in joins.groups), len(joins.groups)
    _say(
        f"{members:,} customers are {count:,} {'person' if count == 1 else 'people'}; "
        f"{_conflicts(len(joins.conflicts))} joined nobody"
    )


def _conflicts(count: int) -> str:
    return "1 conflict" if count == 1 else f"{count:,} conflicts"


def _decided(rows: list[dict[str, Any]], what: str) -> None:
    for row in rows:
        shown = masked(row["kind"], row["value"])
        _say(f"{what}: {row['customer_id']} holds {row['kind']} {shown} ({row['identity_id']})")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
