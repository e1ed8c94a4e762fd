"""What lines of the messenger tell: who was added, who joined or left a group, what was paid."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_RECALLED = re.compile(
    r"(?:你|[\"“「']?.{1,64}?[\"”」']?)\s?撤回了?一条(?:成员的?)?消息(?:\s?重新编辑)?"
    r"|(?:You|\"?.{1,64}?\"?) recalled a message\.?"
)
_ADDED = re.compile(
    r"(?:你已添加了|您已添加了|你添加了).{1,64}|以上是打招呼的(?:内容|消息)"
    r"|.{1,64}?通过了你的(?:朋友|好友)验证请求.{0,32}"
    r"|You have added .{1,64}",
    re.DOTALL,
)
_JOINED = (
    re.compile(r"(?P<by>.+?)邀请(?P<who>.+?)加入了?群聊.*", re.DOTALL),
    re.compile(r"(?P<who>.+?)通过扫描(?P<by>.+?)分享的二维码加入了?群聊.*", re.DOTALL),
    re.compile(r"(?P<by>.+?) invited (?P<who>.+?) to the group chat.*", re.DOTALL),
    re.compile(r"(?P<who>.+?) joined (?:the )?group chat(?P<by>.*)", re.DOTALL),
)
_LEFT = (
    re.compile(r".{0,64}?将(?P<who>.+?)移出了?群聊.*", re.DOTALL),
    re.compile(r"(?P<who>.+?)(?:退出|离开)了?群聊.*", re.DOTALL),
    re.compile(r"(?:You )?removed (?P<who>.+?) from the group chat.*", re.DOTALL),
)
_NAMED = re.compile(r"\(([^()\s]{3,})\)")  # 张三(wxid_3f…): names come with their ids in templates
_QUOTES = "\"“”「」' "
_ME = ("你", "您", "You", "you")
_TRANSFER = re.compile(
    r"\[转账\|(?P<state>发送|接收|退还)?\s*[¥￥]?\s*(?P<amount>[\d,]+(?:\.\d+)?)[^\]]*\]"
    r"(?:\((?P<memo>.*)\))?",
    re.DOTALL,
)
_STATES = {"发送": "payment_sent", "接收": "payment_received", "退还": "payment_refunded"}


@dataclass(frozen=True)
class Payment:
    """A transfer: event kind, amount in yuan and what the payer wrote."""

    kind: str
    amount: float
    memo: str | None


def is_recall(line: str) -> bool:
    """Return whether a line of the system says that a message was recalled."""
    return _RECALLED.fullmatch(line.strip()) is not None


def is_greeting(line: str) -> bool:
    """Return whether a line says that two people are contacts from now on."""
    return _ADDED.fullmatch(line.strip()) is not None


def moves(line: str, names: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    """Yield ``joined_group`` or ``left_group`` with the person it is about.

    Parameters
    ----------
    line : str
        A line of the system in a group.
    names : mapping
        Display name to id of people known so far.

    Yields
    ------
    tuple of (str, str or None)
        Kind of event and id of the person; None where only an unknown name is told. The owner of
        the archive is not told.
    """
    told = line.strip()
    for kind, patterns in (("joined_group", _JOINED), ("left_group", _LEFT)):
        match = next((found for p in patterns if (found := p.fullmatch(told))), None)
        if match is not None:
            for person in re.split(r"[、,,]|和(?=[\"“])", match["who"]):
                name = person.strip(_QUOTES)
                if name and name not in _ME:
                    yield kind, _id_of(name, names)
            return


def _id_of(name: str, names: Mapping[str, str]) -> str | None:
    found = _NAMED.findall(name)
    return str(found[-1]) if found else names.get(name)


def payment(content: str) -> Payment | None:
    """Return the transfer that a message tells of, None if it tells of no amount."""
    found = _TRANSFER.fullmatch(content.strip())
    if found is None:
        return None
    kind = _STATES[found["state"] or "发送"]
    return Payment(kind, float(found["amount"].replace(",", "")), found["memo"] or None)
