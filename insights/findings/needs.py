"""What customers need, how much of what they write that explains, and whether changes helped."""

from __future__ import annotations

from dataclasses import replace

import ibis
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from ibis import _
from ibis.expr.types import Table

from ingest.store import Store
from insights.filters import Filters
from insights.finding import CALENDAR, CONVERSATION, Beside, Finding
from insights.findings.members import share
from insights.needs.cards import need_cards, questions
from insights.needs.effect import measured, sides
from insights.needs.members import NEGATIVE, need_tables
from insights.needs.names import titles
from insights.tables import Tables

_ABOUT = (
    *("text_id", "conversation_id", "customer_id", "item_id", "category", "brand", "segment"),
    *("source", "channel", "agent", "at", "sentiment", "polarity", "simulated"),
)
_DIMENSIONS = (
    *(*CALENDAR, *CONVERSATION, "need", "need_kind", "sentiment"),
    *("item_id", "category", "brand"),
)
_SAME = ("mean", "median", "p90")  # of ones


def _carried(rows: Table) -> Table:
    return rows.mutate(
        record_id=_.text_id + "#" + _.need,
        value=ibis.literal(1.0),
        negative=share(_.sentiment == NEGATIVE),
    ).select("record_id", "value", "need", "need_kind", "score", "negative", *_ABOUT)


def _members(tables: Tables, _filters: Filters) -> Table:
    return _carried(need_tables(tables).rows)


def _of_items(tables: Tables, _filters: Filters) -> Table:
    return _carried(need_tables(tables).rows.drop_null("item_id"))


def _texts(tables: Tables, _filters: Filters) -> Table:
    found = need_tables(tables)
    carrying = found.rows.select("text_id", carries=True).distinct()
    rows = found.texts.left_join(carrying, "text_id").drop("text_id_right")
    explained = share(_.carries.fill_null(False))
    return rows.mutate(record_id=_.text_id, value=explained).select("record_id", "value", *_ABOUT)


def _sides(tables: Tables, filters: Filters) -> Table:
    rows = sides(tables, filters)
    carried = _carried(rows).drop("negative")
    negative = (_.sentiment == NEGATIVE).cast("int64")
    side = rows.select(record_id=_.text_id + "#" + _.need, side="side")
    return carried.inner_join(side, "record_id").mutate(negative=negative)


def _carded(table: pd.DataFrame, tables: Tables, filters: Filters) -> pd.DataFrame:
    """Put the cards beside the numbers, the first in priority first."""
    if list(table.columns[:2]) != ["need", "count"]:
        return table
    cards = need_cards(tables, filters)
    rows = pd.DataFrame([{"need": card.need, **card.row()} for card in cards])
    if rows.empty:
        return table
    numbers = table[["need", "count", "simulated_share"]]
    joined = rows.merge(numbers, on="need", how="left", validate="one_to_one")
    order = ["need", "count", *(name for name in rows if name != "need"), "simulated_share"]
    return joined[order]


def _named(table: pd.DataFrame, tables: Tables, _filters: Filters) -> pd.DataFrame:
    """Put the titles of needs and items beside their ids."""
    asked = questions(tables)
    if "need" in table:
        told = [titles(need, asked) for need in table["need"]]
        english, chinese = [one["en"] for one in told], [one["zh"] for one in told]
        table = table.assign(title=english, title_zh=chinese)
    if "item_id" in table:
        items = pa.array(table["item_id"].dropna().unique(), pa.string())  # typed, if empty
        wanted = pc.field("item_id").isin(items)
        rows = Store(tables.workspace.store).read("items", ["item_id", "title"], wanted)
        known = dict(zip(rows["item_id"].to_pylist(), rows["title"].to_pylist(), strict=True))
        table = table.assign(item=table["item_id"].map(known))
    return table


def _judged(table: pd.DataFrame, tables: Tables, filters: Filters) -> pd.DataFrame:
    if list(table.columns[:3]) != ["need", "side", "count"]:
        return table
    return _named(measured(table, tables, filters), tables, filters)


_BESIDE = {
    "polarity": Beside("polarity", "mean"),
    "negative_share": Beside("negative", "mean"),
}
NEEDS = Finding(
    name="needs",
    title="Needs of customers",
    title_zh="客户需求",
    formula=(
        "texts that text analysis sorted under a label, found a pain point, a suggestion or anger "
        "in, or that ask one of several near-duplicate questions; a text may carry several needs; "
        "trend is texts a day against the period before, with an exact 95 % interval; drivers are "
        "shares in the need / shares elsewhere; importance is 5 praise, 3 neutral, 1 blame; "
        "urgency is 1 to 5 from urgent words, repeat contacts, trend and waiting; priority by the "
        "preset"
    ),
    unit="texts",
    action="Give the first one an owner, a plan and a date: python -m insights.need id=...",
    members=_members,
    groups=("need",),
    dimensions=_DIMENSIONS,
    beside=_BESIDE,
    finish=_carded,
    chart="bar",
    charted="count",
    brief=(
        *("need", "title", "count", "customers", "negative_share", "trend"),
        *("importance_score", "urgency_score", "priority_score", "factors"),
        *("status", "owner", "quote"),
    ),
)
PRODUCTS = replace(
    NEEDS,
    name="need_products",
    title="Needs by product",
    title_zh="商品与需求矩阵",
    formula="texts about an item that carry a need",
    action="Open the cell with the most negative texts; the same need across items is one cause.",
    members=_of_items,
    groups=("item_id", "need"),
    finish=_named,
    brief=(),
)
COVERAGE = Finding(
    name="need_coverage",
    title="Texts explained by needs",
    title_zh="需求覆盖率",
    formula="analyzed texts that carry at least one need / all analyzed texts x 100",
    unit="% of texts",
    action="Read what is not covered before trusting a ranking of what is; add labels for it.",
    members=_texts,
    dimensions=tuple(name for name in _DIMENSIONS if not name.startswith("need")),
)
EFFECT = Finding(
    name="need_effect",
    title="Needs before and after a change",
    title_zh="措施前后效果",
    formula=(
        "texts that carry a need in the days (28, needs.effect_days) before and after its change "
        "(shipped, else needs.change); ratio of texts a day with an exact 95 % interval, the same "
        "as a share of all texts, and the change of the share of negative texts in points"
    ),
    unit="texts",
    action="Keep what lowered volume or blame; a change without a clear effect needs another look.",
    members=_sides,
    groups=("need",),
    series=("side",),
    dimensions=(*_DIMENSIONS, "side"),
    beside={"negative": Beside("negative", "sum")},
    finish=_judged,
    chart="bar",
    charted="count",
    brief=(
        *("need", "title", "side", "count", "texts_a_day", "rate_ratio", "rate_low", "rate_high"),
        *("negative_share", "negative_change", "negative_p_value", "verdict"),
    ),
)
FINDINGS = (NEEDS, PRODUCTS, COVERAGE, EFFECT)
