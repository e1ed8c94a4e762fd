"""The documentation is tested: what exists is described, and what is described exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

HOUSE = Path(__file__).resolve().parents[1]
README = (HOUSE / "README.md").read_text(encoding="utf-8")
RESULTS = (HOUSE / "docs" / "results.md").read_text(encoding="utf-8")
README_ZH = (HOUSE / "README.zh.md").read_text(encoding="utf-8")
REFERENCE = (HOUSE / "docs" / "reference.md").read_text(encoding="utf-8")

VERBS = (
    "ingest",
    "ingest.archive",
    "ingest.backup",
    "ingest.restore",
    "ingest.state",
    "ingest.stitch",
    "features",
    "training",
    "training.compare",
    "training.label",
    "training.promote",
    "training.retrain",
    "training.tune",
    "insights",
    "insights.action",
    "insights.alert",
    "insights.case",
    "insights.customer",
    "insights.need",
    "insights.schedule",
    "insights.view",
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


def test_the_reference_lists_what_there_is() -> None:
    from serving.reference import PAGE, page

    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m serving.reference`"


def test_every_choice_says_what_it_is() -> None:
    empty = [line for line in REFERENCE.splitlines() if re.fullmatch(r"\| `[^`]+` \|\s*\|", line)]
    assert empty == []


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
        tables = re.findall(r"<!-- results:.*?<!-- /results -->", readme, re.DOTALL)
        return re.findall(r"\d+\.\d+", "".join(tables))

    assert len(figures(README)) > 0

    assert figures(README) == figures(README_ZH)


def sweeps() -> dict[str, set[str]]:
    """Return the models that experiments with a table compare, by the name of the table."""
    found = {}
    for file in sorted((HOUSE / "conf" / "experiment").glob("*.yaml")):
        config = yaml.safe_load(file.read_text(encoding="utf-8"))
        models = config.get("hydra", {}).get("sweeper", {}).get("params", {}).get("model")
        if isinstance(models, str) and f"<!-- results:{file.stem} " in RESULTS:
            found[file.stem] = set(models.split(","))
    return found


@pytest.mark.parametrize("experiment", sweeps())
def test_a_table_has_the_models_that_its_command_compares(experiment: str) -> None:
    tables = re.findall(rf"<!-- results:{experiment} .*?<!-- /results -->", RESULTS, re.DOTALL)
    found = set()
    for table in tables:
        head, *lines = re.findall(r"^\| (?!---)(.*) \|$", table, re.MULTILINE)
        columns = [re.split(r"\W", name)[0] for name in head.split(" | ")]
        place = columns.index("model")
        found |= {re.split(r"\W", line.split(" | ")[place])[0] for line in lines}
    assert found == sweeps()[experiment]
