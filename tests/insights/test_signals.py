"""Signals and leads: the customer's own words, and nobody who bought since."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.text.signals.analyzer import SignalAnalyzer
from ingest.schemas import canonical
from ingest.store import Store
from insights.filters import Filters
from insights.registry import find
from insights.tables import Tables
from tests.insights.script import moment, write

CHAT = """
    02T10:00 a customer:ann
    02T10:05 a agent:eve
    02T11:00 b customer:bob
    02T12:00 c customer:cid
    02T12:01 c customer:cid
    02T13:00 d customer:dot
"""
SAID = ("还有货吗", "", "how can I buy two of these", "我想买两台", "I'll take it", "客服不回复")
BOUGHT = {"bob": "02T11:30", "cid": "01T09:00", "ann": "09T10:00"}


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    found = write(tmp_path, CHAT)
    lines = [line.split() for line in CHAT.strip().splitlines()]
    rows = [
        (f"m{number}", who.split(":")[1], text, moment(at))
        for number, ((at, _, who), text) in enumerate(zip(lines, SAID, strict=True))
        if text
    ]
    texts = pd.DataFrame(rows, columns=["text_id", "customer_id", "text", "occurred_at"])
    heard = SignalAnalyzer().analyze(texts["text"].tolist())
    folder = found.workspace.features / "text"
    folder.mkdir(parents=True)
    ids = pa.array(texts["text_id"], pa.string())
    pq.write_table(heard.add_column(0, "text_id", ids), folder / "signals.parquet")
    told = texts.drop(columns="text").assign(
        kind="message", source="test", item_id=None, polarity=0.0, sentiment="neutral", topic=0
    )
    pq.write_table(pa.Table.from_pandas(told), folder / "texts.parquet")
    events = [
        {"event_id": who, "source": "test", "customer_id": who, "kind": "purchase",
         "occurred_at": moment(at), "available_at": moment(at)}
        for who, at in BOUGHT.items()
    ]  # fmt: skip
    schema = canonical("events").schema
    Store(found.workspace.store).add("events", pa.Table.from_pylist(events, schema))
    return found


def test_each_signal_opens_into_the_words_that_show_it(tables: Tables) -> None:
    table = find("signals").table(tables, Filters(), ["signal"])
    counts = dict(zip(table["signal"], table["count"], strict=True))
    assert counts["purchase_intent"] == 4
    assert counts["service_dissatisfaction"] == 1
    behind = find("signals").drill(tables, Filters(), {"signal": "service_dissatisfaction"})
    assert behind["customer_id"].tolist() == ["dot"]
    assert behind["evidence"][0] in "客服不回复"


def test_who_wants_to_buy_and_has_not_bought_since_is_a_lead(tables: Tables) -> None:
    leads, early = find("leads"), Filters(until=moment("05T00:00"))
    table = leads.table(tables, early)
    assert set(table["customer"]) == {"ann", "cid"}  # bob bought half an hour later
    assert table["mean"].is_monotonic_decreasing
    row = table.set_index("customer").loc
    assert row["cid"][["intents", "bought_before"]].tolist() == [2, True]
    assert row["cid"]["quote"] in SAID[4]
    assert row["ann"][["intents", "agent", "bought_before"]].tolist() == [1, "eve", False]
    scores = find("signals").drill(tables, early, {"signal": "purchase_intent"})
    of_cid = scores.loc[scores["customer_id"] == "cid", "value"]
    assert row["cid"]["mean"] == pytest.approx(1 - (1 - of_cid).prod(), abs=1e-6)
    assert leads.table(tables, Filters(until=moment("10T00:00")))["customer"].tolist() == ["cid"]


def test_leads_by_agent_are_counted(tables: Tables) -> None:
    early = Filters(until=moment("05T00:00"))
    table = find("leads").table(tables, early, ["agent"])
    assert dict(zip(table["agent"], table["count"], strict=True)) == {"eve": 1, "nobody": 1}
    mine = find("leads").table(tables, early.model_copy(update={"agent": ("eve",)}))
    assert mine["customer"].tolist() == ["ann"]


def test_without_signals_the_command_is_named(tmp_path: Path) -> None:
    tables = write(tmp_path, CHAT)
    with pytest.raises(FileNotFoundError, match=r"no signals at .* only=text"):
        find("signals").table(tables, Filters())


def test_signals_written_again_are_read_again(tables: Tables) -> None:
    assert len(find("signals").drill(tables, Filters())) > 0
    file = tables.workspace.features / "text" / "signals.parquet"
    schema = pq.read_schema(file)
    pq.write_table(schema.empty_table(), file)
    later = file.stat().st_mtime + 5
    os.utime(file, (later, later))
    assert find("signals").drill(tables, Filters()).empty
