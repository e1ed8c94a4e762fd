"""Who looks after a number (requirement M11): the business names them in its settings."""

from __future__ import annotations

from difflib import get_close_matches

from insights.finding import Finding
from insights.registry import FINDINGS, own
from insights.settings import InsightSettings
from insights.tables import Tables


def owner_of(finding: Finding, settings: InsightSettings) -> str | None:
    """Return who looks after a finding; None where the business named nobody.

    A definition id such as ``chatwoot/reply_time`` goes before the name, which means the finding in
    both families.
    """
    return settings.owners.get(finding.id, settings.owners.get(finding.name))


def check_owners(tables: Tables) -> None:
    """Refuse owners of findings that there are not, such as misspelled ones.

    While a file of the business's own findings is broken, unknown names pass: the finding may be
    one of that file.

    Raises
    ------
    ValueError
        If a name is neither that of a finding of the house nor of the business's own.
    """
    named = tables.settings.owners
    if not named:
        return
    added = own(tables)
    every = [*FINDINGS.values(), *added.findings.values()]
    known = {name for each in every for name in (each.id, each.name)}
    unknown = [name for name in named if name not in known]
    if not unknown or added.broken:
        return
    close = get_close_matches(unknown[0], sorted(known), n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise ValueError(
        f"owners: expected names of findings, as `python -m insights` lists them; there is no "
        f"{', '.join(map(repr, unknown))}{hint}"
    )
