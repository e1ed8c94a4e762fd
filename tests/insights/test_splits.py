"""Splits and selections by label, segment and category: counted by hand, opened one by one."""

from __future__ import annotations

from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.text.taxonomy.table import LABELS
from ingest.store import Store
from ingest.workspace import Workspace
from insights.filters import Filters
from insights.finding import SELECTIONS
from insights.registry import FINDINGS, find
from insights.splits import spread
from insights.tables import Tables
from tests.ingest.samples import table as canonical_rows
from tests.insights.script import write

CHAT = """
    10:00 a customer:c1
    10:05 a agent:ann
    10:06 a labeled=vip
    10:06 a labeled=refund
    10:30 a resolved
    10:31 a surveyed
    10:40 a rated=5
    03T10:00 b customer:c2 channel=phone
    03T10:09 b agent:bob channel=phone
    03T10:10 b labeled=vip
    03T10:11 b categorized=billing
    03T20:00 c customer:c3
"""
TEXTS = (
    *("topic_sentiment", "corrected/satisfaction_estimated", "corrected/frequent_questions"),
    *("mood", "mood_changes", "signals", "leads", "keywords"),
    "personal_data",
    *("needs", "need_products", "need_coverage", "need_effect"),
    # which refuse so short a history
    *("corrected/volume_forecast", "customer_value", "churn"),
)


def sort(workspace: Workspace, *told: tuple[str, str, str]) -> None:
    """Store where texts belong, as the analysis of texts does."""
    rows = [
        {"text_id": text, "taxonomy": taxonomy, "label": label, "confidence": 0.9, "owner": None}
        for text, taxonomy, label in told
    ]
    folder = workspace.features / "text"
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=LABELS), folder / "labels.parquet")


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    found = write(tmp_path_factory.mktemp("splits"), CHAT, {"segmented_by": "plan"})
    told = {"c1": {"plan": "gold"}, "c2": {"plan": "basic", "age": 3}, "c3": {"age": 9}}
    rows = [
        {"customer_id": name, "source": "test", "attributes": orjson.dumps(of).decode()}
        for name, of in told.items()
    ]
    Store(found.workspace.store).add("customers", canonical_rows("customers", rows))
    sort(
        found.workspace,
        ("m0", "service_categories", "delivery"),  # the first words of a
        ("m7", "service_categories", "delivery"),  # of b, which its source calls billing
        ("m11", "ecommerce", "price"),  # of c, in a taxonomy nobody asked for
    )
    return found


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("label", {"refund": 1, "vip": 2, "unlabeled": 1}),
        ("segment", {"basic": 1, "gold": 1, "unknown": 1}),
        ("category", {"billing": 1, "delivery": 1, "uncategorized": 1}),
    ],
)
def test_a_number_is_split(by: str, expected: dict[str, int], tables: Tables) -> None:
    volume = find("volume")
    found = volume.table(tables, Filters(), [by]).set_index(by)["count"]
    assert found.to_dict() == expected
    for name, count in expected.items():
        assert len(volume.drill(tables, Filters(), {by: name})) == count
    assert volume.table(tables, Filters(), [])["count"].tolist() == [3]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"segment": "gold"}, ["a"]),
        ({"segment": ["gold", "unknown"]}, ["a", "c"]),
        ({"category": "delivery"}, ["a"]),
        ({"category": ["billing", "uncategorized"], "channel": "phone"}, ["b"]),
    ],
)
def test_a_number_is_selected(told: dict[str, str], expected: list[str], tables: Tables) -> None:
    assert find("volume").drill(tables, Filters(**told))["record_id"].tolist() == expected


@pytest.mark.parametrize("name", [name for name in FINDINGS if name not in TEXTS])
def test_every_split_opens_into_as_many_records(name: str, tables: Tables) -> None:
    finding = FINDINGS[name]
    columns = finding.rows(tables, Filters()).columns
    known = {"customer": "customer_id", "label": "conversation_id", "segment": "customer_id"}
    expected = [each for each in (*SELECTIONS, "room") if known.get(each, each) in columns]
    assert list(finding.filtered_by) == expected
    splits = [each for each in ("label", "segment", "category") if each in finding.dimensions]
    for split in splits:
        for row in finding.table(tables, Filters(), [split]).to_dict("records"):
            series = {each: row[each] for each in finding.series}
            opened = finding.drill(tables, Filters(), {split: row[split], **series})
            assert len(opened) == row["count"]
            assert opened["record_id"].is_unique


def test_new_classes_of_texts_are_taken_up(tmp_path: Path) -> None:
    tables = write(tmp_path, "10:00 a customer")
    assert find("volume").drill(tables, Filters())["category"].tolist() == ["uncategorized"]
    sort(tables.workspace, ("m0", "service_categories", "delivery"))
    assert find("volume").drill(tables, Filters())["category"].tolist() == ["delivery"]
    write(tmp_path, "11:00 a customer", numbered=10)
    assert find("volume").drill(tables, Filters())["category"].tolist() == ["delivery"]


def test_records_without_a_conversation_have_no_label(tables: Tables) -> None:
    rows = tables.chats.rows.drop("conversation_id")
    with pytest.raises(ValueError, match="no label: they lack conversation_id"):
        spread(rows, tables, ["label"])


AGENTS = """
    2026-03-07T15:00 a customer:c1
    2026-03-07T15:10 a agent:ann
    2026-03-07T15:20 a customer:c1
    2026-03-07T15:26 a agent:bob
    2026-03-07T15:28 a agent:bob
    2026-03-07T15:40 a resolved
    2026-03-07T15:50 a rated=2
    2026-03-08T15:50 b customer:c2 channel=phone
    2026-03-08T16:00 b agent:ann channel=phone
    2026-03-08T16:05 b resolved
    2026-03-08T16:06 b rated=5
    2026-03-08T18:00 c customer:c3
    2026-03-08T18:30 c agent:ann
    2026-03-08T19:00 d customer:c4
"""


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return write(tmp_path_factory.mktemp("team"), AGENTS)


def test_the_table_of_agents_is_what_was_counted_by_hand(team: Tables) -> None:
    table = find("agents").table(team, Filters())
    told = table.astype(object).where(table.notna(), None).to_dict("records")
    names = ("agent", "count", "mean", "participation", "first_response_minutes",
             "first_response_minutes_n", "reply_minutes", "reply_minutes_n",
             "resolution_minutes", "resolution_minutes_n", "csat", "csat_n")  # fmt: skip
    assert [tuple(row[name] for name in names) for row in told] == [
        ("ann", 3, 1.0, 100.0, 10.0, 3, None, 0, 15.0, 1, 100.0, 1),
        ("bob", 1, 2.0, pytest.approx(100 / 3), None, 0, 6.0, 1, 40.0, 1, 0.0, 1),
    ]
    members = find("agents").drill(team, Filters(), {"agent": "ann"})
    assert members["conversation_id"].tolist() == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Asia/Shanghai", {"2026-03-07": 1, "2026-03-09": 2}),  # 16:00 UTC is the next day
        ("America/New_York", {"2026-03-07": 1, "2026-03-08": 2}),  # a day of 23 hours
    ],
)
def test_agents_by_day(zone: str, expected: dict[str, int], team: Tables) -> None:
    filters = Filters(period="day", zone=zone, agent="ann")
    table = find("agents").table(team, filters, ["period"])
    assert table.set_index("period")["count"].to_dict() == expected
    assert table["participation"].tolist() == [100.0, 100.0]
    bob = find("agents").table(team, Filters(agent="bob"), [])
    assert bob["participation"].tolist() == [pytest.approx(100 / 3)]
    assert bob["csat_n"].tolist() == [1]
    assert find("agents").table(team, Filters(channel="fax")).empty


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Asia/Shanghai", {("6 Saturday", 23): 1, ("7 Sunday", 23): 1, ("1 Monday", 2): 1,
                           ("1 Monday", 3): 1}),
        ("America/New_York", {("6 Saturday", 10): 1, ("7 Sunday", 11): 1, ("7 Sunday", 14): 1,
                              ("7 Sunday", 15): 1}),
    ],
)  # fmt: skip
def test_traffic_is_mapped_in_local_hours(
    zone: str, expected: dict[tuple[str, int], int], team: Tables
) -> None:
    table = find("traffic").table(team, Filters(zone=zone))
    assert table.set_index(["weekday", "hour_of_day"])["count"].to_dict() == expected


marks = st.tuples(
    st.integers(0, 3),
    st.sampled_from(["customer:c1", "customer:c2", "agent:ann", "labeled=x", "labeled=y",
                     "categorized=z", "resolved"]),
)  # fmt: skip


@settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(said=st.lists(marks, min_size=4, max_size=20), data=st.data())
def test_split_counts_equal_what_they_open(
    tmp_path_factory: pytest.TempPathFactory, said: list[tuple[int, str]], data: st.DataObject
) -> None:
    lines = [f"10:{minute:02d} r{room} {what}" for minute, (room, what) in enumerate(said)]
    tables = write(tmp_path_factory.mktemp("marks"), "\n".join(lines))
    name = data.draw(st.sampled_from(["volume", "agents", "reply_time", "repeat_contact"]))
    split = data.draw(st.sampled_from(["label", "segment", "category"]))
    finding = find(name)
    for row in finding.table(tables, Filters(), [split, "channel"]).to_dict("records"):
        group = {each: row[each] for each in (split, "channel", *finding.series)}
        assert len(finding.drill(tables, Filters(), group)) == row["count"]
