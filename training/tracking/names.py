"""How metrics, parameters and tags are called in MLflow: decided once, so that runs compare.

``recall_at_20`` is the mean over all customers; ``low/recall_at_20`` and ``high/recall_at_20`` are
its 95 % interval; ``hot/``, ``warm/`` and ``cold/`` are strata; ``sd/`` is the standard deviation
over seeds; the name of a split comes first where there are several; ``seconds/``, ``memory/``,
``count/`` and ``fit/`` tell about the run. MLflow groups charts by the part before the ``/``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from training.models.state import size_bytes

LATENCY = "seconds/rank_1000"  # to rank for 1,000 customers, asked a second time
SIZE = "memory/model_mb"
_ROOT = Path(__file__).resolve().parents[2]
_LONGEST = 500  # characters of a parameter value
_NAME = 250  # characters of a name that every store of MLflow takes


def metric_name(name: str) -> str:
    """Return ``recall_at_20`` for ``recall@20``."""
    return name.replace("@", "_at_")


def plain(name: str) -> str:
    """Return ``name`` with only the marks that MLflow takes: ``ranker groups/recall_at_20``."""
    return re.sub(r"[^\w./: -]", "", metric_name(name))[:_NAME]


def metrics_named(result: Any) -> dict[str, float]:
    """Return everything a :class:`~training.runner.Result` measured, under its MLflow name."""
    found = result.evaluation
    named: dict[str, float] = {}
    for name, interval in found.summary.items():
        key = metric_name(name)
        named |= {key: interval.value, f"low/{key}": interval.low, f"high/{key}": interval.high}
    for stratum, intervals in found.strata.items():
        named |= {f"{stratum}/{metric_name(n)}": each.value for n, each in intervals.items()}
        named[f"{stratum}/customers"] = max((each.n for each in intervals.values()), default=0)
    named |= {f"count/{name}": float(value) for name, value in found.counts.items()}
    named |= {f"fit/{metric_name(n)}": v for n, v in result.model.diagnostics().items()}
    named |= {
        "seconds/fit": result.fit_seconds,
        "seconds/rank": result.rank_seconds,
        LATENCY: result.warm_seconds,
        "memory/peak_mb": result.peak_mb,
        SIZE: size_bytes(result.model) / 1e6,
    }
    named |= {f"sd/{metric_name(name)}": value for name, value in found.spread.items()}
    for each in result.evaluations if len(result.evaluations) > 1 else ():
        at, key = each.summary[result.plan.metric], metric_name(result.plan.metric)
        values = {key: at.value, f"low/{key}": at.low, f"high/{key}": at.high}
        named |= {f"{each.split}/{name}": value for name, value in values.items()}
    for gap in result.gaps:
        share = {"share": gap.share, "passed": float(gap.passed)}
        share["gap"] = gap.difference.value
        key = re.sub(r"[^\w. -]", "_", gap.attribute)
        named |= {f"groups/{key}/{name}": value for name, value in share.items()}
    return {name: float(value) for name, value in named.items() if not math.isnan(value)}


def flattened(config: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return nested settings as ``model.sources.ease.max_items: "4000"``."""
    flat: dict[str, str] = {}
    for name, value in config.items():
        key = f"{prefix}{name}"
        if isinstance(value, Mapping) and value:
            flat |= flattened(value, f"{key}.")
        else:
            flat[re.sub(r"[^\w./: -]", "_", key)] = str(value)[:_LONGEST]
    return flat


def commit() -> str:
    """Return the git commit of this checkout, or an empty string where there is none."""
    try:
        folder = _git_folder(_ROOT / ".git")
        text = (folder / "HEAD").read_text().strip()
        if not text.startswith("ref: "):
            return text
        reference = text.removeprefix("ref: ")
        shared = folder / "commondir"  # a worktree has its own HEAD; branches are the repository's
        if shared.is_file():
            folder /= shared.read_text().strip()
        loose = folder / reference
        if loose.exists():
            return loose.read_text().strip()
        packed = (folder / "packed-refs").read_text().splitlines()
        return next(line.split()[0] for line in packed if line.endswith(f" {reference}"))
    except (OSError, StopIteration):
        return ""


def _git_folder(path: Path) -> Path:
    """Return where git keeps this checkout; in worktrees and submodules ``.git`` names the place.

    Source: gitrepository-layout(5).
    """
    if not path.is_file():
        return path
    return path.parent / path.read_text().strip().removeprefix("gitdir: ")
