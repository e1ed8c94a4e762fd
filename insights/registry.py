"""Every finding of the house: adding one here adds it to whatever lists findings."""

from __future__ import annotations

from difflib import get_close_matches

from insights.finding import FAMILIES, Family, Finding
from insights.findings import (
    agents,
    bot_containment,
    csat,
    duration,
    first_response_time,
    frequent_questions,
    needs,
    repeat_contact,
    reply_time,
    resolution_time,
    satisfaction_estimated,
    sla,
    staffing_need,
    topic_sentiment,
    volume,
    volume_forecast,
    waiting_now,
)

_FILES = (
    volume,
    first_response_time,
    reply_time,
    resolution_time,
    csat,
    satisfaction_estimated,
    sla,
    bot_containment,
    duration,
    waiting_now,
    repeat_contact,
    staffing_need,
    volume_forecast,
    agents,
    frequent_questions,
    topic_sentiment,
    needs,
)
FINDINGS: dict[str, Finding] = {finding.id: finding for file in _FILES for finding in file.FINDINGS}


def find(name: str, family: Family | None = None) -> Finding:
    """Return the finding called ``name``.

    Parameters
    ----------
    name : str
        Definition id such as ``chatwoot/reply_time``, or the name alone.
    family : {"chatwoot", "corrected"}, optional
        Whose definition, where ``name`` does not say it; ``corrected`` by default.

    Raises
    ------
    LookupError
        If there is none; the message lists what there is and the closest name.
    """
    families = FAMILIES if family is None else (family,)
    for wanted in (name, *(f"{whose}/{name}" for whose in families)):
        if wanted in FINDINGS:
            return FINDINGS[wanted]
    plain = {finding.name for finding in FINDINGS.values()}
    close = get_close_matches(name, [*FINDINGS, *plain], n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    asked = f"{family}/{name}" if family else name
    raise LookupError(f"no finding {asked!r}: there are {', '.join(sorted(FINDINGS))}{hint}")
