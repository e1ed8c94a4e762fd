"""Chat messages: how fast an archive is loaded, and how soon a posted one is stored and counted.

    python tests/benchmarks/bench_messages.py [--rows 200000] [--posts 200]

- ``chatlog_rows_per_second``: JSON Lines of chatlog loaded with all that messages tell besides.
- ``post_p50_ms``, ``post_p99_ms``: one connection posts one message after the other to a running
  ``python -m serving.api`` and waits for each answer; every message is committed before it.
- ``post_many_per_second``: the same with 100 messages a request.
- ``webhook_p50_ms``: the same with chatlog's body of one message.
- ``post_to_report_seconds``: from the start of a post to the end of ``python -m insights
  finding=volume`` of a new process that counts it.
- ``post_to_insight_seconds``: from the start of a post to the end of the first answer of ``GET
  /v1/insights/volume`` that counts it, the server having answered it before; median of ten.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).parent))

import httpx2
import orjson
from kept import keep

from ingest.load import load
from ingest.sources.chatlog.files import ChatlogFiles
from ingest.store import Store
from ingest.workspace import Workspace
from tests.serving.live_server import HOUSE, live

START = datetime(2026, 1, 1, tzinfo=UTC)
MANY = 100


def chatlog(number: int) -> dict[str, Any]:
    """Return a message of chatlog: five hundred people who ask and are answered."""
    at = START + timedelta(seconds=11 * number)
    talker, own = f"wxid_{number // 2 % 500:03d}", bool(number % 2)
    return {
        "seq": int(at.timestamp()) * 1000, "time": at.isoformat(), "talker": talker,
        "talkerName": f"Customer {talker}", "isChatRoom": False,
        "sender": "wxid_shop" if own else talker, "senderName": "", "isSelf": own,
        "type": 1, "subType": 0, "content": f"这是第{number}句话,蓝色的还有吗?",
    }  # fmt: skip


def import_speed(folder: Path, rows: int) -> None:
    """Load an archive and keep the speed."""
    file = folder / "archive.jsonl"
    with file.open("wb") as out:
        out.writelines(orjson.dumps(chatlog(n)) + b"\n" for n in range(rows))
    workspace = Workspace.named("bulk", folder)
    source = ChatlogFiles(
        folder=workspace.root, path=str(file), lawful_basis="benchmark", account="wxid_shop"
    )
    start = time.perf_counter()
    report = load(source, Store(workspace.store), workspace.rejected, progress=False)
    seconds = time.perf_counter() - start
    assert report.tables["messages"].accepted == rows
    keep(__file__, "chatlog_rows_per_second", rows / seconds, on=f"{rows:,} messages as JSON Lines")


def posted(number: int) -> dict[str, Any]:
    """Return a message to post."""
    return {
        "message_id": f"m{number}", "conversation_id": f"k{number // 8}", "customer_id": "c1",
        "sender_role": "customer", "text": "Is the blue one in stock again?", "channel": "web",
        "occurred_at": (START + timedelta(seconds=number)).isoformat(),
    }  # fmt: skip


def latencies(client: httpx2.Client, path: str, bodies: list[Any]) -> list[float]:
    """Return the milliseconds of each post."""
    found = []
    for body in bodies:
        start = time.perf_counter()
        answer = client.post(path, json=body)
        found.append(1000 * (time.perf_counter() - start))
        assert answer.json()["accepted"], answer.text
    return found


def live_speed(folder: Path, posts: int) -> None:
    """Post to a running server and keep the latencies."""
    with live(folder, "bulk", "chatlog.lawful_basis=benchmark") as server:
        time.sleep(5)  # until it has given up looking for a champion for now
        with httpx2.Client(base_url=server.url, trust_env=False, timeout=60) as client:
            latencies(client, "/v1/messages", [posted(n) for n in range(-20, 0)])
            single = latencies(client, "/v1/messages", [posted(n) for n in range(posts)])
            many = [[posted(MANY * n + m) for m in range(MANY)] for n in range(100, 120)]
            batches = latencies(client, "/v1/messages", many)
            hooks = [{"messages": [chatlog(10**7 + n)]} for n in range(50)]
            webhook = latencies(client, "/v1/webhooks/chatlog", hooks)
            seconds = _to_report(client, folder)
            insight = statistics.median(_to_insight(client, n) for n in range(-1, 10))
    on = "a workspace of the archive above"
    keep(__file__, "post_p50_ms", statistics.median(single), on=on)
    keep(__file__, "post_p99_ms", statistics.quantiles(single, n=100)[98], on=on)
    keep(__file__, "post_many_per_second", 1000 * MANY / statistics.median(batches), on=on)
    keep(__file__, "webhook_p50_ms", statistics.median(webhook), on=on)
    keep(__file__, "post_to_report_seconds", seconds, on=on)
    keep(__file__, "post_to_insight_seconds", insight, on=on)


def _to_report(client: httpx2.Client, folder: Path) -> float:
    out = folder / "volume.csv"
    start = time.perf_counter()
    client.post("/v1/messages", json={**posted(0), "message_id": "last", "conversation_id": "last",
                                      "channel": "last"})  # fmt: skip
    told = ["workspace=bulk", f"data_dir={folder}", "finding=volume", "channel=[last]", "by=[]"]
    subprocess.run([sys.executable, "-m", "insights", *told, f"out={out}"], cwd=HOUSE, check=True)
    seconds = time.perf_counter() - start
    assert ",1," in out.read_text(), out.read_text()
    return seconds


def _to_insight(client: httpx2.Client, number: int) -> float:
    name = f"insight{number}"
    told = {**posted(0), "message_id": name, "conversation_id": name, "channel": name}
    client.get("/v1/insights/volume", params={"by": ""})
    start = time.perf_counter()
    client.post("/v1/messages", json=told)
    counted: list[Any] = []
    while not counted:
        answer = client.get("/v1/insights/volume", params={"by": "", "channel": name})
        counted = [row for row in answer.json()["rows"] if row["count"] == 1]
    return time.perf_counter() - start


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--posts", type=int, default=200)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        import_speed(Path(name), given.rows)
        live_speed(Path(name), given.posts)
