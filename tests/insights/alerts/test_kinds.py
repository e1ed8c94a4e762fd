"""Each kind of rule on chats written by hand: what breaches, when, and for whom."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.schemas import canonical
from ingest.store import Store
from ingest.workspace import Workspace
from insights.alerts.calendar import moment
from insights.alerts.incidents import Incident
from insights.alerts.replay import replay
from insights.alerts.rules import Rule, load_rules
from insights.tables import Tables
from tests.insights.alerts.sample import rule
from tests.insights.needs.workspace import said
from tests.insights.needs.workspace import write as needing
from tests.insights.script import moment as said_at
from tests.insights.script import write

CHATS = """
    02T10:00 a customer:c1 channel=web
    02T10:20 a agent:ann
    02T10:30 a customer:c1
    02T12:45 a agent:ann
    02T12:50 a resolved
    02T10:05 b customer:c2 channel=phone
    02T10:10 b agent:bob
    02T11:00 c customer:c3 channel=phone
    02T11:01 c categorized=after_sales
    02T13:30 c agent:bob
"""


def raised(
    tables: Tables, told: Rule, since: str = "02T00:00", until: str = "03T00:00", zone: str = "UTC"
) -> list[Incident]:
    found = replay([told], tables, zone=zone, since=said_at(since), until=said_at(until))
    return found.incidents


def clock(at: int | None) -> str:
    assert at is not None
    return f"{moment(at):%dT%H:%M}"


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return write(tmp_path_factory.mktemp("kinds"), CHATS)


def test_who_waits_too_long_raises_one_alert_until_all_are_answered(tables: Tables) -> None:
    told = rule("waiting", longer_than_minutes=60, bucket="quarter_hour")
    (incident,) = raised(tables, told)
    # a waits from 10:30 and c from 11:00: more than an hour at 11:45 first, until 13:30
    assert (clock(incident.opened_at), clock(incident.closed_at)) == ("02T11:45", "02T13:45")
    assert (incident.value, incident.peak, incident.buckets) == (1, 2, 8)
    assert incident.records == ("a",)
    two = rule("waiting", longer_than_minutes=60, bucket="quarter_hour", conversations=2)
    (incident,) = raised(tables, two)
    assert (clock(incident.opened_at), clock(incident.closed_at)) == ("02T12:15", "02T13:00")


def test_waits_are_split_and_sent_to_the_owner_of_the_category(tables: Tables) -> None:
    (ours,) = (found for found in load_rules() if found.name == "long_wait")
    owners = {incident.group: incident.owner for incident in raised(tables, ours)}
    assert owners == {"after_sales": "after_sales_team", "uncategorized": "customer_service"}


def test_waits_outside_opening_hours_do_not_count(tmp_path: Path) -> None:
    office = {
        "enabled": True, "zone": "UTC", "week": {"monday": [{"opens": "09:00", "closes": "11:00"}]}
    }  # fmt: skip
    tables = write(tmp_path, CHATS, {"hours": office})
    told = {"bucket": "quarter_hour", "clock": "business"}
    assert raised(tables, rule("waiting", longer_than_minutes=30, **told)) == []
    (incident,) = raised(tables, rule("waiting", longer_than_minutes=29, **told))
    assert clock(incident.opened_at) == "02T11:00"
    closed = write(tmp_path / "none", CHATS)
    with pytest.raises(ValueError, match="needs opening hours"):
        raised(closed, rule("waiting", longer_than_minutes=29, **told))


def test_who_waits_for_days_is_forgotten(tmp_path: Path) -> None:
    tables = write(tmp_path, "02T10:00 a customer:c1")
    told = rule("waiting", longer_than_minutes=60, bucket="day", forgotten_after_days=2)
    (incident,) = raised(tables, told, until="09T00:00")
    assert (clock(incident.opened_at), clock(incident.closed_at)) == ("03T00:00", "05T00:00")


def test_a_limit_is_broken_above_and_below(tables: Tables) -> None:
    slow = rule("threshold", finding="first_response_time", number="median", above=100)
    (incident,) = raised(tables, slow)
    assert (clock(incident.opened_at), incident.value) == ("02T14:00", 150.0)
    few = rule("threshold", finding="first_response_time", number="median", above=100, minimum=2)
    assert raised(tables, few) == []
    silent = rule("threshold", finding="volume", below=1, only={"channel": "web"})
    (incident,) = raised(tables, silent, until="02T14:00")
    assert (clock(incident.started_at), incident.value) == ("02T11:00", 0)  # not before the first
    worst = rule(
        "threshold", finding="sla", number="breaches", above=0, bucket="day", lag_minutes=180
    )
    assert {found.group: found.value for found in raised(tables, worst, until="04T00:00")} == {
        "first response": 1,
        "next response": 1,
    }


def test_what_is_true_at_a_moment_is_asked_for_each_moment(tables: Tables) -> None:
    told = rule("threshold", finding="waiting_now", above=1)
    (incident,) = raised(tables, told)
    assert (clock(incident.opened_at), clock(incident.closed_at)) == ("02T12:00", "02T13:00")


def test_a_number_or_split_that_is_not_there_is_told(tables: Tables) -> None:
    for told, expected in (
        ({"finding": "volume", "number": "worst"}, "has the numbers count, mean, median, p90; rec"),
        ({"finding": "volume", "by": "topic"}, "can be split by"),
        ({"finding": "volume", "by": "weekday"}, "a column that is no time"),
    ):
        with pytest.raises(ValueError, match=expected):
            raised(tables, rule("threshold", above=1, **told))
    with pytest.raises(ValueError, match="cannot be split by 'topic'"):
        raised(tables, rule("words", words=["hello"], by="topic"))
    with pytest.raises(ValueError, match="cannot be filtered by channel"):
        raised(tables, rule("events", kinds=["left"], only={"channel": "web"}))


@pytest.mark.parametrize(
    "told",
    [
        {"kind": "threshold", "finding": "volume", "above": 0},
        {"kind": "waiting", "longer_than_minutes": 60},
        {"kind": "words", "words": ["broke"], "who": "customer"},
    ],
    ids=lambda told: str(told["kind"]),
)
def test_rules_look_at_own_customers_segments_and_moods(
    told: dict[str, Any], tmp_path: Path
) -> None:
    texts = [said(1, "c1", conversation="a", channel="web"),
             said(1, "c2", conversation="b", channel="web", mood="positive")]  # fmt: skip
    tables = needing(tmp_path, texts)

    def found(**only: str) -> bool:
        asked = rule(**told, only=only, bucket="day")
        return bool(raised(tables, asked, since="01T00:00", until="05T00:00"))

    assert found()
    assert found(sentiment="negative", customer="c1")
    assert not found(sentiment="negative", customer="c2")
    assert found(segment="unknown")
    assert not found(segment="vip")
    assert not found(own_of="ann")


def test_what_nobody_spoke_of_before_raises_one_alert(tmp_path: Path) -> None:
    lines = [f"{day:02d}T10:00 w{day} customer:c1 channel=web" for day in range(1, 29)]
    lines += [f"{day}T11:00 f{day} customer:c2 channel=fax" for day in (16, 17, 26)]
    lines += ["20T12:00 p customer:c3 channel=phone"]  # one alone is not enough
    tables = write(tmp_path, "\n".join(lines))
    told = rule("new", finding="volume", by="channel", bucket="day", minimum=2, within=3, quiet=7)
    (incident,) = raised(tables, told, since="01T00:00", until="29T00:00")
    assert (incident.group, incident.value, incident.expected) == ("fax", 2, 2)
    assert (clock(incident.opened_at), clock(incident.closed_at)) == ("18T00:00", "20T00:00")
    early = rule("new", finding="volume", by="channel", bucket="day", minimum=1, within=3, quiet=16)
    assert raised(tables, early, since="01T00:00", until="19T00:00") == []  # too little history


def test_a_need_nobody_had_before_raises_an_alert(tmp_path: Path) -> None:
    old = [said(day, f"c{day}", labels={"customer_needs": "pricing"}) for day in range(60)]
    new = [said(50 + n / 100, f"n{n}", labels={"customer_needs": "other_pain"}) for n in range(5)]
    tables = needing(tmp_path, [*old, *new])
    (ours,) = load_rules(["new_need"])
    since, until = "2026-04-19T00:00", "2026-04-22T00:00"
    (incident,) = raised(tables, ours, since=since, until=until)
    assert (incident.group, incident.value) == ("code.customer_needs.other_pain", 5)
    assert incident.owner == "product_team"


def spoken(root: Path, lines: list[tuple[str, str, str]]) -> Tables:
    """Store what agents, bots or customers said at an hour of March 2nd."""
    at = [datetime(2026, 3, 2, 9, tzinfo=UTC) + timedelta(minutes=n) for n in range(len(lines))]
    rows = [
        {
            "message_id": f"m{number}", "source": "test", "conversation_id": "a",
            "customer_id": "c1", "agent_id": agent if role == "agent" else None,
            "sender_role": role, "kind": "text", "text": text, "recalled": number == 0,
            "private": False, "channel": "web", "occurred_at": at[number],
            "available_at": at[number],
        }
        for number, (role, agent, text) in enumerate(lines)
    ]  # fmt: skip
    workspace = Workspace.named("shop", root)
    table = pa.Table.from_pylist(rows, canonical("messages").schema)
    Store(workspace.store).add("messages", table)
    return Tables(workspace)


BAD = {
    "private_payment": [
        "别走平台了，你私下转账给我更便宜",
        "可以 加 我 私 人 微 信 聊",
        "加，我，私，人，微，信",
        "付款直接付到我个人卡上就行",
        "Just PAY ME DIRECTLY and I knock off ten percent",
        "ｓｅｎｄ ｔｈｅ ｍｏｎｅｙ ｔｏ ｍｅ please",
    ],
    "forbidden_promises": [
        "这款产品稳赚不赔",
        "我保证您三个月回本",
        "It is a guaranteed profit",
        "I promise you will earn twice as much",
    ],
    "sensitive_information": [
        "请把短信验证码告诉我",
        "您的身份证是 110101199003077715 对吗",
        "Card 4111 1111 1111 1111 is charged",
        "What is your CVV",
    ],
    "staff_abuse": ["爱买不买", "You are STUPID", "你是不是神经病"],
}
FINE = {
    "private_payment": [
        "请勿私下转账，谨防诈骗",
        "请在平台内付款，我们不会让您转账到个人账户",
        "Never pay me directly, always use the shop",
        "红包已经发到您的账户",
        "您可以微信付款",
    ],
    "forbidden_promises": [
        "我们不能保证收益",
        "没有稳赚不赔的产品",
        "I cannot promise you will earn money",
        "保证正品",
    ],
    "sensitive_information": [
        "请勿把验证码发给任何人",
        "订单号 20260302123456 已发货",
        "Never tell anybody your password",
    ],
    "staff_abuse": ["早上好，请问有什么可以帮您", "The idiom is hard to translate"],
}


@pytest.mark.parametrize("name", BAD)
def test_compliance_words_are_found_in_what_staff_says_and_warnings_are_not(
    name: str, tmp_path: Path
) -> None:
    (ours,) = load_rules([name])
    for number, text in enumerate(BAD[name]):
        tables = spoken(tmp_path / f"bad{number}", [("agent", "eve", text)])
        (incident,) = raised(tables, ours, until="04T00:00")
        assert (incident.group, incident.value, incident.records) == ("eve", 1, ("m0",)), text
    fine = [("agent", "eve", text) for text in FINE[name]]
    fine += [("customer", "", text) for text in BAD[name]]
    assert raised(spoken(tmp_path / "fine", fine), ours, until="04T00:00") == []


def test_matches_are_counted_by_who_said_them_and_quoted_masked(tmp_path: Path) -> None:
    lines = [
        ("agent", "eve", "微信红包给我，电话13800138000"),
        ("agent", "eve", "扫我的收款码"),
        ("agent", "ann", "好的"),
        ("bot", "", "请勿私下转账"),
    ]
    (incident,) = raised(
        spoken(tmp_path, lines), load_rules(["private_payment"])[0], until="04T00:00"
    )
    assert (incident.group, incident.value) == ("eve", 2)
    assert incident.excerpt == "微信红包给我，电话138****8000"
    bots = rule("words", who="bot", words=["转账"], by="channel")
    assert [found.group for found in raised(spoken(tmp_path / "b", lines), bots)] == ["web"]


def test_customers_who_leave_raise_an_alert(tmp_path: Path) -> None:
    tables = write(tmp_path, CHATS)
    at = said_at("02T15:10")
    event = {
        "event_id": "e1", "source": "test", "customer_id": "c1", "kind": "contact_deleted",
        "agent_id": "ann", "occurred_at": at, "available_at": at, "attributes": json.dumps({}),
    }  # fmt: skip
    schema = canonical("events").schema
    Store(tables.workspace.store).add("events", pa.Table.from_pylist([event], schema))
    (incident,) = raised(tables, load_rules(["customer_leaves"])[0])
    assert (incident.group, clock(incident.opened_at), incident.value) == ("c1", "02T16:00", 1)
    left = {**event, "event_id": "e2", "customer_id": "c2", "kind": "left_group"}  # of importers
    Store(tables.workspace.store).add("events", pa.Table.from_pylist([left], schema))
    found = raised(tables, load_rules(["customer_leaves"])[0])
    assert {one.group for one in found} == {"c1", "c2"}
    by_agent = rule("events", kinds=["contact_deleted"], by="agent")
    assert [found.group for found in raised(tables, by_agent)] == ["ann"]
    assert raised(tables, rule("events", kinds=["contact_deleted"], above=1)) == []


def felt(root: Path, days: list[tuple[str, list[float]]]) -> Tables:
    """Store analyzed texts: polarities of a customer, one list a day from March 1st."""
    rows: list[dict[str, Any]] = [
        {
            "text_id": f"{customer}-{day}-{n}", "kind": "message", "source": "test",
            "customer_id": customer, "item_id": None,
            "occurred_at": datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(days=day),
            "polarity": polarity, "topic": 1,
            "sentiment": "negative" if polarity < 0 else "positive",
        }
        for day, (customer, polarities) in enumerate(days)
        for n, polarity in enumerate(polarities)
    ]  # fmt: skip
    tables = write(root, CHATS)
    folder = tables.workspace.features / "text"
    folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pandas(pd.DataFrame(rows)), folder / "texts.parquet")
    return tables


def test_a_drop_of_mood_is_held_against_the_days_before(tmp_path: Path) -> None:
    good, bad = [0.5] * 6, [-0.5] * 6
    tables = felt(tmp_path, [("c1", good), ("c1", good), ("c1", bad), ("c1", bad[:2])])
    told = {"worse_by": 0.4, "before": 2, "minimum": 3}
    (incident,) = raised(tables, rule("mood", **told), since="01T00:00", until="06T00:00")
    assert (clock(incident.opened_at), incident.value) == ("04T00:00", -0.5)
    assert incident.expected == 0.5
    assert incident.status == "open"  # too few texts afterwards to say that it is over
    share = rule("mood", number="negative_share", **told)
    (incident,) = raised(tables, share, since="01T00:00", until="06T00:00")
    assert (incident.value, incident.expected) == (1.0, 0.0)


def test_one_customer_may_sound_worse_while_others_do_not(tmp_path: Path) -> None:
    good, bad = [0.5] * 6, [-0.5] * 6
    days = [("c1", good), ("c2", good), ("c1", good), ("c2", bad), ("c1", good)]
    told = rule("mood", worse_by=0.4, before=3, minimum=3, by="customer_id")
    (incident,) = raised(felt(tmp_path, days), told, since="01T00:00", until="07T00:00")
    assert (incident.group, clock(incident.opened_at)) == ("c2", "05T00:00")


def test_without_analyzed_texts_a_mood_names_the_command(tables: Tables) -> None:
    with pytest.raises(FileNotFoundError, match="python -m features"):
        raised(tables, rule("mood", worse_by=0.1))


def test_hours_and_days_begin_in_the_zone(tables: Tables) -> None:
    told = rule("threshold", finding="volume", above=0, bucket="day")
    (incident,) = raised(tables, told, since="01T00:00", until="04T00:00", zone="Asia/Shanghai")
    assert clock(incident.started_at) == "01T16:00"
    half = rule("threshold", finding="volume", above=0, bucket="hour", by="channel")
    found = raised(tables, half, zone="Asia/Kolkata")
    assert {(one.group, clock(one.started_at), one.buckets) for one in found} == {
        ("web", "02T09:30", 1),
        ("phone", "02T09:30", 2),
    }
