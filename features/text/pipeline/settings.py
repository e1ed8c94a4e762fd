"""What can be chosen about text analysis, each choice declared and checked once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
    field_validator,
    model_validator,
)

from features.text.pipeline.registry import analyzer_file
from features.text.taxonomy.taxonomy import named_taxonomy

Stage = Literal[
    "topics", "quality", "facts", "keywords", "questions", "signals", "summaries", "pictures"
]


class TextSettings(BaseModel):
    """How texts are analyzed.

    Parameters
    ----------
    topics : int
        How many topics are looked for, K.
    topic_model : {"lda", "clusters"}
        Topics by the words of texts, or by their sentence vectors.
    topic_iterations : int
        Sampling rounds of the topic model.
    keywords : int
        Most keywords of one text.
    words, stop_words : tuple of str
        Words of the business that stay whole, and words that are never keywords here.
    min_rated, min_pole : int
        Sentiment is trained on the business's own ratings for a language that has so many rated
        texts, and so many of them negative and positive each; else the seed sentences serve.
    max_rated, max_fit_texts : int
        Most rated texts that sentiment, and texts that topics and word weights are fitted on. Of
        more, an even sample is taken, always the same.
    fit_until : datetime or None
        Only texts with ``available_at`` strictly before it are fitted on, for evaluation at that
        time. Without a zone it is read as UTC.
    refit_growth : float
        What was fitted is kept until the texts to fit on have grown by this share; 0 refits
        whenever there is a new one. Erasing a text always refits.
    characters : int
        So much of a text goes into its sentence vector.
    batch : int
        Texts analyzed at a time, which bounds memory.
    workers : int
        Processes that analyze when there is much to analyze.
    analyzers : tuple of str
        What is found out: names of files in ``conf/analyzer``.
    stages : tuple of str
        What is then said of all texts together: topics (quality, quotes and trends of topics),
        quality (of the data), facts (suggested for profiles), keywords (of conversations and
        periods), questions (groups of near-duplicates), signals (of conversations), summaries,
        pictures (read offline).
    options : mapping of str to mapping
        Parameters of analyzers that replace those of their files, by name of the analyzer.
    zone : str
        IANA name of the zone that customers write in; it decides which day "tomorrow" is.
    taxonomies : tuple of str
        Names of files in ``conf/taxonomy`` to sort texts by.
    seed : int
        Fixes every random choice.
    progress : bool
        Whether progress bars are shown.

    Raises
    ------
    pydantic.ValidationError
        If a key is unknown or a value out of range.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    topics: Annotated[int, Field(ge=2, le=500)] = 12
    topic_model: Literal["lda", "clusters"] = "lda"
    topic_iterations: PositiveInt = 200
    keywords: PositiveInt = 5
    words: tuple[str, ...] = ()
    stop_words: tuple[str, ...] = ()
    min_rated: Annotated[int, Field(ge=30)] = 200
    min_pole: Annotated[int, Field(ge=5)] = 20
    max_rated: Annotated[int, Field(ge=200)] = 8000
    max_fit_texts: Annotated[int, Field(ge=200)] = 50_000
    fit_until: datetime | None = None
    refit_growth: Annotated[float, Field(ge=0, le=10)] = 0.2
    characters: PositiveInt = 600
    batch: Annotated[int, Field(ge=1, le=100_000)] = 2048
    workers: Annotated[int, Field(ge=1, le=64)] = 2
    analyzers: tuple[str, ...] = (
        "language", "clean", "quality", "sentiment", "topics", "keywords", "embedding", "pii",
        "entities", "aspects", "relations", "events", "profile_facts", "signals",
    )  # fmt: skip
    stages: tuple[Stage, ...] = (
        "topics", "quality", "facts", "keywords", "questions", "signals", "summaries",
    )  # fmt: skip
    options: dict[str, dict[str, Any]] = Field(default_factory=dict)
    zone: str = "UTC"
    taxonomies: tuple[str, ...] = ()
    seed: NonNegativeInt = 7
    progress: bool = True

    @field_validator("fit_until")
    @classmethod
    def _in_utc(cls, value: datetime | None) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    @field_validator("analyzers")
    @classmethod
    def _described(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            analyzer_file(name)
        return tuple(dict.fromkeys(value))

    @field_validator("taxonomies")
    @classmethod
    def _exist(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            named_taxonomy(name)
        return value

    @field_validator("zone")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"zone {value!r}: expected one such as Asia/Shanghai") from error
        return value

    @model_validator(mode="after")
    def _have_vectors(self) -> Self:
        if self.topic_model == "clusters" and "embedding" not in self.analyzers:
            raise ValueError(
                "topic_model: clusters reads sentence vectors: add embedding to the analyzers"
            )
        return self
