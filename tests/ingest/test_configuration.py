"""What help pages say a configuration group holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from ingest.configuration import choices, configuration


def test_every_file_of_a_group_is_named() -> None:
    found = choices("split", "online").splitlines()
    held = sorted(path.stem for path in (Path(configuration()) / "split").glob("*.yaml"))
    assert found == [f"split: {', '.join(held)}", "online: redis, sqlite"]


def test_pages_reach_it_by_name() -> None:
    configuration()
    page = OmegaConf.create({"help": "Offers\n${choices:online}\n"})
    assert page.help == "Offers\nonline: redis, sqlite\n"


def test_a_group_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"conf/nope: expected yaml files, found none"):
        choices("nope")
