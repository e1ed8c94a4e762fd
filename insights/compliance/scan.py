"""Which messages of staff break which rule: each message is searched once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial, reduce

import ibis
import pyarrow as pa
from ibis import _

from insights.alerts.chat_rules import Words
from insights.alerts.rules import load_rules
from insights.alerts.words import breaks, matched, plain
from insights.compliance.searched import searched
from insights.tables import Tables

_HITS = pa.schema(
    [(name, pa.string()) for name in ("message_id", "text", "rule", "severity", "matched")]
)


def staff_rules() -> tuple[Words, ...]:
    """Return the rules about what staff writes."""
    return tuple(rule for rule in load_rules() if isinstance(rule, Words) and rule.who == "human")


def broken(tables: Tables) -> pa.Table:
    """Return message_id, text, rule, severity and matched words of each breach.

    Searching a million messages takes seconds; what was searched before is not searched again.
    """
    rules = staff_rules()
    if not rules:
        return _HITS.empty_table()
    return searched(tables, "what staff must not say", _HITS, partial(_search, tables, rules))


def _search(tables: Tables, rules: Sequence[Words], fresh: pa.Table) -> pa.Table:
    connection = tables.chats.connection
    texts = connection.create_table("said_by_staff", fresh, temp=True, overwrite=True)
    texts = texts.mutate(narrow=plain(texts.text)).cache()  # once for all rules
    found = reduce(lambda one, other: one.union(other), (_hits(texts, one) for one in rules))
    new = connection.to_pyarrow(found)
    connection.drop_table("said_by_staff")
    return new


def _hits(texts: ibis.Table, rule: Words) -> ibis.Table:
    return texts.filter(breaks(texts.narrow, rule)).select(
        "message_id",
        "text",
        rule=ibis.literal(rule.name),
        severity=ibis.literal(rule.severity),
        matched=matched(_.narrow, rule),
    )
