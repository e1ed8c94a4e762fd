"""What a retrain fits: the champion's configuration, challengers and the baseline, on one split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hydra import compose
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from training.bundle import Bundle
from training.plan import Plan, PlanError
from training.retraining.settings import Settings
from training.tuning.winners import tuned

_TEMPORAL = "training.splits.GlobalTemporal"
_ALONE = ("study", "cold_start", "against", "references")  # of the call that trained the champion


@dataclass(frozen=True, eq=False)
class Plans:
    """What is fitted.

    Parameters
    ----------
    champion : Plan
        The configuration that serves.
    others : tuple of Plan
        The baseline and the challengers.
    """

    champion: Plan
    others: tuple[Plan, ...]

    @classmethod
    def of(cls, settings: Settings, bundle: Bundle) -> Plans:
        """Build the plans; data, split and metric are one for all.

        Raises
        ------
        PlanError
            If a model is unknown or a setting wrong.
        """
        default = _composed(settings, settings.baseline)
        shared = _shared(settings, bundle.config, OmegaConf.to_container(default, resolve=True))
        champion = _planned(bundle.config, shared, bundle.name)
        plans, known = [], {champion.model_key}
        for name in dict.fromkeys((settings.baseline, *settings.challengers)):
            config = _composed(settings, name, bundle.task)
            if name != settings.baseline:
                config = tuned(config, name)
            found = _planned(OmegaConf.to_container(config, resolve=True), shared, name)
            if found.model_key not in known:
                known.add(found.model_key)
                plans.append(found)
        return cls(champion, tuple(plans))

    def served(self, bundle: Bundle, number: int) -> Plan:
        """Return the plan that a version in service came from, on the data of today."""
        names = ("workspace", "data_dir", "data", "split", "k", "metric", "experiment_name")
        shared = {name: self.champion.config[name] for name in names}
        found = _planned(bundle.config, shared, bundle.name)
        return replace(found, model_name=f"version {number} as served: {bundle.name}")


def _composed(settings: Settings, model: str, task: str = "discover") -> DictConfig:
    """Return the configuration of ``python -m training model=NAME``."""
    given = [
        f"workspace={settings.workspace}", f"data_dir='{settings.data_dir}'", f"model={model}",
        f"task={task}", f"tuned={str(settings.tuned).lower()}",
    ]  # fmt: skip
    try:
        return compose("training", given)
    except HydraException as error:
        raise PlanError(f"model={model}: {error}") from error


def _shared(settings: Settings, champion: Mapping[str, Any], default: Any) -> dict[str, Any]:
    """Return what all plans have in common: the champion's data, today's newest window."""
    place = {"workspace": settings.workspace, "data_dir": str(settings.data_dir)}
    split = dict(champion["split"])
    if split.get("_target_") != _TEMPORAL:
        split = dict(default["split"])
    told = settings.split.model_dump(exclude_none=True)
    return place | {
        "data": dict(champion["data"]) | place,
        "split": split | {"cutoff": "latest", "rolling": 1} | told,
        "task": champion["task"],
        "k": champion["k"],
        "metric": settings.metric or champion["metric"],
        "seeds": champion.get("seeds", 1),
        "groups": champion.get("groups") or {},
        "experiment_name": f"{settings.workspace}_retrain",
    }


def _planned(config: Any, shared: Mapping[str, Any], name: str) -> Plan:
    empty = {key: None for key in _ALONE if key in config}
    return Plan.of(OmegaConf.create(dict(config) | empty | dict(shared)), name)
