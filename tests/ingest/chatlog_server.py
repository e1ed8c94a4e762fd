"""A local HTTP server that answers as chatlog does, from lists in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from tests.local_http import Handler, served


@dataclass
class Archive:
    """What the server holds, how it fails, and what it was asked."""

    messages: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    contacts: list[Any] = field(default_factory=list)
    rooms: list[Any] = field(default_factory=list)
    failures: list[tuple[int, bytes]] = field(default_factory=list)  # given before any answer
    broken_after: int | None = None  # questions for messages until the database is gone
    asked: list[dict[str, str]] = field(default_factory=list)

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, bytes]:
        what = path.removeprefix("/api/v1/")
        self.asked.append({"what": what, **query})
        if self.failures:
            return self.failures.pop(0)
        if what != "chatlog":
            people = {"contact": self.contacts, "chatroom": self.rooms}
            sessions = [{"userName": talker, "nOrder": 1} for talker in self.messages]
            return 200, orjson.dumps({"items": self._page(people.get(what, sessions), query)})
        if self.broken_after is not None:
            self.broken_after -= 1
            if self.broken_after < 0:
                return 503, b'{"error":"database is not ready"}'
        if query["talker"] not in self.messages:
            return 400, b'"talker not found"'
        found = self._page(self._dated(query), query)
        return 200, orjson.dumps(found) if found else b"null"

    def _dated(self, query: dict[str, str]) -> list[dict[str, Any]]:
        first, _, last = query["time"].partition("~")
        if first == "all":
            first, last = "0000", "9999"
        return [m for m in self.messages[query["talker"]] if first <= m["time"][:10] <= last]

    @staticmethod
    def _page(rows: list[Any], query: dict[str, str]) -> list[Any]:
        offset, limit = int(query["offset"]), int(query["limit"])
        return rows[offset : offset + limit]


@contextmanager
def serving(archive: Archive) -> Iterator[str]:
    """Serve an archive on a free port and give its address."""

    class Answering(Handler):
        def do_GET(self) -> None:  # noqa: N802 (as http.server calls it)
            parts = urlsplit(self.path)
            status, body = archive.answer(parts.path, dict(parse_qsl(parts.query)))
            self.answer(status, body)

    with served(Answering) as address:
        yield address
