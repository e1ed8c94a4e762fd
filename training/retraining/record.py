"""Keep each call: an MLflow run of the role ``retrain`` with its verdict, and what it had read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson

from training.tracking.names import commit
from training.tracking.store import TrackingStore

ROLE = "retrain"
_LOOKED_AT = 100  # latest calls searched for one that read the same data
_LONGEST = 5_000  # characters of a tag that every store of MLflow takes


class Outcome(StrEnum):
    """What a call came to."""

    REFRESHED = "refreshed"
    REPLACED = "replaced"
    KEPT = "kept"
    ROLLED_BACK = "rolled back"
    NOTHING_NEW = "nothing new"
    BUSY = "busy"
    FAILED = "failed"


_IDLE = (Outcome.BUSY, Outcome.NOTHING_NEW)  # these judged nothing


@dataclass(frozen=True)
class Ended:
    """What a call came to.

    Parameters
    ----------
    outcome : Outcome
    words : str
        Why, with figures: a sentence a line, what it came to last.
    code : int
        Exit code.
    run_id : str
        MLflow run of the call.
    """

    outcome: Outcome
    words: str
    code: int
    run_id: str


@dataclass(eq=False)
class Record:
    """The run of one call, open until :meth:`end`.

    Parameters
    ----------
    store : TrackingStore
    workspace, task : str
    tags : dict of str to str
        What is known from the start.
    """

    store: TrackingStore
    workspace: str
    task: str
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        told = {"role": ROLE, "workspace": self.workspace, "task": self.task, "commit": commit()}
        experiment = self.store.experiment(self.workspace, self.task)
        run = self.store.client().create_run(experiment, run_name=ROLE, tags=told | dict(self.tags))
        self.run_id = str(run.info.run_id)
        self.words: list[str] = []

    def say(self, *words: str) -> None:
        """Add sentences to the verdict."""
        self.words += words

    def tag(self, **tags: str) -> None:
        """Add what the run is searched by."""
        for name, value in tags.items():
            self.store.client().set_tag(self.run_id, name, value[:_LONGEST])

    def end(self, outcome: Outcome, *words: str, code: int = 0) -> Ended:
        """Write the verdict, close the run, and return what the call came to."""
        self.say(*words)
        text = "\n".join(self.words)
        self.tag(outcome=outcome.value, exit_code=str(code), verdict=text)
        client = self.store.client()
        paragraphs = text.replace("\n", "\n\n")  # in Markdown a line alone is none
        client.log_text(self.run_id, f"{paragraphs}\n", "verdict.md")
        client.set_terminated(self.run_id, "FAILED" if code else "FINISHED")
        return Ended(outcome, text, code, self.run_id)


def same_before(
    store: TrackingStore, workspace: str, task: str, asked: str, versions: Mapping[str, int]
) -> Any:
    """Return the latest finished call that was asked the same of the same data, None without."""
    found = store.client().search_runs(
        [store.experiment(workspace, task)],
        f"tags.role = '{ROLE}' and tags.asked = '{asked}' and attributes.status = 'FINISHED'",
        max_results=_LOOKED_AT,
        order_by=["attributes.start_time DESC"],
    )
    worked = [run for run in found if run.data.tags.get("outcome") not in _IDLE]
    for run in worked:
        if equal_versions(run.data.tags.get("data_versions"), versions):
            return run
    return None


def equal_versions(told: str | None, versions: Mapping[str, int]) -> bool:
    """Whether a tag ``data_versions`` names ``versions``."""
    return bool(told) and orjson.loads(str(told)) == dict(versions)
