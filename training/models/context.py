"""When and through which channel a recommendation is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Context:
    """The situation of a request; what is not known is left out.

    Parameters
    ----------
    moment : datetime, optional
        When it is asked, with its zone. Hour and weekday are those of UTC, as in the data.
    channel : str, optional
        Where it is asked: a value that ``channel`` has in the attributes of events ("app").

    Raises
    ------
    ValueError
        If the moment names no zone.
    """

    moment: datetime | None = None
    channel: str | None = None

    def __post_init__(self) -> None:
        if self.moment is not None and self.moment.tzinfo is None:
            raise ValueError(
                f"context.moment: expected a time with a zone, received {self.moment}; add "
                "tzinfo=UTC or the zone of the request"
            )

    @property
    def hour(self) -> int:
        """Hour of the day, 0 to 23; -1 unknown."""
        return -1 if self.moment is None else self.moment.astimezone(UTC).hour

    @property
    def weekday(self) -> int:
        """Day of the week, 0 (Monday) to 6; -1 unknown."""
        return -1 if self.moment is None else self.moment.astimezone(UTC).weekday()
