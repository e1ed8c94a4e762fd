"""Search spaces are data, and the constructors of the models have the last word about them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import OmegaConf

from tests.training.conftest import CONF
from training.models.base import Recommender
from training.plan import PlanError
from training.tuning.domains import Choices, Range
from training.tuning.space import FOLDER, Space

EASE: dict[str, Any] = {
    "_target_": "training.models.ease.EASE",
    "regularization": 500.0,
    "max_items": 8000,
    "threads": 2,
}
RANKER = {"_target_": "training.models.ranker.Ranker", "sources": {"ease": EASE}, "trees": 120}


def configured(model: str) -> dict[str, Any]:
    with initialize_config_dir(str(CONF), version_base=None):
        config = compose("training", [f"model={model}"])
    found: dict[str, Any] = OmegaConf.to_container(config.model, resolve=True)  # type: ignore[assignment]
    return found


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_models_take_the_extremes_of_their_spaces(path: Path) -> None:
    space = Space.named(path.stem, configured(path.stem))
    space.check()
    seen: dict[str, set[Any]] = {name: set() for name in space.parameters}
    for settings in space.extremes():
        model = instantiate(space.with_settings(settings), _convert_="all")
        assert isinstance(model, Recommender)
        for name, value in settings.items():
            seen[name].add(value)
            if "." not in name:
                assert model.parameters()[name] == value
    assert seen == {name: set(domain.ends) for name, domain in space.parameters.items()}
    assert set(space.defaults()) == set(space.parameters)
    assert path.read_text().startswith("# ")


def test_a_misspelled_parameter_is_refused_with_the_closest_name() -> None:
    with pytest.raises(PlanError, match=r"search\.ease\.regularisation: .*'regularization'"):
        Space.of("ease", EASE, {"regularisation": {"low": 1.0, "high": 2.0}})
    with pytest.raises(PlanError, match=r"search\.ranker\.sources\.eas\.max_items: .*'ease'"):
        Space.of("ranker", RANKER, {"sources.eas.max_items": {"low": 1, "high": 2}})
    with pytest.raises(PlanError, match="there are: regularization, max_items, threads"):
        Space.of("ease", EASE, {"q": {"low": 1, "high": 2}})
    with pytest.raises(PlanError, match="expected a parameter of a model"):
        Space.of("ranker", RANKER, {"sources.ease": {"choices": ["a", "b"]}})


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"low": 2.0, "high": 1.0}, "expected less than high"),
        ({"low": 1, "high": 2.0}, "two whole numbers or two with a point"),
        ({"low": 0.0, "high": 1.0, "log": True}, "a positive number where log is true"),
        ({"low": "a", "high": "b"}, "expected numbers"),
        ({"low": 1.0, "hgih": 2.0}, "expected {low: 1, high: 9}"),
        ({"choices": ["one"]}, "two or more different"),
        ({"choices": [[1], [2]]}, "two or more different"),
        ({"choices": 3}, "not iterable"),
        (3.0, "expected {low: 1, high: 9}"),
    ],
)
def test_what_is_no_range_is_refused(entry: Any, reason: str) -> None:
    with pytest.raises(PlanError, match=f"search.ease.regularization: .*{reason}"):
        Space.of("ease", EASE, {"regularization": entry})


def test_bounds_that_the_constructor_refuses_are_found_before_work_starts() -> None:
    space = Space.of("ease", EASE, {"regularization": {"low": -1.0, "high": 1.0}})
    with pytest.raises(PlanError, match="greater than 0"):
        space.check()


def test_the_defaults_must_be_among_what_is_tried() -> None:
    with pytest.raises(PlanError, match=r"model\.regularization=500\.0 lies outside"):
        Space.of("ease", EASE, {"regularization": {"low": 1.0, "high": 2.0}}).defaults()
    whole = EASE | {"regularization": 500}
    settings = Space.of("ease", whole, {"regularization": {"low": 1.0, "high": 900.0}}).defaults()
    assert settings == {"regularization": 500.0}
    assert isinstance(settings["regularization"], float)


def test_a_parameter_that_yaml_leaves_out_starts_with_that_of_the_constructor() -> None:
    bare = {"_target_": EASE["_target_"]}
    space = Space.of("ease", bare, {"regularization": {"low": 1.0, "high": 900.0}})
    assert space.defaults() == {"regularization": 500.0}


def test_settings_replace_parts_without_touching_the_rest() -> None:
    space = Space.of("ranker", RANKER, {"sources.ease.max_items": {"low": 1, "high": 9000}})
    changed = space.with_settings({"sources.ease.max_items": 7, "trees": 3})
    assert changed["sources"]["ease"] == EASE | {"max_items": 7}
    assert changed["trees"] == 3
    assert RANKER["sources"]["ease"]["max_items"] == 8000  # type: ignore[index]


def test_a_call_may_change_a_space_and_learns_which_there_are() -> None:
    space = Space.named("ease", EASE, {"regularization": {"high": 99999.0}})
    assert space.parameters["regularization"] == Range(1.0, 99999.0, log=True)
    with pytest.raises(PlanError, match=r"model 'magic' has no search space .*als, bias, "):
        Space.named("magic", EASE)
    with pytest.raises(PlanError, match="at least one parameter"):
        Space.of("ease", EASE, {})


def test_choices_and_ranges_know_what_they_hold() -> None:
    assert Choices(("a", None)).holds(None)
    assert not Choices(("a", "b")).holds("c")
    assert Range(1, 3).holds(3)
    assert not Range(1, 3).holds(2.0)
    assert not Range(0, 1).holds(True)
    assert Range(1.0, 3.0).holds(2)
