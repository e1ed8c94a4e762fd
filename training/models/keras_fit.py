"""Epochs of a Keras network: stop early, keep the best weights, go on where a killed fit was."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
import orjson
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

if TYPE_CHECKING:
    from training.interactions import Interactions
    from training.models.base import Recommender

Weights = list[NDArray[Any]]
_log = logging.getLogger(__name__)


class Course(NamedTuple):
    """How a fit went: the measure after every epoch (higher is better), and the epoch kept.

    ``minutes`` is when each epoch ended, in minutes of learning; a resumed fit goes on counting.
    """

    curve: list[float]
    best: int
    minutes: list[float]

    @property
    def rows(self) -> NDArray[np.float64]:
        """Number from 1, minutes and measure of the epochs that could be judged, [epochs, 3]."""
        places = range(1, len(self.minutes) + 1)
        found = np.array(list(zip(places, self.minutes, self.curve, strict=False)), np.float64)
        found = found.reshape(-1, 3)
        return found[~np.isnan(found[:, 2])]


def fit_epochs(
    network: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    *,
    epoch: Callable[[int], None],
    judge: Callable[[], float],
    epochs: int,
    patience: int,
    progress: Path | None = None,
) -> Course:
    """Learn until ``judge`` has not risen for ``patience`` epochs; leave the best weights.

    Parameters
    ----------
    network, optimizer : keras.Model, keras.optimizers.Optimizer
        Both built. All that is random must follow from the number of the epoch.
    epoch : callable
        Learns one epoch, given its number from 0.
    judge : callable
        Returns how good the network is now; NaN if nothing can be said: the last epoch is kept.
    epochs, patience : int
    progress : Path, optional
        File that holds everything after each epoch; an equal call goes on from it.
    """
    curve, minutes, best = _resume(network, optimizer, progress)
    started = perf_counter() - 60 * (minutes[-1] if minutes else 0.0)
    while len(curve) < epochs and len(curve) - 1 - _best(curve) < patience:
        epoch(len(curve))
        curve.append(judge())
        minutes.append((perf_counter() - started) / 60)
        _log.debug("epoch %d: nDCG@100 %.4f of what was held out", len(curve), curve[-1])
        if _best(curve) == len(curve) - 1:
            best = _numbers(network.trainable_variables)
        if progress is not None:
            _keep(progress, network, optimizer, best, {"curve": curve, "minutes": minutes})
    _assign(network.trainable_variables, best)
    return Course(curve, _best(curve), minutes)


def progress_file(
    model: Recommender, interactions: Interactions, *given: NDArray[Any]
) -> Path | None:
    """Return the file for the progress of this fit, None if the model keeps none.

    Its name follows from the model's parameters, the interactions and whatever else is ``given``.
    """
    parameters = model.parameters()
    folder = parameters.pop("checkpoints")
    if folder is None:
        return None
    name = type(model).__name__.lower()
    digest = hashlib.sha256(orjson.dumps(parameters, option=orjson.OPT_SORT_KEYS))
    digest.update(interactions.digest.encode())
    for array in given:
        digest.update(np.ascontiguousarray(array).tobytes())
    return Path(folder) / f"{name}-{digest.hexdigest()[:16]}.safetensors"


def _best(curve: Sequence[float]) -> int:
    """Return the first of the best epochs; of none that could be judged, the last."""
    if np.isnan(curve).all():
        return len(curve) - 1
    return int(np.nanargmax(curve))


def _resume(
    network: keras.Model, optimizer: keras.optimizers.Optimizer, progress: Path | None
) -> tuple[list[float], list[float], Weights]:
    """Take over the state of a killed fit, if any; return its curve, minutes and best weights."""
    if progress is None or not progress.exists():
        return [], [], _numbers(network.trainable_variables)
    arrays = load_file(progress)
    _assign(network.trainable_variables, _below(arrays, "weights"))
    _assign(optimizer.variables, _below(arrays, "optimizer"))
    return arrays["curve"].tolist(), arrays["minutes"].tolist(), _below(arrays, "best")


def _keep(
    progress: Path,
    network: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    best: Weights,
    course: Mapping[str, Sequence[float]],
) -> None:
    """Write everything in one move, so that a kill leaves the last epoch or this one."""
    progress.parent.mkdir(parents=True, exist_ok=True)
    arrays = {name: np.array(values, dtype=np.float64) for name, values in course.items()}
    parts = {
        "weights": _numbers(network.trainable_variables),
        "optimizer": _numbers(optimizer.variables),
        "best": best,
    }
    for name, values in parts.items():
        arrays |= {f"{name}.{place}": value for place, value in enumerate(values)}
    temporary = progress.with_suffix(".writing")
    save_file(arrays, temporary)
    temporary.replace(progress)


def _numbers(variables: Sequence[keras.Variable]) -> Weights:
    return [np.asarray(variable.numpy()) for variable in variables]


def _assign(variables: Sequence[keras.Variable], values: Weights) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _below(arrays: dict[str, NDArray[Any]], name: str) -> Weights:
    count = sum(key.startswith(f"{name}.") for key in arrays)
    return [arrays[f"{name}.{place}"] for place in range(count)]
