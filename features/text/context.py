"""The text to classify a chat message by: alone, or with the earlier turn that it refers to.

"How much is that one" and 那个呢 mean nothing alone. A customer's turn that is a pronoun, an
ellipsis or too short is read together with the last turn that stands on its own, of the same
conversation and within a silence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.text.clean.rules import Cleaner, CleanRules
from features.text.elliptic import ContextRules, Reason, incomplete
from features.text.quality.noise import filler

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


def write_context(folder: Path, store: Store, rules: ContextRules | None = None) -> pa.Table:
    """Write ``folder/context.parquet``: the window of every text message of customers.

    Recalled messages and notices of the messenger are neither resolved nor used.

    Returns
    -------
    pyarrow.Table
        ``text_id`` (the message), ``window`` (the text to classify), ``uses`` (the message_id of
        the earlier turn in it, or null) and ``reason`` (pronoun, ellipsis, short, or empty).
    """
    living = (pc.field("kind") == "text") & ~pc.field("recalled")
    rows = store.read("messages", columns=_COLUMNS, filter=living)
    rows = rows.sort_by([("occurred_at", "ascending"), ("message_id", "ascending")]).to_pylist()
    clean = Cleaner(CleanRules(letters=False))
    turns, names = [], []
    for row in rows:
        said = clean(row["text"] or "")
        if said.text and said.kind in ("own", "forwarded"):
            turns.append(
                Turn(row["conversation_id"], row["sender_role"], said.text, row["occurred_at"])
            )
            names.append(row["message_id"])
    found = windows(turns, rules)
    kept = [place for place, turn in enumerate(turns) if turn.role == "customer"]
    columns = {
        "text_id": [names[place] for place in kept],
        "window": [found[place].text for place in kept],
        "uses": [None if (n := found[place].uses) is None else names[n] for place in kept],
        "reason": [found[place].reason for place in kept],
    }
    table = pa.table(columns, schema=CONTEXT)
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / "context.draft"
    pq.write_table(table, draft, compression="zstd")
    draft.replace(folder / "context.parquet")
    return table
