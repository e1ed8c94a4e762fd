"""Pictures that messages point to: read once each, and every problem counted and explained."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from features.text.ocr.engine import Reader
from features.text.ocr.table import OCR, PROBLEMS, write_ocr
from ingest.store import Store
from ingest.workspace import Workspace
from tests.features.text.ocr.drawn import CARDS, CHAT_EN, card, chat, encoded


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(threads=1)


@pytest.fixture
def run(workspace: Workspace, store: Store, reader: Reader) -> Callable[[], dict[str, Any]]:
    def run() -> dict[str, Any]:
        folder = workspace.features / "text"
        write_ocr(folder, store, root=workspace.root, reader=reader)
        found: dict[str, Any] = json.loads((folder / "ocr.json").read_bytes())
        found["rows"] = pq.read_table(folder / "ocr.parquet")
        found["wrong"] = pq.read_table(folder / "ocr_problems.parquet")
        return found

    return run


def test_pictures_are_read_once_and_problems_are_kept(
    workspace: Workspace,
    store: Store,
    add_message: Callable[..., None],
    run: Callable[[], dict[str, Any]],
    tmp_path: Path,
) -> None:
    media = workspace.root / "media"
    media.mkdir(parents=True)
    (media / "card.png").write_bytes(encoded(card(CARDS[2], width=700, height=420)))
    (media / "chat.PNG").write_bytes(encoded(chat(CHAT_EN)))
    (media / "broken.jpg").write_bytes(b"\xff\xd8 not really")
    (tmp_path / "secret.png").write_bytes(encoded(card(CARDS[4])))
    given: list[tuple[str, Any]] = [
        ("m1", {"path": "media/card.png", "md5": "x"}),
        ("m2", [{"file": "media/card.png"}, {"filename": "media/chat.PNG"}]),
        ("m3", {"path": "media/broken.jpg"}),
        ("m4", {"name": "IMG_0001.jpg", "kilobytes": 40}),
        ("m5", {"path": "../secret.png"}),
        ("m6", {"path": str(tmp_path / "secret.png")}),
        ("m7", {"seconds": 12}),
        ("m8", {"path": "https://example.com/a.png"}),
        ("m9", "a.png"),
    ]
    for message, what in given:
        add_message(store, message, None, kind="image", media=json.dumps(what))
    add_message(store, "n1", "no picture")
    again = json.dumps({"path": "media/card.png"})
    add_message(store, "n2", None, kind="image", media=again, recalled=True)
    first = run()
    assert first["rows"].schema == OCR
    assert first["wrong"].schema == PROBLEMS
    assert (first["pictures"], first["distinct"], first["read_now"]) == (7, 3, 3)
    by_message: dict[str, list[dict[str, Any]]] = {}
    for row in first["rows"].to_pylist():
        by_message.setdefault(row["message_id"], []).append(row)
    assert sorted(by_message) == ["m1", "m2"]
    assert "anna.miller@example.com" in [row["text"] for row in by_message["m1"]]
    assert {row["kind"] for row in by_message["m1"]} == {"card"}
    assert {row["speaker"] for row in by_message["m1"]} == {""}
    said = [row for row in by_message["m2"] if row["kind"] == "chat"]
    assert [row["speaker"] for row in said] == [side for side, _ in CHAT_EN]
    assert [row["line"] for row in said] == list(range(len(CHAT_EN)))
    wrong = {row["message_id"]: row["problem"] for row in first["wrong"].to_pylist()}
    assert sorted(wrong) == ["m3", "m4", "m5", "m6"]
    assert "save it as JPEG or PNG" in wrong["m3"]
    assert "no such file" in wrong["m4"]
    assert "outside the workspace" in wrong["m5"]
    assert "outside the workspace" in wrong["m6"]
    assert sum(first["problems"].values()) == 4
    assert len(first["problems"]) == 3
    second = run()
    assert second["read_now"] == 0
    assert second["rows"].equals(first["rows"])
    assert second["wrong"].equals(first["wrong"])


def test_a_shop_without_pictures_gets_empty_tables(run: Callable[[], dict[str, Any]]) -> None:
    found = run()
    assert (found["pictures"], found["lines"], found["problems"]) == (0, 0, {})
    assert found["rows"].num_rows == found["wrong"].num_rows == 0
