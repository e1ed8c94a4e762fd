"""A taxonomy's classifier that needs no sentence vectors, for texts by the million.

It learns from what the few-shot classifier says of a few thousand of the business's own texts, and
from the taxonomy's examples: Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural
Network", 2015, with hard labels. Texts that the teacher calls unknown are a class of their own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from features.text.base import Analyzer
from features.text.classifier.examples import Labeled
from features.text.classifier.fit import fit_classifier
from features.text.classifier.model import CODE_VERSION, TextClassifier
from features.text.classifier.quality import Quality
from features.text.pipeline.recipes import Arrays, Fit, Sources
from features.text.taxonomy.chosen import NOWHERE, Chosen

TIER = "distilled"
_HEARD = 4000  # texts of the business that the teacher is asked about


class StudentRecipe:
    """How the student of one taxonomy's classifier learns.

    Parameters
    ----------
    teacher : Chosen
        A classifier that reads sentence vectors.
    """

    def __init__(self, teacher: Chosen) -> None:
        self.teacher = teacher

    def choices(self, sources: Sources) -> tuple[object, ...]:
        """Return code, teacher and settings."""
        settings = sources.settings
        return (CODE_VERSION, self.teacher.version, settings.max_fit_texts, settings.fit_until)

    def fit(self, sources: Sources) -> Fit:
        """Ask the teacher and learn; the quality is how often held-out texts agree with it."""
        texts = sources.corpus.texts
        heard = texts[:: max(1, -(-len(texts) // _HEARD))]
        said = self.teacher.labels(heard, sources.learn_from(heard))["label"].to_pylist()
        unknown = self.teacher.taxonomy.unknown
        names = tuple(NOWHERE if label == unknown else label for label in said)
        model = fit_classifier(_examples(self.teacher) + Labeled(heard, names), tier="trained")
        arrays = {**model.arrays(), "labels": np.array(model.labels, dtype=np.str_)}
        quality = {} if model.quality is None else model.quality.__dict__
        return arrays, {"students": {self.teacher.taxonomy.name: quality}}

    def load(self, arrays: Arrays, sources: Sources, state: str) -> Analyzer:
        """Return the student as the classifier of its taxonomy."""
        _ = sources, state  # the arrays say everything
        parts = dict(arrays)
        labels = parts.pop("labels").tolist()
        model = TextClassifier.of(parts, labels=labels, tier=TIER)
        return Chosen(self.teacher.taxonomy, model, self.teacher.vectors)


def with_quality(student: Chosen, told: dict[str, Any]) -> Chosen:
    """Return the student with the quality that its fit reported."""
    if not isinstance(student.model, TextClassifier) or not told:
        return student
    return replace(student, model=replace(student.model, quality=Quality(**told)))


def _examples(teacher: Chosen) -> Labeled:
    rows = [
        (text, label.label)
        for label in teacher.taxonomy.labels
        for texts in label.examples.values()
        for text in texts
    ]
    return Labeled(tuple(text for text, _ in rows), tuple(label for _, label in rows))
