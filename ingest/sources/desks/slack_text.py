"""Slack's markup as people read it: names instead of ids, links by their labels."""

from __future__ import annotations

import html
import re

from ingest.sources.desks.people import People

_MARK = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")


def readable(text: object, people: People) -> str | None:
    """Return a text without Slack's markup, None if nothing is left.

    Examples
    --------
    >>> readable("<@U1> see <https://shop.example|our page> &amp; <!here>", People("slack", (), ()))
    '@U1 see our page (https://shop.example) & @here'
    """
    if not isinstance(text, str):
        return None

    def shown(found: re.Match[str]) -> str:
        sign, target, label = found.groups()
        if sign == "@":
            person = people.get(target)
            return "@" + (label or person.name or person.username or target)
        if sign == "#":
            return "#" + (label or target)
        if sign == "!":
            return label or "@" + target.split("^", maxsplit=1)[0]
        address = target.removeprefix("mailto:").removeprefix("tel:")
        return f"{label} ({address})" if label and label != address else address

    return html.unescape(_MARK.sub(shown, text)).strip() or None
