"""Customers who are one: exact keys, conflicts that join nobody, a record that is only appended."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import ibis
import orjson
import pyarrow as pa
import pytest
from hydra import compose, initialize_config_dir
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import DictConfig

from ingest import stitch
from ingest.configuration import configuration
from ingest.stitching.joins import SHARED_BY, Held, Joins, Key, join
from ingest.stitching.keys import held_keys, masked, normalized
from ingest.stitching.reading import one_person, under_one_id
from ingest.stitching.record import (
    MACHINE,
    canonical_customer,
    follow,
    identity_of,
    joins_of,
    redo,
    standing,
    undo,
)
from ingest.store import Store
from tests.ingest.samples import START, table

U1, U2, U3 = ("unionid", "union-1"), ("unionid", "union-2"), ("unionid", "union-3")
P1, P2 = ("phone", "+8613800138000"), ("phone", "+8613800138001")
E1 = ("email", "ann@mail.example")


def groups(joins: Joins) -> list[tuple[str, ...]]:
    return [group.members for group in joins.groups]


def people(store: Store, **attributes: dict[str, Any]) -> None:
    rows = [
        {"customer_id": name, "source": "test", "attributes": orjson.dumps(told).decode()}
        for name, told in attributes.items()
    ]
    store.add("customers", table("customers", rows))


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def test_keys_join_across_kinds_and_say_which() -> None:
    joins = join({"a": [P1], "b": [P1, E1], "c": [E1, U1], "d": [U1], "e": [P2]})
    (group,) = joins.groups
    assert group.members == ("a", "b", "c", "d")
    assert group.keys == {P1: ("a", "b"), E1: ("b", "c"), U1: ("c", "d")}
    assert joins.canonical() == {"b": "a", "c": "a", "d": "a"}
    assert joins.conflicts == ()


def test_the_member_recorded_first_names_the_group() -> None:
    joins = join({"a": [P1], "b": [P1], "z": [P1]}, {"a": "2026-03-02", "z": "2026-03-01"})
    assert joins.groups[0].canonical == "z"


def test_one_phone_under_two_union_ids_joins_nobody() -> None:
    joins = join({"a": [P1, U1], "b": [P1, U2], "c": [P1, E1], "d": [E1]})
    assert groups(joins) == [("c", "d")]
    (conflict,) = joins.conflicts
    assert conflict.reason == "one phone under 2 union ids: several people use it"
    assert (conflict.keys, conflict.customers) == ((P1,), ("a", "b", "c"))


def test_a_chain_between_two_union_ids_joins_by_union_ids_alone() -> None:
    joins = join({"a": [U1, P1], "b": [P1, E1], "c": [E1, U2], "d": [U2]})
    assert groups(joins) == [("c", "d")]
    (conflict,) = joins.conflicts
    assert "which link is wrong" in conflict.reason
    assert (conflict.keys, conflict.customers) == ((E1, P1), ("a", "b", "c", "d"))


def test_a_customer_with_two_union_ids_joins_nobody() -> None:
    joins = join({"a": [U1, U2, P1], "b": [U2], "c": [U2], "d": [P1]})
    assert groups(joins) == [("b", "c")]
    assert joins.conflicts[0].customers == ("a",)


def test_a_key_of_many_is_nobodys_own() -> None:
    many = {f"c{number:02d}": [P1] for number in range(SHARED_BY + 1)}
    joins = join(many)
    assert joins.groups == ()
    assert "held by more than 10 customers" in joins.conflicts[0].reason
    many.pop("c00")
    assert len(join(many).groups[0].members) == SHARED_BY


held_by = st.dictionaries(
    st.sampled_from("abcdefgh"), st.lists(st.sampled_from([U1, U2, U3, P1, P2, E1]), max_size=4)
)


@settings(max_examples=300, deadline=None)
@given(held_by, st.randoms(use_true_random=False))
def test_groups_are_disjoint_share_keys_and_do_not_depend_on_order(
    held: Mapping[str, list[Key]], chance: random.Random
) -> None:
    joins = join(held)
    members = [name for group in joins.groups for name in group.members]
    assert len(members) == len(set(members))
    for group in joins.groups:
        unions = {key for name in group.members for key in held[name] if key[0] == "unionid"}
        assert len(unions) <= 1
        assert all(set(held[name]) & group.keys.keys() for name in group.members)
    names = list(held)
    chance.shuffle(names)
    shuffled = {name: chance.sample(held[name], len(held[name])) for name in names}
    assert join(shuffled) == joins
    lonely = {name for name in held if name not in members}
    used = {key for conflict in joins.conflicts for key in conflict.keys}
    torn = {name for conflict in joins.conflicts for name in conflict.customers}
    for one in lonely - torn:  # whoever stays alone shares nothing with anybody, or it was reported
        for other in held.keys() - torn - {one}:
            assert set(held[one]) & set(held[other]) <= used


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("phone", "138-0013-8000", "+8613800138000"),
        ("phone", "+86 138 0013 8000", "+8613800138000"),
        ("phone", "0047 900 12 345", "+4790012345"),
        ("phone", "+47 900 12 345", "+4790012345"),
        ("phone", "12345", None),
        ("phone", "no number", None),
        ("email", " Ann@Mail.Example", "ann@mail.example"),
        ("email", "ann at mail", None),
        ("email", "a@b@c.example", None),
        ("unionid", "o6_bmasdasdsad6_2sgVt7hMZOPfL", "o6_bmasdasdsad6_2sgVt7hMZOPfL"),
        ("unionid", "O6_bmasdasdsad6_2sgVt7hMZOPfL", "O6_bmasdasdsad6_2sgVt7hMZOPfL"),
        ("unionid", "n/a", None),
    ],
)
def test_keys_have_one_spelling(kind: str, value: str, expected: str | None) -> None:
    assert normalized(kind, value) == expected


def test_shown_keys_hide_what_is_between() -> None:
    assert masked("phone", "+8613800138000") == "+861*******000"
    assert masked("email", "ann@mail.example") == "a***@mail.example"
    assert masked("unionid", "o6_bmasdasdsad6") == "o6_*********ad6"


def test_keys_are_found_where_sources_keep_them(tmp_path: Path) -> None:
    store = Store(tmp_path)
    people(
        store,
        wecom={
            "external_contact": {"unionid": "union-1"},
            "follow_user": [{"remark_mobiles": ["13800138000", "13800138001"]}],
        },
        desk={"email": "Ann@mail.example", "custom_attributes": {"手机号": 13800138000}},
        other={"manager": {"email": "boss@mail.example"}, "phone": True, "emails": ["none"]},
        plain={"phone_number": None, "name": "Ann"},
    )
    fact = {
        "source": "crm", "customer_id": "plain", "field": "邮箱", "value": "ann@mail.example",
        "recorded_at": START,
    }  # fmt: skip
    facts = [
        fact | {"fact_id": "1", "authority": "manual"},
        fact | {"fact_id": "2", "authority": "inferred", "value": "guess@mail.example"},
        fact | {"fact_id": "3", "authority": "crm", "value": "old@mail.example"},
        fact | {"fact_id": "4", "authority": "crm", "value": "old@mail.example", "retracts": "3"},
        fact | {"fact_id": "5", "authority": "crm", "value": "new@mail.example"},
        fact | {"fact_id": "6", "authority": "manual", "value": "undone", "retracts": "5"},
        fact | {"fact_id": "7", "authority": "manual", "value": "undone", "retracts": "6"},
    ]
    store.add("facts", table("facts", facts))
    found = [(one.customer_id, one.kind, one.key, one.field) for one in held_keys(store)]
    assert found == [
        ("desk", "email", "ann@mail.example", "email"),
        ("desk", "phone", "+8613800138000", "手机号"),
        ("plain", "email", "ann@mail.example", "邮箱"),
        ("plain", "email", "new@mail.example", "邮箱"),
        ("wecom", "phone", "+8613800138000", "remark_mobiles"),
        ("wecom", "phone", "+8613800138001", "remark_mobiles"),
        ("wecom", "unionid", "union-1", "unionid"),
    ]


def test_the_record_follows_its_sources_and_keeps_every_step(tmp_path: Path) -> None:
    store = Store(tmp_path)
    people(store, a={"phone": "13800138000"}, b={"phone": "13800138000"})
    assert canonical_customer(store) == {}
    assert follow(store, held_keys(store), at(0)) == (2, 0)
    assert follow(store, held_keys(store), at(1)) == (0, 0)
    assert canonical_customer(store) == {"b": "a"}
    people(store, b={"phone": "13800138001"})
    assert follow(store, held_keys(store), at(2)) == (1, 1)
    assert canonical_customer(store) == {}
    people(store, b={"phone": "13800138000"})
    assert follow(store, held_keys(store), at(3)) == (1, 1)
    assert canonical_customer(store) == {"b": "a"}
    rows = store.read("identities").to_pylist()
    assert len(rows) == 6  # three said, three taken back: nothing was ever changed
    (evidence,) = {row["evidence"] for row in rows if row["retracts"] is None}
    assert orjson.loads(evidence) == {"source": "test", "field": "phone"}


def test_what_a_person_undid_stays_undone_until_it_is_redone(tmp_path: Path) -> None:
    store = Store(tmp_path)
    people(store, a={"phone": "13800138000"}, b={"phone": "13800138000", "email": "b@mail.example"})
    follow(store, held_keys(store), at(0))
    phone = identity_of(Held("b", "phone", "+8613800138000"))
    assert [row["identity_id"] for row in undo(store, phone, "kim", at(1))] == [phone]
    assert canonical_customer(store) == {}
    assert {row["kind"] for row in standing(store) if row["customer_id"] == "b"} == {"email"}
    assert follow(store, held_keys(store), at(2)) == (0, 0)
    assert canonical_customer(store) == {}
    redo(store, "b", "kim", at(3))
    assert canonical_customer(store) == {"b": "a"}
    assert len(undo(store, "b", "kim", at(4))) == 2
    assert standing(store)[0]["customer_id"] == "a"
    assert len(redo(store, "b", "kim", at(5))) == 2
    assert canonical_customer(store) == {"b": "a"}
    with pytest.raises(ValueError, match="redo=b: expected what was undone"):
        redo(store, "b", "kim", at(6))
    with pytest.raises(ValueError, match="undo=nobody: expected a customer"):
        undo(store, "nobody", "kim", at(6))
    authors = [row["author"] for row in store.read("identities").to_pylist()]
    assert authors.count(MACHINE) == 3
    assert authors.count("kim") == 6


def test_whoever_is_erased_leaves_the_record(tmp_path: Path) -> None:
    store = Store(tmp_path)
    people(store, a={"phone": "13800138000"}, b={"phone": "13800138000"})
    follow(store, held_keys(store), at(0))
    assert store.delete("identities", "a") == 1
    assert joins_of(standing(store)).groups == ()


def test_tables_are_read_under_one_id() -> None:
    rows = pa.table({"customer_id": ["a", "b", None, "c"], "n": [1, 2, 3, 4]})
    canonical = {"b": "a"}
    found = one_person(ibis.memtable(rows), canonical).order_by("n").to_pyarrow()
    assert found.column_names == ["customer_id", "n"]
    assert found["customer_id"].to_pylist() == ["a", "a", None, "c"]
    assert under_one_id(rows["customer_id"], canonical).to_pylist() == ["a", "a", None, "c"]
    assert under_one_id(rows["customer_id"], {}).equals(rows["customer_id"])


def called(root: Path, *told: str) -> DictConfig:
    with initialize_config_dir(configuration(), version_base=None):
        return compose("stitch", ["workspace=shop", f"data_dir={root}", *told])


def test_the_command_tells_what_it_joined_and_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ValueError, match="no customers: load a source first"):
        stitch.run(called(tmp_path))
    store = Store(tmp_path / "shop" / "store")
    people(
        store,
        a={"phone": "13800138000", "unionid": "union-1"},
        b={"phone": "13800138000", "unionid": "union-2"},
        c={"email": "c@mail.example"},
        d={"email": "C@mail.example"},
    )
    stitch.run(called(tmp_path, "dry_run=true"))
    assert store.version("identities") is None
    stitch.run(called(tmp_path))
    told = capsys.readouterr().out
    assert "6 keys recorded, 0 taken back" in told
    assert told.count("c is also d\n    email c***@mail.example: c, d") == 2
    assert "not joined: a, b\n    one phone under 2 union ids" in told
    assert "(phone +861*******000)" in told
    assert "13800138000" not in told
    assert "2 customers are 1 person; 1 conflict joined nobody" in told
    stitch.run(called(tmp_path, "undo=d", "author=kim"))
    assert "taken back: d holds email c***@mail.example" in capsys.readouterr().out
    assert canonical_customer(store) == {}
    stitch.run(called(tmp_path, "redo=d", "author=kim"))
    assert "stands again: d holds email" in capsys.readouterr().out
    assert canonical_customer(store) == {"d": "c"}
    times = store.read("identities")["recorded_at"].to_pylist()
    assert all(abs(datetime.now(UTC) - time) < timedelta(minutes=5) for time in times)
