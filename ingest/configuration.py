"""Where the configuration of all verbs lives, and what its help pages can say about it."""

from __future__ import annotations

from pathlib import Path

from omegaconf import OmegaConf

_FOLDER = Path(__file__).resolve().parents[1] / "conf"


def configuration() -> str:
    """Return the folder of the configuration, for ``hydra.main``.

    Help pages may list what groups offer: ``${choices:source,mapping}`` becomes a line a group.
    """
    OmegaConf.register_new_resolver("choices", choices, replace=True)
    return str(_FOLDER)


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
