"""Accept chat messages: checked against the canonical contract, durable before the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import TypeAdapter, ValidationError

from ingest.lawful import record_basis
from ingest.load import load
from ingest.report import Counts
from ingest.schemas import MESSAGES
from ingest.sources.base import Source
from ingest.store import Store
from ingest.workspace import Workspace
from serving.api.errors import fault
from serving.api.message_schemas import MessageIn, MessageRejection, MessagesReceipt
from serving.errors import BadRequestError

MAX_MESSAGES = 1000
MAX_BYTES = 4_000_000
_MESSAGE = TypeAdapter(MessageIn)
_JSON = ("media", "raw")
_COLUMNS = [name for name in MESSAGES.schema.names if name not in _JSON]


@dataclass(frozen=True)
class MessagePost:
    """The messages of one request: those of the right form, and those that were not.

    Attributes
    ----------
    messages : tuple of (int, MessageIn)
        Position in the request and message.
    rejections : tuple of MessageRejection
        What does not have the form of a message.
    received : datetime
        When the request came (UTC).
    """

    messages: tuple[tuple[int, MessageIn], ...]
    rejections: tuple[MessageRejection, ...]
    received: datetime


def parse(body: bytes) -> MessagePost:
    """Read the body of a request: one message, or a list of messages.

    Raises
    ------
    BadRequestError
        If the body is not JSON, not an object or list, empty or too large.
    """
    if len(body) > MAX_BYTES:
        raise _refused(f"at most {MAX_BYTES} bytes", f"{len(body)} bytes", "Send fewer messages.")
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        expected = "one message or a list of messages as JSON"
        raise _refused(expected, f"{error}", "Send JSON.") from error
    rows = content if isinstance(content, list) else [content]
    if not 1 <= len(rows) <= MAX_MESSAGES:
        todo = "Split the list over several requests; sending a message twice does no harm."
        raise _refused(f"1 to {MAX_MESSAGES} messages", f"{len(rows)} messages", todo)
    messages: list[tuple[int, MessageIn]] = []
    rejections: list[MessageRejection] = []
    for index, row in enumerate(rows):
        try:
            messages.append((index, _MESSAGE.validate_python(row, strict=False)))
        except ValidationError as error:
            rejections.append(_malformed(index, row, error))
    return MessagePost(tuple(messages), tuple(rejections), datetime.now(UTC))


def _refused(expected: str, received: str, todo: str) -> BadRequestError:
    return BadRequestError(
        "The body cannot be read as messages.", expected=expected, received=received, todo=todo
    )


def _malformed(index: int, row: object, error: ValidationError) -> MessageRejection:
    key = row.get("message_id") if isinstance(row, dict) else None
    first = fault(error.errors(include_url=False, include_context=False)[0])
    return MessageRejection(index=index, message_id=None if key is None else str(key), **first)


class MessageDesk:
    """Writes messages to the canonical tables; used by one thread at a time.

    Parameters
    ----------
    workspace : Workspace
        Where they go.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._store = Store(workspace.store)  # its own: the events' desk has another thread
        self._root, self._rejected = workspace.root, workspace.rejected

    def warm(self) -> None:
        """Take the keys of the messages there are into memory."""
        self._store.add("messages", self._store.dataset("messages").head(1))

    def commit(self, posts: Sequence[MessagePost]) -> list[MessagesReceipt | Exception]:
        """Store the messages of all posts in one durable commit and count what became of each.

        Parameters
        ----------
        posts : sequence of MessagePost
            Requests that wait at the same time.

        Returns
        -------
        list of MessagesReceipt
            One a post, in order. Every accepted message is on disk when this returns.
        """
        rows = [row_of(message, post.received) for post in posts for _, message in post.messages]
        table = pa.Table.from_pylist(rows, schema=MESSAGES.schema)
        broken = _broken(table)
        good = [position for position in range(len(rows)) if position not in broken]
        known = self._keep(table.take(pa.array(good, pa.int64())))
        receipts: list[MessagesReceipt | Exception] = []
        position = 0
        for post in posts:
            outcome = list(post.rejections)
            accepted = 0
            for index, message in post.messages:
                if position in broken:
                    outcome.append(_against_contract(index, message, *broken[position]))
                elif message.message_id not in known:
                    known.add(message.message_id)
                    accepted += 1
                position += 1
            receipts.append(_receipt(post, accepted, outcome))
        return receipts

    def take(self, source: Source, basis: str) -> Counts:
        """Store what another program sent, rejected rows aside; return the counts of messages.

        Parameters
        ----------
        source : Source
            What was sent.
        basis : str
            Why it may be processed; kept with the data.
        """
        record_basis(self._root, source.name, basis)
        report = load(source, self._store, self._rejected, progress=False)
        return report.tables["messages"]

    def _keep(self, rows: pa.Table) -> set[str]:
        """Store rows and return those of their ids that were stored before."""
        if not len(rows):
            return set()
        before = self._store.version("messages")
        added = self._store.add("messages", rows)
        if not added.duplicate or before is None:
            return set()
        wanted = pc.field("message_id").isin(rows["message_id"].combine_chunks())
        found = self._store.read("messages", ["message_id"], wanted, version=before)
        return set(found["message_id"].to_pylist())


def rejected(post: MessagePost) -> MessagesReceipt:
    """Return the receipt of a request none of whose messages has the right form."""
    return _receipt(post, 0, list(post.rejections))


def row_of(message: MessageIn, received: datetime) -> dict[str, object]:
    """Return the canonical row of a message.

    Without ``available_at`` a message was known when it was received, never before it was sent.
    """
    row: dict[str, object] = {name: getattr(message, name) for name in _COLUMNS}
    row["available_at"] = message.available_at or max(received, message.occurred_at)
    for name in _JSON:
        given = getattr(message, name)
        row[name] = None if given is None else orjson.dumps(given, default=str).decode()
    return row


def _broken(table: pa.Table) -> dict[int, tuple[str, str]]:
    found: dict[int, tuple[str, str]] = {}
    for violation in MESSAGES.violations(table):
        for position in pc.indices_nonzero(pc.fill_null(violation.bad, False)).to_pylist():
            found.setdefault(position, (violation.column, violation.expected))
    return found


def _against_contract(
    index: int, message: MessageIn, column: str, expected: str
) -> MessageRejection:
    return MessageRejection(
        index=index,
        message_id=message.message_id,
        where=column,
        expected=expected,
        received=str(getattr(message, column)),
    )


def _receipt(
    post: MessagePost, accepted: int, rejections: list[MessageRejection]
) -> MessagesReceipt:
    received = len(post.messages) + len(post.rejections)
    rejections.sort(key=lambda rejection: rejection.index)
    return MessagesReceipt(
        received=received,
        accepted=accepted,
        duplicate=received - accepted - len(rejections),
        rejected=len(rejections),
        rejections=rejections,
    )
