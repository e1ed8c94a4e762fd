"""chatlog's files: JSON, CSV and plain text of messages; JSON and CSV of contacts and groups."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from ingest.sources.base import Broken, SourceError
from ingest.sources.chatlog.kinds import unrendered
from ingest.sources.chatlog.sides import ME, ROOM
from ingest.sources.documents import PART, parts
from ingest.sources.readers.base import suffix_of
from ingest.sources.readers.delimited import read_delimited
from ingest.sources.readers.text import Utf8Stream

What = Literal["message", "contact", "chatroom"]
SUFFIXES = (".json", ".jsonl", ".csv", ".txt")
_CSV = ["Time", "SenderName", "Sender", "TalkerName", "Talker", "Content"]
_LISTS: dict[What, list[str]] = {
    "contact": ["UserName", "Alias", "Remark", "NickName"],
    "chatroom": ["Name", "Remark", "NickName", "Owner", "UserCount"],
}
_HEAD = re.compile(
    r"(?:(?P<name>.*)\((?P<id>[^()]+)\)|(?P<bare>\S+)) (?:\[(?P<room>.*)\] )?"
    r"(?P<time>(?P<year>\d{4}-)?(?P<day>\d\d-\d\d )?\d\d:\d\d:\d\d)"
)


@dataclass(frozen=True)
class Piece:
    """Some entries of one file.

    Attributes
    ----------
    what : {"message", "contact", "chatroom"}
        What they are.
    first_row : int
        Number of the first: its place in a list, its row in a CSV file, its line in a text.
    entries : list
        Objects as chatlog's JSON has them; :class:`Broken` where there is none.
    """

    what: What
    first_row: int
    entries: list[Any]


def pieces(path: Path, *, talker: str | None, start: date | None) -> Iterator[Piece]:
    """Yield what is in a file.

    Parameters
    ----------
    path : Path
        A file ending in ``.json``, ``.jsonl``, ``.csv`` or ``.txt``; ``.gz`` may follow.
    talker : str, optional
        Whose conversation a plain text is; its name without ending when not given.
    start : date, optional
        First day of the range a plain text was asked for: its times leave out what they share.

    Raises
    ------
    SourceError
        If the file is not one of chatlog's.
    """
    suffix = suffix_of(path)
    if suffix == ".csv":
        yield from _from_csv(path)
    elif suffix == ".txt":
        yield from _from_text(path, talker or path.name.split(".")[0], start)
    else:
        yield from _from_json(path)


def _from_json(path: Path) -> Iterator[Piece]:
    for first, entries in parts(path, ("messages", "items")):
        head = entries[0] if entries and isinstance(entries[0], dict) else {}
        if "talker" in head or not head:
            yield Piece("message", first, entries)
        elif "users" in head or "owner" in head:
            yield Piece("chatroom", first, entries)
        elif "userName" in head:
            yield Piece("contact", first, entries)
        else:
            raise SourceError(
                f"{path}: expected messages, a webhook's body or a list of contacts or groups, "
                f"received an object with {', '.join(head)}"
            )


def _from_csv(path: Path) -> Iterator[Piece]:
    header = next(Utf8Stream(path).lines(), b"").decode().strip().split(",")
    what = next((name for name, names in _LISTS.items() if names == header), None)
    if what is not None:
        yield Piece(what, 2, list(_unquoted(path, header)))
        return
    if header != _CSV:
        raise SourceError(
            f"{path}: expected the columns {', '.join(_CSV)} (messages), "
            f"{' or '.join(', '.join(names) for names in _LISTS.values())}; received "
            f"{', '.join(header)}"
        )
    for part in read_delimited(path):
        lost = {broken.row: broken for broken in part.broken}
        rows = iter(part.rows.to_pylist())
        numbers = range(part.first_row, part.first_row + part.rows.num_rows + len(lost))
        entries = [lost[n] if n in lost else _of_csv(next(rows)) for n in numbers]
        yield Piece("message", part.first_row, entries)


def _of_csv(row: dict[str, Any]) -> dict[str, Any]:
    talker, sender = row["Talker"] or "", row["Sender"] or ""
    return {
        "time": row["Time"],
        "talker": talker,
        "talkerName": row["TalkerName"],
        "isChatRoom": talker.endswith(ROOM),
        "sender": sender,
        "senderName": row["SenderName"],
        **unrendered(sender, row["Content"] or ""),
    }


def _unquoted(path: Path, header: list[str]) -> Iterator[Any]:
    """Yield contacts or groups; nothing is quoted there, so a comma in a name splits it."""
    names = [name[0].lower() + name[1:] for name in header]
    for number, line in enumerate(Utf8Stream(path).lines(), 1):
        fields = line.decode().split(",")
        if number == 1 or not line.strip():
            continue
        if len(fields) == len(names):
            yield dict(zip(names, fields, strict=True))
        else:
            reason = f"expected {len(names)} fields, received {len(fields)}: a name with a comma?"
            yield Broken(number, f"{reason} Ask for format=json instead", line.decode())


def _from_text(path: Path, talker: str, start: date | None) -> Iterator[Piece]:
    entry: list[str] = []
    entries: list[Any] = []
    first = opened = 1
    blank = True
    for number, line in enumerate((raw.decode() for raw in Utf8Stream(path).lines()), 1):
        if blank and _HEAD.fullmatch(line) and entry:
            entries.append(_of_text(path, entry, opened, talker, start))
            entry, opened = [], number
            if len(entries) >= PART:
                yield Piece("message", first, entries)
                entries, first = [], number
        entry.append(line)
        blank = not line
    if any(entry):
        entries.append(_of_text(path, entry, opened, talker, start))
    if entries:
        yield Piece("message", first, entries)


def _of_text(path: Path, entry: list[str], row: int, talker: str, start: date | None) -> Any:
    head = _HEAD.fullmatch(entry[0])
    if head is None:
        reason = "expected a line such as 昵称(wxid) 2026-03-01 10:00:00, then the message"
        return Broken(row, reason, "\n".join(entry).rstrip("\n"))
    content = "\n".join(entry[1:]).rstrip("\n")
    sender = head["id"] or head["bare"]
    room = re.fullmatch(r"(?:(.*)\()?([^()]+)\)?", head["room"] or "")
    talker = room[2] if room else talker
    return {
        "time": _full_time(path, head, row, start),
        "talker": talker,
        "talkerName": room[1] if room else None,
        "isChatRoom": talker.endswith(ROOM),
        "sender": sender,
        "senderName": head["name"] or "",
        "isSelf": sender == ME,
        **unrendered(sender, content),
    }


def _full_time(path: Path, head: re.Match[str], row: int, start: date | None) -> str:
    if head["year"]:
        return head["time"]
    if start is None:
        raise SourceError(
            f"{path}, line {row}: the time {head['time']!r} leaves out what the messages share. "
            "Give the first day of the range that was asked for: source.start=2026-03-01"
        )
    return f"{start.year}-{head['time']}" if head["day"] else f"{start.isoformat()} {head['time']}"
