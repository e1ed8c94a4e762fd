"""The verbs: needs as tables and files, and decisions about them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hydra import compose, initialize_config_dir

from ingest.configuration import configuration
from ingest.workspace import Workspace
from insights.__main__ import run as show
from insights.need import run as decide
from insights.tables import Tables
from tests.insights.needs.workspace import customers as add_customers
from tests.insights.needs.workspace import said, write

NEED = "code.customer_needs.pricing"
Verb = Callable[..., None]


@pytest.fixture
def verb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Verb:
    monkeypatch.setenv("COLUMNS", "300")
    labels = {"customer_needs": "pricing"}
    write(tmp_path, [said(day, f"c{day}", text="=far too dear", labels=labels) for day in range(3)])

    def call(name: str, *overrides: str) -> None:
        with initialize_config_dir(configuration(), version_base=None):
            told = compose(name, ["workspace=shop", f"data_dir={tmp_path}", *overrides])
        {"insights": show, "need": decide}[name](told)

    return call


def test_needs_are_shown_and_written(
    verb: Verb, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verb("insights", "finding=needs", "since=2026-03-01", "zone=Asia/Shanghai", "priority=kano")
    shown = capsys.readouterr().out
    for part in (NEED, "Pricing", "pricing_team", "=far too dear", "Asia/Shanghai"):
        assert part in shown
    verb("insights", "finding=needs", f"out={tmp_path}/needs.csv")
    (row,) = pd.read_csv(tmp_path / "needs.csv").to_dict("records")
    assert (row["need"], row["count"], row["title_zh"]) == (NEED, 3, "价格")
    assert row["quote"] == "'=far too dear"
    assert {"importance_score", "urgency_score", "priority_score", "factors"} <= set(row)
    verb("insights", "finding=needs", f"drill={{need: {NEED}}}", f"out={tmp_path}/behind.html")
    behind = (tmp_path / "behind.html").read_text(encoding="utf-8")
    assert "客户需求" in behind
    assert all(f"<td>t{place}</td>" in behind for place in range(3))


def test_decisions_are_recorded_and_shown(
    verb: Verb, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verb("need")
    assert "nothing was decided about any need yet" in capsys.readouterr().out
    plan = "plan='a student price'"
    verb("need", f"id={NEED}", "status=planned", "owner=kim", plan, "due=2026-05-01", "author=lee")
    assert "status=planned, owner=kim, plan=a student price, due=2026-05-01 (lee)" in (
        capsys.readouterr().out
    )
    verb("need", f"id={NEED}", "status=done", "shipped=2026-03-02", "zone=Asia/Shanghai")
    verb("need")
    told = capsys.readouterr().out.splitlines()
    assert len(told) == 4  # the history of one need, then that of all
    assert "shipped=2026-03-02 00:00:00+08:00" in told[-1]
    verb("insights", "finding=need_effect", f"out={tmp_path}/effect.csv")
    effect = pd.read_csv(tmp_path / "effect.csv")
    assert effect["count"].tolist() == [2, 1]  # midnight there is 16:00 of the day before
    assert all(effect["verdict"].str.startswith("not enough data: "))


def test_answers_are_drafted_in_the_customers_language(
    verb: Verb, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_customers(Tables(Workspace.named("shop", tmp_path)), c1="vip")
    verb("need", f"id={NEED}", "customer=c1")
    assert "Hello Lin, thank you for telling us about “Pricing”" in capsys.readouterr().out
    verb("need", f"id={NEED}", "customer=c2")
    assert "Hello, thank you" in capsys.readouterr().out
    with pytest.raises(LookupError, match="wrote nothing that carries the need"):
        verb("need", f"id={NEED}", "customer=c9")
    with pytest.raises(ValueError, match="expected the need that the customer wrote about"):
        verb("need", "customer=c1")


def test_decisions_about_nothing_are_refused(verb: Verb) -> None:
    with pytest.raises(LookupError, match=r"did you mean 'code\.customer_needs\.pricing'"):
        verb("need", "id=code.customer_needs.price", "status=done")
    with pytest.raises(ValueError, match="expected the need that status is about"):
        verb("need", "status=done")
