"""A small workspace whose texts use words that only its people can explain."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pyarrow as pa
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from features.text.pipeline.run import write_texts
from features.text.pipeline.settings import TextSettings
from ingest.schemas import TABLES
from ingest.store import Store
from ingest.workspace import Workspace
from tests.training.conftest import CONF

TAXONOMY = "service_categories"
WORDS = {
    "after_sales": ("zork", "mibble"),
    "product_enquiry": ("plim", "tarn"),
    "complaint_suggestion": ("vant", "quod"),
}
_PLACES = ("kitchen", "garage", "office", "garden", "hall", "cellar")
_TIMES = ("Monday", "yesterday", "last week", "this morning", "noon")


def sentences(word: str) -> list[str]:
    return [f"the {word} in the {place} since {time}" for place, time in product(_PLACES, _TIMES)]


def truth(text: str) -> str:
    return next(label for label, words in WORDS.items() if any(word in text for word in words))


class Shop:
    """Analyzed texts in a workspace of its own, and the calls that a person makes."""

    def __init__(self, folder: Path, tracking: Path) -> None:
        self.data = folder / "data"
        self.tracking = tracking
        self.workspace = Workspace.named("shop", self.data)
        self.folder = self.workspace.features / "text"
        self.texts = [text for pair in WORDS.values() for word in pair for text in sentences(word)]
        start = datetime(2024, 1, 1, tzinfo=UTC)
        blank = dict.fromkeys(TABLES["feedback"].schema.names)
        rows = []
        for number, text in enumerate(self.texts):
            moment = start + timedelta(minutes=number)
            given = {"feedback_id": f"t{number}", "source": "test", "kind": "survey", "text": text}
            rows.append(blank | given | {"occurred_at": moment, "available_at": moment})
        Store(self.workspace.store).add(
            "feedback", pa.Table.from_pylist(rows, schema=TABLES["feedback"].schema)
        )
        self.analyze()

    def analyze(self, *taxonomies: str) -> None:
        """Let text analysis read the texts, and sort them by these taxonomies."""
        settings = TextSettings(
            analyzers=("embedding",), stages=(), taxonomies=taxonomies, progress=False
        )
        write_texts(Store(self.workspace.store), self.workspace, settings)

    def arguments(self, *overrides: str) -> list[str]:
        return [
            "workspace=shop",
            f"data_dir={self.data}",
            f"tracking.folder={self.tracking}",
            *overrides,
        ]

    def config(self, verb: str, *overrides: str) -> DictConfig:
        with initialize_config_dir(str(CONF), version_base=None):
            return compose(verb, self.arguments(*overrides))
