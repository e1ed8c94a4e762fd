"""``conversation_signals.parquet``: what each conversation tells, with its strongest message."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.text.base import Analyzer
from features.text.signals.analyzer import SignalAnalyzer

if TYPE_CHECKING:
    from ingest.store import Store

_TIME = pa.timestamp("us", tz="UTC")
CONVERSATION_SIGNALS = pa.schema(
    [
        ("conversation_id", pa.string()),
        ("customer_id", pa.string()),
        ("signal", pa.string()),
        ("score", pa.float32()),
        ("messages", pa.int32()),
        ("text_id", pa.string()),
        ("evidence", pa.string()),
        ("occurred_at", _TIME),
    ]
)
_COLUMNS = ["message_id", "conversation_id", "customer_id", "text", "occurred_at"]
_AGAIN = 0.1  # of what is left to full urgency, for every further day of contact
Row = dict[str, Any]


def write_conversation_signals(
    folder: Path, store: Store, *, analyzer: Analyzer | None = None, batch: int = 2048
) -> pa.Table:
    """Write what customers' messages tell, by conversation, the highest score of each first.

    Recalled messages are left out. A signal's score is that of its strongest message; urgency,
    where there is any, grows with every further day on which the customer wrote.

    Parameters
    ----------
    folder : Path
        Where ``conversation_signals.parquet`` is written.
    store : Store
        Read: text messages of customers.
    analyzer : Analyzer, optional
        Gives the columns of :class:`SignalAnalyzer`; one of a cache saves work.
    batch : int
        Messages analyzed at a time.

    Returns
    -------
    pyarrow.Table
        One row a conversation and signal: ``score``, ``messages`` (how many give the signal) and
        the strongest one: ``text_id``, ``evidence`` (its words; the whole message for urgency).
    """
    spoken = (
        (pc.field("sender_role") == "customer")
        & (pc.field("kind") == "text")
        & ~pc.field("recalled")
    )
    messages = store.read("messages", columns=_COLUMNS, filter=spoken)
    best = _strongest(messages, analyzer or SignalAnalyzer(), batch)
    order = sorted(best.values(), key=lambda row: (-row["score"], row["text_id"], row["signal"]))
    table = pa.Table.from_pylist(order, schema=CONVERSATION_SIGNALS)
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / "conversation_signals.draft"
    pq.write_table(table, draft, compression="zstd")
    draft.replace(folder / "conversation_signals.parquet")
    return table


def _strongest(messages: pa.Table, analyzer: Analyzer, batch: int) -> dict[tuple[str, str], Row]:
    best: dict[tuple[str, str], Row] = {}
    days: dict[str, set[Any]] = defaultdict(set)
    for part in messages.to_batches(max_chunksize=batch):
        rows = part.to_pylist()
        heard = analyzer.analyze([row["text"] or "" for row in rows]).to_pylist()
        for row, found in zip(rows, heard, strict=True):
            days[row["conversation_id"]].add(row["occurred_at"].date())
            for one in _told(row, found):
                _keep(best, one)
    for row in best.values():
        if row["signal"] == "urgency":
            again = len(days[row["conversation_id"]]) - 1
            row["score"] = 1 - (1 - row["score"]) * (1 - _AGAIN) ** again
    return best


def _told(row: Row, found: Row) -> list[Row]:
    told = [(one["signal"], one["score"], one["evidence"]) for one in found["signals"]]
    if found["urgency"] > 0:
        told.append(("urgency", found["urgency"], row["text"]))
    return [
        {"conversation_id": row["conversation_id"], "customer_id": row["customer_id"],
         "signal": signal, "score": score, "messages": 1, "text_id": row["message_id"],
         "evidence": evidence, "occurred_at": row["occurred_at"]}
        for signal, score, evidence in told
    ]  # fmt: skip


def _keep(best: dict[tuple[str, str], Row], row: Row) -> None:
    """Keep the strongest message of a conversation and signal; of equal ones the first."""
    key = (row["conversation_id"], row["signal"])
    before = best.get(key)
    if before is None:
        best[key] = row
        return
    stronger = (-row["score"], row["occurred_at"]) < (-before["score"], before["occurred_at"])
    kept = row if stronger else before
    best[key] = {**kept, "messages": before["messages"] + 1}
