"""Which text carries which need, how needs are called, and what is quoted."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from features.text.pipeline.stages import texts_folder
from insights.filters import Filters
from insights.needs.cards import known_needs, need_cards
from insights.needs.members import need_tables
from insights.needs.names import kind_of, kinds, owner_of, titles
from insights.needs.quotes import LONGEST, excerpt
from insights.needs.settings import NeedSettings
from insights.registry import find
from insights.tables import Tables
from tests.insights.needs.workspace import said, write


def carried(tables: Tables) -> dict[str, list[str]]:
    rows = need_tables(tables).rows.select("need", "text_id").to_pandas()
    return {str(need): sorted(part["text_id"]) for need, part in rows.groupby("need")}


def test_labels_are_needs_but_the_unknown_ones(tmp_path: Path) -> None:
    texts = [
        said(0, "a", labels={"customer_needs": "pricing", "ecommerce": "quality"}),
        said(1, "b", labels={"customer_needs": "other", "ecommerce": "unknown"}),
    ]
    tables = write(tmp_path, texts)
    assert set(carried(tables)) == {"code.customer_needs.pricing", "code.ecommerce.quality"}
    one = tables.settings.model_validate({"needs": {"taxonomies": ["ecommerce"]}})
    assert carried(Tables(tables.workspace, one)) == {"code.ecommerce.quality": ["t0"]}
    other = tables.settings.model_validate({"needs": {"taxonomies": ["finance"]}})
    with pytest.raises(FileNotFoundError, match=r"text\.taxonomies=\[finance\]"):
        need_tables(Tables(tables.workspace, other))


def test_signals_are_split_by_what_they_are_about(tmp_path: Path) -> None:
    texts = [
        said(0, "a", signals={"pain_point": 0.8}, aspects={"battery": -0.5, "price": 0.6}),
        said(1, "b", signals={"pain_point": 0.8}, aspects={"general": -0.5}),
        said(2, "c", signals={"suggestion": 0.9}, aspects={"price": 0.4}),
        said(3, "d", signals={"usability_pain": 0.6, "service_dissatisfaction": 0.7}),
        said(4, "e", signals={"purchase_intent": 0.9, "public_opinion": 0.9}),  # no need
    ]
    assert carried(write(tmp_path, texts)) == {
        "pain_point.battery": ["t0"],
        "pain_point.other": ["t1"],
        "suggestion.price": ["t2"],
        "usability_pain": ["t3"],
        "service_dissatisfaction": ["t3"],
    }


def test_without_aspects_signals_stay_whole(tmp_path: Path) -> None:
    tables = write(tmp_path, [said(0, "a", signals={"suggestion": 0.9}, aspects={"price": 1})])
    (texts_folder(tables.workspace) / "aspects.parquet").unlink()
    assert set(carried(tables)) == {"suggestion.other"}


def test_questions_asked_often_are_needs(tmp_path: Path) -> None:
    texts = [said(day, f"c{day}", question=7, text="Can I pay later?") for day in range(3)]
    texts += [said(day, f"d{day}", question=8, text="Where are you?") for day in range(2)]
    tables = write(tmp_path, texts)
    (card,) = need_cards(tables, Filters())
    assert (card.need, card.texts) == ("question.7", 3)
    assert card.title == {"zh": "Can I pay later?", "en": "Can I pay later?"}
    assert known_needs(tables) == {"question.7"}


def test_new_results_of_text_analysis_are_read(tmp_path: Path) -> None:
    tables = write(tmp_path, [said(0, "a", signals={"suggestion": 0.9}, aspects={"price": 1})])
    assert set(carried(tables)) == {"suggestion.price"}
    assert need_tables(tables) is need_tables(tables)  # kept while nothing changes
    (texts_folder(tables.workspace) / "aspects.parquet").unlink()
    assert set(carried(tables)) == {"suggestion.other"}


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
