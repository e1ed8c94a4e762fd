"""A real HTTP server on this machine that speaks the protocol and answers as it is told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from features.text.llm.settings import LlmSettings
from tests.local_http import Handler, served


@dataclass(frozen=True)
class Say:
    """One answer: a completion, or, with ``status`` or ``body``, something else."""

    content: str | None = ""
    finish: str = "stop"
    usage: tuple[int, int] | None = (100, 20)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    delay: float = 0.0
    refusal: str | None = None

    def text(self) -> str:
        if self.body is not None:
            return self.body
        if self.status >= 400:
            return json.dumps({"error": {"message": "scripted", "type": "scripted"}})
        message = {"role": "assistant", "content": self.content, "refusal": self.refusal}
        choice = {"index": 0, "message": message, "finish_reason": self.finish}
        found: dict[str, Any] = {"id": "c", "object": "chat.completion", "created": 1,
                                 "model": "scripted", "choices": [choice]}  # fmt: skip
        if self.usage is not None:
            asked, answered = self.usage
            found["usage"] = {"prompt_tokens": asked, "completion_tokens": answered,
                              "total_tokens": asked + answered}  # fmt: skip
        return json.dumps(found)


Script = Callable[[dict[str, Any], int], Say]


@dataclass
class Scripted:
    """The server: what it was sent, and where it is."""

    script: Script
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    port: int = 0
    together: int = 0
    most_together: int = 0
    lock: Any = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def settings(self, **changes: Any) -> LlmSettings:
        given = {"timeout": 5, "max_retries": 2, "concurrency": 2, **changes}
        return LlmSettings(base_url=self.url, model="scripted", **given)

    def users(self) -> list[str]:
        """What was sent as data, one a first request."""
        return [sent["messages"][1]["content"] for sent in self.requests]


@contextmanager
def serve(script: Script) -> Iterator[Scripted]:
    """Serve until the end of the block."""
    scripted = Scripted(script)

    class Answering(Handler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:  # noqa: N802 (as http.server calls it)
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with scripted.lock:
                number = len(scripted.requests)
                scripted.requests.append(sent)
                scripted.headers.append({k.lower(): v for k, v in self.headers.items()})
                scripted.together += 1
                scripted.most_together = max(scripted.together, scripted.most_together)
            say = scripted.script(sent, number)
            time.sleep(say.delay)
            with scripted.lock:
                scripted.together -= 1
            data = say.text().encode()
            with suppress(OSError):  # who asked may have gone
                self.answer(say.status, data, {"Content-Type": "application/json", **say.headers})

    with served(Answering) as address:
        scripted.port = urlsplit(address).port or 0
        yield scripted


def data_of(sent: dict[str, Any]) -> str:
    """Return the data inside the marks of a request."""
    content: str = sent["messages"][1]["content"]
    return content.split("\n", 1)[1].rsplit("\n", 1)[0]


def always(content: str, **changes: Any) -> Script:
    return lambda sent, number: Say(content, **changes)


def in_turn(*says: Say) -> Script:
    """Answer request after request; the last answer again and again."""
    return lambda sent, number: says[min(number, len(says) - 1)]
