"""Analyzers come from files of conf/analyzer, and get what they ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pydantic import ValidationError

from features.text.entities.products import Catalog
from features.text.pipeline.registry import analyzer_file, build
from features.text.pipeline.settings import TextSettings

FOLDER = Path(__file__).parents[4] / "conf" / "analyzer"


def test_every_file_is_found_and_says_what_it_is_for() -> None:
    names = sorted(file.stem for file in FOLDER.glob("*.yaml"))
    assert {"language", "sentiment", "pii"} <= set(names)
    for name in names:
        content = analyzer_file(name).read_text("utf-8")
        assert content.startswith("# "), f"{name}: the first line says what it finds out"
    assert TextSettings(analyzers=tuple(names)).analyzers == tuple(names)


def test_parameters_come_from_the_file_the_options_and_the_run() -> None:
    asked: list[str] = []

    def catalog() -> Catalog:
        asked.append("catalog")
        return Catalog.of_items(pa.table({"item_id": ["p1"], "title": ["electric kettle"]}))

    provided: dict[str, Any] = {"catalog": catalog, "fitted": lambda: asked.append("fitted")}
    personal = build("pii", {"min_confidence": 0.9}, provided)
    assert ":0.9" in personal.version
    named = build("entities", {}, provided)
    assert asked == ["catalog"]
    (spans,) = named.analyze(["the electric kettle broke"])["entities"].to_pylist()
    assert [span["value"] for span in spans] == ["p1"]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("astrology", {}, "there are: .*language"),
        ("pii", {"min_confidance": 1}, "min_confidance"),
        ("pii", {"min_confidence": "high"}, "min_confidence"),
    ],
)
def test_mistakes_are_named(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(name, options, {})


def test_settings_refuse_an_analyzer_that_is_not_there() -> None:
    with pytest.raises(ValidationError, match="astrology"):
        TextSettings(analyzers=("language", "astrology"))
