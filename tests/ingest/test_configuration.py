"""What help pages say a configuration group holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from ingest.configuration import choices, configuration, quoted_words


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


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("path=数据/聊天.csv", 'path="数据/聊天.csv"'),
        (
            "source.columns={text: 原文, agent_id: null}",
            'source.columns={text: "原文", agent_id: null}',
        ),
        ("source.staff=[小林,ann]", 'source.staff=["小林",ann]'),
        ('path="聊天.csv"', 'path="聊天.csv"'),
        ("source=messages", "source=messages"),
        ("--cfg", "--cfg"),
    ],
)
def test_words_that_are_not_ascii_need_no_quotes(told: str, expected: str) -> None:
    assert quoted_words([told]) == [expected]
