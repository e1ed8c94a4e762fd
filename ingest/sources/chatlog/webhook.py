"""The body that chatlog posts to a webhook, as a source of one load."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ingest.sources.base import RawBatch, Times
from ingest.sources.chatlog.messages import NAME, Mapper
from ingest.sources.chatlog.sides import Sides


class ChatlogWebhook:
    """The messages of one body.

    chatlog posts a body once, whatever it is answered, and may leave messages out or send them
    twice: load the same conversations over HTTP now and then, which stores nothing twice.

    Parameters
    ----------
    messages : list
        ``messages`` of the body.
    sides : Sides
        Who speaks for the business.
    zone : str
        IANA zone of times that have none.
    """

    name = NAME

    def __init__(self, messages: list[Any], *, sides: Sides, zone: str) -> None:
        self._messages = messages
        self._mapper = Mapper(sides, Times(zone))

    def batches(self) -> Iterator[RawBatch]:
        """Yield messages, then the customers, facts and events they tell of."""
        yield from self._mapper.batches(self._messages, "chatlog webhook", 1)
