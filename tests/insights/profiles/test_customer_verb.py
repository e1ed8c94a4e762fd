"""The verb: a card, its history, edits and the payload for WeCom, from one command each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from hydra import compose, initialize_config_dir

from ingest.configuration import configuration, quoted_words
from insights.customer import run
from insights.profiles.edits import StaleEditError
from tests.insights.profiles.shop import TEXT, add, added, catalog, event, fact, review, store_of

Verb = Callable[..., str]


@pytest.fixture
def verb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Verb:
    review(tmp_path, TEXT)
    catalog(tmp_path, g1="Music > Guitars")
    add(tmp_path, "events", added("li.lei", 9, name="安安"), event(1, "purchase", 0, item_id="g1"))

    def call(*overrides: str) -> str:
        fixed = ["workspace=shop", f"data_dir={tmp_path}", "customer=c1"]
        with initialize_config_dir(configuration(), version_base=None):
            told = compose("customer", [*fixed, *quoted_words(overrides)])
        run(told)
        return capsys.readouterr().out

    return call


def test_the_card_says_who_why_and_since_when(verb: Verb, tmp_path: Path) -> None:
    told = verb("at='2026-03-31T00:00:01Z'")
    for part in (
        "安安 (c1)",
        "added by li.lei at 2026-03-22 00:00",
        "phone: +861******5678 (extracted 0.9",
        "“电话138****5678”",
        "interest 1: Music > Guitars 3.00",
        "= 3.00 purchases (1)",
    ):
        assert part in told
    assert "12345678" not in told
    assert "1.50 purchases" in verb("at='2026-04-10T00:00:00Z'", "interests.half_life_days=10")
    verb(f"out={tmp_path}/card.json")
    written = orjson.loads((tmp_path / "card.json").read_bytes())
    assert (written["customer_id"], written["added"][0]["by"]) == ("c1", "li.lei")


def test_edits_are_kept_shown_and_undone(verb: Verb, tmp_path: Path) -> None:
    told = verb("set={city: 苏州, company: Lakeside Tea}", "author=kim")
    assert "replaced 上海 (extracted" in told
    assert "company: Lakeside Tea (manual, kim" in told
    (city,) = [r["fact_id"] for r in store_of(tmp_path).read("facts").to_pylist()
               if r["value"] == "苏州"]  # fmt: skip
    with pytest.raises(StaleEditError, match="was set by kim"):
        verb("set={city: 杭州}", "author=lee", "replaces=old")
    assert "city: 上海 (extracted" in verb(f"undo={city}", "author=lee")
    lines = verb("history=true").splitlines()
    assert f"undo of {city} (lee)" in lines[0]
    assert len(lines) == 6  # two edits, an undo, and three things read
    job = next(line.split()[-1] for line in lines if " job: " in line)
    assert "job: 财务 (manual, kim" in verb(f"confirm={job}", "author=kim")


def test_the_payload_for_wecom_is_not_masked(verb: Verb, tmp_path: Path) -> None:
    add(tmp_path, "facts", fact("f1", "phone", "13812345678", 1, authority="crm"))
    payload = orjson.loads(verb("remark=li.lei"))
    assert payload == {
        "userid": "li.lei",
        "external_userid": "c1",
        "remark_mobiles": ["13812345678"],
    }


def test_what_cannot_be_meant_is_refused(verb: Verb) -> None:
    for overrides, said in (
        (["customer=null"], "expected the id of a customer"),
        (["customer=c9"], "nothing is stored"),
        (["undo=f1"], "expected who edits"),
        (["set={city: null}", "author=kim"], "expected a value of city, received none"),
        (["undo=f1", "confirm=f1", "author=kim"], "expected one of set, confirm, undo"),
        (["at='2026-03-31'"], "expected a moment with its zone"),
        (["set={city: '苏**州***'}", "author=kim"], "three stars"),
    ):
        with pytest.raises((ValueError, LookupError), match=said):
            verb(*overrides)
