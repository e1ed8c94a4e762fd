"""When features are computed: the as-of times, and how far anything may be learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from features.store.files import checked_time
from ingest.store import Store

LATEST = "latest"


@dataclass(frozen=True)
class Plan:
    """As-of times of the snapshots, and the end of what may be learned from.

    Attributes
    ----------
    snapshots : tuple of datetime
        Distinct times in order, UTC; the last one is materialized.
    fit_until : datetime
        Topics, sentiment, item space and learned fusion see only what was known before it.
    latest : datetime
        Midnight after the last event.
    """

    snapshots: tuple[datetime, ...]
    fit_until: datetime
    latest: datetime

    def __post_init__(self) -> None:
        if not self.snapshots or list(self.snapshots) != sorted(set(self.snapshots)):
            raise ValueError(f"plan: expected distinct times in order, received {self.snapshots}")


def make_plan(
    store: Store,
    *,
    as_of: str | Sequence[str] | None,
    fit_until: str | None,
    snapshots: int,
    step_days: int,
) -> Plan:
    """Turn settings into times.

    Parameters
    ----------
    store : Store
        Its last event gives ``latest``: the midnight (UTC) after it could be known.
    as_of : str or sequence of str, optional
        Times such as ``2017-11-01`` or ``latest``. Default: ``latest`` and every ``step_days``
        days back, ``snapshots`` in all.
    fit_until : str, optional
        Default: 30 days before ``latest``, where evaluation cuts by default.
    snapshots, step_days : int
        Number of default snapshots and days between them.

    Raises
    ------
    ValueError
        If a time cannot be read, or nothing was loaded.
    """
    latest = latest_time(store)
    if as_of is None:
        times = [latest - timedelta(days=step_days * back) for back in range(snapshots)]
    else:
        listed = [as_of] if isinstance(as_of, str) else list(as_of)
        times = [latest if text == LATEST else parse_time(text) for text in listed]
    until = latest - timedelta(days=30) if fit_until is None else parse_time(fit_until)
    return Plan(tuple(sorted(set(times))), until, latest)


def parse_time(text: str) -> datetime:
    """Read an ISO time; without a zone it is UTC.

    Raises
    ------
    ValueError
        If it is not a time of whole seconds.
    """
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        raise ValueError(
            f"as_of {text!r}: expected a time such as 2017-11-01 or 2017-11-01T06:00:00Z, or latest"
        ) from None
    return checked_time(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def latest_time(store: Store) -> datetime:
    """Return the midnight (UTC) after the last event, or after the last text without events.

    Raises
    ------
    ValueError
        If the workspace holds neither.
    """
    for tables in (("events",), ("feedback", "messages")):
        known = [_last(store, table) for table in tables]
        last = max((moment for moment in known if moment is not None), default=None)
        if last is not None:
            return last.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    raise ValueError(
        "no events, feedback or messages are loaded: nothing to compute features from; "
        "run python -m ingest first"
    )


def _last(store: Store, table: str) -> datetime | None:
    column: pa.ChunkedArray = store.read(table, columns=["available_at"])["available_at"]
    moment: datetime | None = pc.max(column).as_py()
    return None if moment is None else moment.astimezone(UTC)
