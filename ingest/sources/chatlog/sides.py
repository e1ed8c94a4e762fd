"""Who speaks for the business in an archive that only knows people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from ingest.sources.chatlog.kinds import SYSTEM, SYSTEM_SENDER

ME = "我"  # how chatlog's texts call the owner of the archive
ROOM = "@chatroom"
# Accounts of the messenger itself, feeds and bookmarks: nobody's conversation.
NOBODY = (
    "gh_*", "filehelper", "weixin", "fmessage", "medianote", "floatbottle", "newsapp", "qqmail",
    "brandsessionholder*", "brandservicesessionholder*", "notification_messages", "notifymessage",
    "@placeholder_foldgroup", "opencustomerservicemsg", "qmessage",
)  # fmt: skip


@dataclass(frozen=True)
class Sides:
    """Which ids are the business.

    Attributes
    ----------
    account : str or None
        The wxid whose archive it is. Without it ``isSelf`` decides, which chatlog itself calls
        uncertain for WeChat 4, and several archives of one workspace cannot be told apart.
    agents : frozenset of str
        Colleagues, who speak for the business in groups.
    bots : frozenset of str
        Accounts that answer by themselves.
    skip : tuple of str
        Patterns of talkers that are no conversation.
    """

    account: str | None = None
    agents: frozenset[str] = frozenset()
    bots: frozenset[str] = frozenset()
    skip: tuple[str, ...] = NOBODY

    def role(self, message: Mapping[str, Any]) -> str:
        """Return ``customer``, ``agent``, ``bot`` or ``system``."""
        sender = message.get("sender") or ""
        if message.get("type") == SYSTEM or sender == SYSTEM_SENDER:
            return "system"
        if sender in self.bots:
            return "bot"
        if sender in (ME, self.account) or sender in self.agents:
            return "agent"
        unsure = self.account is None or not sender
        return "agent" if unsure and message.get("isSelf") is True else "customer"

    def agent(self, sender: str) -> str | None:
        """Return the id of the agent who sent a message."""
        return self.account if sender in ("", ME) else sender

    def is_inside(self, talker: str) -> bool:
        """Return whether a talker is a colleague or a bot: no customer is there."""
        return talker in self.agents or talker in self.bots or talker == self.account

    def conversation(self, talker: str) -> str:
        """Return the id of a conversation: of the group, or of the two people."""
        alone = talker.endswith(ROOM) or self.account is None
        return talker if alone else f"{self.account}|{talker}"

    def wants(self, talker: str) -> bool:
        """Return whether a talker is a conversation at all."""
        return not any(fnmatchcase(talker, pattern) for pattern in self.skip)
