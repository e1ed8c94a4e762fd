"""The benchmark of insights: what it draws, what it asks, and how it is called."""

from __future__ import annotations

from pathlib import Path

import orjson
import pyarrow as pa
import pytest
from hydra import compose, initialize_config_dir
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import DictConfig

from ingest.configuration import configuration
from ingest.schemas import SENDER_ROLES
from ingest.sources.simulation import traffic
from insights.__main__ import run
from insights.bench import chitchat
from insights.bench.figures import figure, limit
from insights.bench.growth import measure, slope
from insights.bench.settings import Bench, told
from insights.bench.verb import settings_of
from insights.bench.warm import Warm
from insights.settings import InsightSettings
from training.report import Row, read_rows, write_rows


def config(tmp_path: Path, *overrides: str) -> DictConfig:
    with initialize_config_dir(configuration(), version_base=None):
        given = ["experiment=benchmark_insights", f"data_dir={tmp_path}", *overrides]
        return compose("insights", given)


def bench(tmp_path: Path, *overrides: str) -> Bench:
    return settings_of(config(tmp_path, *overrides), InsightSettings())


def test_messages_come_in_whole_conversations_and_are_the_same_every_time() -> None:
    parts = list(traffic.messages(traffic.PART + 8_000, seed=3))
    assert [part.num_rows for part in parts] == [traffic.PART, 8_000]
    whole = pa.concat_tables(parts)
    assert whole.equals(pa.concat_tables(traffic.messages(traffic.PART + 8_000, seed=3)))
    first, second = (set(part["conversation_id"].to_pylist()) for part in parts)
    assert not first & second
    assert set(whole["sender_role"].to_pylist()) == set(SENDER_ROLES)
    ends = whole.filter(pa.compute.equal(whole["sender_role"], "system"))
    assert set(ends["kind"].to_pylist()) == {"conversation_resolved"}


def test_every_message_belongs_to_a_customer_and_times_go_on() -> None:
    rows = next(traffic.messages(4_000, streams=True)).to_pandas()
    known = {name for part in traffic.customers(4_000) for name in part["customer_id"].to_pylist()}
    assert set(rows["customer_id"]) <= known
    assert rows.groupby("conversation_id")["occurred_at"].is_monotonic_increasing.all()
    assert not rows.duplicated(["conversation_id", "message_id"]).any()
    assert "system" not in set(rows["sender_role"])


def test_customers_say_that_they_are_simulated() -> None:
    (part,) = traffic.customers(4_000)
    told = [orjson.loads(text) for text in part["attributes"].to_pylist()]
    assert all(each["simulated"] for each in told)
    assert {each["segment"] for each in told} == set(traffic.SEGMENTS)


@given(st.floats(0.1, 3), st.floats(0.01, 100), st.integers(2, 1000))
def test_the_slope_is_the_power(power: float, unit: float, times: int) -> None:
    values = {1000: unit, 1000 * times: unit * times**power}
    assert slope(values) == pytest.approx(power)


def test_growth_is_told_of_what_was_measured_at_both_ends(tmp_path: Path) -> None:
    known = bench(tmp_path, "bench.sizes=[1000,10000]")
    for size, seconds in ((1000, 2.0), (10_000, 20.0)):
        write_rows(known.kept, [figure(told(size), "import", "import_seconds", seconds)])
    write_rows(known.kept, [figure(told(1000), "all processes", "peak_mb", 2.0)])
    (row,) = measure(known)
    assert (row.model, row.metric, row.value) == (
        "import",
        "slope of import_seconds",
        pytest.approx(1),
    )
    assert list(measure(bench(tmp_path))) == []


def test_limits_are_those_of_a_million_messages() -> None:
    assert (limit(60, 1_000_000), limit(60, 10_000_000)) == (60, None)
    row = figure("m", "report", "report_seconds", 30, 60)
    assert (row.reference, row.ratio) == (60, 0.5)


def test_the_slowest_question_of_each_finding_is_told() -> None:
    times = {("a", "channel"): 0.1, ("a", "label"): 0.4, ("b", "agent"): 0.2}
    asked = Warm(1, 2, times, (0.1, 0.2, 0.3), {}, 3)
    assert asked.slowest == ("a by label", 0.4)
    assert asked.median == 0.2
    assert asked.listed_p95 == pytest.approx(0.29)
    assert asked.by_finding() == {"a": 0.4, "b": 0.2}


CHAT = {
    "talk": {
        "messages": [
            [{"text": "hi", "timestamp": "2018-05-02T19:38:15Z", "sender": "x"}],
            [
                {"text": "hello", "timestamp": "2018-05-02T19:38:20Z", "sender": "y"},
                {"text": "?", "timestamp": "2018-05-02T19:38:21Z", "sender": "y"},
            ],
        ]
    },
    "silence": {"messages": []},
}


def test_who_speaks_first_is_the_customer(tmp_path: Path) -> None:
    (tmp_path / "chitchat").mkdir()
    (tmp_path / "chitchat" / "dataset.json").write_bytes(orjson.dumps(CHAT))
    file = chitchat.find(tmp_path)
    assert file is not None
    lines = tmp_path / "chats.jsonl"
    assert chitchat.write(file, lines) == 3
    rows = [orjson.loads(line) for line in lines.read_bytes().splitlines()]
    assert [row["sender_role"] for row in rows] == ["customer", "agent", "agent"]
    assert [row["agent_id"] for row in rows] == [None, "y", "y"]


def test_chats_that_are_not_there_are_left_out_with_a_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    assert list(chitchat.measure(bench(tmp_path, f"bench.data={tmp_path}"))) == []
    assert "pip download" in caplog.text


def good(_bench: Bench) -> list[Row]:
    return [figure("d", "m", "x_seconds", 2.0, 1.0)]


def bad(_bench: Bench) -> list[Row]:
    raise ValueError("no such luck")


def test_what_was_measured_is_kept_when_something_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here = "tests.insights.bench.test_bench"
    more = [f"+bench.measures.good={here}.good", f"+bench.measures.bad={here}.bad"]
    with pytest.raises(ValueError, match="bad: no such luck"):
        run(config(tmp_path, *more, "bench.only=[bad,good]"))
    (row,) = read_rows(tmp_path / "reports" / "benchmark_insights.json")
    assert (row["value"], row["reference"]) == (2.0, 1.0)
    assert "x_seconds" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("bench.only=[fish]", "expected some of messages"),
        ("bench.sizes=[]", "at least 1 item"),
        ("+bench.speed=3", "Extra inputs"),
        ("bench.measures.live=insights.nothing.there", "measures.live"),
    ],
)
def test_settings_that_are_wrong_are_refused(tmp_path: Path, override: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        run(config(tmp_path, override))


def test_every_measurement_of_the_configuration_is_there(tmp_path: Path) -> None:
    assert set(bench(tmp_path).chosen()) == {"messages", "growth", "live", "alerts", "chitchat"}
