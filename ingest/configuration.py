"""Where the configuration of all verbs lives, and what its help pages can say about it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from omegaconf import OmegaConf

_BARE = re.compile(r"[^\s,\[\]{}:]*[^\x00-\x7f][^\s,\[\]{}:]*")
_FOLDER = Path(__file__).resolve().parents[1] / "conf"


def configuration() -> str:
    """Return the folder of the configuration, for ``hydra.main``.

    Help pages may list what groups offer: ``${choices:source,mapping}`` becomes a line a group.
    """
    OmegaConf.register_new_resolver("choices", choices, replace=True)
    return str(_FOLDER)


def quoted_words(arguments: Sequence[str]) -> list[str]:
    """Return arguments with quotes around words that are not ASCII, which Hydra refuses bare.

    Examples
    --------
    >>> quoted_words(["path=聊天 记录.csv", "source.staff=[小林,ann]", "source.zone=UTC"])
    ['path="聊天 记录.csv"', 'source.staff=["小林",ann]', 'source.zone=UTC']
    """
    return [_quoted(argument) for argument in arguments]


def _quoted(argument: str) -> str:
    name, is_set, value = argument.partition("=")
    if not is_set or value.isascii() or not name.isascii() or re.search("[\"']", value):
        return argument
    if value[:1] in "[{":
        return f"{name}=" + _BARE.sub(lambda found: f'"{found.group()}"', value)
    return f'{name}="{value}"'


def choices(*groups: str) -> str:
    """Return a line a group: its name and the yaml files it holds.

    Raises
    ------
    ValueError
        If there is no such group.
    """
    return "\n".join(f"{group}: {', '.join(_names(group))}" for group in groups)


def _names(group: str) -> list[str]:
    names = sorted(path.stem for path in (_FOLDER / group).glob("*.yaml"))
    if not names:
        raise ValueError(f"conf/{group}: expected yaml files, found none")
    return names
