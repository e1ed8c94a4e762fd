"""What a message report over a million messages costs beside plain DuckDB SQL.

Run: ``python tests/benchmarks/bench_insights.py [messages]``. The messages are drawn here and
labeled simulated: support chats with bots, hand-offs, resolutions and reopenings, and one fifth as
streams without conversations. The reference computes the same number by hand-written SQL over the
same stored tables; the numbers are compared. A report computes conversations and turns once
(``open``) and then every finding from them; the reference starts from the messages each time.
``renew`` is what one further message costs until they are up to date again.
Results go to ``data/reports/bench_insights.json``.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingest.runtime import prepare

prepare()

import duckdb  # noqa: E402
import numpy as np  # noqa: E402
import pyarrow as pa  # noqa: E402
import yaml  # noqa: E402

from ingest.schemas import canonical  # noqa: E402
from ingest.store import Store  # noqa: E402
from ingest.workspace import Workspace  # noqa: E402
from insights.filters import Filters  # noqa: E402
from insights.registry import FINDINGS, find  # noqa: E402
from insights.settings import InsightSettings  # noqa: E402
from insights.tables import Tables  # noqa: E402

ROUNDS = 3
START = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
STREAM = "simulated_stream"
FILTERED = Filters(since=datetime(2026, 2, 1), until=datetime(2026, 3, 1), channel=("web", "app"))  # noqa: DTZ001 (naive is UTC)

SPOKEN = """
    WITH m AS (SELECT *, CASE WHEN sender_role = 'agent' THEN 'human' ELSE sender_role END AS what
        FROM messages WHERE NOT recalled AND NOT private AND sender_role <> 'system'),
    cut AS (SELECT *, CASE WHEN source = 'simulated_stream' AND (pause IS NULL OR pause > 1800e6)
            THEN 1 ELSE 0 END AS begins FROM (SELECT *, epoch_us(occurred_at) - lag(epoch_us(
            occurred_at)) OVER (PARTITION BY conversation_id ORDER BY occurred_at, message_id)
            AS pause FROM m)),
    said AS (SELECT conversation_id, sum(begins) OVER (PARTITION BY conversation_id
            ORDER BY occurred_at, message_id ROWS UNBOUNDED PRECEDING) AS part,
        what, epoch_us(occurred_at) AS moment FROM cut)
"""
SQL = {
    "corrected/volume": SPOKEN
    + "SELECT count(*), 1.0 FROM (SELECT DISTINCT conversation_id, part FROM said)",
    "corrected/duration": SPOKEN
    + """SELECT count(*), avg(minutes) FROM (SELECT (max(moment) - min(moment)) / 60e6 AS minutes
        FROM said GROUP BY conversation_id, part)""",
    "corrected/reply_time": SPOKEN
    + """, ended AS (SELECT conversation_id, 0 AS part, 'end' AS what,
            epoch_us(occurred_at) AS moment FROM messages WHERE kind = 'conversation_resolved'),
    steps AS (SELECT * FROM said UNION ALL SELECT * FROM ended),
    numbered AS (SELECT *, count(*) FILTER (WHERE what IN ('human', 'end')) OVER (
            PARTITION BY conversation_id, part ORDER BY moment ROWS BETWEEN UNBOUNDED PRECEDING
            AND 1 PRECEDING) AS turn FROM steps)
    SELECT count(*), avg(minutes) FROM (
        SELECT (max(moment) FILTER (WHERE what = 'human')
            - min(moment) FILTER (WHERE what = 'customer')) / 60e6 AS minutes
        FROM numbered GROUP BY conversation_id, part, turn)
    WHERE minutes IS NOT NULL""",
    "chatwoot/resolution_time": SPOKEN
    + """SELECT count(*), avg((r.moment - o.moment) / 60e6) FROM
        (SELECT conversation_id, epoch_us(occurred_at) AS moment FROM messages
            WHERE kind = 'conversation_resolved') r
        JOIN (SELECT conversation_id, min(moment) AS moment FROM said GROUP BY ALL) o
        USING (conversation_id)""",
}


def draw(count: int) -> pa.Table:
    """Return simulated messages in canonical columns."""
    rng = np.random.default_rng(7)
    conversations = count // 8
    of = np.sort(rng.integers(0, conversations, count))
    stream = of % 5 == 0
    first = np.searchsorted(of, of)
    place = np.arange(count) - first
    begin = START + rng.integers(0, 90 * 86_400, conversations)
    pauses = np.where(rng.random(count) < 0.03, 7200, rng.exponential(120, count) + 1)
    passed = np.cumsum(pauses)
    seconds = begin[of] + passed - passed[first]
    last = np.append(of[1:] != of[:-1], True)
    roles = np.array(["customer", "bot", "agent"])[rng.choice(3, count, p=[0.5, 0.1, 0.4])]
    roles[place == 0] = "customer"
    closes = last & ~stream & (rng.random(count) < 0.7) & (place > 0)
    roles[closes] = "system"
    at = pa.array((seconds * 1e6).astype("int64"), pa.timestamp("us", "UTC"))
    agent = np.char.add("agent", rng.integers(0, 20, count).astype(str))
    columns = {
        "message_id": pa.array(np.char.add("m", np.arange(count).astype(str))),
        "source": pa.array(np.where(stream, STREAM, "simulated")),
        "conversation_id": pa.array(np.char.add("c", of.astype(str))),
        "customer_id": pa.array(np.char.add("p", (of % 40_000).astype(str))),
        "agent_id": pa.array(agent, mask=roles != "agent"),
        "sender_role": pa.array(roles),
        "kind": pa.array(np.where(closes, "conversation_resolved", "text")),
        "recalled": pa.array((rng.random(count) < 0.01) & (roles != "system")),
        "private": pa.array((rng.random(count) < 0.02) & (roles == "agent")),
        "channel": pa.array(np.array(["web", "app", "wechat", "email"])[of % 4]),
        "occurred_at": at,
        "available_at": at,
    }
    schema = canonical("messages").schema
    empty = {name: pa.nulls(count, schema.field(name).type) for name in schema.names}
    return pa.table({name: columns.get(name, empty[name]) for name in schema.names}, schema=schema)


def renewed(tables: Tables, store: Store, number: int) -> float:
    """Return the seconds until the tables hold one further message, of a conversation there is."""
    row = store.dataset("messages").head(1).to_pylist()[0] | {"message_id": f"further{number}"}
    store.add("messages", pa.Table.from_pylist([row], canonical("messages").schema))
    return timed(lambda: tables.chats)[0]


def by_sql(store: Store, name: str) -> tuple[int, float]:
    """Return count and mean by plain SQL."""
    connection = duckdb.connect(config={"threads": 2})
    connection.register("messages", store.dataset("messages"))
    count, mean = connection.execute(SQL[name]).fetchone() or (0, 0.0)
    return int(count), float(mean)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return seconds and result."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def measure(tables: Tables, store: Store, name: str) -> dict[str, Any]:
    """Return the seconds of one finding, warm, beside the reference where there is one."""
    finding = find(name)
    ours = [timed(lambda: finding.table(tables, Filters(period="day"))) for _ in range(ROUNDS)]
    narrow = [timed(lambda: finding.table(tables, FILTERED))[0] for _ in range(ROUNDS)]
    row: dict[str, Any] = {
        "metric": "report_seconds",
        "model": name,
        "value": round(statistics.median(seconds for seconds, _ in ours), 3),
        "filtered_seconds": round(statistics.median(narrow), 3),
        "n": int(ours[0][1]["count"].sum()),
    }
    if name in SQL:
        runs = [timed(lambda: by_sql(store, name)) for _ in range(ROUNDS)]
        row["reference"] = round(statistics.median(seconds for seconds, _ in runs), 3)
        row["ratio"] = round(row["value"] / row["reference"], 2)
        check(runs[0][1], name, tables)
    return row


def check(reference: tuple[int, float], name: str, tables: Tables) -> None:
    """Stop if the reference counts something else."""
    members = find(name).drill(tables, Filters())["value"]
    assert len(members) == reference[0], f"{name}: {len(members)} against {reference[0]}"
    np.testing.assert_allclose(members.mean(), reference[1], rtol=1e-9, err_msg=name)


def asked(tables: Tables, store: Store, name: str) -> dict[str, Any] | None:
    """Measure a finding; None, and why, of one that needs more than messages."""
    try:
        return measure(tables, store, name)
    except (OSError, ValueError, LookupError) as error:
        sys.stderr.write(f"{name} is left out: {error}\n")
        return None


def main() -> None:
    """Measure, print and keep the figures."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    hours = yaml.safe_load(Path("conf/hours/china_office.yaml").read_text(encoding="utf-8"))
    told = {"sessions": {"sources": [STREAM]}, "hours": hours}
    settings = InsightSettings.model_validate(told)
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.named("bench", folder)
        store = Store(workspace.store)
        loading, _ = timed(lambda: store.add("messages", draw(count)))
        tables = Tables(workspace, settings)
        opening, _ = timed(lambda: tables.chats)
        renewing = statistics.median(renewed(tables, store, number) for number in range(ROUNDS))
        rows = [row for name in FINDINGS if (row := asked(tables, store, name))]
    peak = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    common = {"dataset": f"{count:,} simulated messages", "protocol": f"median of {ROUNDS} rounds"}
    rows.insert(0, {"metric": "report_seconds", "model": "open", "value": round(opening, 3)})
    rows.insert(1, {"metric": "report_seconds", "model": "renew", "value": round(renewing, 3)})
    compared = [row for row in rows[2:] if "reference" in row]
    four = opening + sum(row["value"] for row in compared)
    plain = sum(row["reference"] for row in compared)
    together = {"model": "open and the compared ones", "value": round(four, 3)}
    together |= {"reference": round(plain, 3), "ratio": round(four / plain, 2)}
    total = opening + sum(row["value"] for row in rows[2:])
    rows.insert(0, {"metric": "report_seconds", "model": "whole report", "value": round(total, 3)})
    rows.append({"metric": "report_seconds"} | together)
    rows.insert(0, {"metric": "load_seconds", "model": "store", "value": round(loading, 3)})
    rows = [common | row | {"peak_mb": peak} for row in rows]
    for row in rows:
        told = {key: row[key] for key in row if key not in common}
        sys.stdout.write(json.dumps(told) + "\n")
    target = Path("data/reports/bench_insights.json")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
