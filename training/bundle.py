"""What serving needs to answer, in one folder: a model and everything said about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from training.models.base import Recommender, load_recommender
from training.models.state import StateError

_DOCUMENT, _MODEL = "bundle.json", "model"
_FORMAT = 1


@dataclass(frozen=True, eq=False)
class Bundle:
    """A fitted model with what it was made from and how good it was found.

    Parameters
    ----------
    model : Recommender
        Usually a :class:`~training.models.fallback.WithFallback`, so that everybody gets an answer.
    name : str
        Name of the model configuration, such as ``ranker``.
    workspace, task : str
        Whose data, and ``discover`` or ``again``.
    metrics : dict of str to float
        What was measured by the split ``split`` (``recall@20`` and so on).
    intervals : dict of str to [low, high]
        95 % intervals of those metrics that have one.
    split, split_hash : str
        Protocol the metrics were measured by.
    feature_service, item_service : str or None
        Feast services the model reads, None where it reads none.
    data_versions : dict of str to int
        Version of each canonical table that was read.
    config : dict
        Resolved configuration: enough to train it again.
    run_id, commit : str
        MLflow run it came from, and git commit of the code.
    created_at : datetime
    """

    model: Recommender
    name: str
    workspace: str
    task: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    split: str = ""
    split_hash: str = ""
    feature_service: str | None = None
    item_service: str | None = None
    data_versions: Mapping[str, int] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    run_id: str = ""
    commit: str = ""
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def trained_until(self) -> datetime:
        """As-of time of the training data (UTC): the model knows nothing at or after it."""
        return self.model.until

    @property
    def exclude_seen(self) -> bool:
        """Whether its task leaves out what the customer had."""
        return self.task == "discover"

    def save(self, folder: Path) -> None:
        """Write the bundle to ``folder``: ``bundle.json`` and the model below ``model/``."""
        folder = Path(folder)
        self.model.save(folder / _MODEL)
        described = {n: v for n, v in self._described().items() if n != "model"}
        document = {"format": _FORMAT, **described}
        (folder / _DOCUMENT).write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))

    @classmethod
    def load(cls, folder: Path) -> Bundle:
        """Read a bundle.

        Raises
        ------
        training.models.state.StateError
            If a file is missing, changed, or of another format.
        """
        path = Path(folder) / _DOCUMENT
        if not path.is_file():
            raise StateError(f"{path}: missing; expected a folder written by Bundle.save")
        document = orjson.loads(path.read_bytes())
        if document.pop("format", None) != _FORMAT:
            raise StateError(f"{path}: not a bundle of format {_FORMAT}; train the model again")
        document.pop("trained_until")
        document["created_at"] = datetime.fromisoformat(document["created_at"])
        document["intervals"] = {n: tuple(v) for n, v in document["intervals"].items()}
        return cls(model=load_recommender(Path(folder) / _MODEL), **document)

    def _described(self) -> dict[str, Any]:
        shallow = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return shallow | {"trained_until": self.trained_until}
