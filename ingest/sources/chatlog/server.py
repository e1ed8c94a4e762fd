"""chatlog's HTTP service as a source that goes on where the last load stopped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    validate_call,
)

from ingest.lawful import record_basis
from ingest.positions import Positions
from ingest.sources.base import RawBatch, SourceError, Times
from ingest.sources.chatlog.api import ChatlogApi, RefusedError
from ingest.sources.chatlog.messages import NAME, Mapper
from ingest.sources.chatlog.people import ListOf, people
from ingest.sources.chatlog.sides import NOBODY, Sides
from ingest.sources.mapping import checked_zone

OVERLAP = timedelta(days=1)  # read again: what was synchronized late, or recalled since
_LISTS: tuple[ListOf, ...] = ("contact", "chatroom")


class ChatlogServer:
    """WeChat conversations of one account, over HTTP.

    The last time read of each conversation is kept in the workspace; the next load asks from the
    day before. Nothing is stored twice.

    Parameters
    ----------
    folder : Path
        Root folder of the workspace, where positions and the lawful basis are kept.
    lawful_basis : str
        Why these conversations may be processed.
    url : str
        Address of chatlog's HTTP service.
    account : str, optional
        Own wxid. Needed where archives of several accounts share a workspace; without it chatlog
        decides which messages are the owner's.
    agents, bots : tuple of str
        Ids of colleagues and of accounts that answer by themselves.
    talkers : tuple of str
        Conversations wanted, by id; all of the session list when empty.
    skip : tuple of str
        Patterns of talkers that are no conversation, unless ``talkers`` names them.
    zone : str
        IANA zone of the machine chatlog runs on, whose days are asked for.
    since : date, optional
        First day of a conversation not read before; everything when not given.
    page : int
        Most messages of one answer.
    timeout, attempts, pause : float, int, float
        Patience, see :class:`~ingest.sources.chatlog.api.ChatlogApi`.
    """

    name = NAME

    @validate_call
    def __init__(
        self,
        *,
        folder: Path,
        lawful_basis: Annotated[str, Field(min_length=1)],
        url: Annotated[str, Field(pattern=r"^https?://")],
        account: str | None = None,
        agents: frozenset[str] = frozenset(),
        bots: frozenset[str] = frozenset(),
        talkers: tuple[str, ...] = (),
        skip: tuple[str, ...] = NOBODY,
        zone: Annotated[str, AfterValidator(checked_zone)] = "Asia/Shanghai",
        since: date | None = None,
        page: PositiveInt = 1000,
        timeout: PositiveFloat = 30.0,
        attempts: PositiveInt = 4,
        pause: NonNegativeFloat = 1.0,
    ) -> None:
        self._folder, self._basis = folder, lawful_basis
        self._talkers, self._since, self._zone = talkers, since, ZoneInfo(zone)
        self._sides = Sides(account, agents, bots, () if talkers else skip)
        self._mapper = Mapper(self._sides, Times(zone))
        self._api = ChatlogApi(url=url, page=page, timeout=timeout, attempts=attempts, pause=pause)
        self._positions = Positions(folder, f"{NAME}-{account or 'me'}")
        self._reached: dict[str, str] = {}

    def batches(self) -> Iterator[RawBatch]:
        """Yield contacts and groups, then one conversation after the other.

        Raises
        ------
        SourceError
            If the server fails: what was read before is kept. After everything else, if it refused
            some conversations.
        """
        record_basis(self._folder, self.name, self._basis)
        now = datetime.now(UTC)
        for what in _LISTS:
            where, entries = f"{self._api.url}/api/v1/{what}", self._api.items(what)
            at = now.isoformat()
            yield from people(self._mapper.told, what, entries, file=where, first_row=1, at=at)
        before = self._positions.all()
        refused = []
        for talker in self._talkers or self._listed():
            try:
                yield from self._conversation(talker, self._days(before.get(talker), now))
            except RefusedError as error:
                refused.append(str(error))
        yield from self._mapper.unresolved(self._api.url)
        if refused:
            raise SourceError("\n".join(refused))

    def stored(self) -> None:
        """Keep how far the conversations were read that were read to their end."""
        self._positions.put(self._reached)

    def _listed(self) -> list[str]:
        sessions = [entry.get("userName") for entry in self._api.items("session")]
        return [str(talker) for talker in sessions if talker and self._sides.wants(str(talker))]

    def _conversation(self, talker: str, when: str) -> Iterator[RawBatch]:
        where = f"{self._api.url}/api/v1/chatlog?talker={talker}&time={when}"
        times: list[datetime] = []
        for offset, messages in self._api.messages(talker, when):
            yield from self._mapper.batches(messages, where, offset + 1)
            times += [at for at in map(_time, messages) if at is not None][-1:]
        if times:
            self._reached[talker] = max(times).isoformat()

    def _days(self, position: str | None, now: datetime) -> str:
        """Return the days to ask for, in chatlog's grammar."""
        until = (now.astimezone(self._zone) + timedelta(days=1)).date()
        if position is None:
            return "all" if self._since is None else f"{self._since}~{until}"
        since = (datetime.fromisoformat(position).astimezone(self._zone) - OVERLAP).date()
        return f"{since}~{until}"


def _time(message: Any) -> datetime | None:
    """Return when a message was sent, None where that is not told with its zone."""
    try:
        at = datetime.fromisoformat(message["time"])
    except (KeyError, TypeError, ValueError):
        return None
    return at if at.tzinfo is not None else None
