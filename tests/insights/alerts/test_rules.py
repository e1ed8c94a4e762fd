"""Rules as data: ours are sound, mistakes are told, own ones take their place."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from features.text.taxonomy.taxonomy import named_taxonomy
from insights.alerts.finding_rules import FindingRule
from insights.alerts.rules import FOLDER, load_rules
from insights.registry import find
from tests.insights.alerts.sample import rule

OWN = """
name: {name}
kind: threshold
title: {{en: Many, zh: 多}}
action: {{en: Look., zh: 看。}}
owner: me
finding: volume
above: 3
"""


def test_our_rules_name_findings_and_taxonomies_that_exist() -> None:
    rules = load_rules()
    assert {found.kind for found in rules} == {
        "threshold", "change", "anomaly", "new", "words", "events", "waiting", "mood"
    }  # fmt: skip
    for found in rules:
        if isinstance(found, FindingRule):
            assert found.by is None or found.by in find(found.finding, found.family).dimensions
        if found.taxonomy is not None:
            named_taxonomy(found.taxonomy)


def test_own_rules_join_ours_and_replace_those_of_the_same_name(tmp_path: Path) -> None:
    for name in ("busy", "slow_replies"):
        (tmp_path / f"{name}.yaml").write_text(OWN.format(name=name), encoding="utf-8")
    (tmp_path / "idle.yaml").write_text(OWN.format(name="idle") + "enabled: false", "utf-8")
    rules = {found.name: found for found in load_rules(folders=(FOLDER, tmp_path))}
    assert rules["slow_replies"].owner == rules["busy"].owner == "me"
    assert "idle" not in rules
    assert [found.name for found in load_rules(["idle"], (tmp_path,))] == ["idle"]


def test_mistakes_in_rules_are_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no alert surge: there are .*conversation_surge"):
        load_rules(["surge"])
    file = tmp_path / "busy.yaml"
    file.write_text(OWN.format(name="lazy"), encoding="utf-8")
    with pytest.raises(ValueError, match="expected name 'busy', received 'lazy'"):
        load_rules(folders=(tmp_path,))
    file.write_text(OWN.format(name="busy") + "abov: 3", encoding="utf-8")
    with pytest.raises(ValueError, match=r"busy\.yaml.*\n.*abov"):
        load_rules(folders=(tmp_path,))


@pytest.mark.parametrize(
    ("kind", "told", "expected"),
    [
        ("threshold", {"finding": "volume"}, "above or below"),
        ("words", {"who": "human"}, "words or patterns"),
        ("words", {"patterns": ["(a"]}, r"patterns.*\(a"),
        ("anomaly", {"finding": "volume", "weeks": 3}, "needed_weeks"),
        ("events", {"kinds": []}, "at least 1 item"),
        ("waiting", {"longer_than_minutes": 0}, "greater than 0"),
    ],
)
def test_rules_that_cannot_work_are_refused(
    kind: str, told: dict[str, object], expected: str
) -> None:
    with pytest.raises(ValidationError, match=expected):
        rule(kind, **told)
