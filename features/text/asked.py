"""From settings to analyzers and tables: what a run is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from features.text.base import Analyzer
from features.text.entities.table import SPEAKERS, EntityOutput
from features.text.outputs import IN_TEXTS, AnalyzerOutput, Output, TextsOutput
from features.text.readings import Reading
from features.text.registry import Provided, build, reading_of
from features.text.settings import TextSettings
from features.text.taxonomy.chosen import Chosen
from features.text.taxonomy.table import LabelsOutput


@dataclass(frozen=True)
class Asked:
    """Analyzers by name and how they read, their tables, and those that sort by taxonomies."""

    analyzers: Mapping[str, Analyzer]
    reads: Mapping[str, Reading]
    outputs: tuple[Output, ...]
    classifiers: tuple[Chosen, ...]

    @property
    def versions(self) -> dict[str, str]:
        """Version of each analyzer."""
        return {name: analyzer.version for name, analyzer in self.analyzers.items()}


def asked(settings: TextSettings, classifiers: Sequence[Chosen], provided: Provided) -> Asked:
    """Build everything that the settings name.

    Parameters
    ----------
    settings : TextSettings
        Names analyzers, and their options.
    classifiers : sequence of Chosen
        One a taxonomy to sort texts by; they are analyzers too.
    provided : mapping
        What analyzers may ask for.
    """
    found: dict[str, Analyzer] = {
        name: build(name, settings.options.get(name, {}), provided) for name in settings.analyzers
    }
    outputs: list[Output] = [TextsOutput(settings.analyzers)]
    speakers = [name for name in SPEAKERS if name in found]
    if speakers:
        outputs.append(EntityOutput(speakers, settings.zone))
    own = (one for name, one in found.items() if name not in (*IN_TEXTS, *SPEAKERS))
    outputs += [AnalyzerOutput(analyzer) for analyzer in own]
    if classifiers:
        outputs.append(LabelsOutput([classifier.taxonomy for classifier in classifiers]))
    reads = {name: reading_of(name) for name in found}
    found |= {classifier.name: classifier for classifier in classifiers}
    reads |= {classifier.name: "window" for classifier in classifiers}
    return Asked(found, reads, tuple(outputs), tuple(classifiers))
