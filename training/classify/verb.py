"""What ``python -m training task=classifier`` does: read labels, fit, judge, keep."""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from features.text.base import fingerprint
from features.text.taxonomy.taxonomy import Taxonomy
from features.text.transformer.weights import MissingPackagesError
from ingest.store import Store
from ingest.workspace import Workspace
from training.classify.answers import Remembered
from training.classify.corpus import Corpus, file_corpus, workspace_corpus
from training.classify.experiment import Result, run
from training.classify.finetuned import check_installed
from training.classify.log import log_agreement, log_result, rows_of, tracked
from training.classify.settings import ClassifierSettings
from training.labeling.agreement import Agreement, agreement
from training.plan import PlanError
from training.report import write_rows
from training.tracking.store import TrackingStore

_log = logging.getLogger(__name__)
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_KEPT = ("workspace", "data_dir", "taxonomy", "classifier", "labels", "name")


@dataclass(frozen=True, eq=False)
class ClassifierPlan:
    """One experiment with a classifier, checked before any work starts.

    Parameters
    ----------
    workspace : Workspace
    taxonomy : Taxonomy or None
        What the labels are of; None for labels of a file that are of no taxonomy.
    labels : Path or None
        A file of labeled texts; None for the labels of the workspace.
    name : str or None
        What labels of no taxonomy are called; by default as their file.
    settings : ClassifierSettings
    config : dict
        The settings it was made from.
    """

    workspace: Workspace
    taxonomy: Taxonomy | None
    labels: Path | None
    name: str | None
    settings: ClassifierSettings
    config: Mapping[str, Any]

    @classmethod
    def of(cls, config: DictConfig) -> ClassifierPlan:
        """Build and check.

        Raises
        ------
        training.plan.PlanError
            Naming the setting, what was expected and what was received.
        """
        try:
            whole: dict[str, Any] = OmegaConf.to_container(config, resolve=True)  # type: ignore[assignment]
            plain = {name: whole.get(name) for name in _KEPT}
            taxonomy = (
                None
                if plain["taxonomy"] is None
                else instantiate(plain["taxonomy"], _convert_="all")
            )
            settings = instantiate(plain["classifier"], _convert_="all")
            workspace = Workspace.named(str(plain["workspace"]), str(plain["data_dir"]))
        except OmegaConfBaseException as error:
            raise PlanError(f"{error.__cause__ or error}") from error
        except Exception as error:
            raise PlanError(f"classifier: {error.__cause__ or error}") from error
        labels = None if plain["labels"] is None else Path(str(plain["labels"]))
        if taxonomy is None and labels is None:
            raise PlanError(
                "taxonomy: expected the name of one, such as service_intents, received none; "
                "labels of no taxonomy are read from a file: labels=FILE name=NAME"
            )
        name = None if plain["name"] is None else str(plain["name"])
        called = name or (taxonomy.name if taxonomy else labels.stem if labels else "")
        if not _NAME.fullmatch(called):
            raise PlanError(
                f"name: expected lower-case letters, digits, '_' and '-', received {called!r}; "
                "give name=NAME"
            )
        return cls(workspace, taxonomy, labels, name, settings, plain)

    def corpus(self) -> Corpus:
        """Read the labels."""
        if self.labels is not None:
            return file_corpus(self.labels, self.taxonomy, self.name)
        if self.taxonomy is None:
            raise PlanError("labels: expected a file, received none")
        return workspace_corpus(self.workspace, self.taxonomy)

    def checkpoints(self, corpus: Corpus) -> Path:
        """Return where fits of these labels and settings go on from, should they be killed."""
        run = fingerprint(corpus.digest, self.settings.model_dump_json())
        return self.workspace.root / "checkpoints" / corpus.name / run

    def agreement(self) -> Agreement | None:
        """Return how much those agree who labeled; None for a file, which does not say who did."""
        if self.labels is not None or self.taxonomy is None:
            return None
        return agreement(Store(self.workspace.store).read("labels"), self.taxonomy.name)


def classify(config: DictConfig, store: TrackingStore) -> float:
    """Do the experiment of ``config`` and return its macro-F1."""
    plan = ClassifierPlan.of(config)
    try:
        check_installed(plan.settings)
    except (MissingPackagesError, FileNotFoundError) as error:
        raise PlanError(f"classifier: {error}") from error
    corpus = plan.corpus()
    corpus.check(plan.settings.held_out)  # before a run is opened: there may be nothing to learn
    workspace, checkpoints = plan.workspace.name, plan.checkpoints(corpus)
    with tracked(store, workspace, corpus.name, plan.config) as run_id:
        result = run(corpus, plan.settings, Remembered(plan.workspace), checkpoints)
        log_result(store, workspace, result, run_id)
        agreed = plan.agreement()
        if agreed is not None:
            log_agreement(store, agreed)
    shutil.rmtree(checkpoints, ignore_errors=True)
    reports = Path(str(plan.config["data_dir"])) / "reports"
    write_rows(reports / f"classifier-{workspace}-{corpus.name}.json", rows_of(result, workspace))
    _log.info("\n%s", "\n".join([told(result), *([agreed.words] if agreed else [])]))
    return result.macro_f1.value


def told(result: Result) -> str:
    """Return the result as lines for people."""
    found, metrics = result.macro_f1, result.metrics
    name = result.corpus.name
    lines = [
        f"# {name}: {len(result.corpus.texts):,} labeled texts of {result.corpus.origin}, "
        f"{len(result.held_out.texts):,} of them held out",
        f"{result.model.tier} tier: macro-F1 {found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"
        f", accuracy {metrics['accuracy']:.3f}; the starter's macro-F1 "
        f"{metrics['starter/macro_f1']:.3f}",
        f"calibration error {metrics['calibration_error']:.3f}; as served "
        f"{metrics['served/unknown_share']:.1%} are unknown, "
        f"{metrics['served/right_of_given']:.1%} of the labels given are right",
    ]
    points = ", ".join(f"{p.labels:,}: {p.macro_f1.value:.3f}" for p in result.curve)
    return "\n".join([*lines, f"macro-F1 by number of labels: {points}"])
