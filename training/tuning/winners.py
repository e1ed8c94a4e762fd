"""Settings that won: a file a model below ``data/<workspace>/tuned``, for ``tuned=true``."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf, open_dict

from ingest.workspace import Workspace
from training.data import Prepared
from training.plan import Plan, PlanError

KNOWN = "known"  # as of tuned=true where there are settings that won, else as configured
_HOW = """# What python -m training.tune found for {model}: {metric} {value:.4f} on the tuning
# windows, {default:.4f} with the settings it started from. Nothing known after `until` was seen.
# Use: {command}
"""


@dataclass(frozen=True)
class Winner:
    """Settings and how they were found.

    Parameters
    ----------
    model, metric : str
    settings : dict
        By parameter, dotted where it belongs to a part.
    value, default : float
        The metric with these settings, and with those the search started from.
    windows : list of str
        Names of the tuning windows.
    until : str or None
        ISO 8601: nothing known from then on was seen. None where the protocol has no such moment.
    test_hash : str
        Hash of the test split that was kept apart.
    trials, seed : int
    """

    model: str
    metric: str
    settings: Mapping[str, Any]
    value: float
    default: float
    windows: Sequence[str]
    until: str | None
    test_hash: str
    trials: int
    seed: int


def folder_of(workspace: Workspace, task: str) -> Path:
    """Return where the winners of a task are: what suits one task need not suit the other."""
    return workspace.root / "tuned" / task


def write_winner(plan: Plan, winner: Winner, given: Sequence[str] = ()) -> Path:
    """Write the file of ``winner``; ``given`` are the arguments that its use needs as well."""
    path = folder_of(plan.data.workspace, plan.task.value) / f"{winner.model}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    command = shlex.join(
        ["python", "-m", "training", f"model={winner.model}", "tuned=true", *given]
    )
    head = _HOW.format(**asdict(winner), command=command)
    temporary = path.with_suffix(".tmp")
    body = yaml.safe_dump(asdict(winner), sort_keys=False, allow_unicode=True)
    temporary.write_text(head + body, encoding="utf-8")
    temporary.replace(path)
    return path


def tuned(config: DictConfig, model: str, given: Sequence[str] = ()) -> DictConfig:
    """Return ``config`` with the settings that won for ``model``, where it asks for them.

    ``tuned=known`` leaves a model that nobody tuned as it is configured. Settings that were
    ``given`` in the call, such as ``model.regularization=3``, stay.

    Raises
    ------
    PlanError
        If nothing was tuned, naming the command that does, or the file does not fit the model.
    """
    wanted = config.get("tuned", False)
    if not isinstance(wanted, bool) and wanted != KNOWN:
        raise PlanError(f"tuned: expected true, false or {KNOWN}, received {wanted!r}")
    if not wanted:
        return config
    workspace = Workspace.named(config.workspace, config.data_dir)
    path = folder_of(workspace, str(config.task)) / f"{model}.yaml"
    if not path.is_file() and wanted == KNOWN:
        return config
    if not path.is_file():
        raise PlanError(
            f"tuned=true: {model} was not tuned for task {config.task} of {config.workspace}, "
            f"there is no {path}; run: python -m training.tune model={model} "
            f"workspace={config.workspace}"
        )
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    fixed = {text.partition("=")[0] for text in given}
    result = config.copy()
    for name, value in found["settings"].items():
        if f"model.{name}" in fixed:
            continue
        try:
            OmegaConf.update(result.model, name, value, force_add=False)
        except Exception as error:
            raise PlanError(f"{path}: {model} has no setting {name!r}; tune it again") from error
    with open_dict(result):
        result.tuned = {
            "file": str(path),
            **{k: found[k] for k in ("metric", "until", "test_hash")},
        }
    return result


def refuse_seen(plan: Plan, prepared: Prepared) -> None:
    """Refuse to judge tuned settings on a window that the search could look at.

    Raises
    ------
    ValueError
        Naming the test window and the moment until which the search saw everything.
    """
    found, test = plan.config.get("tuned"), prepared.splits[-1]
    if not isinstance(found, Mapping):
        return
    if test.hash == found["test_hash"]:
        return
    until = found["until"]
    if until is None or test.cutoff is None or datetime.fromisoformat(until) > test.cutoff:
        raise ValueError(
            f"tuned=true: {found['file']} was tuned on what was known before "
            f"{until or 'another test split'}, so split {test.name} is no test of it; tune again "
            "with these settings of the split, or choose a later cutoff"
        )
