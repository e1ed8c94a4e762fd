"""Words of chats, counted by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from insights.filters import Filters
from insights.registry import find
from tests.insights.needs.workspace import said, write
from tests.insights.script import write as chats


def test_words_are_counted_by_text_the_most_frequent_first(tmp_path: Path) -> None:
    talk = {"channel": "web", "conversation": "team"}
    tables = write(
        tmp_path,
        [
            said(0, "c1", keywords=["refund", "late"], **talk),
            said(1, "c2", keywords=["refund", "refund"], **talk),
            said(2, "c1", keywords=["price"]),
            said(3, "c3", keywords=[]),
        ],
    )
    table = find("keywords").table(tables, Filters())
    assert table[["word", "count"]].to_numpy().tolist() == [
        ["refund", 2],
        ["late", 1],
        ["price", 1],
    ]
    for row in table.to_dict("records"):
        opened = find("keywords").drill(tables, Filters(), {"word": row["word"]})
        assert (len(opened), opened["record_id"].is_unique) == (row["count"], True)
    chat = find("keywords").table(tables, Filters(room="team"))
    assert chat["word"].tolist() == ["refund", "late"]
    own = find("keywords").table(tables, Filters(customer="c1"))
    assert own["word"].tolist() == ["late", "price", "refund"]
    days = find("keywords").table(tables, Filters(period="day"), ["period", "word"])
    assert len(days) == 4


def test_texts_that_were_not_analyzed_name_the_command(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="python -m features"):
        find("keywords").table(chats(tmp_path, "10:00 a customer"), Filters())
