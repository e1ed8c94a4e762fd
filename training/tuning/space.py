"""What may be tried: the search space of a model, kept as data in ``conf/search/<model>.yaml``.

A line a parameter of the model's constructor: ``{low: 1, high: 9}``, ``{low: 1.0, high: 100.0,
log: true}`` or ``{choices: [a, b]}``. Whole bounds give whole numbers. A dot leads into a part:
``sources.ease.regularization`` of a ranker.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hydra.utils import get_class, instantiate
from omegaconf import OmegaConf

from training.plan import PlanError
from training.tuning.domains import Choices, Range, Settings

FOLDER = Path(__file__).resolve().parents[2] / "conf" / "search"


@dataclass(frozen=True)
class Space:
    """What may be tried for one model.

    Parameters
    ----------
    model : dict
        The configuration of the model that settings replace parts of, with its ``_target_``.
    parameters : dict of str to Range or Choices
        By name, dotted where the parameter belongs to a part.
    """

    model: Mapping[str, Any]
    parameters: Mapping[str, Range | Choices]

    @classmethod
    def named(
        cls,
        name: str,
        model: Mapping[str, Any],
        changes: Mapping[str, Any] | None = None,
        folder: Path = FOLDER,
    ) -> Space:
        """Read ``<folder>/<name>.yaml``, changed by ``changes``, for the configuration ``model``.

        Raises
        ------
        PlanError
            If there is no such file, a parameter is unknown or a range is no range.
        """
        path = folder / f"{name}.yaml"
        if not path.is_file():
            known = ", ".join(sorted(p.stem for p in folder.glob("*.yaml")))
            raise PlanError(f"model {name!r} has no search space {path}; there are: {known}")
        found: Any = OmegaConf.to_container(
            OmegaConf.merge(OmegaConf.load(path), OmegaConf.create(dict(changes or {})))
        )
        return cls.of(name, model, found)

    @classmethod
    def of(cls, name: str, model: Mapping[str, Any], entries: Mapping[str, Any]) -> Space:
        """Check ``entries`` against the constructors that ``model`` names."""
        if not entries:
            raise PlanError(f"search.{name}: expected at least one parameter, received none")
        for parameter in entries:
            _check_parameter(f"search.{name}", model, parameter)
        return cls(model, {key: _domain(f"search.{name}.{key}", v) for key, v in entries.items()})

    def defaults(self) -> Settings:
        """Return the settings that the configuration of the model has now.

        Raises
        ------
        PlanError
            If one of them may not be tried: every search starts with the defaults.
        """
        found = {key: _value(self.model, key) for key in self.parameters}
        for key, value in found.items():
            domain = self.parameters[key]
            if not domain.holds(value):
                raise PlanError(
                    f"model.{key}={value!r} lies outside what may be tried, {domain.ends}; widen "
                    "it in conf/search or choose another value to start from"
                )
            if isinstance(domain, Range) and not domain.whole:
                found[key] = float(value)
        return found

    def with_settings(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return the configuration of the model with ``settings`` in place."""
        found = copy.deepcopy(dict(self.model))
        for key, value in settings.items():
            _owner(found, key)[key.rpartition(".")[2]] = value
        return found

    def extremes(self) -> Iterator[Settings]:
        """Yield settings in which every end of a range and every choice occurs."""
        longest = max(len(domain.ends) for domain in self.parameters.values())
        for place in range(longest):
            yield {
                key: domain.ends[place % len(domain.ends)]
                for key, domain in self.parameters.items()
            }

    def check(self) -> None:
        """Build the model with every extreme: a bound that it refuses is found before work starts.

        Raises
        ------
        PlanError
            With the settings that were refused.
        """
        for settings in self.extremes():
            try:
                instantiate(self.with_settings(settings), _convert_="all")
            except Exception as error:
                reason = str(error.__cause__ or error)
                raise PlanError(f"search: {settings} is refused: {reason}") from error


def _owner(model: Mapping[str, Any], parameter: str) -> Any:
    """Return the part of the configuration that holds ``parameter``."""
    found: Any = model
    for name in parameter.split(".")[:-1]:
        found = found[name]
    return found


def _value(model: Mapping[str, Any], parameter: str) -> Any:
    """Return the configured value of ``parameter``, else what the constructor takes by itself."""
    owner, last = _owner(model, parameter), parameter.rpartition(".")[2]
    if last in owner:
        return owner[last]
    return inspect.signature(get_class(owner["_target_"])).parameters[last].default


def _check_parameter(where: str, model: Mapping[str, Any], parameter: str) -> None:
    """Follow the dots of ``parameter`` and look its end up in a constructor."""
    node: Any = model
    *path, last = parameter.split(".")
    for depth, name in enumerate(path):
        if not isinstance(node, Mapping) or name not in node:
            known = [key for key in node if key != "_target_"] if isinstance(node, Mapping) else []
            raise _unknown(where, ".".join([*path[: depth + 1], last]), name, known)
        node = node[name]
    if not isinstance(node, Mapping) or "_target_" not in node:
        raise PlanError(f"{where}.{parameter}: expected a parameter of a model, received a part "
                        "without a _target_")  # fmt: skip
    known = list(inspect.signature(get_class(node["_target_"])).parameters)
    if last not in known:
        raise _unknown(where, parameter, last, known)


def _unknown(where: str, parameter: str, name: str, known: list[str]) -> PlanError:
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(known)}"
    return PlanError(f"{where}.{parameter}: no parameter {name!r}; {hint}")


def _domain(where: str, entry: Any) -> Range | Choices:
    named = set(entry) if isinstance(entry, Mapping) else set()
    try:
        if named == {"choices"}:
            return Choices(tuple(entry["choices"]))
        if {"low", "high"} <= named <= {"low", "high", "log"}:
            return Range(**entry)
    except (PlanError, TypeError) as error:
        raise PlanError(f"{where}: {error}") from error
    raise PlanError(
        f"{where}: expected {{low: 1, high: 9}}, with log: true where it spans magnitudes, or "
        f"{{choices: [a, b]}}, received {entry!r}"
    )
