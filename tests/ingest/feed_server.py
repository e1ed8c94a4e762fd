"""A local HTTP server with one feed, which answers conditional requests as RFC 9110 says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.local_http import Handler, served


@dataclass
class Page:
    """What the server holds, and what it was asked."""

    body: bytes
    etag: str | None = None
    status: int = 200
    content_type: str = "application/rss+xml; charset=utf-8"
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)


@contextmanager
def serving(page: Page) -> Iterator[str]:
    """Serve a feed on a free port, at ``/feed`` and, moved, at ``/old``; give its address."""

    class Answering(Handler):
        def do_GET(self) -> None:  # noqa: N802 (as http.server calls it)
            condition = self.headers["If-None-Match"]
            page.asked.append((self.path, condition))
            if self.path == "/old":
                self._tell(301, b"", {"Location": "/feed"})
            elif page.etag is not None and condition == page.etag:
                self._tell(304, b"")
            else:
                tagged = {} if page.etag is None else {"ETag": page.etag}
                told = {"Content-Type": page.content_type, **tagged}
                self._tell(page.status, page.body, told)

        def _tell(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            page.sent.append(status)
            self.answer(status, body, headers)

    with served(Answering) as address:
        yield address
