"""Real chats with their times (the Chit Chat Challenge) through import, sessions and report."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from shutil import rmtree
from typing import Any

import orjson

from ingest.store import Store
from ingest.workspace import Workspace
from insights.bench.figures import figure
from insights.bench.process import apart, run
from insights.bench.settings import Bench
from insights.settings import InsightSettings
from insights.tables import Tables
from training.report import Row

DATASET = "chitchat_dataset"
_HOW = (
    "pip download --no-deps chitchat_dataset==0.9.0, unpack the wheel and put its "
    "chitchat_dataset/dataset.json into HUAXIANG_DATA/chitchat"
)
_log = logging.getLogger(__name__)


def measure(bench: Bench) -> Iterator[Row]:
    """Yield seconds and counts; nothing where the data set is not there, and the log says why.

    Raises
    ------
    ValueError
        If sessions do not partition the messages.
    """
    file = find(bench.data)
    if file is None:
        _log.info("chitchat is left out: no dataset.json in %s. To have it: %s", bench.data, _HOW)
        return
    workspace = Workspace.named("chitchat", bench.folder.resolve())
    rmtree(workspace.root, ignore_errors=True)
    lines = workspace.root / "chats.jsonl"
    count = write(file, lines)
    place = [f"workspace={workspace.name}", f"data_dir={workspace.root.parent}"]
    source = ["source=messages", f"path={lines}", f"source.name={DATASET}", "progress=false"]
    loaded = run(["ingest", *source, *place])
    protocol = "real messages"
    yield figure(
        DATASET, "import", "import_seconds", loaded.seconds,
        protocol=protocol, n=count, peak_mb=loaded.peak_mb,
    )  # fmt: skip
    cut = f"sessions.sources=[{DATASET}]"
    page = workspace.root / "report.html"
    written = run(["insights", "report=weekly", cut, *place, f"out={page}"])
    yield figure(
        DATASET, "weekly report, cold", "report_seconds", written.seconds,
        protocol=protocol, peak_mb=written.peak_mb,
    )  # fmt: skip
    sessions = apart(partition, workspace, count)
    yield figure(DATASET, "sessions", "sessions", sessions, protocol=protocol, n=count)


def find(data: Path | None) -> Path | None:
    """Return the file of the chats, if it is below ``chitchat`` of the folder of data sets."""
    if data is None:
        return None
    return next(iter(sorted((data / "chitchat").rglob("dataset.json"))), None)


def write(file: Path, lines: Path) -> int:
    """Write the chats as JSON Lines; return the number of messages.

    Two strangers talk: whoever speaks first is taken for the customer, the other for the agent.
    """
    chats = orjson.loads(file.read_bytes())
    lines.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with lines.open("wb") as out:
        for name, chat in chats.items():
            for row in rows(name, chat):
                out.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
                count += 1
    return count


def rows(name: str, chat: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the messages of one chat."""
    said = [message for turn in chat["messages"] for message in turn]
    customer = said[0]["sender"] if said else None
    for number, message in enumerate(said):
        own = message["sender"] == customer
        yield {
            "message_id": str(number),
            "conversation_id": name,
            "customer_id": customer,
            "agent_id": None if own else message["sender"],
            "sender_role": "customer" if own else "agent",
            "text": message["text"],
            "channel": "chitchat",
            "occurred_at": message["timestamp"],
        }


def partition(workspace: Workspace, count: int) -> int:
    """Return the number of sessions.

    Raises
    ------
    ValueError
        If a message was lost on the way, or is in no session or in two.
    """
    cut = InsightSettings.model_validate({"sessions": {"sources": [DATASET]}})
    messages = Tables(workspace, cut).chats.messages
    told = messages.aggregate(
        rows=messages.count(),
        distinct=messages.message_id.nunique(),
        placed=messages.conversation_id.count(),
        sessions=messages.conversation_id.nunique(),
    ).to_pandas()
    found = {name: int(told[name][0]) for name in told}
    stored = Store(workspace.store).dataset("messages").count_rows()
    if {count, stored, found["rows"], found["distinct"], found["placed"]} != {count}:
        raise ValueError(
            f"chitchat: expected {count} messages, each in one session; stored {stored}, {found}"
        )
    return found["sessions"]
