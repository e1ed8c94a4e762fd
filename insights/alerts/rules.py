"""Rules as data: one yaml file of ``conf/alert`` is one rule, and a new one needs no code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pyarrow as pa
import pyarrow.compute as pc
import yaml
from pydantic import (
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from insights.alerts.calendar import PER_WEEK, Bucket
from insights.alerts.rule import BaseRule, Name
from insights.finding import Family

FOLDER = Path(__file__).resolve().parents[2] / "conf" / "alert"
Direction = Literal["up", "down", "either"]
_DAY_AND_MARGIN = 26  # hours: a day that lengthens in autumn, and the bucket itself


class _FindingRule(BaseRule):
    """A rule about one number of a finding.

    Parameters
    ----------
    finding : str
        Name in the registry.
    family : {"corrected", "chatwoot"}, optional
        Whose definition.
    number : str
        ``count``, ``mean``, ``median``, ``p90`` or what the finding shows beside them.
    minimum : int
        Fewest records of a bucket that a mean, median or p90 is judged by.
    """

    finding: str
    family: Family | None = None
    number: str = "count"
    minimum: NonNegativeInt = 1


class Threshold(_FindingRule):
    """A number above or below a limit."""

    kind: Literal["threshold"]
    above: float | None = None
    below: float | None = None

    @model_validator(mode="after")
    def _limited(self) -> Threshold:
        if self.above is None and self.below is None:
            raise ValueError(f"alert {self.name}: expected above or below, received neither")
        return self


class Change(_FindingRule):
    """A number that rose or fell by so many percent against the bucket before, or a week before."""

    kind: Literal["change"]
    percent: PositiveFloat
    direction: Direction = "up"
    against: Literal["previous", "week_before"] = "previous"

    @property
    def lookback(self) -> int:
        """Buckets before the judged one that its judgment reads."""
        return 1 if self.against == "previous" else PER_WEEK[self.bucket]


class Anomaly(_FindingRule):
    """A count that its weekday and hour did not have in earlier weeks.

    Parameters
    ----------
    p_value : float
        Probability below which a count is no chance.
    times : float
        And at least so many times what was expected (or this part of it, downwards).
    weeks, needed_weeks : int
        Earlier weeks that are looked at, and how many of them there must be.
    """

    kind: Literal["anomaly"]
    number: Literal["count"] = "count"
    direction: Direction = "up"
    p_value: Annotated[float, Field(gt=0, lt=0.5)] = 1e-4
    times: Annotated[float, Field(ge=1)] = 1.5
    minimum: NonNegativeInt = 10
    weeks: Annotated[int, Field(ge=2, le=52)] = 8
    needed_weeks: Annotated[int, Field(ge=2, le=52)] = 4

    @model_validator(mode="after")
    def _possible(self) -> Anomaly:
        if self.needed_weeks > self.weeks:
            raise ValueError(
                f"alert {self.name}: needed_weeks ({self.needed_weeks}) of weeks ({self.weeks})"
            )
        return self

    @property
    def lookback(self) -> int:
        """Buckets before the judged one that its judgment reads."""
        per_week = PER_WEEK[self.bucket]
        return self.weeks * per_week + -(-_DAY_AND_MARGIN * per_week // 168)


class New(_FindingRule):
    """A value of a column that nobody had spoken of, and then several did.

    Parameters
    ----------
    by : str
        The column, such as ``need``; each value has alerts of its own.
    minimum : int
        Records of the value in the last ``within`` buckets.
    within : int
        Buckets that count as lately: whoever is late still counts.
    quiet : int
        Buckets before those without any record of the value; as many are needed of history.
    """

    kind: Literal["new"]
    by: str
    number: Literal["count"] = "count"
    minimum: PositiveInt = 3
    within: PositiveInt = 7
    quiet: PositiveInt = 28

    @property
    def lookback(self) -> int:
        """Buckets before the judged one that its judgment reads."""
        return self.within + self.quiet - 1


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


FindingRule = Threshold | Change | Anomaly | New
Rule = Threshold | Change | Anomaly | New | Words | Events | Waiting | Mood
RULE: TypeAdapter[Rule] = TypeAdapter(Annotated[Rule, Field(discriminator="kind")])


def load_rules(
    names: Sequence[str] | None = None, folders: Iterable[Path] = (FOLDER,)
) -> tuple[Rule, ...]:
    """Read rules from yaml files; a later folder's file replaces one of the same name.

    Parameters
    ----------
    names : sequence of str, optional
        Which; every enabled one by default.
    folders : iterable of Path
        Where they are.

    Raises
    ------
    ValueError
        If a file does not hold a rule, or there is none of a name.
    """
    files = {file.stem: file for folder in folders for file in sorted(Path(folder).glob("*.yaml"))}
    missing = [name for name in names or () if name not in files]
    if missing:
        raise ValueError(f"no alert {', '.join(missing)}: there are {', '.join(files) or 'none'}")
    if names:
        return tuple(_read(files[name]) for name in names)
    return tuple(rule for rule in map(_read, files.values()) if rule.enabled)


def _read(file: Path) -> Rule:
    content: Any = yaml.safe_load(file.read_text("utf-8"))
    try:
        rule = RULE.validate_python(content)
    except ValidationError as error:
        raise ValueError(f"alert {file}: {error}") from error
    if rule.name != file.stem:
        raise ValueError(f"alert {file}: expected name {file.stem!r}, received {rule.name!r}")
    return rule
