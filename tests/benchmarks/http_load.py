"""A cheap closed-loop HTTP/1.1 client: N connections, each asks again as soon as it is answered.

Run as its own process so that it measures the server and not itself:

    python tests/benchmarks/http_load.py --port 8080 --connections 8 --requests 2000 GET /health

Prints one JSON line: seconds, requests a second, p50, p90, p99 and max in milliseconds, failures.
Paths may hold {n}: numbers from 0 to --spread - 1, in a fixed shuffled order. Loopback only.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import Iterator

HOST = "127.0.0.1"


class Connection(asyncio.Protocol):
    """One keep-alive connection that asks in a closed loop."""

    def __init__(self, requests: Iterator[bytes], done: asyncio.Future[None]) -> None:
        self.requests = requests
        self.done = done
        self.times: list[float] = []
        self.failures = 0
        self.buffer = b""
        self.needed = -1
        self.transport: asyncio.Transport
        self.sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self.ask()

    def ask(self) -> None:
        request = next(self.requests, None)
        if request is None:
            self.transport.close()
            return
        self.sent_at = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if self.needed < 0:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self.buffer[:end].lower()
            self.failures += not head.startswith(b"http/1.1 200")
            length = head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]
            self.needed = end + 4 + int(length)
        if len(self.buffer) >= self.needed:
            self.times.append(time.perf_counter() - self.sent_at)
            self.buffer, self.needed = self.buffer[self.needed :], -1
            self.ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


def request_bytes(method: str, path: str, body: bytes) -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nhost: {HOST}\r\naccept: application/json\r\n"
    if body:
        head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


async def load(arguments: argparse.Namespace) -> dict[str, float]:
    numbers = list(range(arguments.spread))
    random.Random(0).shuffle(numbers)
    made = [
        request_bytes(
            arguments.method, arguments.path.replace("{n}", str(n)), arguments.body.encode()
        )
        for n in numbers
    ]
    total = arguments.requests
    requests = iter(made[i % len(made)] for i in range(total))
    loop = asyncio.get_running_loop()
    connections = []
    started = time.perf_counter()
    for _ in range(arguments.connections):
        done: asyncio.Future[None] = loop.create_future()
        _, protocol = await loop.create_connection(
            lambda done=done: Connection(requests, done), HOST, arguments.port
        )
        connections.append(protocol)
    await asyncio.wait_for(asyncio.gather(*(c.done for c in connections)), arguments.timeout)
    seconds = time.perf_counter() - started
    times = sorted(t for c in connections for t in c.times)
    return {
        "requests": len(times),
        "failures": sum(c.failures for c in connections) + total - len(times),
        "seconds": round(seconds, 3),
        "per_second": round(len(times) / seconds, 1),
        **{
            name: round(times[min(len(times) - 1, int(share * len(times)))] * 1e3, 2)
            for name, share in (("p50_ms", 0.5), ("p90_ms", 0.9), ("p99_ms", 0.99), ("max_ms", 1.0))
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("method")
    parser.add_argument("path")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--spread", type=int, default=1)
    parser.add_argument("--body", default="")
    parser.add_argument("--timeout", type=float, default=120)
    arguments = parser.parse_args()
    try:
        import uvloop

        result = uvloop.run(load(arguments))
    except ImportError:
        result = asyncio.run(load(arguments))
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
