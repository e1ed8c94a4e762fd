"""Accept chat messages: checked against the canonical contract, durable before the answer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ingest.lawful import record_basis
from ingest.load import load
from ingest.report import Counts
from ingest.schemas import MESSAGES
from ingest.sources.base import Source
from ingest.store import Store
from ingest.workspace import Workspace
from serving.api.message_schemas import MessageIn, MessageRejection, MessagesReceipt
from serving.api.posting import Kind, Post, stored_before

MESSAGE = Kind(
    one="a message",
    table=MESSAGES,
    form=MessageIn,
    rejection=MessageRejection,
    receipt=MessagesReceipt,
    most_bytes=4_000_000,
)
MessagePost = Post[MessageIn, MessageRejection]


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
        posts : sequence of Post
            Requests that wait at the same time.

        Returns
        -------
        list of MessagesReceipt
            One a post, in order. Every accepted message is on disk when this returns.
        """
        return MESSAGE.commit(posts, partial(stored_before, self._store, MESSAGES))

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
