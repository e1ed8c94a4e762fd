"""The model that docs/models.md shows keeps the contract, and is found by its configuration."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import yaml
from hydra.utils import instantiate

from tests.contracts.recommender import RecommenderContract
from training.models.base import Recommender

HOUSE = Path(__file__).parents[3]
PAGE = (HOUSE / "docs" / "models.md").read_text(encoding="utf-8")


def block(kind: str) -> str:
    """Return the only block of code of a kind on the page."""
    (found,) = re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


sys.modules["my_models"] = ModuleType("my_models")
exec(compile(block("python"), "my_models.py", "exec"), sys.modules["my_models"].__dict__)


class TestDamped(RecommenderContract):
    personal = False

    @classmethod
    def make(cls) -> Recommender:
        model = instantiate(yaml.safe_load(block("yaml")))
        assert isinstance(model, Recommender)
        return model


def test_a_folder_of_ones_own_adds_a_choice(tmp_path: Path) -> None:
    folder = tmp_path / "my_conf" / "model"
    folder.mkdir(parents=True)
    (folder / "damped.yaml").write_text(block("yaml"), encoding="utf-8")
    call = ["training", "--config-dir", str(folder.parent), "model=damped", "--cfg", "job"]
    done = subprocess.run(
        [sys.executable, "-m", *call], cwd=HOUSE, env=os.environ, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(done.stdout)["model"] == yaml.safe_load(block("yaml"))


def test_every_model_named_there_can_be_chosen() -> None:
    rows = re.search(r"\| you have .*?\n\n", PAGE, re.DOTALL)
    assert rows is not None
    named = set(re.findall(r"`(\w+)`", rows[0]))
    known = {path.stem for path in (HOUSE / "conf" / "model").glob("*.yaml")}
    assert named <= known
