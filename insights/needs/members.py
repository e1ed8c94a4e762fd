"""Texts with everything they can be split by, and the needs they carry, kept between questions."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
from ibis import _
from ibis.expr.types import Table

from features.text.pipeline.stages import texts_folder
from ingest.stitching.reading import one_person
from ingest.stitching.record import canonical_customer
from ingest.store import Store
from insights.conversations.rows import NOBODY
from insights.functions import DAY, epoch_us, json_text
from insights.needs.links import READ, links
from insights.tables import Tables

URGENT = 0.5  # score from which a text is urgent
NEGATIVE, NEUTRAL, POSITIVE = "negative", "neutral", "positive"
_TEXTS = (
    *("text_id", "source", "customer_id", "item_id", "occurred_at"),
    *("language", "sentiment", "polarity", "keywords"),
)


@dataclass(frozen=True)
class NeedTables:
    """Analyzed texts and needs of a workspace as Ibis tables.

    Attributes
    ----------
    texts : ibis Table
        One row a text: text_id, source, customer_id, item_id, category, brand, segment, channel
        (of a message; of feedback its kind), conversation_id and agent (of messages), at
        (microseconds), day, language, sentiment, polarity, urgent, length (characters), simulated.
    rows : ibis Table
        The same for each text and need: with need, need_kind, score, start, end. Polarity and
        sentiment are those of what is said about the need's aspect, where it has one: a good
        review that complains about the battery is no praise of it.
    """

    texts: Table
    rows: Table


def need_tables(tables: Tables) -> NeedTables:
    """Return the texts and needs of a workspace, read anew whenever any of them changed.

    Raises
    ------
    FileNotFoundError
        If texts were not analyzed, or nothing that tells needs was looked for.
    """
    folder = texts_folder(tables.workspace)
    files = [folder / f"{name}.parquet" for name in ("texts", *READ)]
    mark = tuple(file.stat().st_mtime_ns if file.exists() else None for file in files)
    return tables.once("needs", mark, lambda: _opened(tables))


def _opened(tables: Tables) -> NeedTables:
    tables.texts()  # says what to run where nothing was analyzed
    folder = texts_folder(tables.workspace)
    connection = tables.chats.connection
    texts = _described(tables).cache()
    carried = links(connection, folder, tables.settings.needs)
    return NeedTables(texts, _toned(texts.inner_join(carried, "text_id")).cache())


def _toned(rows: Table) -> Table:
    told = ibis.cases((_.tone < 0, NEGATIVE), (_.tone > 0, POSITIVE), (_.tone == 0, NEUTRAL))
    return rows.mutate(
        sentiment=ibis.coalesce(told, _.sentiment), polarity=ibis.coalesce(_.tone, _.polarity)
    )


def _described(tables: Tables) -> Table:
    store, chats = Store(tables.workspace.store), tables.chats
    folder = texts_folder(tables.workspace)
    stored = chats.connection.read_parquet(folder / "texts.parquet")
    texts = stored.select(*_TEXTS, length=_.text.length())
    spoken = chats.messages.select("conversation_id", "channel", text_id="message_id")
    agents = chats.rows.select("conversation_id", "agent")
    rows = one_person(texts, canonical_customer(store))
    for known, key in (
        (spoken, "text_id"),
        (agents, "conversation_id"),
        (_feedback(store), "text_id"),
        (_items(store), "item_id"),
        (_customers(store), "customer_id"),
        (_urgent(tables), "text_id"),
    ):
        rows = rows.left_join(known, key).drop(f"{key}_right")
    return rows.mutate(
        at=epoch_us(_.occurred_at),
        channel=ibis.coalesce(_.channel, _.written, "unknown"),
        agent=_.agent.fill_null(NOBODY),
        sentiment=_.sentiment.cast("string"),
        polarity=_.polarity.cast("float64"),
        urgent=_.urgent.fill_null(False),
        simulated=_.source.startswith("simulated"),
    ).mutate(day=_.at // DAY)


def _feedback(store: Store) -> Table:
    rows = store.read("feedback", ["feedback_id", "kind"])
    return ibis.memtable(rows.rename_columns(["text_id", "written"]))


def _items(store: Store) -> Table:
    return ibis.memtable(store.read("items", ["item_id", "category", "brand"]))


def _customers(store: Store) -> Table:
    rows = ibis.memtable(store.read("customers", ["customer_id", "attributes"]))
    return rows.select("customer_id", segment=json_text(_.attributes, "$.segment"))


def _urgent(tables: Tables) -> Table:
    file = texts_folder(tables.workspace) / "signals.parquet"
    if not file.exists():
        return ibis.memtable({"text_id": [""], "urgent": [False]})
    rows = tables.chats.connection.read_parquet(file)
    return rows.select("text_id", urgent=_.urgency >= URGENT)
