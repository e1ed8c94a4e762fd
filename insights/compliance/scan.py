"""Which messages of staff break which rule: each message is searched once."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce

import ibis
import pyarrow as pa
from ibis import _

from insights.alerts.chats import spoken_by
from insights.alerts.rules import Words, load_rules
from insights.alerts.words import breaks, matched, plain
from insights.tables import Tables

_SEEN = pa.schema([("message_id", pa.string())])
_HITS = pa.schema(
    [(name, pa.string()) for name in ("message_id", "text", "rule", "severity", "matched")]
)


@dataclass
class _Scan:
    """What was searched already, and what was found."""

    seen: pa.Table = field(default_factory=_SEEN.empty_table)
    hits: pa.Table = field(default_factory=_HITS.empty_table)


def staff_rules() -> tuple[Words, ...]:
    """Return the rules about what staff writes."""
    return tuple(rule for rule in load_rules() if isinstance(rule, Words) and rule.who == "human")


def broken(tables: Tables) -> pa.Table:
    """Return message_id, text, rule, severity and matched words of each breach.

    Searching a million messages takes seconds; what was searched before is not searched again.
    """
    connection = tables.chats.connection
    scan: _Scan = tables.lasting("what staff must not say", _Scan)
    said = spoken_by("agent", tables).anti_join(ibis.memtable(scan.seen), "message_id")
    fresh = connection.to_pyarrow(said)
    rules = staff_rules()
    if fresh.num_rows and rules:
        texts = connection.create_table("said_by_staff", fresh, temp=True, overwrite=True)
        texts = texts.mutate(narrow=plain(texts.text)).cache()  # once for all rules
        found = reduce(lambda one, other: one.union(other), (_hits(texts, one) for one in rules))
        new = connection.to_pyarrow(found).cast(_HITS)
        connection.drop_table("said_by_staff")
        scan.hits = pa.concat_tables([scan.hits, new])
        scan.seen = pa.concat_tables([scan.seen, fresh.select(["message_id"]).cast(_SEEN)])
    return scan.hits


def _hits(texts: ibis.Table, rule: Words) -> ibis.Table:
    return texts.filter(breaks(texts.narrow, rule)).select(
        "message_id",
        "text",
        rule=ibis.literal(rule.name),
        severity=ibis.literal(rule.severity),
        matched=matched(_.narrow, rule),
    )
