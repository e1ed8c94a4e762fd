"""What a card has to tell WeCom about a customer, for one member of staff (requirement P08)."""

from __future__ import annotations

from ingest.sources.wecom.messages import NAME
from ingest.sources.wecom.remarks import Remark
from insights.profiles.card import Card
from insights.profiles.statements import ENTERED, Entry, Statement

_CHINA = "+86"


def remark_of(card: Card, userid: str) -> Remark:
    """Return the remark of one member of staff, personal data as it is.

    What a person entered counts for all staff; else what this member noted; else what another
    system says. What was only read out of texts is not sent: confirm it first. A field of which the
    card knows nothing is left as WeCom has it.

    Parameters
    ----------
    card : Card
        Of a customer of whom WeCom is a source; joined ids are told apart by who added them.
    userid : str
        Member of staff.

    Raises
    ------
    ValueError
        If a field is longer than WeCom takes; names it.
    """
    phones = tuple(_national(one.value) for one in _entered(card, "phone"))
    known = [one.customer_id for one in card.added if (one.by, one.source) == (userid, NAME)]
    return Remark(
        userid=userid,
        external_userid=known[0] if known else card.customer_id,
        remark=_noted(card, "remark", userid),
        description=_noted(card, "description", userid),
        remark_company=_noted(card, "company", userid),
        remark_mobiles=phones or None,
        tags=tuple(one.value for one in _entered(card, "tag")),
    )


def _noted(card: Card, field: str, userid: str) -> str | None:
    told = _entered(card, field)
    manual = [one for one in told if one.authority == "manual"]
    own = [one for one in told if one.author == userid]
    return next((one.value for one in (*manual, *own, *told)), None)


def _entered(card: Card, field: str) -> list[Statement]:
    found = (one for entry in card.fields if entry.field == field for one in _all(entry))
    return [one for one in found if one.authority in ENTERED]


def _all(entry: Entry) -> tuple[Statement, ...]:
    return (*entry.values, *entry.suggestions)


def _national(phone: str) -> str:
    """Return a Chinese number as WeCom has it, without its country."""
    return phone.removeprefix(_CHINA)
