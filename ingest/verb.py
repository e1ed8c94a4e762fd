"""How every verb is called: Hydra reads the settings, and one that is wrong ends in a sentence."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from functools import wraps
from typing import Any, NoReturn

import hydra
from hydra.errors import HydraException, InstantiationException, MissingConfigException
from omegaconf import DictConfig
from omegaconf.errors import (
    ConfigAttributeError,
    ConfigKeyError,
    InterpolationResolutionError,
    MissingMandatoryValue,
    OmegaConfBaseException,
    ValidationError,
)

from ingest.configuration import configuration
from ingest.told import reason

_WRONG = (HydraException, InterpolationResolutionError, MissingMandatoryValue, ValidationError)
_OWN = ("_target_", "hydra")  # keys that nobody sets
_FULL = "HYDRA_FULL_ERROR"  # of Hydra: 1 lets errors through, else it tells them and exits with 1


def verb(name: str) -> Callable[[Callable[[DictConfig], Any]], Callable[..., Any]]:
    """Make a function the command whose settings are ``conf/<name>.yaml``.

    A wrong setting, choice or flag ends with one message and exit code 2, before any work.
    ``HYDRA_FULL_ERROR=1`` in the environment shows where it was found instead.
    """
    decorate = hydra.main(version_base=None, config_path=configuration(), config_name=name)

    def decorated(task: Callable[[DictConfig], Any]) -> Callable[..., Any]:
        @wraps(task)
        def composed(config: DictConfig) -> Any:
            os.environ.pop(_FULL, None)  # what the task raises is Hydra's to show, as ever
            try:
                return task(config)
            except _WRONG as error:
                _refuse(error)

        told, whole = decorate(composed), decorate(task)

        @wraps(task)
        def main(config: DictConfig | None = None) -> Any:
            if config is not None:
                return task(config)
            if os.environ.get(_FULL) == "1":
                return whole()
            os.environ[_FULL] = "1"
            try:
                return told()
            except _WRONG as error:
                _refuse(error)
            finally:
                os.environ.pop(_FULL, None)

        return main

    return decorated


def _refuse(error: Exception) -> NoReturn:
    sys.stderr.write(f"error: {wrong(error)}\n")
    sys.exit(2)


def wrong(error: Exception) -> str:
    """Return what Hydra or OmegaConf found wrong: which setting, and what it may be."""
    cause = error.__cause__
    if isinstance(error, MissingConfigException) and error.options:
        return _no_choice(str(error.missing_cfg_file), sorted(error.options))
    if isinstance(cause, ConfigAttributeError | ConfigKeyError):
        return _no_setting(cause)
    if isinstance(error, InstantiationException):
        return reason(_first(error))
    if isinstance(error, OmegaConfBaseException):
        where = f"{error.full_key}: " if error.full_key else ""
        return where + str(error).splitlines()[0]
    return "\n".join(filter(None, [str(error), str(cause or "")]))


def _no_choice(path: str, known: Sequence[str]) -> str:
    group, _, name = path.rpartition("/")
    return f"{group}: expected one of {', '.join(known)}, received {name!r}{_close(name, known)}"


def _no_setting(error: ConfigAttributeError | ConfigKeyError) -> str:
    name, parent = str(error.key), error.parent_node
    known = [str(key) for key in parent or () if key not in _OWN]
    there = f"there are: {', '.join(known)}" if known else "--cfg job shows all there are"
    return f"{error.full_key}: there is no such setting; {there}{_close(name, known)}"


def _close(name: str, known: Sequence[str]) -> str:
    found = get_close_matches(name, known, n=1, cutoff=0.6)
    return f"; did you mean {found[0]!r}?" if found else ""


def _first(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error
