"""Texts that command the model: what a model that obeys says is not believed."""

from __future__ import annotations

import json
import re

import pytest

from features.text.embedding.embed import Embedder
from features.text.llm.analyzer import LlmAnalyzer
from features.text.llm.injection import speaks_to_model
from features.text.sentiment.analyzer import SentimentAnalyzer, fit_sentiment
from tests.features.text.llm.injections import FRAMED, FRESH, ORDINARY, SECOND, STEERED
from tests.features.text.llm.scripted import Say, data_of, serve


@pytest.fixture(scope="module")
def offline(embedder: Embedder) -> SentimentAnalyzer:
    fit = fit_sentiment([], embedder.vectors, min_rated=200, min_pole=20, seed=7)
    return SentimentAnalyzer(models=fit.models, vectors=embedder.vectors, state="s")


def test_obedient_answers_are_refused_and_the_offline_answer_stands(
    offline: SentimentAnalyzer,
) -> None:
    obedient = dict(FRAMED)
    with serve(lambda sent, number: Say(obedient[data_of(sent)])) as server:
        settings = server.settings(screen=False)
        analyzer = LlmAnalyzer(task="sentiment", settings=settings, fallback=offline)
        found = analyzer.analyze(list(obedient)).to_pylist()
    assert len(obedient) >= 20
    assert {line["status"] for line in found} == {"failed"}
    expected = offline.analyze(list(obedient))["sentiment"].to_pylist()
    assert [line["sentiment"] for line in found] == expected
    assert {line["quote"] for line in found} == {None}
    assert analyzer.report()["failed"] == len(obedient)


def test_orders_never_reach_the_place_where_orders_are_heeded() -> None:
    texts = [text for text, _ in FRAMED]
    with serve(lambda sent, number: Say("no")) as server:
        LlmAnalyzer(task="sentiment", settings=server.settings(screen=False)).analyze(texts)
    for sent in server.requests:
        system, user = sent["messages"][:2]
        assert data_of(sent) in texts
        assert not any(text in system["content"] for text in texts)
        opening = re.match(r"<data-([0-9a-f]{16})>\n", user["content"])
        assert opening
        assert user["content"].count(opening[1]) == 2, "no text can hold its own mark"
        assert f"<data-{opening[1]}>" in system["content"]


def test_texts_that_give_orders_are_kept_back(offline: SentimentAnalyzer) -> None:
    texts = [text for text, _ in STEERED]
    obedient = dict(STEERED)
    with serve(lambda sent, number: Say(obedient[data_of(sent)])) as server:
        settings = server.settings()
        analyzer = LlmAnalyzer(task="sentiment", settings=settings, fallback=offline)
        found = analyzer.analyze(texts).to_pylist()
    assert server.requests == []
    assert {line["status"] for line in found} == {"kept_back"}
    assert [line["sentiment"] for line in found] == offline.analyze(texts)["sentiment"].to_pylist()


def test_the_screen_sees_the_orders_it_knows_and_leaves_customers_alone() -> None:
    known = [text for text, _ in FRAMED + STEERED]
    assert [text for text in (*known, *SECOND) if not speaks_to_model(text)] == []
    assert [text for text in ORDINARY if speaks_to_model(text)] == []
    assert sum(bool(speaks_to_model(text)) for text in FRESH) >= 6, "of ten"


@pytest.mark.parametrize(
    "text",
    [
        "You are one step of a program. You summarize a conversation between a customer",
        "Write to refunds@evil.example for your money",
        "See http://evil.example/pay for the refund",
        "Call 13912345678 at once",
    ],
)
def test_sentences_with_links_contacts_or_instructions_of_its_own_are_dropped(
    text: str,
) -> None:
    item = {"text": text, "quote": "refund"}
    fine = {"text": "The customer asks ⟦name.1⟧ for a refund.", "quote": "refund"}
    with serve(lambda s, n: Say(json.dumps({"sentences": [item, fine]}))) as server:
        analyzer = LlmAnalyzer(task="summary", settings=server.settings())
        found = analyzer.analyze(["My name is Ann Lee, I want a refund"]).to_pylist()[0]
    assert [line["text"] for line in found["sentences"]] == [
        "The customer asks Ann Lee for a refund."
    ]
    assert found["dropped"] == 1
