"""Rows of the rules that read chats and texts instead of a finding."""

from __future__ import annotations

from functools import reduce
from typing import cast

import ibis
import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table, Value

from insights.alerts.calendar import Calendar
from insights.alerts.chat_rules import Events, Mood, Waiting, Words
from insights.alerts.rules import Rule
from insights.alerts.series import EVERYTHING
from insights.alerts.words import matches
from insights.business_hours import business_minutes
from insights.findings.members import about
from insights.functions import DAY, MINUTE, epoch_us, minutes
from insights.kept import kept
from insights.tables import Tables

_COLUMNS = ("record_id", "at", "value", "simulated")


def rows_of(rule: Words | Events | Mood, tables: Tables) -> Table:
    """Return one row a match, event or text, grouped.

    Raises
    ------
    ValueError
        If the rule splits or restricts by a column that there is not.
    FileNotFoundError
        If a mood is asked for and no text was analyzed yet.
    """
    if isinstance(rule, Words):
        return grouped(worded(rule, tables), rule)
    rows = _events(rule, tables) if isinstance(rule, Events) else _mood(rule, tables)
    return grouped(_chosen(rows, rule, tables), rule)


def waiting(rule: Waiting, tables: Tables, calendar: Calendar) -> pd.DataFrame:
    """Return, for the end of each bucket, the conversations that waited too long by then."""
    turns = tables.chats.turns.select("conversation_id", "asked_at", "ended_at")
    forgotten = rule.forgotten_after_days * DAY
    long = turns.ended_at - turns.asked_at > rule.longer_than_minutes * MINUTE
    recent = turns.asked_at > int(calendar.edges[0]) - forgotten
    kept = turns.filter(recent & long.fill_null(True))
    rows = _chosen(about(kept, tables, "agent"), rule, tables)
    places = np.arange(len(calendar), dtype=np.int64)
    every = ibis.memtable(pd.DataFrame({"at": calendar.edges[1:], "bucket": places}))
    then = [
        rows.asked_at < every.at,
        (rows.ended_at >= every.at).fill_null(True),
        every.at - rows.asked_at < forgotten,
    ]
    waits = rows.inner_join(every, then)
    late = waits.mutate(record_id=_.conversation_id, value=_waited(rule, waits, tables))
    late = late.filter(_.value > rule.longer_than_minutes)
    chosen = grouped(late, rule, (), "bucket").order_by("bucket", _.value.desc(), "record_id")
    return cast("pd.DataFrame", chosen.to_pandas())


def grouped(rows: Table, rule: Rule, split: tuple[str, ...] = (), *extra: str) -> Table:
    """Return the columns a rule needs, with the group in words.

    Raises
    ------
    ValueError
        If the rows cannot be split so.
    """
    split = split or (() if rule.by is None else (rule.by,))
    missing = [name for name in split if name not in rows.columns]
    if missing:
        raise ValueError(
            f"alert {rule.name}: cannot be split by {missing[0]!r}; its records have "
            f"{', '.join(sorted(rows.columns))}"
        )
    names = [rows[name].cast("string").fill_null("unknown") for name in split]
    whole = ibis.literal(EVERYTHING)
    group = reduce(lambda one, other: one + " · " + other, names) if names else whole
    text = ("text",) if "text" in rows.columns else ()
    return rows.mutate(group=group).drop_null("value").select(*_COLUMNS, "group", *text, *extra)


def _chosen(rows: Table, rule: Rule, tables: Tables) -> Table:
    return kept(rows, tables, rule.filters(), f"alert {rule.name}")


def worded(rule: Words, tables: Tables) -> Table:
    """Return one row a message that breaks a rule: its text, conversation and who said it.

    Raises
    ------
    ValueError
        If the rule restricts by a column that there is not.
    """
    who = "agent" if rule.who == "human" else rule.who
    heard = spoken_by(who, tables)
    said = heard.filter(matches(heard.text, rule)).select("message_id", "text")
    return _chosen(described(said, tables), rule, tables)


def spoken_by(role: str, tables: Tables) -> Table:
    """Return the public messages of a role with their texts, recalled ones as well."""
    stored = tables.chats.connection.table("stored_messages").drop_null("text")
    return stored.filter((_.sender_role == role) & ~_.private).select("message_id", "text")


def described(said: Table, tables: Tables) -> Table:
    """Return messages (``message_id`` and more) with their conversation and who said them."""
    chats = tables.chats
    spoken = chats.messages.select(
        "message_id", "conversation_id", "customer_id", "agent_id", "channel", "source", "at"
    )
    known = chats.rows.select("conversation_id", "category")
    rows = said.inner_join(spoken, "message_id")
    rows = rows.left_join(known, "conversation_id").drop("conversation_id_right")
    return rows.mutate(
        agent=_.agent_id.fill_null("unknown"),
        category=_.category.fill_null("unknown"),
        record_id=_.message_id,
        value=1.0,
        simulated=_.source.startswith("simulated"),
    )


def _events(rule: Events, tables: Tables) -> Table:
    stored = tables.chats.connection.table("stored_events").filter(_.kind.isin(rule.kinds))
    return tables.one_person(stored).select(
        "source",
        "customer_id",
        "kind",
        agent=_.agent_id.fill_null("unknown"),
        record_id=_.event_id,
        at=epoch_us(_.occurred_at),
        value=ibis.literal(1.0),
        simulated=_.source.startswith("simulated"),
    )


def _mood(rule: Mood, tables: Tables) -> Table:
    negative = (_.sentiment.cast("string") == "negative").cast("float64")
    return tables.texts().select(
        "source",
        "customer_id",
        "kind",
        topic=_.topic.cast("string"),
        record_id=_.text_id,
        at=epoch_us(_.occurred_at),
        value=_.polarity.cast("float64") if rule.number == "polarity" else negative,
        simulated=_.source.startswith("simulated"),
    )


def _waited(rule: Waiting, waits: Table, tables: Tables) -> Value:
    if rule.clock == "calendar":
        return minutes(waits.at - waits.asked_at)
    hours = tables.settings.hours
    if not hours.enabled:
        raise ValueError(
            f"alert {rule.name}: clock: business needs opening hours: choose hours=china_office"
        )
    return business_minutes(hours, waits.channel, waits.asked_at, waits.at)
