"""The five noted fields go to WeCom's remark payload and come back the same."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from ingest.load import load
from ingest.sources.wecom.files import Wecom
from ingest.sources.wecom.remarks import Remark
from ingest.store import Store
from ingest.workspace import Workspace
from insights.profiles.card import Card, card
from insights.profiles.editor import Editor
from insights.profiles.edits import Edit
from insights.profiles.remark import remark_of
from insights.tables import Tables
from tests.insights.profiles.shop import Clock, add, fact

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "ingest" / "wecom" / "customers.json"
ANN = "wmAnnAAAA"
FIELDS = ("remark", "company", "phone", "tag", "description")


def loaded(root: Path, file: Path = GOLDEN) -> Card:
    space = Workspace.named("shop", root)
    source = Wecom(folder=space.root, lawful_basis="contract", path=str(file))
    load(source, Store(space.store), space.rejected, progress=False)
    return seen(root)


def seen(root: Path) -> Card:
    return card(Tables(Workspace.named("shop", root)), ANN, datetime(2100, 1, 1, tzinfo=UTC))


def noted(found: Card) -> dict[str, set[str]]:
    return {
        one.field: {each.value for each in one.values} for one in found.fields
        if one.field in FIELDS
    }  # fmt: skip


def test_a_record_of_wecom_fills_the_card(tmp_path: Path) -> None:
    found = loaded(tmp_path)
    assert (found.name, found.avatar, found.source) == ("安安", "https://img.example/a", "wecom")
    assert [(one.by, one.way, one.state) for one in found.added] == [
        ("li.lei", "1", "shopdoor"), ("han.mei", "202", None),
    ]  # fmt: skip
    assert found.added[0].at == datetime.fromtimestamp(1772000000, UTC)
    assert found.value("company") in {"湖滨茶馆", "湖滨茶馆有限公司"}
    assert noted(found)["tag"] == {"意向: 高", "老客户"}


def test_each_member_of_staff_gets_their_own_remark_and_everybody_what_was_entered(
    tmp_path: Path,
) -> None:
    found = loaded(tmp_path)
    lei, mei = (remark_of(found, name).payload() for name in ("li.lei", "han.mei"))
    assert lei == {
        "userid": "li.lei",
        "external_userid": ANN,
        "remark": "安安 湖滨",
        "description": "喜欢静音款",
        "remark_company": "湖滨茶馆有限公司",
        "remark_mobiles": lei["remark_mobiles"],
    }
    assert sorted(lei["remark_mobiles"]) == ["13800000001", "13800000002"]
    assert mei["remark"] == "茶馆安姐"
    editor = Editor(Workspace.named("shop", tmp_path))
    editor.set(ANN, Edit(field="remark", value="安老板", author="kim"))
    for name in ("li.lei", "han.mei"):
        assert remark_of(seen(tmp_path), name).remark == "安老板"


def test_what_is_sent_comes_back_the_same(tmp_path: Path) -> None:
    loaded(tmp_path / "a")
    editor = Editor(Workspace.named("shop", tmp_path / "a"))
    for field, value in (
        ("remark", "安老板"), ("company", "湖滨"), ("phone", "+8613900139000"), ("tag", "意向: 低"),
        ("description", "周末送货"),
    ):  # fmt: skip
        editor.set(ANN, Edit(field=field, value=value, author="kim"))
    sent = remark_of(seen(tmp_path / "a"), "li.lei")
    assert Remark.of(sent.payload()) == sent.model_copy(update={"tags": ()})
    record = {
        "external_contact": {"external_userid": ANN},
        "follow_user": [sent.follow_user(1772000000)],
    }
    (tmp_path / "back.json").write_bytes(orjson.dumps([record]))
    back = loaded(tmp_path / "b", tmp_path / "back.json")
    again = remark_of(back, "li.lei")
    assert again.model_dump(exclude={"remark_mobiles", "tags"}) == sent.model_dump(
        exclude={"remark_mobiles", "tags"}
    )
    assert set(again.remark_mobiles or ()) == set(sent.remark_mobiles or ())
    assert set(again.tags) == set(sent.tags) == {"意向: 低", "意向: 高", "老客户"}
    assert noted(back)["company"] == {"湖滨"}


def test_what_nobody_entered_is_not_sent(tmp_path: Path) -> None:
    add(tmp_path, "facts", fact("f1", "phone", "+8613800138000", 1, customer_id=ANN))
    with pytest.raises(ValueError, match="set or confirm one first"):
        remark_of(seen(tmp_path), "li.lei").payload()
    Editor(Workspace.named("shop", tmp_path), Clock()).confirm(ANN, "f1", "kim")
    assert remark_of(seen(tmp_path), "li.lei").payload()["remark_mobiles"] == ["13800138000"]


def test_limits_of_wecom_and_removing_all_numbers() -> None:
    who = {"userid": "li.lei", "external_userid": ANN}
    assert Remark(**who, remark_mobiles=()).payload() == who | {"remark_mobiles": [""]}
    assert Remark.of(who | {"remark_mobiles": [""]}).remark_mobiles == ()
    for field, most in (("remark", 20), ("remark_company", 20), ("description", 150)):
        assert Remark.model_validate(who | {field: "好" * most})
        with pytest.raises(ValueError, match=f"{field}\n.*at most {most} characters"):
            Remark.model_validate(who | {field: "好" * (most + 1)})
