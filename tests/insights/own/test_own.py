"""Metrics of one's own: the documented ones, broken ones, and what a query may not do."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from fastapi.testclient import TestClient
from hydra import compose, initialize_config_dir
from hypothesis import given
from hypothesis import strategies as st

from ingest.configuration import configuration
from ingest.stitching.record import canonical_customer
from ingest.store import Store
from insights.__main__ import run
from insights.filters import Filters
from insights.own.columns import Selected
from insights.own.offered import OFFERED, contents, schema
from insights.own.query import reading, statement
from insights.registry import FINDINGS, find, own
from insights.report import Report, render
from insights.tables import Tables
from tests.insights.script import write
from tests.serving.test_insights import get, served

PAGE = Path(configuration()).parent / "docs" / "message-report.md"
CHAT = """
    10:00 a customer:c1
    10:07 a agent:ann
    10:08 a labeled=vip
    03T11:00 b customer:c2 source=simulated channel=phone
    03T11:01 b customer:c2 source=simulated channel=phone private
"""
HEAD = """---
name: own
title: A number of ours
unit: pieces
action: Look at it.
reads: [messages]
---
"""
GOOD = (
    "SELECT message_id AS record_id, occurred_at AS at, 1 AS value, source, channel FROM messages"
)


def example(language: str) -> str:
    """Return the documented example."""
    found = re.search(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return write(tmp_path, CHAT)


def place(tables: Tables, **files: str) -> Path:
    """Put files into the workspace's folder of metrics: ``name_sql`` is ``name.sql``."""
    folder = tables.workspace.root / "metrics"
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        stem, _, ending = name.rpartition("_")
        (folder / f"{stem}.{ending}").write_text(text, "utf-8")
    return folder


def why(tables: Tables, **files: str) -> str:
    """Return what is said of the one broken file."""
    place(tables, **files)
    (told,) = own(tables).broken.values()
    return told


def test_the_documented_examples_count_what_they_say(tables: Tables) -> None:
    python = example("python").replace("from ibis", "from __future__ import annotations\nfrom ibis")
    place(tables, words_sql=example("sql"), nobody_py=python)
    assert own(tables).broken == {}
    words = find("words_of_customers", tables=tables)
    table = words.table(tables, Filters(), ["period", "channel"])
    assert table[["period", "channel", "count", "mean", "simulated_share"]].to_numpy().tolist() == [
        ["2026-03-02", "phone", 1, 5.0, 1.0],
        ["2026-03-02", "web", 1, 5.0, 0.0],
    ]
    assert words.drill(tables, Filters(), {"channel": "phone"})["record_id"].tolist() == ["m3"]
    assert words.table(tables, Filters(label="vip"), ["label"])["count"].tolist() == [1]
    nobody = find("nobody_replied", tables=tables)
    assert nobody.table(tables, Filters(), [])["mean"].tolist() == [50.0]
    assert nobody.drill(tables, Filters(channel="web"))["conversation_id"].tolist() == ["a"]


def test_a_number_of_ones_own_is_everywhere(
    tables: Tables,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    folder = place(tables, words_sql=example("sql"), broken_py="1 / 0").rename(tmp_path / "mine")
    base = ["workspace=shop", f"data_dir={tmp_path}", f"metrics=['{folder}']"]

    def call(*overrides: str) -> None:
        with initialize_config_dir(configuration(), version_base=None):
            run(compose("insights", [*base, *overrides]))

    call()
    shown = capsys.readouterr()
    assert "words_of_customers" in shown.out
    assert "broken.py: it cannot be run: ZeroDivisionError" in shown.err
    call("finding=words_of_customers", "by=[week,channel]", f"out={tmp_path}/words.csv")
    assert pd.read_csv(tmp_path / "words.csv")["count"].tolist() == [1, 1]
    section = "report.sections=[{finding: words_of_customers, by: [day]}]"
    call("report=weekly", section, f"out={tmp_path}/week.html")
    assert "客户消息长度" in (tmp_path / "week.html").read_text("utf-8")


def test_it_is_asked_for_over_http(tables: Tables, tmp_path: Path) -> None:
    place(tables, words_sql=example("sql"), broken_sql="SELECT 1")
    client: TestClient
    with served(tmp_path) as client:
        listed = get(client, "/v1/insights")
        assert listed["insights"][-1]["id"] == "words_of_customers"
        assert [told.split(":")[0] for told in listed["left_out"]] == ["broken.sql"]
        found = get(client, "/v1/insights/words_of_customers", by=["week", "channel"])
        assert [(row["channel"], row["count"]) for row in found["rows"]] == [
            ("phone", 1), ("web", 1),
        ]  # fmt: skip
        behind = get(client, found["rows"][0]["members"])
        assert [row["record_id"] for row in behind["rows"]] == ["m3"]
        place(tables, broken_sql=HEAD + GOOD)  # mended while the server runs
        assert get(client, "/v1/insights/own", by="")["rows"][0]["count"] == 5


def test_new_records_and_a_new_query_count_at_once(tables: Tables, tmp_path: Path) -> None:
    place(tables, own_sql=HEAD + GOOD)
    assert find("own", tables=tables).table(tables, Filters(), [])["count"].tolist() == [5]
    write(tmp_path, "12:00 z customer:c9", numbered=90)
    assert find("own", tables=tables).table(tables, Filters(), [])["count"].tolist() == [6]
    place(tables, own_sql=HEAD + GOOD + " WHERE channel = 'phone'")
    assert find("own", tables=tables).table(tables, Filters(), [])["count"].tolist() == [2]


def test_names_are_taken_once(tables: Tables, tmp_path: Path) -> None:
    told = why(tables, mine_sql=(HEAD + GOOD).replace("name: own", "name: volume"))
    assert "the name 'volume' belongs to the house; choose another" in told
    (tables.workspace.root / "metrics" / "mine.sql").unlink()
    assert "'own' belongs to" in why(tables, a_sql=HEAD + GOOD, b_sql=HEAD + GOOD)
    assert "a.sql" in str(next(iter(own(tables).broken.values())))
    assert own(tables).findings.keys() == {"own"}
    assert find("volume", tables=tables) is FINDINGS["corrected/volume"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("SELECT 1", "expected YAML between two lines ---"),
        ("---\nname: [\n---\n" + GOOD, "is no YAML"),
        (HEAD.replace("name: own", "name: Own Name") + GOOD, "name: String should match"),
        (HEAD.replace("unit: pieces\n", "") + GOOD, "unit: Field required"),
        (HEAD.replace("[messages]", "[passwords]") + GOOD, "reads: expected some of customers"),
        (HEAD.replace("---\nn", "---\ngroups: [color]\nn") + GOOD, "groups: expected some of"),
        (HEAD + "SELECT 1 AS value", "expected columns record_id, at, value and source"),
        (HEAD + GOOD.replace("1 AS value", "text AS value"), "column 'value': expected TINYINT"),
        (HEAD + GOOD.replace("occurred_at AS at", "text AS at"), "column 'at': expected TIMESTAMP"),
        (HEAD + GOOD.replace("channel", "channel AS period"), "column 'period': expected lower"),
        (HEAD + GOOD.replace("channel", "[channel] AS x"), r"column 'x': expected BOOLEAN"),
        (HEAD + GOOD.replace("FROM messages", "FROM events"), "it may read messages"),
        (HEAD + "SELEKT 1", "expected one SELECT; Parser Error"),
        (HEAD + GOOD + "; DROP TABLE messages", "received SELECT, DROP: a metric only reads"),
        (HEAD, "received nothing"),
    ],
)  # fmt: skip
def test_a_broken_query_says_what_to_mend(text: str, reason: str, tables: Tables) -> None:
    told = why(tables, bad_sql=text, good_sql=(HEAD + GOOD).replace("name: own", "name: good"))
    assert "bad.sql: " in told
    assert reason in told
    assert own(tables).findings.keys() == {"good"}
    with pytest.raises(LookupError, match=re.escape("bad.sql")):
        find("bad", tables=tables)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x = ", "it cannot be run: SyntaxError"),
        ("import sys; sys.exit(3)", "it cannot be run: SystemExit"),
        ("FINDING = 1", "expected FINDINGS"),
        ("FINDINGS = (1,)", "expected insights.finding.Finding, received int"),
        (example("python").replace('"nobody_replied"', '"sla"'), "belongs to the house"),
        (example("python").replace('"nobody_replied"', '"No!"'), "expected lower-case letters"),
    ],
)
def test_a_broken_python_file_says_what_to_mend(text: str, reason: str, tables: Tables) -> None:
    assert reason in why(tables, bad_py=text)


def test_members_of_the_wrong_shape_are_refused(tables: Tables) -> None:
    text = example("python")
    for now, reason in {
        "_.humans": "column 'value': expected floating, received int64",
        "share(_.nobody)": "AttributeError",
    }.items():
        place(tables, bad_py=text.replace("share(_.humans == 0)", now))
        with pytest.raises(ValueError, match=re.escape(reason)):
            find("nobody_replied", tables=tables).table(tables, Filters())
    place(tables, bad_py=text.replace('"category"', '"color"'))
    with pytest.raises(ValueError, match="split by 'color', but there is no such column"):
        find("nobody_replied", tables=tables).table(tables, Filters())


def test_rows_must_be_told_apart(tables: Tables) -> None:
    place(tables, own_sql=HEAD + GOOD.replace("message_id", "conversation_id"))
    with pytest.raises(ValueError, match=r"own\.sql: expected a record_id.*3 come again"):
        find("own", tables=tables).table(tables, Filters())
    place(tables, own_sql=HEAD + GOOD.replace("message_id", "agent_id"))
    with pytest.raises(ValueError, match=r"own\.sql: 4 rows have no record_id"):
        find("own", tables=tables).table(tables, Filters())


FORBIDDEN = (
    "SELECT * FROM read_csv('{file}')",
    "SELECT * FROM '{file}'",
    "SELECT * FROM read_text('{file}')",
    "SELECT * FROM read_blob('{file}')",
    "SELECT * FROM glob('{folder}/*')",
    "SELECT * FROM parquet_scan('{file}')",
    "SELECT * FROM sniff_csv('{file}')",
    "SELECT * FROM read_csv('https://127.0.0.1/x.csv')",
    "SELECT * FROM outside",
    "SELECT getenv('HOME')",
    "SELECT * FROM query('COPY messages TO ''{folder}/out''')",
    "SELECT (SELECT content FROM read_text('{file}')) FROM messages",
)  # fmt: skip
OTHER = (
    "COPY messages TO '{folder}/out.csv'",
    "ATTACH '{folder}/out.db'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "RESET lock_configuration",
    "CREATE TABLE x AS SELECT 1",
    "EXPORT DATABASE '{folder}'",
    "CALL pragma_version()",
)


@pytest.mark.parametrize("sql", FORBIDDEN)
def test_a_query_reaches_nothing_but_its_tables(sql: str, tables: Tables, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    outside = pd.DataFrame({"a": [1]})  # a variable of the caller, which DuckDB could look up
    assert len(outside) == 1
    asked = sql.format(file=secret, folder=tmp_path)
    wrapped = f"{GOOD} WHERE EXISTS ({asked})"
    place(tables, bad_sql=HEAD + wrapped)
    with pytest.raises((ValueError, LookupError), match=r"bad\.sql"):
        find("own", tables=tables).table(tables, Filters())
    with reading({}, {}) as database, pytest.raises(Exception, match="Error"):
        database.sql(statement(asked)).fetchall()
    assert {file.name for file in tmp_path.iterdir()} == {"secret.csv", "shop"}


@pytest.mark.parametrize("sql", OTHER)
def test_whatever_does_not_read_is_refused(sql: str, tmp_path: Path) -> None:
    asked = sql.format(folder=tmp_path)
    with pytest.raises(ValueError, match="a metric only reads"):
        statement(asked)
    if not asked.startswith(("CREATE", "CALL")):  # these would stay inside, in memory
        with reading({}, {}) as database, pytest.raises(Exception, match="Error"):
            database.execute(asked)
    assert list(tmp_path.iterdir()) == []


def test_what_may_be_read_is_as_it_is_declared(tables: Tables) -> None:
    with reading({name: contents(name, tables) for name in OFFERED}, {}) as database:
        for name in OFFERED:
            assert database.sql(f"SELECT * FROM {name}").columns == schema(name).names
        count = database.sql("SELECT count(*), min(opened_at) FROM conversations").fetchall()
    assert count[0][0] == 2
    assert str(count[0][1]).startswith("2026-03-02 10:00:00")


def test_joined_customers_are_one_person(tables: Tables) -> None:
    people = {"c2": "c1"}
    inputs = {"messages": contents("messages", tables)}
    with reading(inputs, people) as database:
        found = database.sql("SELECT DISTINCT customer_id FROM messages").fetchall()
    assert found == [("c1",)]
    assert canonical_customer(Store(tables.workspace.store)) == {}


@given(
    number=st.sampled_from(["TINYINT", "BIGINT", "DECIMAL(18,3)", "DOUBLE", "HUGEINT"]),
    time=st.sampled_from(["TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_NS", "BIGINT"]),
    other=st.from_regex(r"\A[a-z][a-z0-9_]{0,12}\Z").filter(
        lambda name: not name.endswith(("_at", "_id"))
    ),
)
def test_columns_of_any_name_become_members(number: str, time: str, other: str) -> None:
    kinds = {"record_id": "VARCHAR", "at": time, "value": number, "source": "VARCHAR"}
    meant = ("period", "weekday", "hour_of_day", "count", "mean", "median", "p90", "simulated")
    if other in (*kinds, *meant, "simulated_share", "at"):
        return
    selected = Selected.of({**kinds, other: "VARCHAR"})
    assert selected.dimensions == ("source", other)
    assert selected.names == (*kinds, other, "simulated")


def test_reports_name_what_they_lack(tables: Tables) -> None:
    report = Report(title="t", title_zh="t", sections=[{"finding": "own"}])
    with pytest.raises(LookupError, match="no finding 'own'"):
        render(report, tables, Filters())
