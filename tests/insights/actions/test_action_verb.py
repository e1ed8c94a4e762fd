"""``python -m insights.action``: opened, changed, listed, with what was measured."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from ingest.configuration import configuration
from insights.action import run
from tests.insights.actions.written import chats
from tests.insights.script import write

Verb = Callable[..., str]


@pytest.fixture
def verb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Verb:
    write(tmp_path, chats({day: (4, 20) if day < 15 else (1, 5) for day in range(1, 29)}))

    def call(*overrides: str) -> str:
        with initialize_config_dir(configuration(), version_base=None):
            told = compose("action", ["workspace=shop", f"data_dir={tmp_path}", *overrides])
        run(told)
        return capsys.readouterr().out

    return call


def test_an_insight_becomes_an_item_whose_effect_is_measured(verb: Verb) -> None:
    assert verb() == "no action items yet\n"
    shown = verb(
        "title=Second shift", "finding=first_response_time", "number=mean", "group={channel: web}",
        "owner=kim", "due=2026-03-20", "author=ann",
    )  # fmt: skip
    key = shown.split()[0]
    assert "shall move: mean of first_response_time (channel web), lower is better" in shown
    assert "effect: not measured: it has not begun" in shown
    changed = verb(f"id={key}", "status=in_progress", "began=2026-03-15", "author=kim")
    assert "effect: better: down" in changed
    assert "21.50 -> 5.00" in changed or "20.50 -> 5.00" in changed
    assert "status=in_progress" in changed
    listed = verb()
    assert f"{key} in_progress OVERDUE due 2026-03-20 kim: Second shift" in listed
    assert "better: down" in listed
    assert verb("owner=lee") == "no action items of this kind\n"
    assert key in verb("overdue=true", "owner=kim")
    verb(f"id={key}", "status=done")
    assert verb("overdue=true") == "no action items of this kind\n"
    assert verb("status=done").startswith(f"{key} done due")


def test_days_begin_in_the_zone(verb: Verb) -> None:
    shown = verb("title=x", "finding=volume", "began=2026-03-15", "zone=Asia/Shanghai")
    assert "began=2026-03-15T00:00:00+08:00" in shown


def test_the_number_is_of_the_records_that_every_filter_keeps(verb: Verb) -> None:
    def counted(*filters: str) -> str:
        return verb("title=x", "finding=messages", "began=2026-03-15", *filters)

    assert "(112, 28)" in counted()
    assert "(8, 0)" in counted("room=[web8-0,web8-1,web8-2,web8-3]")
    assert "(112, 28)" in counted("own_of=[ann]")
    assert "(0, 0)" in counted("own_of=[bob]")
    with pytest.raises(FileNotFoundError, match="python -m features"):
        counted("sentiment=[negative]")


def test_mistakes_are_told_before_anything_is_kept(verb: Verb) -> None:
    with pytest.raises(ValueError, match="title: expected what is to be done"):
        verb("finding=volume")
    with pytest.raises(LookupError, match="did you mean 'volume'"):
        verb("title=x", "finding=volum")
    with pytest.raises(ValueError, match="can be split by"):
        verb("title=x", "finding=volume", "group={color: red}")
    with pytest.raises(LookupError, match="no alert 'nothing'"):
        verb("title=x", "alert_id=nothing")
    with pytest.raises(LookupError, match="no action 'nothing'"):
        verb("id=nothing")
    assert verb() == "no action items yet\n"
