"""The text to classify a chat message by: alone, or with the earlier turn that it refers to.

"How much is that one" and 那个呢 mean nothing alone. A customer's turn that is a pronoun, an
ellipsis or too short is read together with the last turn that stands on its own, of the same
conversation and within a silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from features.text.base import fingerprint
from features.text.clean.rules import Cleaner, CleanRules
from features.text.context.elliptic import ContextRules, Reason, incomplete
from features.text.quality.noise import filler
from ingest.duck import session

if TYPE_CHECKING:
    from ingest.store import Store

CONTEXT = pa.schema(
    [
        ("text_id", pa.string()),
        ("window", pa.string()),
        ("uses", pa.string()),
        ("reason", pa.string()),
    ]
)
_COLUMNS = [
    "message_id", "conversation_id", "sender_role", "text", "recalled", "kind", "occurred_at",
]  # fmt: skip
_SAID = """
SELECT message_id, conversation_id, sender_role, text, occurred_at FROM messages
WHERE kind = 'text' AND NOT recalled ORDER BY conversation_id, occurred_at, message_id
"""
_VERSION, _MARK = "1", b"made_of_messages"
_PART = 8192  # rows read and written at a time

_ASKS = re.compile(r"[?\uff1f]|吗|哪|什么|多大|多少|\b(?:which|what|how|when|who)\b", re.IGNORECASE)
_OFFERS = re.compile(
    r"推荐|新款|看看我们|试试我们|suggest|recommend|we also have|our new", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation.

    Parameters
    ----------
    conversation : str
        Turns of others are never used.
    role : str
        ``customer``, ``agent``, ``bot`` or ``system``.
    text : str
        What was said.
    at : datetime
        When.
    """

    conversation: str
    role: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Window:
    """The text to classify a turn by, the place of the earlier turn in it, and why it is there.

    ``uses`` is None and ``reason`` empty where the turn stands on its own.
    """

    text: str
    uses: int | None = None
    reason: Reason = ""


def resolve(turns: Sequence[Turn], rules: ContextRules | None = None) -> list[str]:
    """Return the text to classify each turn by, in the order given.

    Examples
    --------
    >>> from datetime import UTC
    >>> at = datetime(2024, 5, 1, tzinfo=UTC)
    >>> said = [("customer", "这款毛衣有红色的吗"), ("agent", "有的"), ("customer", "那个呢")]
    >>> resolve([Turn("v", role, text, at) for role, text in said])[-1]
    '这款毛衣有红色的吗 那个呢'
    """
    return [window.text for window in windows(turns, rules)]


def windows(turns: Sequence[Turn], rules: ContextRules | None = None) -> list[Window]:
    """Return the window of each turn: of customers' ones resolved, of all others as they are.

    Parameters
    ----------
    turns : sequence of Turn
        In the order in which they were said; conversations may be interleaved.
    rules : ContextRules, optional
        What counts as incomplete, and how far back to look.
    """
    chosen = rules or ContextRules()
    found: list[Window] = []
    past: dict[str, list[int]] = {}
    complete: dict[int, bool] = {}
    for place, turn in enumerate(turns):
        before = past.setdefault(turn.conversation, [])
        reason = incomplete(turn.text, chosen) if turn.role == "customer" else ""
        since = turn.at - timedelta(minutes=chosen.silence)
        near = [other for other in before[-chosen.back :] if turns[other].at >= since]
        uses = _earlier(turns, near, complete, reason) if reason else None
        if uses is None:
            found.append(Window(turn.text))
        else:
            joined = f"{turns[uses].text}{chosen.joined_by}{turn.text}"
            found.append(Window(joined, uses, reason))
        complete[place] = uses is None and bool(turn.text.strip()) and not filler(turn.text.lower())
        before.append(place)
    return found


def _earlier(
    turns: Sequence[Turn], near: Sequence[int], complete: dict[int, bool], reason: Reason
) -> int | None:
    """Return the turn that a turn refers to: the customer's own last complete one, or an offer."""
    for other in reversed(near):
        turn = turns[other]
        if turn.role == "customer" and complete[other]:
            return other
        if turn.role in ("agent", "bot") and _OFFERS.search(turn.text):
            return other
    asked = [other for other in near if turns[other].role == "agent" and complete[other]]
    if reason == "short":
        asked = [other for other in asked if _ASKS.search(turns[other].text)]
    return asked[-1] if asked else None


def write_context(folder: Path, store: Store, rules: ContextRules | None = None) -> Path:
    """Write ``folder/context.parquet``: what customers' turns are read with that refer to another.

    Recalled messages and notices of the messenger are neither resolved nor used. Conversations are
    read one after another; nothing is done where neither messages nor rules changed.

    Returns
    -------
    Path
        The file, with the columns of :data:`CONTEXT`: ``text_id`` (the message), ``window`` (the
        text to classify), ``uses`` (the message_id of the earlier turn in it) and ``reason``
        (pronoun, ellipsis or short).
    """
    chosen = rules or ContextRules()
    path = folder / "context.parquet"
    mark = fingerprint(_VERSION, chosen.model_dump_json(), store.version("messages")).encode()
    if path.exists() and (pq.read_schema(path).metadata or {}).get(_MARK) == mark:
        return path
    folder.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    schema = CONTEXT.with_metadata({_MARK: mark})
    with pq.ParquetWriter(draft, schema, compression="zstd") as writer:
        rows = chain.from_iterable(_resolved(said, chosen) for said in _conversations(store))
        while part := list(islice(rows, _PART)):
            writer.write_table(pa.Table.from_pylist(part, schema=schema))
    draft.replace(path)
    return path


def _conversations(store: Store) -> Iterator[list[dict[str, Any]]]:
    """Yield the messages of each conversation in the order in which they were said."""
    database = session()
    scanner = store.dataset("messages").scanner(columns=_COLUMNS, batch_size=8192)
    database.register("messages", scanner.to_reader())
    reader = database.sql(_SAID).to_arrow_reader(_PART)
    rows = (row for batch in reader for row in batch.to_pylist())
    for _, said in groupby(rows, itemgetter("conversation_id")):
        yield list(said)


def _resolved(rows: Sequence[dict[str, Any]], rules: ContextRules) -> Iterator[dict[str, Any]]:
    """Yield a row for every turn of a conversation that is read with an earlier one."""
    kept = [(row, said) for row in rows if (said := _clean(row["text"] or "")) and said.text]
    spoken = [(row, said.text) for row, said in kept if said.kind in ("own", "forwarded")]
    turns = [
        Turn(row["conversation_id"], row["sender_role"], text, row["occurred_at"])
        for row, text in spoken
    ]
    for (row, _), found in zip(spoken, windows(turns, rules), strict=True):
        if found.uses is not None:
            uses = spoken[found.uses][0]["message_id"]
            given = {"text_id": row["message_id"], "window": found.text}
            yield given | {"uses": uses, "reason": found.reason}


_clean = Cleaner(CleanRules(letters=False))
