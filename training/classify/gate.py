"""The gate for classifiers: better than the champion on the same held-out texts, beyond chance.

Macro-F1 decides, because a rare label such as a complaint matters as much as a frequent one, while
accuracy would let a classifier lead that gives rare labels up. The latest run and the champion
answer the held-out texts as people label them now; neither has learned from any of them, since what
is held out depends on a text's content only. Beside that, the candidate must not be surely worse
with ``unknown`` as an answer: a better order of labels is of no use behind a threshold that refuses
most texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from omegaconf import OmegaConf

from features.text.classifier.examples import UNKNOWN
from features.text.classifier.load import load_classifier
from features.text.taxonomy.chosen import keep_classifier
from ingest.workspace import Workspace
from training.classify.answers import Answers, Remembered, answers_of, starter
from training.classify.corpus import Corpus
from training.classify.log import ROLE, TASK
from training.classify.measures import told_apart
from training.classify.registry import ClassifierRegistry
from training.classify.scores import macro_f1_difference
from training.classify.verb import ClassifierPlan
from training.gate import GateError
from training.metrics import Interval
from training.registry import Version
from training.tracking.store import TrackingStore

if TYPE_CHECKING:
    from mlflow.entities import Run


@dataclass(frozen=True)
class ClassifierVerdict:
    """What the gate found.

    Parameters
    ----------
    version : Version
        The candidate.
    workspace, taxonomy, tier : str
    value : float
        The candidate's macro-F1 on the held-out texts.
    opponent : str
        The champion, or the starter where there is none.
    difference : Interval
        Macro-F1 of the candidate minus the opponent's, nearest labels.
    served : Interval
        The same with ``unknown`` as an answer.
    stale : bool
        The candidate is the champion.
    """

    version: Version
    workspace: str
    taxonomy: str
    tier: str
    value: float
    opponent: str
    difference: Interval
    served: Interval
    stale: bool = False

    @property
    def passed(self) -> bool:
        """Whether the candidate may lead."""
        return not self.stale and self.difference.low > 0 and self.served.high >= 0

    @property
    def words(self) -> str:
        """The verdict as sentences."""
        head = (
            f"Version {self.version.number} of {self.taxonomy} ({self.tier} tier) reached macro-F1 "
            f"{self.value:.4f} on {self.difference.n:,} held-out texts of {self.workspace}."
        )
        if self.stale:
            return f"{head}\nIt is the champion already.\nNot promoted."
        better = "better than" if self.difference.low > 0 else "not surely better than"
        lines = [head, f"It is {better} {self.opponent}: {_span(self.difference)}."]
        if self.served.high < 0:
            lines.append(f"With unknown as an answer it is worse: {_span(self.served)}.")
        return "\n".join([*lines, "Promoted." if self.passed else "Not promoted."])


def judge_classifier(
    store: TrackingStore, workspace: Workspace, taxonomy: str
) -> ClassifierVerdict:
    """Judge the latest fitted classifier of a taxonomy against the champion, else the starter.

    Raises
    ------
    GateError
        If none was fitted, or too few labels are left to judge by.
    """
    registry = ClassifierRegistry(workspace.name, taxonomy, store)
    run = _latest(store, workspace.name, taxonomy)
    candidate, champion = registry.of_run(run.info.run_id), registry.champion()
    if candidate is None:
        raise GateError(f"run {run.info.run_id} registered no classifier; train again")
    corpus, vectors = _plan(store, run, workspace).corpus(), Remembered(workspace)
    versions = [candidate] if champion is None else [candidate, champion]
    share = min(float(version.tags["held_out"]) for version in versions)
    try:
        corpus.check(share)
    except ValueError as error:
        raise GateError(str(error)) from error
    held = corpus.held_out(share)
    model = registry.classifier(candidate, vectors)
    first = answers_of(model, held.texts, held.unknown, vectors)
    stale = champion is not None and champion.number == candidate.number
    if champion is None:
        opponent, other = "the starter", starter(corpus.teaching(share), vectors)
    else:
        tier = champion.tags.get("tier", "unknown")
        opponent = f"the champion (version {champion.number}, {tier} tier)"
        other = registry.classifier(champion, vectors)
    second = answers_of(other, held.texts, held.unknown, vectors)
    return ClassifierVerdict(
        version=candidate,
        workspace=workspace.name,
        taxonomy=taxonomy,
        tier=model.tier,
        value=told_apart(held, first, resamples=1).value,
        opponent=opponent,
        difference=_difference(held, first, second),
        served=macro_f1_difference(held.labels, first.served, second.served),
        stale=stale,
    )


def promote_classifier(
    store: TrackingStore, workspace: Workspace, verdict: ClassifierVerdict
) -> Path:
    """Make the candidate the champion and let text analysis use it; return where it lies now.

    Of a candidate that is the champion already, only the second is done: a promotion that was
    interrupted is made whole by asking for it again.
    """
    registry = ClassifierRegistry(verdict.workspace, verdict.taxonomy, store)
    if not verdict.stale:
        registry.lead(verdict.version, verdict.words)
    return export(registry, verdict.version, workspace)


def roll_back(store: TrackingStore, workspace: Workspace, taxonomy: str) -> tuple[Version, Version]:
    """Let the champion before lead again, in text analysis too; return (from, to).

    Raises
    ------
    training.registry.NoChampionError
        If there is no champion, or none before it.
    """
    registry = ClassifierRegistry(workspace.name, taxonomy, store)
    now, before = registry.rollback()
    export(registry, before, workspace)
    return now, before


def export(registry: ClassifierRegistry, version: Version, workspace: Workspace) -> Path:
    """Put a registered classifier where text analysis looks for it."""
    model = load_classifier(registry.folder(version))
    return keep_classifier(model, registry.taxonomy, workspace.features / "text")


def _latest(store: TrackingStore, workspace: str, taxonomy: str) -> Run:
    client = store.client()
    query = (
        f"tags.role = '{ROLE}' and tags.taxonomy = '{taxonomy}' and attributes.status = 'FINISHED'"
    )
    runs = client.search_runs(
        [store.experiment(workspace, TASK)], query, max_results=1,
        order_by=["attributes.start_time DESC"],
    )  # fmt: skip
    if not runs:
        raise GateError(
            f"no classifier of {taxonomy} was fitted on workspace {workspace!r}; run: "
            f"python -m training task=classifier taxonomy={taxonomy} workspace={workspace}"
        )
    return runs[0]


def _plan(store: TrackingStore, run: Run, workspace: Workspace) -> ClassifierPlan:
    """Return the plan of a run, on the workspace as it stands."""
    path = store.client().download_artifacts(run.info.run_id, "config.json")
    config: dict[str, Any] = orjson.loads(Path(path).read_bytes())
    config |= {"workspace": workspace.name, "data_dir": str(workspace.root.parent)}
    return ClassifierPlan.of(OmegaConf.create(config))


def _difference(held: Corpus, first: Answers, second: Answers) -> Interval:
    rows = [row for row, label in enumerate(held.labels) if label != UNKNOWN]
    return macro_f1_difference(
        [held.labels[row] for row in rows],
        [first.nearest[row] for row in rows],
        [second.nearest[row] for row in rows],
    )


def _span(found: Interval) -> str:
    return f"{found.value:+.4f}, 95 % interval [{found.low:+.4f}, {found.high:+.4f}]"
