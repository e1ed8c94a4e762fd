"""From settings to analyzers and tables: what a run is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from features.text.base import Analyzer
from features.text.context.readings import Reading
from features.text.entities.table import SPEAKERS, EntityOutput
from features.text.llm.analyzer import LlmAnalyzer
from features.text.pipeline.outputs import IN_TEXTS, AnalyzerOutput, Output, TextsOutput
from features.text.pipeline.registry import Provided, build, reading_of
from features.text.pipeline.settings import TextSettings
from features.text.relations.table import RelationsOutput
from features.text.taxonomy.chosen import Chosen, analyzer_name
from features.text.taxonomy.table import LabelsOutput

_RELATIONS = ("relations", "events")
_FALLBACKS = {"llm_sentiment": "sentiment", "llm_needs": analyzer_name("customer_needs")}


@dataclass(frozen=True)
class Asked:
    """What a run is asked for.

    Parameters
    ----------
    analyzers : mapping of str to Analyzer
        By name.
    reads : mapping of str to Reading
        How each of them reads texts.
    outputs : tuple of Output
        The tables made of their answers.
    classifiers : tuple of Chosen
        Those of the analyzers that sort by taxonomies.
    models : tuple of LlmAnalyzer
        Language models, asked last and not among the analyzers: they remember by themselves.
    """

    analyzers: Mapping[str, Analyzer]
    reads: Mapping[str, Reading]
    outputs: tuple[Output, ...]
    classifiers: tuple[Chosen, ...]
    models: tuple[LlmAnalyzer, ...]

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
    known: dict[str, Analyzer] = {classifier.name: classifier for classifier in classifiers}
    found: dict[str, Analyzer] = {}
    for name in settings.analyzers:
        instead = {"fallback": partial((known | found).get, _FALLBACKS.get(name, ""))}
        options = settings.options.get(name, {})
        found[name] = build(name, options, {**provided, **instead})
    models = tuple(one for one in found.values() if isinstance(one, LlmAnalyzer))
    for model in models:
        del found[model.name]
    outputs: list[Output] = [TextsOutput(settings.analyzers)]
    speakers = [name for name in SPEAKERS if name in found]
    if speakers:
        outputs.append(EntityOutput(speakers, settings.zone))
    outputs += [RelationsOutput(name, settings.zone) for name in _RELATIONS if name in found]
    elsewhere = (*IN_TEXTS, *SPEAKERS, *_RELATIONS)
    own = (one for name, one in found.items() if name not in elsewhere)
    outputs += [AnalyzerOutput(analyzer) for analyzer in own]
    if classifiers:
        outputs.append(LabelsOutput([classifier.taxonomy for classifier in classifiers]))
    reads = {name: reading_of(name) for name in found}
    found |= known
    reads |= {classifier.name: "window" for classifier in classifiers}
    return Asked(found, reads, tuple(outputs), tuple(classifiers), models)
