"""The use case: rules, newest events, fallback and reasons on a business of known tastes."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.store import Store
from serving.catalog import Catalog
from serving.errors import BadRequestError, UnknownCategoryError, UnknownItemError
from serving.overlay import Seen
from serving.ranked import TABLE, Options
from serving.reasons import Language
from serving.recommend import Engine
from tests.serving.shop import ITEMS, NOW, bought, frame, make_engine, rows
from training.models.base import Recommender


def test_known_customers_get_their_own_taste(engine: Engine, store: Store) -> None:
    found = frame(engine.recommend(["c00", "c01"], 2))
    assert engine.recommend(["c00"], 2).schema == TABLE
    garden = found[found["customer_id"] == "c00"]
    assert set(garden["item_id"]) & {"g1", "g2", "g3"}
    assert not set(garden["item_id"]) & bought(store, "c00")
    first = garden.iloc[0]
    assert first["origin"] == "model"
    assert first["rank"] == 1
    assert first["title"] == ITEMS[first["item_id"]][0]


def test_a_reason_names_an_item_the_customer_bought(engine: Engine, store: Store) -> None:
    first = frame(engine.recommend(["c00"], 1)).iloc[0]
    titles = {ITEMS[item][0] for item in bought(store, "c00")}
    assert first["reason"] in {f"Because you bought {title}." for title in titles}


def test_reasons_speak_chinese_when_asked(engine: Engine) -> None:
    ranked = engine.rank(["c00"], 1, Options(lang=Language.ZH))
    assert ranked.reasons[0][0].startswith("因为您买过“")


def test_seen_items_come_back_when_allowed_and_say_so(engine: Engine, store: Store) -> None:
    found = frame(engine.recommend(["c00"], 8, Options(exclude_seen=False)))
    seen = found[found["item_id"].isin(bought(store, "c00"))]
    assert len(seen) == 2
    assert set(seen["reason"]) == {"You bought this once before."}


def test_an_unknown_customer_gets_popular_items_and_is_told(engine: Engine) -> None:
    ranked = engine.rank(["nobody"], 3)
    assert ranked.fallback.all()
    assert "does not know this customer" in str(ranked.message(0, 3))
    assert all(reason.startswith("Popular") for reason in ranked.reasons[0])
    assert "热门" in str(engine.rank(["nobody"], 3, Options(lang=Language.ZH)).message(0, 3))


def test_a_short_list_says_that_nothing_else_fits(engine: Engine) -> None:
    ranked = engine.rank(["c01"], 5, Options(category="garden > plants"))
    assert (ranked.items[0] >= 0).sum() == 1
    short = engine.rank(["c01"], 200)
    assert "no others fit" in str(short.message(0, 200))
    assert "没有其他" in str(engine.rank(["c01"], 200, Options(lang=Language.ZH)).message(0, 200))


@pytest.mark.parametrize("name", ["Garden > Tools", "garden>tools", "GARDEN  >  TOOLS"])
def test_the_category_filter_takes_leading_levels_in_any_case(engine: Engine, name: str) -> None:
    found = frame(engine.recommend(["c01", "nobody"], 5, Options(category=name)))
    assert set(found["item_id"]) == {"g1", "g2"}


def test_an_unknown_category_is_refused_with_close_ones(engine: Engine) -> None:
    with pytest.raises(UnknownCategoryError) as caught:
        engine.rank(["c00"], 3, Options(category="Gitars"))
    assert "Music > Guitars" in str(caught.value.expected)
    with pytest.raises(UnknownCategoryError, match="such as: Music; Garden"):
        engine.rank(["c00"], 3, Options(category="qqqqqq"))


def test_items_are_shown_only_while_available(store: Store, model: Recommender) -> None:
    limits = [
        {"item_id": "g1", "available_until": NOW},
        {"item_id": "g2", "available_from": NOW + timedelta(seconds=1)},
        {"item_id": "g3", "available_from": NOW, "available_until": NOW + timedelta(days=1)},
    ]
    store.add("items", rows("items", limits))
    options = Options(category="Garden")
    found = frame(make_engine(store, model).recommend(["nobody"], 5, options))
    assert set(found["item_id"]) == {"g3"}
    early = make_engine(store, model, NOW - timedelta(days=1))
    assert set(frame(early.recommend(["nobody"], 5, options))["item_id"]) == {"g1"}


def test_new_events_change_the_next_answer(engine: Engine) -> None:
    assert engine.overlay.add([Seen("n1", "new", "purchase", "g1")]) == 1
    ranked = engine.rank(["new"], 2)
    assert not ranked.fallback[0, 0]
    assert set(np.array(engine.catalog.ids)[ranked.items[0]]) == {"g2", "g3"}
    assert ranked.reasons[0][0] == "Because you bought Spade."


def test_other_customers_are_not_touched_by_news(engine: Engine) -> None:
    before = engine.rank(["c02", "c03"], 4)
    buyer = engine.rank(["c04"], 4).items[0]
    bought_now = engine.catalog.ids[buyer[0]]
    assert engine.overlay.add([Seen("n1", "c04", "purchase", bought_now)]) == 1
    after = engine.rank(["c02", "c03", "c04"], 4)
    assert buyer[0] not in after.items[2]
    np.testing.assert_array_equal(before.items, after.items[:2])
    np.testing.assert_array_equal(before.scores, after.scores[:2])


@given(st.permutations([f"c{n:02d}" for n in range(12)] + ["nobody"]), st.integers(1, 13))
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_an_answer_does_not_depend_on_who_else_is_asked_about(
    engine: Engine, customers: list[str], size: int
) -> None:
    alone = {name: engine.recommend([name], 3).to_pylist() for name in customers[:2]}
    together = engine.recommend(customers[:size], 3).to_pylist()
    for name in set(alone) & set(customers[:size]):
        assert [row for row in together if row["customer_id"] == name] == alone[name]


def test_a_longer_list_begins_with_the_shorter_one(engine: Engine) -> None:
    short, long = engine.rank(["c05"], 2), engine.rank(["c05"], 6)
    np.testing.assert_array_equal(short.items[0], long.items[0, :2])
    assert short.reasons[0] == long.reasons[0][:2]


def test_wrong_questions_are_refused(engine: Engine) -> None:
    with pytest.raises(BadRequestError, match="from 1 to 200"):
        engine.rank(["c00"], 0)
    with pytest.raises(BadRequestError, match="more than once"):
        engine.rank(["c00", "c00"], 1)
    with pytest.raises(UnknownItemError, match="does not know the item 'zz'"):
        engine.similar("zz", 3)


def test_similar_items_share_customers(engine: Engine) -> None:
    found = engine.similar("g1", 3)
    assert {engine.catalog.ids[number] for number, _ in found} <= {"g2", "g3"}


def test_a_catalog_in_another_order_is_refused(engine: Engine, model: Recommender) -> None:
    other = make_catalog_reversed(engine)
    with pytest.raises(ValueError, match="in its order"):
        Engine(
            model=model,
            facts=engine.facts,
            catalog=other,
            recent=np.zeros(len(other), np.float32),
        )


def make_catalog_reversed(engine: Engine) -> Catalog:
    ids = tuple(reversed(engine.catalog.ids))
    return Catalog.of(ids, rows("items", [{"item_id": "g1", "title": "Spade"}]))
