"""Every verb that filters offers every filter, and reads what it was told."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from ingest.configuration import configuration
from insights.alerts.rule import BaseRule
from insights.filters import Chosen, Filters

VERBS = ("insights", "action", "case")


def settings(verb: str, *overrides: str) -> dict[str, Any]:
    with initialize_config_dir(configuration(), version_base=None):
        told = OmegaConf.to_container(compose(verb, [*overrides]), resolve=True)
    return cast("dict[str, Any]", told)


@pytest.mark.parametrize("name", Chosen.model_fields)
@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_that_filters_offers_and_reads_every_filter(verb: str, name: str) -> None:
    value = {"label_match": "any", "sentiment": "negative"}.get(name, "one")
    setting = {"source": "sources"}.get(name, name)
    told = settings(verb, f"{setting}={value}" if name == "label_match" else f"{setting}=[{value}]")
    chosen = Filters.of(told).model_dump(exclude_defaults=True)
    assert chosen == {name: value if name == "label_match" else (value,)}


@pytest.mark.parametrize("verb", VERBS)
def test_nothing_told_keeps_everything(verb: str) -> None:
    assert Filters.of(settings(verb)) == Filters()


def test_views_and_rules_offer_every_filter_too() -> None:
    assert set(settings("view")["scope"]) == set(Chosen.model_fields)
    assert BaseRule.model_fields["only"].annotation is Chosen


def test_no_verb_lists_filters_of_its_own() -> None:
    files = Path(configuration()).glob("*.yaml")
    assert [file.name for file in files if "\nagent:" in file.read_text("utf-8")] == ["chosen.yaml"]
