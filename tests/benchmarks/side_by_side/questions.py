"""The splits that are compared: experiments of ``conf``, divided by our own code."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from ingest.runtime import prepare as prepare_process  # noqa: E402

prepare_process()

import numpy as np  # noqa: E402
from hydra import compose, initialize_config_dir  # noqa: E402

from training.plan import Plan  # noqa: E402
from training.runner import prepare  # noqa: E402
from training.splits import Split  # noqa: E402

FOLDER = ROOT / "data" / "side_by_side"
_MOST = 4_000  # items that take part
DATASETS = {  # arguments of python -m training
    "movielens_latest_small": [
        "workspace=movielens_latest_small", "data=ratings", "split=leave_last_out"
    ],
    "completejourney": [
        "experiment=benchmark_completejourney", "workspace=demo", "split.cutoff=2017-11-01"
    ],
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Question:
    """A dataset by name, its split and the plan that it belongs to."""

    name: str
    plan: Plan
    split: Split

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return FOLDER / self.name


def questions() -> list[Question]:
    """Return the datasets that the command names, or all, if their workspaces are loaded."""
    found = []
    for name in sys.argv[1:] or DATASETS:
        chosen = DATASETS[name]
        with initialize_config_dir(str(ROOT / "conf"), version_base=None):
            settings = ["fallback=null", "data.profiles=off", f"data_dir={ROOT / 'data'}"]
            config = compose("training", [*chosen, *settings])
        plan = Plan.of(config, name)
        if not plan.data.workspace.store.exists():
            sys.stderr.write(f"{name}: workspace {plan.data.workspace.name} is not loaded\n")
            continue
        found.append(Question(name, plan, _smaller(prepare(plan).splits[0])))
    return found


def _smaller(split: Split) -> Split:
    """Keep the items with the most customers, in training data, catalog and test."""
    train = split.train
    support = np.bincount(train.csr("binary").indices, minlength=len(train.items))
    if len(support) > _MOST:
        kept = np.zeros(len(support), dtype=bool)
        kept[np.argsort(-support, kind="stable")[:_MOST]] = True
        train = train.where(kept[train.item_numbers])
    if set(split.catalog.ids) < set(train.items.ids):
        raise ValueError("items that are no longer sold: libraries differ in how they leave out")
    test = split.test[
        split.test["item_id"].isin(train.items.ids)
        & split.test["customer_id"].isin(train.customers.ids)
    ].reset_index(drop=True)
    name = f"{split.name}, {len(train.items):,} items"
    return Split(train, test, split.cutoff, name, train.items)
