"""Rules about chats, events and texts: forbidden words, kinds of events, waiting, mood."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from insights.alerts.calendar import Bucket
from insights.alerts.rule import BaseRule, Name


class Words(BaseRule):
    """Words that somebody must not, or should never have to, write.

    Parameters
    ----------
    who : {"human", "bot", "customer"}
        Whose public messages are read; recalled ones as well.
    words : tuple of str
        Plain words, found in any case and width, with spaces between their characters or not.
    patterns : tuple of str
        RE2 expressions over the lower-case text.
    unless : tuple of str
        RE2 expressions; a message that matches one is no breach.
    """

    kind: Literal["words"]
    who: Literal["human", "bot", "customer"] = "human"
    words: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _some(self) -> Words:
        if not self.words and not self.patterns:
            raise ValueError(f"alert {self.name}: expected words or patterns, received neither")
        for pattern in (*self.patterns, *self.unless):
            try:
                pc.match_substring_regex(pa.array([""]), pattern)
            except pa.ArrowInvalid as error:
                raise ValueError(f"alert {self.name}: patterns: {pattern!r}: {error}") from error
        return self


class Events(BaseRule):
    """Events of some kinds, such as customers who leave; more than ``above`` in a bucket."""

    kind: Literal["events"]
    kinds: Annotated[tuple[Name, ...], Field(min_length=1)]
    above: NonNegativeInt = 0


class Waiting(BaseRule):
    """Conversations that wait for an answer longer than promised.

    Parameters
    ----------
    longer_than_minutes : float
        The promise.
    clock : {"calendar", "business"}
        Whether minutes outside opening hours (``hours=``) count.
    conversations : int
        So many of them at the end of a bucket.
    forgotten_after_days : int
        Who waits longer than this does not wait any more.
    """

    kind: Literal["waiting"]
    longer_than_minutes: PositiveFloat
    clock: Literal["calendar", "business"] = "calendar"
    conversations: PositiveInt = 1
    forgotten_after_days: PositiveInt = 7


class Mood(BaseRule):
    """Texts that sound worse than before, as ``python -m features`` judged them.

    Parameters
    ----------
    number : {"polarity", "negative_share"}
        Mean polarity (-1 to 1) or share of negative texts (0 to 1).
    worse_by : float
        Worsening against the mean of the buckets before.
    before : int
        How many of them.
    minimum : int
        Fewest texts, of the bucket and of those before.
    """

    counts: ClassVar[bool] = False

    kind: Literal["mood"]
    number: Literal["polarity", "negative_share"] = "polarity"
    worse_by: PositiveFloat
    before: PositiveInt = 28
    minimum: PositiveInt = 5
    bucket: Bucket = "day"

    @property
    def lookback(self) -> int:
        """Buckets before the judged one that its judgment reads."""
        return self.before


ChatRule = Words | Events | Waiting | Mood
