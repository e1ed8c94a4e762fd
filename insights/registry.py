"""Every finding of the house, and those of a business's own beside them.

Adding one here adds it to whatever lists findings.
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from insights.finding import FAMILIES, Family, Finding
from insights.findings import (
    agents,
    bot_containment,
    churn,
    csat,
    customer_value,
    duration,
    first_response_time,
    frequent_questions,
    keywords,
    leads,
    messages,
    mood,
    needs,
    operations,
    personal_data,
    repeat_contact,
    reply_time,
    resolution_time,
    retention,
    satisfaction_estimated,
    signals,
    sla,
    staffing_need,
    stickiness,
    topic_sentiment,
    violations,
    volume,
    volume_forecast,
    waiting_now,
)
from insights.own.load import Own, load
from insights.tables import Tables

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
    messages,
    frequent_questions,
    keywords,
    topic_sentiment,
    mood,
    signals,
    leads,
    operations,
    violations,
    personal_data,
    needs,
    retention,
    stickiness,
    customer_value,
    churn,
)
FINDINGS: dict[str, Finding] = {finding.id: finding for file in _FILES for finding in file.FINDINGS}


def own(tables: Tables) -> Own:
    """Return the findings of a business's own, as their files are now.

    They are those of ``metrics`` in the settings, and of the workspace's folder of that name.
    """
    folder = tables.workspace.root / "metrics"
    places = [Path(each) for each in tables.settings.metrics]
    return load([*places, *([folder] if folder.is_dir() else [])], FINDINGS)


def find(name: str, family: Family | None = None, tables: Tables | None = None) -> Finding:
    """Return the finding called ``name``.

    Parameters
    ----------
    name : str
        Definition id such as ``chatwoot/reply_time``, or the name alone.
    family : {"chatwoot", "corrected"}, optional
        Whose definition, where ``name`` does not say it; ``corrected`` by default.
    tables : Tables, optional
        The business whose own findings may be meant, too.

    Raises
    ------
    LookupError
        If there is none; the message lists what there is, the closest name, and files of the
        business's own that are broken.
    """
    added = None if tables is None else own(tables)
    known = FINDINGS if added is None else {**FINDINGS, **added.findings}
    families = FAMILIES if family is None else (family,)
    for wanted in (name, *(f"{whose}/{name}" for whose in families)):
        if wanted in known:
            return known[wanted]
    plain = {finding.name for finding in known.values()}
    close = get_close_matches(name, [*known, *plain], n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    broken = "".join(f"; left out: {why}" for why in (added.broken.values() if added else ()))
    asked = f"{family}/{name}" if family else name
    raise LookupError(f"no finding {asked!r}: there are {', '.join(sorted(known))}{hint}{broken}")
