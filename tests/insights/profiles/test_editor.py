"""Edits: what a person entered wins, is told to whoever comes later, and is undone both ways."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.store import Store
from ingest.workspace import Workspace
from insights.profiles.editor import Editor
from insights.profiles.edits import Edit, Edited, NoFactError, StaleEditError
from insights.profiles.person import NoCustomerError
from insights.profiles.statements import Statement, history, stored
from tests.insights.profiles.shop import NOW, Clock, add, fact, store_of

Write = Callable[..., Edited]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def editor(tmp_path: Path, clock: Clock) -> Editor:
    add(tmp_path, "facts", fact("f1", "company", "Read Ltd", 3))
    return Editor(Workspace.named("shop", tmp_path), clock)


def told(root: Path) -> list[Statement]:
    return history(stored(store_of(root), ["c1"]))


def write(editor: Editor, value: str, author: str = "kim", **more: str) -> Edited:
    return editor.set("c1", Edit(field="company", value=value, author=author, **more))


def values(edited: Edited) -> list[str]:
    return [] if edited.entry is None else [one.value for one in edited.entry.values]


def test_an_edit_wins_and_what_it_hides_waits(editor: Editor) -> None:
    done = write(editor, "Lakeside")
    assert values(done) == ["Lakeside"]
    assert [one.fact_id for one in done.replaced] == ["f1"]
    assert done.entry is not None
    assert [one.fact_id for one in done.entry.suggestions] == ["f1"]
    assert (done.fact.authority, done.fact.author, done.fact.at) == ("manual", "kim", NOW)


def test_the_later_of_two_edits_is_told_what_it_replaced(editor: Editor, tmp_path: Path) -> None:
    first = write(editor, "Lakeside")
    second = write(editor, "Riverside", author="lee")  # the clock stood still
    assert [(one.value, one.author) for one in second.replaced] == [("Lakeside", "kim")]
    assert values(second) == ["Riverside"]
    assert second.fact.at > first.fact.at
    assert [one.value for one in told(tmp_path)] == ["Riverside", "Lakeside", "Read Ltd"]


def test_a_clock_that_goes_back_loses_no_edit(editor: Editor, clock: Clock) -> None:
    write(editor, "Lakeside")
    clock.at -= timedelta(days=1)
    assert values(write(editor, "Riverside")) == ["Riverside"]


def test_an_edit_of_what_does_not_stand_any_more_is_refused(editor: Editor, tmp_path: Path) -> None:
    first = write(editor, "Lakeside", replaces="f1")
    before = len(told(tmp_path))
    with pytest.raises(StaleEditError, match="was set by kim at 2026-03-31 00:00 UTC") as stale:
        write(editor, "Riverside", author="lee", replaces="f1")
    assert stale.value.standing == first.fact
    with pytest.raises(StaleEditError):
        write(editor, "Riverside", author="lee", replaces="")
    assert len(told(tmp_path)) == before
    assert values(write(editor, "Riverside", replaces=first.fact.fact_id)) == ["Riverside"]
    empty = Edit(field="job", value="cook", author="lee", replaces="")
    assert values(editor.set("c1", empty)) == ["cook"]
    with pytest.raises(StaleEditError, match="'city' is empty now"):
        editor.set("c1", Edit(field="city", value="Paris", author="lee", replaces="f1"))


def test_undo_restores_what_stood_and_undo_of_undo_the_edit(editor: Editor) -> None:
    write(editor, "Lakeside")
    second = write(editor, "Riverside", author="lee")
    gone = editor.undo("c1", second.fact.fact_id, "kim")
    assert values(gone) == ["Lakeside"]
    assert [one.value for one in gone.replaced] == ["Riverside"]
    with pytest.raises(StaleEditError, match=f"undo '{gone.fact.fact_id}' to restore"):
        editor.undo("c1", second.fact.fact_id, "kim")
    back = editor.undo("c1", gone.fact.fact_id, "lee")
    assert values(back) == ["Riverside"]
    assert values(editor.undo("c1", second.fact.fact_id, "kim")) == ["Lakeside"]


def test_a_refused_suggestion_is_gone_and_stays_in_the_history(
    editor: Editor, tmp_path: Path
) -> None:
    done = editor.undo("c1", "f1", "kim")
    assert (done.entry, [one.fact_id for one in done.replaced]) == (None, ["f1"])
    mark, suggestion = told(tmp_path)
    assert (mark.retracts, mark.author, mark.stands) == ("f1", "kim", True)
    assert (suggestion.stands, suggestion.taken_back_by) == (False, mark.fact_id)
    with pytest.raises(StaleEditError, match="undo that first"):
        editor.confirm("c1", "f1", "kim")
    with pytest.raises(ValueError, match="there is nothing to confirm"):
        editor.confirm("c1", mark.fact_id, "kim")


def test_confirming_keeps_the_evidence(tmp_path: Path) -> None:
    evidence = '{"message_id": "m1", "quote_start": 0, "quote_end": 4}'
    add(tmp_path, "facts", fact("f1", "company", "Read Ltd", 3, evidence=evidence))
    done = Editor(Workspace.named("shop", tmp_path), Clock()).confirm("c1", "f1", "kim")
    assert (done.fact.authority, done.fact.author, done.fact.value) == ("manual", "kim", "Read Ltd")
    assert done.fact.evidence == {
        "message_id": "m1", "quote_start": 0, "quote_end": 4, "confirms": "f1",
    }  # fmt: skip
    assert done.entry is not None
    assert done.entry.suggestions == ()


def test_an_edit_that_is_sent_twice_counts_once(editor: Editor, tmp_path: Path) -> None:
    write(editor, "Lakeside", fact_id="mine", replaces="f1")
    again = write(editor, "Lakeside", fact_id="mine", replaces="f1")
    assert (again.duplicate, again.replaced, values(again)) == (True, (), ["Lakeside"])
    assert len(told(tmp_path)) == 2
    with pytest.raises(ValueError, match="'mine' is the key of another statement"):
        write(editor, "Riverside", fact_id="mine")


def test_one_of_several_numbers_is_replaced_whoever_said_it(tmp_path: Path) -> None:
    add(
        tmp_path,
        "facts",
        fact("f1", "phone", "13800138000", 3, authority="crm", author="li.lei"),
        fact("f2", "phone", "+8613800138000", 2, authority="crm", author="han.mei"),
        fact("f3", "phone", "13800138001", 1, authority="crm"),
    )
    editor = Editor(Workspace.named("shop", tmp_path), Clock())
    more = editor.set("c1", Edit(field="phone", value="13900139000", author="kim"))
    assert values(more) == ["13900139000", "13800138001", "+8613800138000"]
    edit = Edit(field="phone", value="13900139001", author="kim", replaces="f2")
    done = editor.set("c1", edit)
    assert sorted(values(done)) == ["13800138001", "13900139000", "13900139001"]
    assert [one.fact_id for one in done.replaced] == ["f2"]


def test_two_who_edit_at_once_both_count_and_one_of_them_is_told(
    editor: Editor, tmp_path: Path
) -> None:
    other = Editor(Workspace.named("shop", tmp_path), Clock())

    def one(who: Editor, name: str) -> Edited | StaleEditError:
        try:
            return write(who, name, author=name, replaces="f1")
        except StaleEditError as error:
            return error

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(one, (editor, other), ("kim", "lee")))
    stored_by = [each.fact.author for each in done if isinstance(each, Edited)]
    refused = [each for each in done if isinstance(each, StaleEditError)]
    assert len(stored_by) == len(refused) == 1
    assert refused[0].standing is not None
    assert refused[0].standing.author == stored_by[0]


def test_nobody_is_invented(editor: Editor) -> None:
    with pytest.raises(NoCustomerError):
        editor.set("c9", Edit(field="company", value="x", author="kim"))
    with pytest.raises(NoFactError, match="no statement 'f9'"):
        editor.undo("c1", "f9", "kim")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"value": "138****5678"}, "three stars stand where one was masked"),
        ({"value": "   "}, "at least 1 character"),
        ({"author": ""}, "at least 1 character"),
        ({"field": "Company Name"}, "match pattern"),
    ],
)
def test_edits_that_cannot_be_meant_are_refused(wrong: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Edit.model_validate({"field": "company", "value": "x", "author": "kim"} | wrong)


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(st.integers(0, 5), min_size=1, max_size=5))
def test_whatever_is_undone_the_newest_entry_that_is_left_stands(
    steps: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("steps")
    add(root, "facts", fact("f1", "company", "Read Ltd", 3))
    editor = Editor(Workspace.named("shop", root), Clock())
    left: list[tuple[str, str]] = []
    for number, step in enumerate(steps):
        if step < 3 or not left:
            done = write(editor, f"v{number}")
            left.append((done.fact.fact_id, f"v{number}"))
        else:
            gone = left.pop(step % len(left))
            done = editor.undo("c1", gone[0], "kim")
        assert values(done) == [left[-1][1] if left else "Read Ltd"]
    assert Store(Workspace.named("shop", root).store).read("facts").num_rows == len(steps) + 1
