"""WeCom's customer records: who a customer is, and what each member of staff noted of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ingest.sources.rows import dump, filled
from ingest.sources.wecom.messages import NAME, Mapped, moment

_ABOUT = ("name", "type", "gender", "unionid", "position", "corp_name", "corp_full_name", "avatar")
# Field of a record -> field of a fact.
_PERSON = {"name": "name", "position": "job", "unionid": "unionid", "corp_full_name": "company"}
_NOTED = {"remark": "remark", "description": "description", "remark_corp_name": "company"}


def is_record(entry: object) -> bool:
    """Return whether an entry is a customer record rather than a message."""
    return isinstance(entry, dict) and "external_contact" in entry


def wrong(record: Mapping[str, Any]) -> str:
    """Return why a record cannot be used, empty if it can."""
    if record.get("errcode"):
        return f"expected a record, received error {record['errcode']}: {record.get('errmsg')}"
    person = record["external_contact"]
    if not isinstance(person, dict) or not isinstance(person.get("external_userid"), str):
        return "external_contact: expected an object with external_userid, received none"
    return ""


def put(record: Mapping[str, Any], at: datetime, into: Mapped) -> None:
    """Add the rows that one record makes.

    Parameters
    ----------
    record : mapping
        Answer of ``externalcontact/get``: ``external_contact`` and ``follow_user``.
    at : datetime
        When the record was fetched: nothing in it was known to us before.
    into : Mapped
        Where rows go.
    """
    person = record["external_contact"]
    customer = person["external_userid"]
    follows = [follow for follow in record.get("follow_user") or () if isinstance(follow, dict)]
    known = [since for follow in follows if (since := _since(follow)) is not None]
    about = filled(channel=NAME, **{name: person.get(name) for name in _ABOUT})
    first = min(known, default=None)
    into.customers.append(
        {"customer_id": customer, "attributes": dump(about), "first_seen_at": first}
    )
    company = person.get("corp_full_name") or person.get("corp_name")
    for name, value in {**person, "corp_full_name": company}.items():
        if name in _PERSON:
            _fact(into, customer, _PERSON[name], value, author=NAME, at=at)
    for follow in follows:
        _follow(follow, customer, at, into)


def _follow(follow: Mapping[str, Any], customer: str, at: datetime, into: Mapped) -> None:
    """Add what one member of staff noted, and since when the two know each other."""
    agent = str(follow.get("userid") or "")
    for field, value in _notes(follow):
        _fact(into, customer, field, value, author=agent or NAME, at=at)
    since = _since(follow)
    if since is not None and agent:
        names = ("add_way", "state", "oper_userid", "wechat_channels")
        about = filled(**{name: follow.get(name) for name in names})
        into.events.append(
            {
                "event_id": f"{NAME}:{customer}:{agent}:{int(since.timestamp())}:contact_added",
                "customer_id": customer,
                "kind": "contact_added",
                "agent_id": agent,
                "occurred_at": since,
                "attributes": None if about is None else dump(about),
            }
        )


def _notes(follow: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for name, field in _NOTED.items():
        yield field, follow.get(name)
    for phone in follow.get("remark_mobiles") or ():
        yield "phone", phone
    for tag in follow.get("tags") or ():
        if isinstance(tag, dict) and tag.get("tag_name"):
            group = tag.get("group_name")
            yield "tag", f"{group}: {tag['tag_name']}" if group else tag["tag_name"]


def _since(follow: Mapping[str, Any]) -> datetime | None:
    """Return when somebody added a customer; records tell it in seconds."""
    seconds = follow.get("createtime")
    return moment(seconds * 1000) if isinstance(seconds, int) else None


def _fact(
    into: Mapped, customer: str, field: str, value: object, *, author: str, at: datetime
) -> None:
    if not isinstance(value, str) or not value.strip():
        return
    said = "\x1f".join((customer, field, value, author)).encode()
    into.facts.append(
        {
            "fact_id": f"{NAME}:{hashlib.blake2b(said, digest_size=12).hexdigest()}",
            "customer_id": customer,
            "field": field,
            "value": value,
            "authority": "crm",
            "author": author,
            "recorded_at": at,
        }
    )
