"""Asking a model: what is sent, what is believed, what happens when things go wrong."""

from __future__ import annotations

import json
import logging
import pickle
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from features.text.base import Analyzer
from features.text.embedding.embed import Embedder
from features.text.llm.analyzer import LlmAnalyzer
from features.text.sentiment.analyzer import SentimentAnalyzer, fit_sentiment
from tests.features.text.llm.scripted import Say, always, data_of, in_turn, serve

SLOW = "快递太慢了,等了一个星期"
GOOD = json.dumps({"sentiment": "negative", "polarity": -0.8, "quote": "太慢了"})
AT_ONCE = {"retry-after-ms": "1"}
PEOPLE = (
    "我叫王小明,电话13800138000,邮箱ming@example.com,住在杭州市西湖区文三路12号",
    "My name is Anna Miller, call +1 415 555 2671 or write to anna.miller@example.com",
    "王小明先生,微信号: wxming_88,身份证11010519491231002X",
)
SECRETS = (
    "王小明",
    "13800138000",
    "ming@",
    "文三路12",
    "Anna",
    "Miller",
    "2671",
    "wxming",
    "231002",
)


@pytest.fixture(scope="module")
def offline(embedder: Embedder) -> SentimentAnalyzer:
    """The few-shot analyzer, which needs no network."""
    fit = fit_sentiment([], embedder.vectors, min_rated=200, min_pole=20, seed=7)
    return SentimentAnalyzer(models=fit.models, vectors=embedder.vectors, state="s")


def row(table: Any, place: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = table.to_pylist()[place]
    return found


def test_an_answer_that_holds_is_believed_with_its_place() -> None:
    with serve(always(GOOD)) as server:
        analyzer = LlmAnalyzer(task="sentiment", settings=server.settings())
        table = analyzer.analyze([SLOW])
    assert isinstance(analyzer, Analyzer)
    assert table.schema == analyzer.schema
    assert row(table) == {
        "sentiment": "negative", "polarity": pytest.approx(-0.8), "quote": "太慢了",
        "quote_start": 2, "quote_end": 5, "status": "answered", "reason": "", "dropped": 0,
    }  # fmt: skip
    sent = server.requests[0]
    assert [message["role"] for message in sent["messages"]] == ["system", "user"]
    assert (sent["temperature"], sent["seed"], sent["model"]) == (0, 7, "scripted")
    form = sent["response_format"]["json_schema"]
    assert form["strict"]
    assert form["schema"] == analyzer.task.json_schema()
    assert data_of(sent) == SLOW
    assert SLOW not in sent["messages"][0]["content"]


@pytest.mark.parametrize(("constrain", "expected"), [("json", "json_object"), ("none", None)])
def test_endpoints_that_know_no_schema_are_asked_too(constrain: str, expected: str | None) -> None:
    with serve(always(f"```json\n{GOOD}\n```")) as server:
        settings = server.settings(constrain=constrain)
        table = LlmAnalyzer(task="sentiment", settings=settings).analyze([SLOW])
    assert row(table)["status"] == "answered"
    assert server.requests[0].get("response_format", {}).get("type") == expected


def test_one_row_a_text_in_order_and_each_text_once() -> None:
    def script(sent: dict[str, Any], number: int) -> Say:
        said = {"sentiment": "neutral", "polarity": 0, "quote": data_of(sent)}
        return Say(json.dumps(said), delay=0.05)

    texts = ["one", "two", "", "one", "three", "two"]
    with serve(script) as server:
        analyzer = LlmAnalyzer(task="sentiment", settings=server.settings(concurrency=3))
        found = analyzer.analyze(texts).to_pylist()
        assert analyzer.analyze([]).num_rows == 0
    assert [line["quote"] for line in found] == ["one", "two", None, "one", "three", "two"]
    assert found[2]["status"] == "kept_back"
    assert len(server.requests) == 3
    assert 1 < server.most_together <= 3


def test_no_personal_data_is_sent_and_quotations_come_back_whole() -> None:
    def script(sent: dict[str, Any], number: int) -> Say:
        facts = [
            {"field": "phone", "value": token, "quote": token}
            for token in ("⟦phone.1⟧", "⟦name.1⟧", "⟦phone.7⟧")
            if token in data_of(sent)
        ]
        return Say(json.dumps({"facts": facts}))

    with serve(script) as server:
        settings = server.settings()
        table = LlmAnalyzer(task="extraction", settings=settings).analyze(PEOPLE)
    whole = json.dumps(server.requests, ensure_ascii=False)
    assert [secret for secret in SECRETS if secret in whole] == []
    first = row(table)["facts"]
    assert [fact["value"] for fact in first] == ["13800138000", "王小明"]
    for text, line in zip(PEOPLE, table.to_pylist(), strict=True):
        assert line["facts"]
        for fact in line["facts"]:
            assert text[fact["quote_start"] : fact["quote_end"]] == fact["quote"] == fact["value"]


def test_items_whose_quotation_is_not_in_the_text_are_dropped_and_counted() -> None:
    facts = [
        {"field": "product", "value": "phone", "quote": "a red phone"},
        {"field": "budget", "value": "2000", "quote": "about 2000 euros"},
        {"field": "preference", "value": "cheap", "quote": "something cheap"},
    ]
    with serve(always(json.dumps({"facts": facts}))) as server:
        analyzer = LlmAnalyzer(task="extraction", settings=server.settings())
        found = row(analyzer.analyze(["I look for A  RED phone, about 2000 euros"]))
    assert [fact["field"] for fact in found["facts"]] == ["product", "budget"]
    assert found["facts"][0]["quote"] == "A  RED phone"
    assert found["dropped"] == 1
    assert analyzer.report()["dropped"] == 1


def test_an_invalid_answer_is_asked_for_once_more_with_the_error(
    offline: SentimentAnalyzer,
) -> None:
    wrong = json.dumps({"sentiment": "angry", "polarity": -0.8, "quote": "太慢了"})
    with serve(in_turn(Say(wrong), Say(GOOD))) as server:
        found = LlmAnalyzer(task="sentiment", settings=server.settings()).analyze([SLOW])
    assert row(found)["status"] == "answered"
    again = server.requests[1]["messages"]
    assert [message["role"] for message in again] == ["system", "user", "assistant", "user"]
    assert "sentiment: Input should be 'negative', 'neutral' or 'positive'" in again[3]["content"]
    with serve(always(wrong)) as server:
        analyzer = LlmAnalyzer(task="sentiment", settings=server.settings(), fallback=offline)
        found = analyzer.analyze([SLOW])
    assert len(server.requests) == 2
    assert row(found)["status"] == "failed"
    assert row(found)["reason"].startswith("sentiment: Input should be")
    assert row(found)["sentiment"] == offline.analyze([SLOW])["sentiment"][0].as_py()
    assert row(found)["quote"] is None
    assert analyzer.version.endswith(offline.version)


@pytest.mark.parametrize(
    ("say", "reason"),
    [
        (Say('{"sentiment": "negative", "pol'), "answer: not valid JSON"),
        (Say(GOOD, finish="length"), "the answer was cut off"),
        (Say(GOOD[:-1] + ', "note": "hi"}'), "note: no such field"),
        (Say('{"sentiment": "negative", "polarity": 7, "quote": "太慢了"}'), "polarity: Input"),
        (Say('{"sentiment": "negative"}'), "polarity: Field required; quote: Field required"),
        (Say(GOOD.replace("\\u592a\\u6162\\u4e86", "too late")), "quote: these words are not"),
        (Say("[1]"), "answer: Input should be an object"),
        (Say(None), "answer: not valid JSON"),
        (Say("", refusal="no"), "the model declined to answer"),
        (Say(body="{}"), "the endpoint's reply is no chat completion"),
        (Say(body="<html>hello</html>"), "the endpoint's reply is no chat completion"),
    ],
)
def test_each_kind_of_bad_answer_is_explained_and_ends_nothing(say: Say, reason: str) -> None:
    def script(sent: dict[str, Any], number: int) -> Say:
        return say if data_of(sent) == SLOW else Say(GOOD)

    with serve(script) as server:
        analyzer = LlmAnalyzer(task="sentiment", settings=server.settings(concurrency=1))
        bad, good = analyzer.analyze([SLOW, "还是太慢了"]).to_pylist()
    assert bad["status"] == "failed"
    assert bad["reason"].startswith(reason)
    assert bad["sentiment"] is None
    assert good["status"] == "answered"
    report = analyzer.report()
    assert (report["failed"], report["answered"]) == (1, 1)
    assert list(report["reasons"]) == [bad["reason"]]


def test_errors_that_pass_are_retried_and_the_others_counted() -> None:
    busy, broken = Say(status=429, headers=AT_ONCE), Say(status=500, headers=AT_ONCE)
    with serve(in_turn(busy, broken, Say(GOOD))) as server:
        analyzer = LlmAnalyzer(task="sentiment", settings=server.settings(max_retries=2))
        assert row(analyzer.analyze([SLOW]))["status"] == "answered"
        assert analyzer.report()["requests"] == 1
    assert len(server.requests) == 3
    with serve(always("", status=503, headers=AT_ONCE)) as server:
        analyzer = LlmAnalyzer(task="sentiment", settings=server.settings(max_retries=1))
        found = row(analyzer.analyze([SLOW]))
    assert (found["status"], found["reason"]) == ("failed", "HTTP status 503 in spite of retries")
    assert len(server.requests) == 2


def test_a_slow_endpoint_is_not_waited_for() -> None:
    with serve(always(GOOD, delay=0.6)) as server:
        settings = server.settings(timeout=0.1, max_retries=0)
        found = row(LlmAnalyzer(task="sentiment", settings=settings).analyze([SLOW]))
    assert (found["status"], found["reason"]) == ("failed", "no answer within 0.1 s")


@pytest.mark.parametrize("status", [401, 404])
def test_there_is_no_use_in_asking_an_endpoint_that_refuses(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    with serve(always("", status=status)) as server, caplog.at_level(logging.WARNING):
        analyzer = LlmAnalyzer(task="sentiment", settings=server.settings(concurrency=1))
        found = analyzer.analyze([SLOW, "b", "c"]).to_pylist()
    assert [line["status"] for line in found] == ["stopped"] * 3
    assert len(server.requests) == 1
    assert analyzer.report()["stopped_because"].endswith(f"status {status}")
    assert "not asked again" in caplog.text


def test_an_endpoint_that_is_not_there_stops_the_asking() -> None:
    with serve(always(GOOD)) as server:
        settings = server.settings(max_retries=0, concurrency=1)
    analyzer = LlmAnalyzer(task="sentiment", settings=settings)
    found = analyzer.analyze([SLOW, "b"]).to_pylist()
    assert {line["reason"] for line in found} == {"the endpoint cannot be reached"}


def test_the_budget_counts_what_the_endpoint_counts_and_ends_the_asking() -> None:
    texts = [f"text {number}" for number in range(9)]
    says = json.dumps({"sentiment": "neutral", "polarity": 0, "quote": "text"})
    with serve(always(says, usage=(70, 30))) as server:
        analyzer = LlmAnalyzer(
            task="sentiment", settings=server.settings(max_tokens=300, concurrency=1)
        )
        found = analyzer.analyze(texts).to_pylist()
    assert [line["status"] for line in found] == ["answered"] * 3 + ["stopped"] * 6
    assert found[-1]["reason"] == "the budget is spent: 300 tokens, cost 0"
    assert len(server.requests) == 3
    with serve(always(says, usage=(100_000, 50_000))) as server:
        paid = server.settings(max_cost=0.5, input_price=1, output_price=2, concurrency=1)
        analyzer = LlmAnalyzer(task="sentiment", settings=paid)
        found = analyzer.analyze(texts).to_pylist()
    assert len(server.requests) == 3  # .2 each; .6 is above .5
    assert analyzer.report()["cost"] == pytest.approx(0.6)


def test_where_usage_is_not_told_every_character_counts() -> None:
    with serve(always(GOOD, usage=None)) as server:
        analyzer = LlmAnalyzer(task="sentiment", settings=server.settings())
        analyzer.analyze([SLOW])
    sent = sum(len(message["content"]) for message in server.requests[0]["messages"])
    assert analyzer.report()["tokens"] == sent + len(GOOD)


def test_what_was_answered_is_not_asked_again_and_the_cache_knows_no_personal_data(
    tmp_path: Path,
) -> None:
    cache = tmp_path / "texts.sqlite"

    def script(sent: dict[str, Any], number: int) -> Say:
        if "fail" in data_of(sent):
            return Say("no")
        item = {"field": "phone", "value": "⟦phone.1⟧", "quote": "⟦phone.1⟧"}
        return Say(json.dumps({"facts": [item] if "⟦phone.1⟧" in data_of(sent) else []}))

    texts = [PEOPLE[0], "this will fail"]
    with serve(script) as server:
        first = LlmAnalyzer(task="extraction", settings=server.settings(), cache=cache)
        one = first.analyze(texts)
        assert len(server.requests) == 3
        second = LlmAnalyzer(task="extraction", settings=server.settings(), cache=str(cache))
        two = second.analyze(texts)
        assert len(server.requests) == 5  # the failure is tried again, twice
        changed = server.settings(seed=8)
        LlmAnalyzer(task="extraction", settings=changed, cache=cache).analyze(texts[:1])
        assert len(server.requests) == 6
    assert one.equals(two)
    assert row(one)["facts"][0]["value"] == "13800138000"
    report = second.report()
    assert (report["cached"], report["answered"], report["failed"]) == (1, 0, 1)
    data = cache.read_bytes() + b"".join(file.read_bytes() for file in tmp_path.glob("*-wal"))
    assert b"13800138000" not in data
    assert "王小明".encode() not in data
    with sqlite3.connect(cache) as connection:
        connection.execute("UPDATE llm_extraction SET answer = 'damaged'")
    connection.close()
    with serve(script) as server:
        third = LlmAnalyzer(task="extraction", settings=server.settings(), cache=cache)
        assert third.analyze(texts).equals(one)


def test_it_travels_to_other_processes_without_connections_or_counts() -> None:
    with serve(always(GOOD)) as server:
        analyzer = LlmAnalyzer(task="sentiment", settings=server.settings())
        analyzer.analyze([SLOW])
        copy = pickle.loads(pickle.dumps(analyzer))
        assert copy.report()["answered"] == 0
        assert copy.version == analyzer.version
        assert copy.analyze([SLOW]).equals(analyzer.analyze([SLOW]))
        analyzer.endpoint.close()
        analyzer.endpoint.close()


def test_the_key_comes_from_the_environment_and_goes_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    monkeypatch.setenv("SHOP_KEY", "sk-shop-123")
    with serve(always(GOOD)) as server, caplog.at_level(logging.DEBUG):
        settings = server.settings(api_key_env="SHOP_KEY")
        analyzer = LlmAnalyzer(task="sentiment", settings=settings, cache=tmp_path / "c.sqlite")
        analyzer.analyze([SLOW])
    assert server.headers[0]["authorization"] == "Bearer sk-shop-123"
    assert "sk-shop-123" not in caplog.text
    assert "sk-shop-123" not in settings.model_dump_json() + repr(analyzer.report())
    assert b"sk-shop-123" not in (tmp_path / "c.sqlite").read_bytes()


def test_without_a_key_nothing_is_sent_to_an_endpoint_that_needs_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("HUAXIANG_LLM_KEY", raising=False)
    with serve(always(GOOD)) as server:
        analyzer = LlmAnalyzer(task="sentiment", settings=server.settings(local_only=False))
        with pytest.raises(ValueError, match="environment variable HUAXIANG_LLM_KEY: expected"):
            analyzer.analyze([SLOW])
    assert server.requests == []


@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_does_not_carry_the_text_elsewhere(status: int) -> None:
    with serve(always(GOOD)) as elsewhere:
        away = {"Location": elsewhere.url + "/chat/completions"}
        with serve(always("", status=status, headers=away)) as server:
            settings = server.settings(max_retries=0)
            found = row(LlmAnalyzer(task="sentiment", settings=settings).analyze([SLOW]))
    assert elsewhere.requests == []
    assert found["status"] in ("failed", "stopped")


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(always(GOOD)) as proxy, serve(always(GOOD)) as server:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{proxy.port}")
        LlmAnalyzer(task="sentiment", settings=server.settings()).analyze([SLOW])
    assert proxy.requests == []
    assert len(server.requests) == 1
