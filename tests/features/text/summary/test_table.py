"""Summaries of conversations and periods, as tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from features.text.summary.period import PERIODS, summarize_periods
from features.text.summary.table import SUMMARIES, write_summaries
from features.text.topics.trends import topic_trends

MONDAY = datetime(2024, 1, 1, tzinfo=UTC)
MESSAGES = [
    ("v2", "m4", "customer", "电池坏了怎么换电池?", 4),
    ("v1", "m1", "customer", "耳机什么时候发货?", 1),
    ("v1", "m2", "agent", "耳机明天上午发货。", 2),
    ("v2", "m5", "agent", "电池寄回来免费换电池。", 5),
    ("v1", "m3", "customer", None, 3),
]
SAID = {
    0: ["快递三天还没有到上海", "快递包裹三天没有更新", "快递员电话 13800138000 没有人接"],
    1: ["早餐种类很多房间干净", "房间干净前台热情"],
}


def messages() -> pa.Table:
    names = ["conversation_id", "message_id", "sender_role", "text", "occurred_at"]
    return pa.Table.from_pylist(
        [
            dict(zip(names, (*row[:4], MONDAY + timedelta(minutes=row[4])), strict=True))
            for row in MESSAGES
        ]
    )


def texts(weeks: list[dict[int, int]]) -> pa.Table:
    rows = [
        {
            "text_id": f"w{week}t{topic}n{n}",
            "text": f"{SAID[topic][n % len(SAID[topic])]}。",
            "topic": topic,
            "occurred_at": MONDAY + timedelta(weeks=week, hours=n),
        }
        for week, counts in enumerate(weeks)
        for topic, count in counts.items()
        for n in range(count)
    ]
    schema = [("text_id", pa.string()), ("text", pa.string()), ("topic", pa.int16())]
    times = ("occurred_at", pa.timestamp("us", tz="UTC"))
    return pa.Table.from_pylist(rows, schema=pa.schema([*schema, times]))


def test_every_conversation_has_its_rows(tmp_path: Path) -> None:
    report = write_summaries(tmp_path, messages())
    table = pq.read_table(tmp_path / "conversation_summaries.parquet")
    assert table.schema == SUMMARIES
    assert report == {"conversations": 2, "sentences": 4}
    told = [(row["conversation_id"], row["rank"], row["part"]) for row in table.to_pylist()]
    assert told == [("v1", 1, "asked"), ("v1", 2, "answered"),
                    ("v2", 1, "asked"), ("v2", 2, "answered")]  # fmt: skip
    assert not (tmp_path / "period_summaries.parquet").exists()


def test_no_messages_make_an_empty_table(tmp_path: Path) -> None:
    assert write_summaries(tmp_path, messages().slice(0, 0)) == {"conversations": 0, "sentences": 0}
    assert pq.read_table(tmp_path / "conversation_summaries.parquet").schema == SUMMARIES


def test_periods_are_told_by_what_changed_first(tmp_path: Path) -> None:
    rows = texts([{0: 20, 1: 40}, {0: 3, 1: 57}])
    trends = topic_trends(rows, [7, 8])
    write_summaries(tmp_path, messages(), rows, trends)
    table = pq.read_table(tmp_path / "period_summaries.parquet")
    assert table.schema == PERIODS
    second = [row for row in table.to_pylist() if row["since"] == MONDAY + timedelta(days=7)]
    assert {row["topic_id"] for row in second} == {7, 8}
    assert all(row["real"] for row in second)
    assert [row["rank"] for row in second] == [1, 2, 3, 4]
    source = {row["text_id"]: row["text"] for row in rows.to_pylist()}
    for row in table.to_pylist():
        written = source[row["text_id"]][row["start"] : row["end"]]
        assert row["sentence"] == written or "13800138000" in written
        assert "13800138000" not in row["sentence"]
        assert row["text_id"].startswith(f"w{(row['since'] - MONDAY).days // 7}")


def test_the_order_of_texts_changes_nothing() -> None:
    rows = texts([{0: 9, 1: 4}])
    trends = topic_trends(rows, [0, 1])
    turned = rows.take(list(range(rows.num_rows))[::-1])
    assert summarize_periods(turned, trends).equals(summarize_periods(rows, trends))


def test_a_subject_without_a_readable_sentence_is_left_out() -> None:
    rows = texts([{0: 1}]).set_column(1, "text", pa.array(["短。"]))
    assert summarize_periods(rows, topic_trends(rows, [0])).num_rows == 0
