"""One experiment, checked before any work starts: what to fit, on what, and how it is judged."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import ValidationError

from ingest.told import reason
from training.data import StoreData
from training.groups import GroupRules
from training.metrics import is_error, metrics_of
from training.metrics.evaluation import Task
from training.models.base import Recommender
from training.splits import Splitter
from training.studies.base import Study

_SHARED = ("data", "split")
_SCORED = ("model", "fallback", "task")
_RERANKED = "rerank"


class PlanError(ValueError):
    """A setting is missing, unknown, or of the wrong kind."""


@dataclass(frozen=True, eq=False)
class Plan:
    """What one run does.

    Parameters
    ----------
    model, fallback : Recommender
        Unfitted; the fallback answers where the model cannot, None for the model alone.
    model_name : str
        Name of the model configuration.
    data : StoreData
    splitter : Splitter
    task : Task
    k : tuple of int
        List lengths measured.
    metric : str
        What runs are compared by, such as ``recall@20``; of ratings ``rmse``, ``mse`` or ``mae``,
        where less is better.
    seeds : int
        Fits of a model that is random, each with a seed of its own.
    experiment : str
        Name of the experiment; results go to ``data/reports/<experiment>.json``.
    config : dict
        Everything resolved, as it was given.
    groups : GroupRules
        Which groups of customers are compared.
    study : Study, optional
        What is done instead of one evaluation.
    against : str, optional
        Name of the run of the sweep that the others are compared with.
    """

    model: Recommender
    fallback: Recommender | None
    model_name: str
    data: StoreData
    splitter: Splitter
    task: Task
    k: tuple[int, ...]
    metric: str
    experiment: str
    seeds: int = 1
    config: Mapping[str, Any] = field(default_factory=dict)
    groups: GroupRules = field(default_factory=GroupRules)
    study: Study | None = None
    against: str | None = None

    @classmethod
    def of(cls, config: DictConfig, model_name: str = "") -> Plan:
        """Build every object of ``config`` and check the rest.

        Raises
        ------
        PlanError
            Naming the setting, what was expected and what was received.
        """
        plain = _resolved(config)
        fallback = plain["fallback"]
        lengths = _lengths(plain["k"])
        model, metric = _model(plain), _metric(plain["metric"], lengths)
        if is_error(metric):
            _check_ratings(plain, model, metric)
        return cls(
            model=model,
            fallback=None if fallback is None else _built("fallback", fallback, Recommender),
            model_name=plain["name"] or model_name or plain["model"]["_target_"].rpartition(".")[2],
            data=_built("data", plain["data"], StoreData),
            splitter=_built("split", plain["split"], object),
            task=_task(plain["task"]),
            k=lengths,
            metric=metric,
            seeds=_count("seeds", plain.get("seeds", 1)),
            experiment=str(plain["experiment_name"] or plain["workspace"]),
            config=plain,
            groups=_groups(plain.get("groups") or {}),
            study=_built("study", plain["study"], Study) if plain.get("study") else None,
            against=None if plain.get("against") is None else str(plain["against"]),
        )

    @property
    def length(self) -> int:
        """Length of the list that other metrics are shown for beside the main one."""
        return max(self.k) if is_error(self.metric) else int(self.metric.partition("@")[2])

    @property
    def data_key(self) -> str:
        """Equal for plans that read the same data and divide it alike."""
        return _digest({name: self.config[name] for name in _SHARED})

    @property
    def model_key(self) -> str:
        """Equal for plans that would fit the same model for the same task."""
        named = {name: self.config[name] for name in _SCORED}
        if step := self.config.get(_RERANKED):
            named[_RERANKED] = step
        return _digest(named)


def _resolved(config: DictConfig) -> dict[str, Any]:
    try:
        if missing := sorted(OmegaConf.missing_keys(config)):
            names = ", ".join(missing)
            raise PlanError(f"settings without a value: {names}; give {missing[0]}=...")
        plain: dict[str, Any] = OmegaConf.to_container(config, resolve=True)  # type: ignore[assignment]
    except OmegaConfBaseException as error:
        raise PlanError(str(error).splitlines()[0]) from error
    return plain


def _model(plain: Mapping[str, Any]) -> Recommender:
    """Build the model, and around it what chooses its lists anew."""
    model: Recommender = _built("model", plain["model"], Recommender)
    if step := plain.get(_RERANKED):
        model = _built(_RERANKED, step, Recommender, primary=model)
    return model


def _built(name: str, config: Any, kind: type[Any], **given: Any) -> Any:
    if not isinstance(config, dict) or "_target_" not in config:
        raise PlanError(f"{name}: expected a group choice with a _target_, received {config!r}")
    try:
        found = instantiate(config, _convert_="all", **given)
    except Exception as error:
        raise PlanError(f"{name}: {_reason(error)}") from error
    if not isinstance(found, kind):
        raise PlanError(f"{name}: expected a {kind.__name__}, received {type(found).__name__}")
    return found


def _reason(error: BaseException) -> str:
    """Return what a person needs to know of an error of instantiation: its first cause."""
    while error.__cause__ is not None:
        error = error.__cause__
    return reason(error)


def _groups(given: dict[str, Any]) -> GroupRules:
    try:
        return GroupRules(**given)
    except ValidationError as error:
        raise PlanError(f"groups: {_reason(error)}") from error


def _task(value: Any) -> Task:
    try:
        return Task(value)
    except ValueError:
        names = [task.value for task in Task]
        raise PlanError(f"task: expected one of {names}, received {value!r}") from None


def _count(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise PlanError(f"{name}: expected a positive whole number, received {value!r}")
    return value


def _lengths(value: Any) -> tuple[int, ...]:
    values = value if isinstance(value, list) else [value]
    if not values or any(isinstance(k, bool) or not isinstance(k, int) or k < 1 for k in values):
        raise PlanError(f"k: expected positive whole numbers, received {value!r}")
    return tuple(sorted(values))


def _metric(value: Any, lengths: tuple[int, ...]) -> str:
    names = [found.name for found in metrics_of("ranking")]
    known = [f"{name}@{k}" for name in names for k in lengths]
    known += [found.name for found in metrics_of("rating")]
    if value not in known:
        raise PlanError(f"metric: expected one of {known}, received {value!r}")
    return str(value)


def _check_ratings(plain: Mapping[str, Any], model: Recommender, metric: str) -> None:
    """Refuse an error of ratings where there is none, or where lists are asked for."""
    if not model.predicts_ratings:
        raise PlanError(
            f"metric={metric}: expected a model that predicts ratings, such as model=bias or "
            f"model=ncf_rating, received {type(model).__name__}; others are compared by recall@20"
        )
    of_lists = [name for name in ("study", "cold_start") if plain.get(name)]
    of_lists += ["groups"] if (plain.get("groups") or {}).get("attributes") else []
    if of_lists:
        raise PlanError(
            f"metric={metric}: expected a metric of lists, such as recall@20, since "
            f"{' and '.join(of_lists)} look at lists"
        )


def _digest(value: Any) -> str:
    options = orjson.OPT_SORT_KEYS
    return hashlib.sha256(orjson.dumps(value, option=options)).hexdigest()[:16]
