"""The tables of stickers and emoji are whole."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from features.text.clean import symbols as module
from features.text.clean.symbols import Symbol, meaning, replaced, stickers, symbols

FOLDER = Path(module.__file__).parent


def test_at_least_eighty_stickers_in_both_languages() -> None:
    rows = yaml.safe_load((FOLDER / "stickers.yaml").read_text("utf-8"))
    assert len(rows) >= 80
    names = [str(name).lower() for names, *_ in rows for name in names]
    assert len(names) == len(set(names)), "a name stands for one sticker"
    for own, zh, en, polarity in rows:
        assert any(not str(name).isascii() for name in own) or len(own) > 1
        assert not zh.isascii()
        assert en.isascii()
        assert -1 <= polarity <= 1
    assert {"微笑", "捂脸", "ok", "facepalm"} <= set(stickers())


def test_emoji_have_one_entry_each() -> None:
    rows = yaml.safe_load((FOLDER / "emoji.yaml").read_text("utf-8"))
    assert len({row[0] for row in rows}) == len(rows)
    for character, zh, en, polarity in rows:
        found = meaning(character)
        assert found == Symbol(character, zh, en, polarity)


def test_skin_tones_and_selectors_do_not_change_the_meaning() -> None:
    assert [symbol.en for symbol in symbols("👍🏽❤️👨‍👩‍👧")] == ["thumbs up", "love", "man"]


def test_text_without_symbols_is_returned_as_it_is() -> None:
    assert replaced("没有表情 [附件]") == "没有表情 [附件]"
    assert symbols("10:30 (a:b) [x y]") == []


def test_polarity_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="expected -1 to 1"):
        Symbol("x", "x", "x", 2)
