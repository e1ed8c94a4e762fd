"""A wrong setting of any verb ends with a sentence and exit code 2, errors of its own as ever."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import InstantiationException
from omegaconf import DictConfig, OmegaConf

from ingest.verb import verb

ROOT = Path(__file__).parents[1]
ROOMS = ("ingest", "features", "training", "insights", "serving")
Call = Callable[..., tuple[int, str]]


def verbs() -> list[str]:
    """Return the modules that are commands with settings."""
    files = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    found = [path for path in files if "\n@verb(" in path.read_text()]
    return [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in found]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    monkeypatch.delenv("HYDRA_FULL_ERROR", raising=False)
    # Hydra shows a traceback instead of its message when a coverage tool looks like a debugger.
    monkeypatch.setattr("hydra._internal.utils.is_under_debugger", lambda: False)

    def calling(main: Callable[[], object], *arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["verb", *arguments])
        GlobalHydra.instance().clear()
        with pytest.raises(SystemExit) as end:
            main()
        assert "HYDRA_FULL_ERROR" not in os.environ
        return int(str(end.value.code)), capsys.readouterr().err

    return calling


def test_every_command_is_called_the_same_way() -> None:
    assert len(verbs()) >= 20
    others = [
        path
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if "hydra.main(" in path.read_text() and path.name != "verb.py"
    ]
    assert others == []


@pytest.mark.parametrize("module", verbs())
def test_a_setting_that_no_verb_has_ends_with_2(module: str, call: Call) -> None:
    code, told = call(importlib.import_module(module).main, "workspase=x")
    assert code == 2
    assert told.startswith("error: workspase: there is no such setting; there are: workspace, ")
    assert told.endswith("did you mean 'workspace'?\n")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["model=eaze"], "model: expected one of als, bias, "),
        (["model=eaze"], "received 'eaze'; did you mean 'ease'?"),
        (["-m", "model=ease,ials", "ablation=no_weather"], "ablation: expected one of "),
        (["model.lambda=3"], "model.lambda: there is no such setting; there are: dimensions, "),
        (["seeds.x=3"], "seeds.x: there is no such setting; --cfg job shows all"),
        (["~model.lambda"], "'model.lambda' does not exist"),
        (["model=["], "no viable alternative at input '['"),
        (["model=ease,als"], "Ambiguous value for argument 'model=ease,als'"),
        (["--config-dir", "nowhere"], "nowhere' not found"),
        (["k=${nowhere}"], "'nowhere' not found"),
    ],
)
def test_what_hydra_finds_wrong_is_told_in_a_sentence(
    arguments: list[str], expected: str, call: Call
) -> None:
    code, told = call(importlib.import_module("training.__main__").main, *arguments)
    assert code == 2
    assert told.startswith("error: ")
    assert expected in told
    assert "Traceback" not in told
    assert "HYDRA_FULL_ERROR" not in told


def test_what_a_setting_cannot_be_made_into_is_wrong_too(call: Call) -> None:
    @verb("state")
    def refused(_: DictConfig) -> None:
        raise InstantiationException("in the call of something") from ValueError("days: too many")

    assert call(refused) == (2, "error: days: too many\n")

    @verb("state")
    def missing(_: DictConfig) -> None:
        OmegaConf.create({"zone": "${oc.env:NOT_SET_ANYWHERE}"})["zone"]

    code, told = call(missing)
    assert code == 2
    assert told.startswith("error: zone: ")
    assert "Environment variable 'NOT_SET_ANYWHERE' not found" in told


def test_an_error_of_the_verb_itself_is_shown_with_its_place(call: Call) -> None:
    @verb("state")
    def broken(config: DictConfig) -> None:
        config.no_such_key.at_all  # noqa: B018

    @verb("state")
    def worse(_: DictConfig) -> None:
        raise KeyError("a mistake of ours")

    for main, name in ((broken, "no_such_key"), (worse, "a mistake of ours")):
        code, told = call(main)
        assert code == 1
        assert "Traceback" in told
        assert name in told


def test_a_configuration_made_elsewhere_is_passed_on() -> None:
    @verb("state")
    def main(config: DictConfig) -> str:
        return str(config.name)

    assert main(OmegaConf.create({"name": "here"})) == "here"


@pytest.mark.slow
def test_on_request_hydra_shows_where_it_was_found() -> None:
    command = [sys.executable, "-m", "training", "model=eaze"]
    environment = {**os.environ, "HYDRA_FULL_ERROR": "1"}
    shown = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment
    )
    assert shown.returncode == 1
    assert "MissingConfigException" in shown.stderr
