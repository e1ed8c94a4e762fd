"""When and through which channel a recommendation is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

_HOURS, _DAYS = 24, 7


@dataclass(frozen=True)
class Context:
    """The situation of a request; what is not known is left out.

    Parameters
    ----------
    moment : datetime, optional
        When it is asked, with its zone. Hour and weekday are those of UTC, as in the data.
    channel : str, optional
        Where it is asked: a value that ``channel`` has in the attributes of events ("app").
    told_hour, told_weekday : int, optional
        Hour 0 to 23 and weekday 0 (Monday) to 6, of UTC, in place of those of the moment.

    Raises
    ------
    ValueError
        If the moment names no zone, or hour or weekday is none.
    """

    moment: datetime | None = None
    channel: str | None = None
    told_hour: int | None = None
    told_weekday: int | None = None

    def __post_init__(self) -> None:
        if self.moment is not None and self.moment.tzinfo is None:
            raise ValueError(
                f"context.moment: expected a time with a zone, received {self.moment}; add "
                "tzinfo=UTC or the zone of the request"
            )
        for name, size in (("told_hour", _HOURS), ("told_weekday", _DAYS)):
            told = getattr(self, name)
            if told is not None and not 0 <= told < size:
                raise ValueError(f"context.{name}: expected 0 to {size - 1}, received {told}")

    @property
    def hour(self) -> int:
        """Hour of the day, 0 to 23; -1 unknown."""
        if self.told_hour is not None:
            return self.told_hour
        return -1 if self.moment is None else self.moment.astimezone(UTC).hour

    @property
    def weekday(self) -> int:
        """Day of the week, 0 (Monday) to 6; -1 unknown."""
        if self.told_weekday is not None:
            return self.told_weekday
        return -1 if self.moment is None else self.moment.astimezone(UTC).weekday()

    @property
    def situation(self) -> Context:
        """Hour, weekday and channel alone: equal where a model could not tell two apart."""
        hour, weekday = self.hour, self.weekday
        return Context(
            channel=self.channel,
            told_hour=None if hour < 0 else hour,
            told_weekday=None if weekday < 0 else weekday,
        )
