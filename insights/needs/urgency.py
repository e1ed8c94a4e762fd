"""How urgent a need is, from evidence alone: the same texts always give the same score."""

from __future__ import annotations

import math
from dataclasses import dataclass

from insights.needs.settings import UrgencySettings


@dataclass(frozen=True)
class Urgency:
    """What speaks for hurrying.

    Parameters
    ----------
    deadline_share : float
        Share of texts with words of urgency (now, today, at once).
    repeat_share : float
        Share of customers who wrote about it on two days or more.
    growth : float
        Lower end of the 95 % interval of the trend; 1 where it is not known.
    waiting_days : float
        Age of the oldest message about it that nobody answered; 0 without one.
    """

    deadline_share: float = 0.0
    repeat_share: float = 0.0
    growth: float = 1.0
    waiting_days: float = 0.0

    def told(self) -> str:
        """Return the evidence in words."""
        return (
            f"urgent words {self.deadline_share:.0%}, repeat contacts {self.repeat_share:.0%}, "
            f"growth at least {self.growth:.2g}, waiting {self.waiting_days:.1f} days"
        )


def urgency_score(evidence: Urgency, settings: UrgencySettings) -> int:
    """Return 1 (nothing hurries) to 5 (everything does).

    Each of the four pieces of evidence adds up to one, in proportion to what counts fully; the sum
    is rounded, halves up.

    Examples
    --------
    >>> urgency_score(Urgency(), UrgencySettings())
    1
    >>> urgency_score(Urgency(deadline_share=0.2, waiting_days=1.5), UrgencySettings())
    3
    """
    parts = (
        evidence.deadline_share / settings.deadline_share,
        evidence.repeat_share / settings.repeat_share,
        (evidence.growth - 1) / (settings.growth - 1),
        evidence.waiting_days / settings.waiting_days,
    )
    return 1 + math.floor(sum(min(max(part, 0.0), 1.0) for part in parts) + 0.5)
