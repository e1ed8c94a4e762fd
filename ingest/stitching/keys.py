"""Keys that belong to one person: telephone numbers, e-mail addresses and WeChat union ids.

Only exact keys are used, in one spelling each. Names, addresses and the like may suggest that two
customers are one; they never prove it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc

from ingest.facts import taken_back
from ingest.sources.guess import plain_name
from ingest.stitching.joins import Held
from ingest.store import Store

FIELDS: Mapping[str, tuple[str, ...]] = {
    "unionid": ("unionid", "union_id", "wechat_unionid", "微信unionid"),
    "email": ("email", "emails", "mail", "e_mail", "email_address", "邮箱", "电子邮箱", "邮件"),
    "phone": (
        *("phone", "phones", "phone_number", "mobile", "mobiles", "tel", "telephone", "cell"),
        *("remark_mobiles", "手机", "手机号", "手机号码", "电话", "联系电话"),
    ),
}
INSIDE = ("custom_attributes", "additional_attributes", "user_fields", "external_contact")
INSIDE_LISTS = ("follow_user",)
TRUSTED = ("manual", "crm")  # authorities whose facts count; what a text seems to say does not
_KIND = {name: kind for kind, names in FIELDS.items() for name in names}
_EMAIL = re.compile(r"^[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+$")
_UNION = re.compile(r"^[A-Za-z0-9_-]{6,64}$")


def normalized(kind: str, value: str, region: str = "CN") -> str | None:
    """Return a key in the spelling that is compared, None if it is none.

    Parameters
    ----------
    kind : {"unionid", "email", "phone"}
        What it is.
    value : str
        As it was written.
    region : str
        Country of telephone numbers without a country code, ISO 3166.

    Examples
    --------
    >>> normalized("phone", "138 0013 8000"), normalized("email", " Ann@Mail.example ")
    ('+8613800138000', 'ann@mail.example')
    """
    text = value.strip()
    if kind == "unionid":
        return text if _UNION.match(text) else None
    if kind == "email":
        return text.lower() if _EMAIL.match(text) else None
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def masked(kind: str, key: str) -> str:
    """Return a key as it may be shown: enough to recognize, not enough to use.

    Examples
    --------
    >>> masked("phone", "+8613800138000"), masked("email", "ann@mail.example")
    ('+861*******000', 'a***@mail.example')
    """
    if kind == "email":
        name, _, domain = key.partition("@")
        return f"{name[:1]}***@{domain}"
    shown = 4 if kind == "phone" else 3
    return key[:shown] + "*" * max(1, len(key) - shown - 3) + key[-3:]


def held_keys(store: Store, region: str = "CN") -> list[Held]:
    """Return the keys that the sources say customers have, sorted.

    Read are the attributes of customers, and standing facts that people or other systems entered.
    """
    found: set[Held] = set()
    customers = store.read("customers", ["customer_id", "source", "attributes"])
    for row in customers.filter(pc.is_valid(customers["attributes"])).to_pylist():
        for field, value in _told(orjson.loads(row["attributes"])):
            found |= _held(row["customer_id"], row["source"], field, value, region)
    for row in _standing(store.read("facts")):
        if plain_name(row["field"]) in _KIND:
            found |= _held(row["customer_id"], row["source"], row["field"], row["value"], region)
    return sorted(found)


def _held(customer: str, source: str, field: str, value: str, region: str) -> set[Held]:
    kind = _KIND[plain_name(field)]
    key = normalized(kind, value, region)
    return set() if key is None else {Held(customer, kind, key, source, field)}


def _told(attributes: object) -> Iterator[tuple[str, str]]:
    """Yield names and values of fields that hold keys, in the attributes and what they wrap."""
    if not isinstance(attributes, dict):
        return
    for name, value in attributes.items():
        if plain_name(name) in _KIND:
            yield from ((name, text) for text in _texts(value))
        elif name in INSIDE:
            yield from _told(value)
        elif name in INSIDE_LISTS and isinstance(value, list):
            for each in value:
                yield from _told(each)


def _texts(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [str(each) for each in values if isinstance(each, str | int) and not _flag(each)]


def _flag(value: object) -> bool:
    return isinstance(value, bool)


def _standing(facts: pa.Table) -> list[dict[str, Any]]:
    """Return the facts that count and are not taken back."""
    gone = taken_back(facts)
    rows: list[dict[str, Any]] = facts.to_pylist()
    return [
        row
        for row in rows
        if row["authority"] in TRUSTED and row["fact_id"] not in gone and not row["retracts"]
    ]
