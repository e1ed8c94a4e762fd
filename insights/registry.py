"""Every finding of the house: adding one here adds it to whatever lists findings."""

from __future__ import annotations

from difflib import get_close_matches

from insights.finding import Finding
from insights.findings.conversation_duration import CONVERSATION_DURATION
from insights.findings.conversation_volume import CONVERSATION_VOLUME
from insights.findings.topic_sentiment import TOPIC_SENTIMENT

FINDINGS: dict[str, Finding] = {
    finding.name: finding
    for finding in (CONVERSATION_VOLUME, CONVERSATION_DURATION, TOPIC_SENTIMENT)
}


def find(name: str) -> Finding:
    """Return the finding called ``name``.

    Raises
    ------
    LookupError
        If there is none; the message lists what there is and the closest name.
    """
    try:
        return FINDINGS[name]
    except KeyError:
        close = get_close_matches(name, FINDINGS, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise LookupError(
            f"no finding {name!r}: there are {', '.join(sorted(FINDINGS))}{hint}"
        ) from None
