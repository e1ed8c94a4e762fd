"""Servers on this machine that alerts are delivered to: HTTP and SMTP, as they really talk."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default

from tests.local_http import Handler, served


@dataclass
class Receiver:
    """What arrived over HTTP, and what is answered: each answer once, the last one forever."""

    answers: list[tuple[int, bytes]] = field(default_factory=lambda: [(200, b"{}")])
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def answer(self) -> tuple[int, bytes]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def receiving(receiver: Receiver) -> Iterator[str]:
    """Serve on a free port and give the address."""

    class Answering(Handler):
        def do_POST(self) -> None:  # noqa: N802 (as http.server calls it)
            receiver.bodies.append(self.rfile.read(int(self.headers["content-length"])))
            receiver.headers.append({name.lower(): value for name, value in self.headers.items()})
            status, body = receiver.answer()
            self.answer(status, body)

    with served(Answering) as address:
        yield f"{address}/alerts"


@dataclass
class Mailbox:
    """What arrived by SMTP; commands that are refused, each with its answer."""

    mails: list[Message] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    refused: dict[str, list[str]] = field(default_factory=dict)

    def reply(self, command: str, usual: str) -> str:
        waiting = self.refused.get(command, [])
        return waiting.pop(0) if waiting else usual


@contextmanager
def mail_server(mailbox: Mailbox) -> Iterator[int]:
    """Serve SMTP (RFC 5321) on a free port and give the port."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.say("220 mail.test ready")
            while line := self.rfile.readline().decode().strip():
                command = line.split()[0].upper()
                if command == "QUIT":
                    self.say("221 bye")
                    return
                answer = mailbox.reply(command, "250 ok")
                if command == "DATA" and answer == "250 ok":
                    self.say("354 go on")
                    mailbox.mails.append(message_from_bytes(self.content(), policy=default))
                elif command == "RCPT" and answer == "250 ok":
                    mailbox.recipients.append(line.partition("<")[2].partition(">")[0])
                self.say(answer)

        def content(self) -> bytes:
            lines = []
            while (line := self.rfile.readline()) != b".\r\n":
                lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
            return b"".join(lines)

        def say(self, line: str) -> None:
            self.wfile.write(line.encode() + b"\r\n")

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
