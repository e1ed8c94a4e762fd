"""What was decided about needs: nothing is lost, and the last word counts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ingest.workspace import Workspace
from insights.filters import Filters
from insights.journal import now
from insights.needs.cards import need_cards
from insights.needs.register import STATUSES, Decision, Register, Standing, fold
from tests.insights.needs.workspace import said, write

AT = datetime(2026, 4, 1, tzinfo=UTC)
DECISIONS = st.lists(
    st.builds(
        Decision,
        need=st.just("usability_pain"),
        at=st.datetimes(timezones=st.just(UTC)),
        author=st.text(max_size=5),
        status=st.sampled_from(STATUSES),
        owner=st.none() | st.text(min_size=1, max_size=9),
        due=st.none() | st.dates(),
        effort=st.none() | st.floats(0.1, 12),
    ),
    min_size=1,
    max_size=6,
)


def test_decisions_are_kept_in_order_and_folded(tmp_path: Path) -> None:
    register = Register(Workspace.named("shop", tmp_path))
    assert register.decisions() == []
    first = Decision(
        need="a", at=AT, author="kim", status="planned", owner="lee", plan="两班倒\n\u2028!"
    )
    second = Decision(need="a", at=AT, status="done", shipped=AT, due=date(2026, 5, 1))
    other = Decision(need="b", at=AT, effort=2)
    for one in (first, other, second):
        register.add(one)
    assert register.decisions() == [first, other, second]
    assert register.decisions("a") == [first, second]
    assert register.standings() == {
        "a": Standing(
            status="done", owner="lee", plan="两班倒\n\u2028!", due=date(2026, 5, 1), shipped=AT
        ),
        "b": Standing(effort=2),
    }


@given(decisions=DECISIONS)
def test_the_last_word_counts(decisions: list[Decision]) -> None:
    standing = fold(decisions)
    for name in ("status", "owner", "due", "effort"):
        said_ = [getattr(one, name) for one in decisions if getattr(one, name) is not None]
        assert getattr(standing, name) == (said_[-1] if said_ else None)
    assert [Decision.model_validate_json(one.model_dump_json()) for one in decisions] == decisions


def test_mistakes_are_refused() -> None:
    with pytest.raises(ValidationError, match="expected a status, owner, plan"):
        Decision(need="a", at=AT, author="kim")
    with pytest.raises(ValidationError, match="'in_progress'"):
        Decision.model_validate({"need": "a", "at": AT, "status": "begun"})
    with pytest.raises(ValidationError, match="effort"):
        Decision(need="a", at=AT, effort=0)


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    register = Register(Workspace.named("shop", tmp_path))
    register.add(Decision(need="a", at=AT, status="open"))
    with register.file.open("a", encoding="utf-8") as lines:
        lines.write('{"need": "a", "at"\n')
    with pytest.raises(ValueError, match=r"decisions\.jsonl, line 2"):
        register.decisions()


def test_what_a_crash_cut_short_was_not_decided(tmp_path: Path) -> None:
    register = Register(Workspace.named("shop", tmp_path))
    for status in ("open", "done"):
        register.add(Decision(need="a", at=AT, status=status))
    whole = register.file.read_bytes()
    for cut in (whole[:-2], whole[:-20]):
        register.file.write_bytes(cut)
        assert [one.status for one in register.decisions()] == ["open"]
        register.add(Decision(need="a", at=AT, status="done"))
        assert register.file.read_bytes() == whole


def test_a_line_that_lacks_only_its_break_was_decided(tmp_path: Path) -> None:
    register = Register(Workspace.named("shop", tmp_path))
    register.add(Decision(need="a", at=AT, status="open"))
    whole = register.file.read_bytes()
    register.file.write_bytes(whole.rstrip())
    assert [one.status for one in register.decisions()] == ["open"]
    register.add(Decision(need="a", at=AT, status="done"))
    assert [one.status for one in register.decisions()] == ["open", "done"]
    assert register.file.read_bytes().startswith(whole)


def test_cards_show_what_was_decided(tmp_path: Path) -> None:
    tables = write(tmp_path, [said(0, "a", labels={"customer_needs": "pricing"}, confidence=0.5)])
    tables = type(tables)(
        tables.workspace, tables.settings.model_validate({"priority": {"preset": "rice"}})
    )
    register = Register(tables.workspace)
    need = "code.customer_needs.pricing"
    (before,) = need_cards(tables, Filters())
    assert (before.status, before.owner, before.suggested) == ("open", "pricing_team", True)
    assert str(before.row()["plan"]).startswith("(suggested) ")
    plan = {"status": "planned", "owner": "kim", "plan": "a student price", "effort": 4}
    register.add(Decision(need=need, at=now(), due=date(2026, 5, 1), **plan))
    (card,) = need_cards(tables, Filters())
    row = card.row()
    assert (row["status"], row["owner"], row["due"]) == ("planned", "kim", "2026-05-01")
    assert row["plan"] == "a student price"
    assert card.priority_score == pytest.approx(before.priority_score / 4, abs=1e-4)
    assert abs(now() - datetime.now(UTC)) < timedelta(minutes=1)
