"""Conversations filtered by what customers sound like in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

from features.text.pipeline.stages import texts_folder
from insights.filters import Filters
from insights.listing import listed, page
from insights.needs.cards import need_cards
from insights.registry import find
from insights.tables import Tables
from serving.api.app import create_app
from serving.api.settings import ApiSettings
from serving.errors import NoChampionError
from serving.recommend import Engine
from tests.insights.needs.workspace import said
from tests.insights.needs.workspace import write as analyzed
from tests.insights.script import write

WEB = {"channel": "web"}
TEXTS = (
    said(0, "c1", mood="neutral", conversation="a", **WEB),
    said(0.01, "c1", mood="negative", conversation="a", **WEB),
    said(1, "c2", mood="positive", conversation="b", channel="phone"),
    said(2, "c3", mood="neutral", conversation="c", **WEB),
    said(3, "c3", mood="negative"),  # a review: no conversation
    said(4, "c4", mood=None, conversation="d", **WEB),
)


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return analyzed(tmp_path, TEXTS)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"sentiment": "negative"}, ["a"]),
        ({"sentiment": ["positive", "negative"]}, ["a", "b"]),
        ({"sentiment": "neutral"}, ["a", "c"]),
        ({"sentiment": ["negative", "positive"], "channel": "phone"}, ["b"]),
        ({}, ["a", "b", "c", "d"]),
    ],
)
def test_one_text_of_the_sentiment_is_enough(
    tables: Tables, filters: dict[str, Any], expected: list[str]
) -> None:
    asked = Filters(**filters)
    assert sorted(listed(tables, asked).to_pandas()["conversation_id"]) == expected
    total, rows = page(tables, asked, limit=10)
    assert (total, sorted(row["conversation_id"] for row in rows)) == (len(expected), expected)
    assert find("volume").table(tables, asked, [])["count"].tolist() == [len(expected)]
    messages = find("messages").drill(tables, asked)
    assert sorted(set(messages["conversation_id"])) == expected  # all messages of these, kept whole
    assert len(messages) == len(expected) + ("a" in expected)


def test_texts_that_are_analyzed_anew_are_read_anew(tables: Tables) -> None:
    asked = Filters(sentiment="negative")
    assert find("volume").drill(tables, asked)["conversation_id"].tolist() == ["a"]
    file = texts_folder(tables.workspace) / "texts.parquet"
    rows = pq.read_table(file)
    moods = ["negative" if row["customer_id"] == "c2" else "neutral" for row in rows.to_pylist()]
    place = rows.schema.get_field_index("sentiment")
    type_ = rows.schema.field("sentiment").type
    pq.write_table(rows.set_column(place, "sentiment", pa.array(moods).cast(type_)), file)
    assert find("volume").drill(tables, asked)["conversation_id"].tolist() == ["b"]


def test_needs_are_filtered_too(tmp_path: Path) -> None:
    labels = {"labels": {"customer_needs": "pricing"}}
    tables = analyzed(tmp_path, [dict(text) | labels for text in TEXTS])
    (card,) = need_cards(tables, Filters(sentiment="negative"))
    assert card.texts == 2


def test_records_without_a_conversation_are_refused(tables: Tables) -> None:
    with pytest.raises(ValueError, match="sentiment: these records tell no conversation"):
        find("operations").table(tables, Filters(sentiment="negative"))


def test_an_unknown_sentiment_is_refused() -> None:
    with pytest.raises(ValidationError, match="'positive', 'neutral' or 'negative'"):
        Filters(sentiment="angry")


def test_without_analysis_the_command_is_named(tmp_path: Path) -> None:
    tables = write(tmp_path, "10:00 a customer")
    with pytest.raises(FileNotFoundError, match="python -m features workspace=shop"):
        page(tables, Filters(sentiment="negative"), limit=10)


def test_texts_without_sentiments_are_no_empty_answer(tmp_path: Path) -> None:
    tables = analyzed(tmp_path, [dict(text) | {"mood": None} for text in TEXTS])
    with pytest.raises(FileNotFoundError, match="without that analyzer: run `python -m features"):
        page(tables, Filters(sentiment="negative"), limit=10)


def nobody(*_: Any) -> Engine:
    raise NoChampionError("Nobody leads.")


def client_of(folder: Path) -> TestClient:
    app = create_app(ApiSettings(workspace="shop", data_dir=folder, port=0), load=nobody)
    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture
def client(tables: Tables, tmp_path: Path) -> Iterator[TestClient]:
    with client_of(tmp_path) as found:
        yield found


def test_questions_over_http_are_filtered(client: TestClient) -> None:
    asked: dict[str, Any] = {"sentiment": ["negative", "positive"], "limit": 1}
    told = client.get("/v1/conversations", params=asked).json()
    following = client.get(told["next"]).json()  # the link keeps the filter
    seen = [one["conversation_id"] for part in (told, following) for one in part["conversations"]]
    assert (told["total"], sorted(seen), following["next"]) == (2, ["a", "b"], None)
    answer = client.get("/v1/insights/volume", params={"by": "channel", "sentiment": "negative"})
    (row,) = answer.json()["rows"]
    assert (row["channel"], row["count"]) == ("web", 1)
    assert client.get(row["members"]).json()["total"] == 1
    known = {one["id"]: one["filters"] for one in client.get("/v1/insights").json()["insights"]}
    assert "sentiment" in known["corrected/volume"]
    assert "sentiment" not in known["operations"]
    assert client.get("/v1/conversations", params={"sentiment": "angry"}).status_code == 422


def test_a_list_that_cannot_be_filtered_says_what_to_run(tmp_path: Path) -> None:
    write(tmp_path, "10:00 a customer")
    with client_of(tmp_path) as client:
        answer = client.get("/v1/conversations", params={"sentiment": "negative"})
    assert answer.status_code == 503
    assert "python -m features workspace=shop" in answer.json()["detail"]
