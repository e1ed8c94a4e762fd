"""Scores of interests: each part counted by hand, faded, capped, and summed to what is shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.workspace import Workspace
from insights.profiles.card import Card, card
from insights.settings import InsightSettings
from insights.tables import Tables
from tests.insights.profiles.shop import NOW, add, catalog, chat, event, mention

GUITARS, GARDEN = "Music > Guitars", "Garden > Tools"


def seen(root: Path, **told: object) -> Card:
    settings = InsightSettings.model_validate({"interests": told})
    return card(Tables(Workspace.named("shop", root), settings), "c1", NOW)


def parts(found: Card, name: str) -> dict[str, tuple[int, float, float]]:
    (one,) = [each for each in found.interests if each.name == name]
    assert one.score == pytest.approx(sum(part.points for part in one.parts))
    return {part.name: (part.count, part.amount, round(part.points, 6)) for part in one.parts}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    catalog(tmp_path, g1=GUITARS, g2=GUITARS, s1=GARDEN, x1=None)
    return tmp_path


def test_acts_fade_by_half_each_half_life(root: Path) -> None:
    add(
        root,
        "events",
        event(1, "purchase", 0.0 + 60, item_id="g1"),
        event(2, "purchase", 120, item_id="g2"),
        event(3, "view", 60, item_id="g1"),
        event(4, "rate", 60, item_id="g1", value=5.0),
        event(5, "purchase", 60, item_id="x1"),
        event(6, "purchase", 60, item_id="s1", customer_id="c2"),
    )
    found = seen(root)
    assert parts(found, GUITARS) == {
        "purchases": (2, 2.0, 2.25),  # 3 x (1/2 + 1/4)
        "ratings": (1, 1.0, 1.0),
        "views": (1, 1.0, 0.25),
    }
    assert [one.name for one in found.interests] == [GUITARS]
    assert parts(seen(root, half_life_days=120, purchase=1), GUITARS)["purchases"][2] == (
        pytest.approx(2**-0.5 + 0.5, abs=1e-6)
    )


def test_what_was_liked_adds_and_what_was_disliked_takes_away(root: Path) -> None:
    review = {"kind": "review", "text": "so", "occurred_at": NOW.replace(day=1)}
    add(
        root,
        "feedback",
        review | {"feedback_id": "f1", "item_id": "g1", "rating": 1.0},
        review | {"feedback_id": "f2", "item_id": "s1", "rating": 4.0},
        review | {"feedback_id": "f3", "item_id": "s1"},
    )
    found = seen(root, half_life_days=1e9)
    assert parts(found, GARDEN) == {"ratings": (1, 0.5, 1.0)}
    assert [one.name for one in found.interests] == [GARDEN]  # a score below zero is no interest


@pytest.fixture(scope="module")
def talked(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Card]:
    """Return the card of a customer of one workspace in which many talked; nothing fades."""
    root = tmp_path_factory.mktemp("talked")
    catalog(root, g1=GUITARS, g2=GUITARS, s1=GARDEN, x1=None)
    told = [
        ("waits", "c1", [0, 4, 10, 55, 60]),  # the pause of 45 is no talk
        ("long", "c1", [3 * n for n in range(30)]),  # 87 minutes, of which 30 count
        ("unknown", "c1", [0, 8]),
        ("several", "c2", [0, 8]),
        ("topic", "c2", [0, 5]),
        *((f"n{minutes}", f"n{minutes}", [0, minutes][: minutes + 1]) for minutes in (0, 3, 6, 9)),
    ]
    for name, who, minutes in told:
        add(root, "messages", *(row | {"customer_id": who} for row in chat(name, 1, minutes)))
    mark = {"sender_role": "system", "kind": "conversation_categorized", "text": "delivery"}
    add(root, "messages", chat("topic", 1, [0])[0] | mark | {"message_id": "mark"})
    named = [("waits-0", "c1", "g1"), ("long-3", "c1", "s1"), ("elsewhere", "c1", "g1")]
    named += [("several-0", "c2", "g1|g2|s1"), ("several-1", "c2", "s1|x1")]
    mention(root, *named, *((f"n{minutes}-0", f"n{minutes}", "g1") for minutes in (0, 3, 6, 9)))
    settings = InsightSettings.model_validate({"interests": {"half_life_days": 1e9}})
    tables = Tables(Workspace.named("shop", root), settings)
    return lambda customer: card(tables, customer, NOW)


def test_time_spent_talking_counts_without_waiting_and_up_to_a_limit(
    talked: Callable[[str], Card],
) -> None:
    found = talked("c1")
    assert parts(found, GUITARS) == {"conversations": (1, 15.0, 1.5)}
    assert parts(found, GARDEN) == {"conversations": (1, 30.0, 3.0)}
    assert found.minutes == pytest.approx(15 + 87 + 8)
    assert found.interests[0].told() == "3.00 conversations (1)"


def test_goods_that_are_named_share_a_conversation_and_without_any_its_topic_counts(
    talked: Callable[[str], Card],
) -> None:
    found = talked("c2")
    assert parts(found, GUITARS)["conversations"][1] == pytest.approx(4.0)
    assert parts(found, GARDEN)["conversations"][1] == pytest.approx(4.0)
    one = found.interests[0]
    assert (one.kind, one.name, one.score) == ("topic", "delivery", pytest.approx(0.5))


def test_longer_talk_never_lowers_a_score(talked: Callable[[str], Card]) -> None:
    cards = [talked(f"n{minutes}") for minutes in (0, 3, 6, 9)]
    scores = [sum(one.score for one in found.interests) for found in cards]
    assert scores == pytest.approx([0, 0.3, 0.6, 0.9])


def test_what_was_not_known_yet_is_not_counted(root: Path) -> None:
    later = {"available_at": NOW, "occurred_at": NOW.replace(day=2)}
    add(root, "events", event(1, "purchase", 9, item_id="g1") | later)
    assert seen(root).interests == ()


@pytest.mark.parametrize("wrong", [{"half_life_days": 0}, {"purchase": -1}, {"talk": 1}])
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        InsightSettings.model_validate({"interests": wrong})
