"""A local HTTP server with one feed, which answers conditional requests as RFC 9110 says."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


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

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            condition = self.headers["If-None-Match"]
            page.asked.append((self.path, condition))
            if self.path == "/old":
                self._answer(301, b"", Location="/feed")
            elif page.etag is not None and condition == page.etag:
                self._answer(304, b"")
            else:
                tagged = {} if page.etag is None else {"ETag": page.etag}
                told = {"Content-Type": page.content_type, **tagged}
                self._answer(page.status, page.body, **told)

        def _answer(self, status: int, body: bytes, **headers: str) -> None:
            page.sent.append(status)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status != 304:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
