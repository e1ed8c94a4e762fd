"""Which text carries which need, how needs are called, and what is quoted."""

from __future__ import annotations

from pathlib import Path

import pytest
from ibis.expr.types import Table
from pydantic import ValidationError

from features.text.pipeline.stages import texts_folder
from insights.filters import Filters
from insights.needs.cards import known_needs, need_cards
from insights.needs.links import links
from insights.needs.members import need_tables
from insights.needs.names import kind_of, kinds, owner_of, titles
from insights.needs.quotes import LONGEST, excerpt
from insights.needs.settings import NeedSettings
from insights.registry import find
from insights.tables import Tables
from tests.insights.needs.workspace import said, write

TEXTS = [
    said(0, "a", labels={"customer_needs": "pricing", "ecommerce": "quality"}),
    said(1, "b", labels={"customer_needs": "other", "ecommerce": "unknown"}),
    said(2, "a", signals={"pain_point": 0.8}, aspects={"battery": -0.5, "price": 0.6}),
    said(3, "b", signals={"pain_point": 0.8}, aspects={"general": -0.5}),
    said(4, "c", signals={"suggestion": 0.9}, aspects={"price": 0.4}),
    said(5, "d", signals={"usability_pain": 0.6, "service_dissatisfaction": 0.7}),
    said(6, "e", signals={"purchase_intent": 0.9, "public_opinion": 0.9}),  # no need
    *(said(day, f"c{day}", question=7, text="Can I pay later?") for day in range(3)),
    *(said(day, f"d{day}", question=8, text="Where are you?") for day in range(2)),
]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return write(tmp_path_factory.mktemp("links"), TEXTS)


def grouped(rows: Table) -> dict[str, list[str]]:
    found = rows.select("need", "text_id").to_pandas()
    return {str(need): sorted(part["text_id"]) for need, part in found.groupby("need")}


def carried(tables: Tables) -> dict[str, list[str]]:
    return grouped(need_tables(tables).rows)


def test_labels_signals_and_frequent_questions_are_needs(tables: Tables) -> None:
    assert carried(tables) == {
        "code.customer_needs.pricing": ["t0"],
        "code.ecommerce.quality": ["t0"],
        "pain_point.battery": ["t2"],
        "pain_point.other": ["t3"],
        "suggestion.price": ["t4"],
        "usability_pain": ["t5"],
        "service_dissatisfaction": ["t5"],
        "question.7": ["t7", "t8", "t9"],
    }
    assert known_needs(tables) == set(carried(tables))


def test_taxonomies_can_be_chosen(tables: Tables) -> None:
    folder, connection = texts_folder(tables.workspace), tables.chats.connection
    one = grouped(links(connection, folder, NeedSettings(taxonomies=("ecommerce",))))
    assert [need for need in one if need.startswith("code")] == ["code.ecommerce.quality"]
    with pytest.raises(FileNotFoundError, match=r"text\.taxonomies=\[finance\]"):
        links(connection, folder, NeedSettings(taxonomies=("finance",)))


def test_a_good_review_that_complains_is_no_praise_of_what_it_complains_about(
    tables: Tables,
) -> None:
    rows = need_tables(tables).rows.select("need", "polarity", "sentiment").to_pandas()
    told = rows.set_index("need")
    assert told.loc["suggestion.price", "sentiment"] == "positive"  # the text is negative
    assert told.loc["pain_point.battery", "polarity"] == pytest.approx(-0.5)
    assert told.loc["usability_pain", "polarity"] == pytest.approx(-0.8)


def test_a_question_is_its_own_title(tables: Tables) -> None:
    cards = {card.need: card for card in need_cards(tables, Filters())}
    assert cards["question.7"].title == {"zh": "Can I pay later?", "en": "Can I pay later?"}
    assert cards["question.7"].texts == 3


def test_new_results_of_text_analysis_are_read(tmp_path: Path) -> None:
    tables = write(tmp_path, [said(0, "a", signals={"suggestion": 0.9}, aspects={"price": 1})])
    assert set(carried(tables)) == {"suggestion.price"}
    assert need_tables(tables) is need_tables(tables)  # kept while nothing changes
    (texts_folder(tables.workspace) / "aspects.parquet").unlink()
    assert set(carried(tables)) == {"suggestion.other"}  # without aspects signals stay whole


def test_what_was_not_analyzed_says_what_to_run(tmp_path: Path) -> None:
    tables = write(tmp_path, [said(0, "a")])
    with pytest.raises(FileNotFoundError, match=r"python -m features workspace=shop only=text"):
        find("needs").table(tables, Filters())
    (texts_folder(tables.workspace) / "texts.parquet").unlink()
    with pytest.raises(FileNotFoundError, match=r"python -m features workspace=shop"):
        find("needs").table(tables, Filters())


def test_needs_have_names_and_owners_in_both_languages() -> None:
    assert titles("pain_point.delivery", {}) == {
        "zh": "痛点:物流配送",
        "en": "Pain point: Delivery",
    }
    assert titles("suggestion.other", {})["en"] == "Suggestion"
    assert titles("suggestion.warp_drive", {})["en"] == "Suggestion: warp_drive"
    assert titles("code.ecommerce.gone", {})["en"] == "gone"
    assert owner_of("code.customer_needs.pricing") == "pricing_team"
    assert owner_of("service_dissatisfaction") == "service_team"
    with pytest.raises(ValueError, match="expected an id that begins with"):
        kind_of("wish.price")
    for kind in kinds().values():
        assert kind.plan.keys() == kind.title.keys() == {"zh", "en"}


def test_long_texts_are_quoted_by_the_sentence_that_shows_it() -> None:
    told = "I bought it in May. " * 8 + "Then the hinge broke off. Call 13800138000. " + "Bye. " * 9
    start = told.index("hinge")
    assert excerpt(told, start, start + 5) == "Then the hinge broke off."
    assert excerpt(told, None, None) == "I bought it in May."
    assert len(excerpt("word " * 200, None, None)) <= LONGEST
    assert excerpt(" short: 13800138000 ", 0, 3) == "short: 138****8000"


def test_drivers_are_looked_for_in_known_columns() -> None:
    with pytest.raises(ValidationError, match="expected some of segment"):
        NeedSettings(drivers=("shoe_size",))
