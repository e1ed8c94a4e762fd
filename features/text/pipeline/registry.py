"""Analyzers by name: one file of ``conf/analyzer`` each, given what its constructor asks for.

A constructor that has a parameter named like one of the things a run can provide (``vectors``,
``catalog``, ``fitted`` …) gets it; everything else comes from the file and from the options. The
key ``reads`` of the file says which reading of a text the analyzer is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from features.text.base import Analyzer
from features.text.context.readings import READINGS, Reading
from ingest.configuration import configuration

Provided = Mapping[str, Callable[[], Any]]


def analyzer_file(name: str) -> Path:
    """Return the file that describes an analyzer.

    Raises
    ------
    ValueError
        If there is none of this name; the message lists those there are.
    """
    file = Path(configuration()) / "analyzer" / f"{name}.yaml"
    if not file.is_file():
        known = ", ".join(sorted(path.stem for path in file.parent.glob("*.yaml")))
        raise ValueError(f"analyzer {name!r}: no file {file.name}; there are: {known}")
    return file


def reading_of(name: str) -> Reading:
    """Return how an analyzer reads texts: ``reads`` of its file, ``text`` where it says nothing.

    Raises
    ------
    ValueError
        If there is no such reading.
    """
    file = analyzer_file(name)
    asked = _content(file).get("reads", "text")
    for reading in READINGS:
        if reading == asked:
            return reading
    raise ValueError(f"{file.name}: reads {asked!r}, expected one of {', '.join(READINGS)}")


def build(name: str, options: Mapping[str, Any], provided: Provided) -> Analyzer:
    """Return the analyzer that ``conf/analyzer/<name>.yaml`` describes.

    Parameters
    ----------
    name : str
        Name of the file and of the analyzer.
    options : mapping
        Parameters that replace those of the file.
    provided : mapping of str to callable
        What constructors may ask for by the name of a parameter; made only when asked for.

    Raises
    ------
    ValueError
        If there is no such file, a parameter does not exist or has a wrong value, or the analyzer
        calls itself something else.
    """
    from hydra.errors import InstantiationException  # noqa: PLC0415 (costs a quarter of a second)
    from hydra.utils import instantiate  # noqa: PLC0415

    file = analyzer_file(name)
    try:
        chosen = OmegaConf.merge(_content(file), dict(options))
        parameters = {key: value for key, value in chosen.items() if key != "reads"}
        make = instantiate(parameters, _partial_=True, _convert_="all")
        wanted = signature(make.func).parameters
        analyzer = make(**{key: provided[key]() for key in wanted if key in provided})
    except (OmegaConfBaseException, InstantiationException, TypeError, ValueError) as error:
        raise ValueError(f"analyzer {name!r} ({file.name}): {error.__cause__ or error}") from error
    if not isinstance(analyzer, Analyzer) or analyzer.name != name:
        raise ValueError(f"analyzer {name!r} ({file.name}): expected an analyzer of that name")
    return analyzer


def _content(file: Path) -> DictConfig:
    content = OmegaConf.load(file)
    if not isinstance(content, DictConfig):
        raise ValueError(f"{file.name}: expected keys and values, got a list")  # noqa: TRY004 (of a file)
    return content
