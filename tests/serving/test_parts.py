"""The small parts: sentences, categories, catalog, newest events, batches of questions."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.store import Store
from serving.api.batching import Batcher
from serving.catalog import Catalog, microseconds
from serving.overlay import Overlay, Seen
from serving.reasons import Evidence, Ground, Language, Wording, shortened
from serving.rules import Rules, levels_of
from tests.serving.shop import NOW, UNTIL, rows
from training.ids import IdMap


@pytest.mark.parametrize("lang", list(Language))
@pytest.mark.parametrize("kind", ["purchase", "rate", "view", "other"])
@pytest.mark.parametrize("ground", list(Ground))
def test_every_ground_has_a_sentence(lang: Language, kind: str, ground: Ground) -> None:
    said = Wording([kind]).sentence(Evidence(ground, "Tea", 2, simulated=True), lang)
    assert "{" not in said
    assert ("simulated" in said) == (lang is Language.EN)
    assert ("模拟" in said) == (lang is Language.ZH)
    assert said.endswith("。" if lang is Language.ZH else ".")


def test_sentences_count_and_choose_their_verb() -> None:
    assert Wording(["rate"]).sentence(Evidence(Ground.BECAUSE, "Heat")) == "Because you rated Heat."
    many = Evidence(Ground.AGAIN, times=5)
    assert Wording(["purchase"]).sentence(many) == "You bought this 5 times before."
    assert Wording(["view"]).sentence(many, Language.ZH) == "您看过此商品5次。"


@given(st.text(max_size=300))
def test_a_title_fits_into_a_sentence(title: str) -> None:
    short = shortened(title)
    assert len(short) <= 60
    assert "\n" not in short
    assert not short.endswith(".")


def catalog(categories: Sequence[str | None]) -> Catalog:
    ids = [f"i{n:03d}" for n in range(len(categories))]
    entries = [{"item_id": i, "category": c} for i, c in zip(ids, categories, strict=True)]
    return Catalog.of(ids, rows("items", entries))  # type: ignore[arg-type]


LEVEL = st.text("abXY1é吉他", min_size=1, max_size=4)


@given(st.lists(st.lists(LEVEL, max_size=3), min_size=1, max_size=12))
def test_a_category_holds_exactly_the_items_below_it(paths: list[list[str]]) -> None:
    shown = [" > ".join(path) or None for path in paths]
    rules = Rules(catalog(shown))
    for path in paths:
        for depth in range(1, len(path) + 1):
            mask = rules.allowed(NOW, " > ".join(path[:depth]).upper())
            wanted = levels_of(" > ".join(path[:depth]).upper())
            expected = [levels_of(other or "")[:depth] == wanted for other in shown]
            assert mask is not None
            assert mask.tolist() == expected


def test_items_without_facts_are_called_by_their_id() -> None:
    found = Catalog.of(["a", "b"], rows("items", [{"item_id": "b", "title": "Bee"}]))
    assert found.titles == ("a", "Bee")
    assert found.category_of(0) is None
    assert Rules(found).allowed(NOW) is None


def test_a_catalog_of_unequal_columns_is_refused() -> None:
    found = catalog(["A"])
    with pytest.raises(ValueError, match="received lengths"):
        Catalog(
            found.ids, (), found.category_codes, (), found.available_from,
            found.available_until, found.simulated,
        )  # fmt: skip


@given(st.datetimes(datetime(1901, 1, 1), datetime(2190, 1, 1)))  # noqa: DTZ001
def test_microseconds_are_exact(time: datetime) -> None:
    aware = time.replace(tzinfo=UTC)
    assert microseconds(aware) == pa.scalar(aware, pa.timestamp("us", "UTC")).value


ITEMS = IdMap.of(["a", "b", "c"])
EVENTS = st.lists(
    st.builds(
        Seen,
        event_id=st.sampled_from([f"e{n}" for n in range(8)]),
        customer_id=st.sampled_from(["x", "y"]),
        kind=st.sampled_from(["purchase", "view"]),
        item_id=st.sampled_from(["a", "b", "c", "unknown", None]),
    ),
    max_size=30,
)


@given(EVENTS, st.integers(0, 30))
def test_the_overlay_counts_every_event_once_however_it_arrives(
    events: list[Seen], cut: int
) -> None:
    first: dict[str, Seen] = {}
    for event in events:
        if event.kind == "purchase" and event.item_id in {"a", "b", "c"}:
            first.setdefault(event.event_id, event)
    expected = Counter((event.customer_id, event.item_id) for event in first.values())
    overlay = Overlay(ITEMS, ["purchase"])
    assert overlay.add(events[:cut]) + overlay.add(events[cut:]) == len(first) == len(overlay)
    assert overlay.add(events) == 0
    matrix = overlay.matrix(["x", "nobody", "y"])
    dense = np.zeros((3, 3)) if matrix is None else matrix.toarray()
    for (customer, item), count in expected.items():
        assert dense[["x", "nobody", "y"].index(customer), "abc".index(str(item))] == count
    assert dense.sum() == len(first)
    assert ("x" in overlay) == any(event.customer_id == "x" for event in first.values())


def test_the_overlay_takes_only_what_the_model_does_not_know(store: Store) -> None:
    late = {"customer_id": "c00", "kind": "purchase", "item_id": "m1", "occurred_at": UNTIL}
    known = UNTIL + timedelta(days=1)
    store.add(
        "events",
        rows(
            "events",
            [
                {**late, "event_id": "at", "available_at": UNTIL},
                {**late, "event_id": "after", "available_at": known},
                {**late, "event_id": "before", "available_at": UNTIL - timedelta(seconds=1)},
                {**late, "event_id": "other", "available_at": known, "kind": "view"},
            ],
        ),
    )
    overlay = Overlay(IdMap.of(["m1"]), ["purchase"])
    assert overlay.refresh(store, UNTIL) == 2


def test_low_ratings_do_not_count() -> None:
    overlay = Overlay(ITEMS, ["rate"], min_value=4)
    rated = [Seen(f"e{v}", "x", "rate", "a", v) for v in (None, 3.0, 4.0, 5.0)]
    assert overlay.add(rated) == 2


def test_questions_that_wait_together_are_answered_together() -> None:
    sizes: list[int] = []
    started = threading.Event()

    def work(questions: Sequence[int]) -> list[int | Exception]:
        sizes.append(len(questions))
        started.set()
        time.sleep(0.05)
        return [ValueError("odd") if q % 2 else q * 10 for q in questions]

    async def ask() -> list[int | BaseException]:
        batcher: Batcher[int, int] = Batcher(work, max_size=4, name="test")
        first = asyncio.ensure_future(batcher.ask(0))
        while not started.is_set():
            await asyncio.sleep(0.001)
        rest = [batcher.ask(n) for n in range(1, 7)]
        answers = await asyncio.gather(first, *rest, return_exceptions=True)
        assert await batcher.run(lambda: 5) == 5
        await batcher.close()
        return answers

    answers = asyncio.run(ask())
    assert sizes == [1, 4, 2]
    assert [a for a in answers if isinstance(a, int)] == [0, 20, 40, 60]
    assert sum(isinstance(a, ValueError) for a in answers) == 3


def test_a_failing_batch_fails_its_questions_and_nothing_else() -> None:
    def work(questions: Sequence[str]) -> list[str | Exception]:
        if "bad" in questions:
            raise RuntimeError("no answer")
        return list(questions)

    async def ask() -> None:
        batcher: Batcher[str, str] = Batcher(work, max_size=4, name="test")
        with pytest.raises(RuntimeError, match="no answer"):
            await batcher.ask("bad")
        gone = asyncio.ensure_future(batcher.ask("gone"))
        await asyncio.sleep(0)
        gone.cancel()
        assert await batcher.ask("good") == "good"
        waiting = asyncio.ensure_future(batcher.ask("last"))
        await asyncio.sleep(0)
        await batcher.close()
        assert await waiting == "last"

    asyncio.run(ask())


def batch_sizes(linger: float, pauses: Sequence[float]) -> list[int]:
    """Return the sizes of batches when one asker a pause asks, pauses that long and asks again."""
    sizes: list[int] = []

    def work(questions: Sequence[int]) -> list[int | Exception]:
        sizes.append(len(questions))
        return list(questions)

    async def ask() -> None:
        batcher: Batcher[int, int] = Batcher(work, max_size=4, name="test", linger=linger)

        async def twice(number: int, pause: float) -> None:
            assert await batcher.ask(number) == number
            await asyncio.sleep(pause)
            assert await batcher.ask(-number) == -number

        await asyncio.gather(*(twice(n, pause) for n, pause in enumerate(pauses)))
        await batcher.close()

    asyncio.run(ask())
    return sizes


def test_who_was_answered_together_is_waited_for() -> None:
    assert batch_sizes(60, [0, 0.02, 0.04]) == [3, 3]


def test_who_was_answered_alone_waits_for_nobody() -> None:
    assert batch_sizes(60, [0]) == [1, 1]


def test_the_wait_for_those_who_do_not_come_ends() -> None:
    assert batch_sizes(0.05, [0, 0.5]) == [2, 1, 1]
