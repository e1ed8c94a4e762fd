"""The documentation is tested: what exists is described, and what is described exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parents[1]
CONF = HOUSE / "conf"
README = (HOUSE / "README.md").read_text(encoding="utf-8")
README_ZH = (HOUSE / "README.zh.md").read_text(encoding="utf-8")
REFERENCE = (HOUSE / "docs" / "reference.md").read_text(encoding="utf-8")

OPTIONS = sorted(
    f"{file.parent.relative_to(CONF)}/{file.stem}"
    for file in CONF.rglob("*.yaml")
    if file.parent != CONF
)
VERBS = (
    "ingest",
    "features",
    "training",
    "training.promote",
    "insights",
    "serving.batch",
    "serving.api",
)
SECTIONS = (
    "Two commands",
    "What you see",
    "Your own data in five minutes",
    "The verbs",
    "Architecture",
    "Measured results",
)


@pytest.mark.parametrize("option", OPTIONS)
def test_every_configuration_choice_is_documented(option: str) -> None:
    group, _, name = option.rpartition("/")
    section = REFERENCE.split(f"### `{group}`", 1)
    assert len(section) == 2, f"docs/reference.md has no section for the group {group}"
    assert f"`{name}`" in section[1].split("\n#", 1)[0]


def test_every_metric_is_documented() -> None:
    from training.metrics import METRICS

    missing = [name for name in METRICS if f"`{name}`" not in REFERENCE]
    assert missing == []


def test_every_route_is_documented() -> None:
    from serving.api.app import route_table

    missing = [path for _, path in route_table() if f"`{path}`" not in REFERENCE]
    assert missing == []


def test_every_finding_is_documented() -> None:
    from insights.registry import FINDINGS

    assert [name for name in FINDINGS if f"`{name}`" not in REFERENCE] == []


@pytest.mark.parametrize("readme", [README, README_ZH], ids=["en", "zh"])
@pytest.mark.parametrize("verb", VERBS)
def test_both_readmes_name_every_verb(readme: str, verb: str) -> None:
    assert f"python -m {verb}" in readme


def test_readme_tells_its_story_in_order() -> None:
    places = [README.index(f"## {section}") for section in SECTIONS]
    assert places == sorted(places)


@pytest.mark.parametrize("readme", [README, README_ZH], ids=["en", "zh"])
def test_make_targets_and_links_exist(readme: str) -> None:
    makefile = (HOUSE / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`?make ([a-z]+)", readme)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"make {target} does not exist"
    for link in re.findall(r"\]\(([^)#:]+)\)", readme):
        assert (HOUSE / link).exists(), f"the readme links to {link}, which does not exist"


def test_both_readmes_show_the_same_commands_and_results() -> None:
    def commands(text: str) -> list[str]:
        lines = re.findall(r"^(?:python -m|make|curl) ?.*$", text, re.MULTILINE)
        return [line.split("#")[0].strip() for line in lines]

    assert commands(README) == commands(README_ZH)

    def figures(readme: str) -> list[str]:
        results = readme.partition("<!-- results -->")[2].partition("<!-- /results -->")[0]
        return re.findall(r"\d+\.\d+", results)

    assert figures(README) == figures(README_ZH)
